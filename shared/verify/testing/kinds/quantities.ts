// Counts, units, money, time and angles.

import type { Kind } from "./kind.ts";

export const quantities: readonly Kind[] = [
  {
    kind: "count nouns",
    rows: [
      ["45", [
        "45 \\text{ stickers}",
        "say:The answer is 45 stickers.",
        "say:#### 45 stickers",
        "say:There are 45 stickers, in all.",
        "45 \\text{ red balloons}",
        "say:The total is 45 pens.",
        "say:So she has 45 stickers left.",
        "say:Therefore, Tom needs 45 more boxes.",
        "say:The answer is \\$45.",
      ], ["46 \\text{ stickers}", "say:The answer is 46 stickers."]],
      ["45 stickers", ["45", "45 \\text{ stickers}", "say:The answer is 45."], ["45 \\text{ marbles}", "44"]],
      ["45 (stickers)", [
        "45",
        "45 \\text{ stickers}",
        "say:#### 45",
        "say:The answer is 45 stickers.",
        "45 stickers",
      ], ["46", "45 \\text{ cats}"]],
      ["12 (cookies per friend)", ["12", "12 \\text{ cookies}", "12 \\text{ cookies per friend}"], ["13"]],
      ["3/4", ["say:The answer is 3/4 of a pie.", "\\frac34 \\text{ of a cup}", "\\frac34 \\text{ cups}"], [
        "say:The answer is 1/4 of a pie.",
      ]],
      ["6 \\text{ children}", ["6", "6 \\text{ children}"], [
        "6 \\text{ adults}",
        "7",
      ]],
      ["1", ["1 \\text{ apple}", "1 \\text{ dog}"], ["2"]],
      ["5\\text{ kg}", ["5", "5 \\text{ kg}"], ["5\\%", "say:The answer is 5 percent."]],
      ["\\$5", ["5", "\\$5"], ["5\\%"]],
      ["50\\%", ["50\\%", "50"], ["50 \\text{ kg}", "50 \\text{ cats}", "50^\\circ"]],
    ],
  },
  {
    kind: "units",
    rows: [
      ["20 \\text{ min}", ["20", "20 \\text{ minutes}", "\\frac13 \\text{ h}", "1200 \\text{ s}"], [
        "20 \\text{ s}",
        "20 \\text{ h}",
        "20 \\text{ m}",
      ]],
      ["15 \\mathrm{~sec}", ["15", "15 \\text{ seconds}", "\\frac14 \\text{ min}"], ["15 \\text{ min}"]],
      ["36 \\text{ km/h}", ["10 \\text{ m/s}", "36"], [
        "36 \\text{ m/s}",
        "36 \\text{ mph}",
        "36 \\text{ km}",
      ]],
      ["2 \\text{ L}", ["2000 \\text{ mL}", "2000 \\text{ cm}^3", "2"], [
        "2 \\text{ mL}",
        "2 \\text{ gallons}",
        "2 \\text{ kg}",
      ]],
      ["7 \\text{ months}", ["7"], ["7 \\text{ weeks}", "7 \\text{ years}"]],
      ["2 \\text{ years}", ["24 \\text{ months}", "2"], ["2 \\text{ months}", "2 \\text{ days}"]],
      ["50 \\text{ mph}", ["50", "50 \\text{ miles per hour}"], ["50 \\text{ km/h}", "50 \\text{ miles}"]],
      ["280 \\text{ K}", ["280"], ["280^\\circ \\text{C}", "280^\\circ \\mathrm{F}"]],
      ["98^\\circ \\mathrm{F}", ["98", "98^\\circ"], ["98^\\circ \\mathrm{C}"]],
      ["9", [
        "9 \\, \\mathrm{N}",
        "9 \\mathrm{~J}",
        "9 \\, \\mathrm{C}",
        "9 \\text{ V}",
        "9 \\, \\mathrm{m/s}",
      ], ["8 \\, \\mathrm{N}"]],
      ["3 \\text{ m/s}^2", [
        "3 \\, \\mathrm{m \\cdot s^{-2}}",
        "3 \\, \\mathrm{m/s^2}",
        "3 \\text{ m s}^{-2}",
      ], ["3 \\text{ m/s}", "3 \\text{ s}"]],
      ["5 \\text{ cm}^2", ["5", "5 \\text{ square centimeters}", "500 \\text{ mm}^2"], [
        "5 \\text{ cm}",
        "5 \\text{ cm}^3",
      ]],
      ["4 \\text{ kg}", ["4000 \\text{ g}"], ["4 \\text{ g}", "4 \\text{ lb}"]],
      ["10 \\text{ gallons}", ["40 \\text{ quarts}"], ["10 \\text{ quarts}", "10 \\text{ liters}"]],
      ["12 \\text{ dogs}", ["12"], ["12 \\text{ cats}"]],
    ],
  },
  {
    kind: "mixed quantities",
    rows: [
      ["1 \\text{ hour } 45 \\text{ minutes}", [
        "105 \\text{ minutes}",
        "1 \\text{ h } 45 \\text{ min}",
        "1 \\text{ hour and } 45 \\text{ minutes}",
        "1.75 \\text{ hours}",
      ], ["45", "1", "145 \\text{ minutes}", "45 \\text{ hours } 1 \\text{ minute}"]],
      ["6 \\text{ ft } 3 \\text{ in}", ["75 \\text{ in}", "6.25 \\text{ ft}"], [
        "3 \\text{ ft } 6 \\text{ in}",
        "18",
        "63 \\text{ in}",
      ]],
      ["3 \\text{ kg } 200 \\text{ g}", ["3.2 \\text{ kg}", "3200 \\text{ g}"], [
        "600 \\text{ g}",
        "3.02 \\text{ kg}",
      ]],
      ["45^\\circ 15'", ["45.25^\\circ"], ["45.15^\\circ", "675"]],
      ["2 \\text{ dollars and } 50 \\text{ cents}", ["\\$2.50", "250 \\text{ cents}"], ["\\$50.02", "52"]],
    ],
  },
  {
    kind: "money",
    rows: [
      ["\\$3.50", ["3.50", "3.5", "350 \\text{ cents}", "3.50 \\text{ dollars}"], [
        "350",
        "3.50 \\text{ cents}",
        "\\$3.05",
      ]],
      ["75 \\text{ cents}", ["75", "\\$0.75"], ["\\$75", "75 \\text{ dollars}"]],
      ["\\$1{,}200", ["1200", "1,200", "1200 \\text{ dollars}"], ["120", "\\text{1200 euros}"]],
    ],
  },
  {
    kind: "angles",
    rows: [
      [
        "120^\\circ",
        ["\\frac{2\\pi}{3}", "120", "120 \\text{ degrees}", "\\frac{2\\pi}{3} \\text{ radians}"],
        ["120 \\text{ radians}", "\\frac{\\pi}{3}"],
      ],
      ["80 - 2\\alpha", ["80^\\circ - 2\\alpha"], ["80^\\circ + 2\\alpha"]],
      ["\\frac{\\pi}{4} \\text{ radians}", ["45^\\circ", "\\frac\\pi4"], [
        "\\frac{\\pi}{4} \\text{ degrees}",
      ]],
    ],
  },
];
