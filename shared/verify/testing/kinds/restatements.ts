// Golds as data sets write them, said in other words.

import type { Kind } from "./kind.ts";

export const restatements: readonly Kind[] = [
  {
    kind: "restated golds",
    rows: [
      ["$C_{300}^{30} \\cdot C_{100}^{10}$", [
        "\\binom{300}{30}\\binom{100}{10}",
        "C_{300}^{30} C_{100}^{10}",
      ], ["\\binom{300}{30}\\binom{100}{20}", "\\binom{300}{30}"]],
      ["n is prime\n", ["n \\text{ is prime}", "\\text{n is prime}", "n \\text{ prime}"], [
        "n \\text{ is composite}",
        "\\text{prime}",
      ]],
      ["$n$ is a power of $2$", ["n \\text{ is a power of } 2"], ["2", "n"]],
      ["All odd primes", ["\\text{all odd primes}"], ["\\text{all primes}", "3"]],
      ["all positive integers $n$ not divisible by 3", [
        "\\text{all positive integers } n \\text{ not divisible by } 3",
      ], ["3", "n"]],
      ["$P(x)=0, P(x)=x-1$", [
        "P(x)=x-1, P(x)=0",
        "P(x)=0 \\text{ or } P(x)=x-1",
        "P(x) \\equiv 0 \\text{ and } P(x)=x-1",
        "0, x-1",
      ], ["P(x)=0", "P(x)=x-1", "P(x)=1, P(x)=x-1"]],
      ["$f(x)=2x^{2}+c$ for any constant $c$", ["f(x)=2x^2+c", "f(x) = 2x^2 + C", "2x^2+c"], ["2x^2", "c"]],
      ["$1,3,\\ldots,99$", ["1, 3, \\ldots, 99", "1,3,\\dots,99"], ["1, 3, 99", "1,3,\\ldots,101"]],
      ["$\\left\\{ (x,y) : x+y \\le 2\\right\\}$", [
        "\\{(x,y) : x+y \\leq 2\\}",
        "\\{(x,y) \\mid x+y \\le 2\\}",
      ], ["x+y<2", "\\{(x,y) : x+y \\ge 2\\}"]],
      ["第二象限", ["第二象限", "\\text{第二象限}"], ["第三象限"]],
      ["充分不必要条件", ["充分不必要条件"], ["必要不充分条件", "充要条件"]],
      ["①③④", ["①③④", "(1)(3)(4)"], ["①③", "①②④"]],
      ["[1, -2, 3]", ["1, -2, 3", "(1,-2,3)", "[1,-2,3]"], ["[1,2,3]", "1, 3"]],
      ["[[0, 1], [2, 3]]", ["\\begin{bmatrix}0&1\\\\2&3\\end{bmatrix}"], [
        "\\begin{bmatrix}0&2\\\\1&3\\end{bmatrix}",
      ]],
      ["True", ["\\text{True}", "\\text{Yes}", "say:The answer is true."], ["\\text{False}", "\\text{No}"]],
      ["(b)", ["\\text{(b)}", "b"], ["(a)", "\\text{(c)}"]],
      ["b > c > a", ["a < c < b", "b>c>a"], ["a<b<c", "b > a > c"]],
      ["$3$ or $-3$ or $\\frac13$", [
        "\\pm 3, \\frac13",
        "3, -3, \\frac{1}{3}",
        "\\frac13 \\text{ or } -3 \\text{ or } 3",
      ], ["\\pm 3", "3, \\frac13"]],
      ["\\frac{x^{2}}{9}+\\frac{y^{2}}{5}=1", ["5x^2+9y^2=45"], [
        "9x^2+5y^2=45",
        "\\frac{x^2}{5}+\\frac{y^2}{9}=1",
      ]],
      ["$y=2x+1$ or $y=-x$", ["y=-x, y=2x+1", "y = -x \\text{ or } y=2x+1"], ["y=2x+1", "y=2x-1, y=-x"]],
      ["$a\\in(-\\infty,0)\\cup(2,+\\infty)$", ["(-\\infty,0)\\cup(2,\\infty)", "a<0 \\text{ or } a>2"], [
        "(0,2)",
        "0<a<2",
      ]],
      ["$\\{x|1<x\\le 4\\}$", ["(1,4]", "1 < x \\le 4", "\\{x \\mid 1<x\\leq 4\\}"], ["[1,4)", "\\{1,4\\}"]],
      ["$\\frac{2\\pi}{3}$", ["120^\\circ", "\\frac23\\pi"], ["\\frac{\\pi}{3}", "60^\\circ"]],
      ["1:2:3", ["1:2:3", "2:4:6"], ["1:2", "3:2:1"]],
      ["5 $m^2$", ["5", "5 \\text{ m}^2"], ["5 \\text{ m}", "25"]],
      ["10 cm", ["10", "10 \\text{ cm}", "0.1 \\text{ m}"], ["10 \\text{ m}"]],
      ["2.5 hours", ["2.5", "2 \\text{ hours } 30 \\text{ minutes}", "150 \\text{ minutes}"], [
        "2.5 \\text{ minutes}",
      ]],
      ["$\\frac{7}{10} \\# \\# 0.7$", ["0.7", "\\frac{7}{10}"], ["7"]],
      ["$m=2^k$", ["m=2^k", "2^k"], ["m=k^2", "2k"]],
      ["$n=3k+1$", ["n=3k+1", "n=3m+1", "n = 3k-2", "3k+1"], ["n=3k+2", "n=3k"]],
      ["$(2k+1)!!$", ["\\frac{(2k+1)!}{2^k k!}", "(2k+1)!!"], ["(2k+1)!", "(2k-1)!!"]],
      ["$\\binom{2n}{n}$", ["\\frac{(2n)!}{(n!)^2}", "\\frac{(2n)!}{n!^2}", "C_{2n}^{n}"], [
        "\\frac{(2n)!}{n!}",
        "2^n",
      ]],
      ["$\\lceil \\frac{2n}{3} \\rceil$", [
        "\\left\\lceil \\frac{2n}{3}\\right\\rceil",
        "\\lfloor \\frac{2n+2}{3} \\rfloor",
      ], ["\\lfloor \\frac{2n}{3}\\rfloor + 1", "\\lceil \\frac{n}{3} \\rceil"]],
      ["$a_n = 3n-1$", ["a_n=3n-1", "3n-1"], ["a_n=3n+1", "n"]],
      ["$a_{mn}=m+n$", ["a_{m,n}=m+n"], ["a_{mn}=m-n"]],
      ["$x^2+y^2=4$", ["y^2+x^2-4=0"], ["x^2+y^2=2", "4"]],
      ["x=2,y=-1", ["(2,-1)", "x=2 \\text{ and } y=-1"], ["(-1,2)", "2"]],
      ["400(1-x)^2=256", ["400(1-x)^2 = 256", "256=400(1-x)^2"], ["400(1+x)^2=256", "256"]],
      ["$\\ln 2$", ["\\log_e 2", "\\ln(2)"], ["\\log 2", "2"]],
      ["$[-1,+\\infty)$", ["x \\ge -1", "[-1,\\infty)"], ["(-1,\\infty)", "x>-1"]],
      ["$-\\frac{1}{2}$", ["-0.5", "-1/2", "\\frac{-1}{2}", "-\\frac{2}{4}"], ["\\frac12", "-\\frac13"]],
      ["$k\\leq-2$ or $k\\geq 3$", ["(-\\infty,-2]\\cup[3,\\infty)", "k \\ge 3 \\text{ or } k \\le -2"], [
        "-2 \\le k \\le 3",
        "k \\ge 3",
      ]],
      ["25%", ["25\\%", "0.25", "\\frac14"], ["2.5\\%", "0.025"]],
      ["$2^{n}-1$", ["2^n-1", "-1+2^n"], ["2^{n-1}", "2^n"]],
      ["$\\sqrt{2}-1$ ", ["\\frac{1}{\\sqrt2+1}", "-1+\\sqrt2"], ["1-\\sqrt2", "\\sqrt{2-1}"]],
      ["$f(x)=\\frac{1}{x}$ for all $x>0$", ["f(x)=\\frac1x", "f(x)=1/x \\text{ for all } x>0"], [
        "f(x)=x",
        "0",
      ]],
      ["There are no such functions", [
        "\\text{no such functions exist}",
        "\\text{There are no such functions}",
      ], ["0", "1"]],
      ["$2021$", ["2021", "2{,}021", "2021.0"], ["2022", "20.21"]],
      ["$\\frac{a+b}{2}$", ["\\frac{a}{2}+\\frac b2", "(a+b)/2"], ["\\frac{a-b}{2}", "a+b/2"]],
      ["Monday", ["\\text{Monday}", "say:The answer is Monday."], ["\\text{Tuesday}"]],
      ["Alice", ["\\text{Alice}", "say:Answer: Alice"], ["\\text{Bob}"]],
      ["3 hours", ["3", "3 \\text{ hours}", "180 \\text{ minutes}", "say:The answer is 3 hours."], [
        "3 \\text{ days}",
        "180",
      ]],
      ["8:15", ["8:15", "8:15 \\text{ a.m.}"], ["8:51", "15:8"]],
      ["5:00 PM", ["5:00 \\text{ p.m.}", "5:00 PM", "\\text{5:00 PM}"], ["5:00 \\text{ a.m.}", "5:00 AM"]],
      ["40 mph", ["40", "40 \\text{ mph}", "40 \\text{ miles per hour}"], ["40 \\text{ km/h}"]],
      ["$120", ["120", "\\$120", "120 \\text{ dollars}", "say:The answer is $120."], [
        "12",
        "120 \\text{ cents}",
      ]],
      ["1/3", ["\\frac13", "0.33333", "1/3"], ["0.33", "3"]],
      ["-5, 7", ["7, -5", "x=-5 \\text{ or } x = 7", "\\{-5, 7\\}"], ["5, 7", "-5"]],
      ["x=7", ["7", "x = 7"], ["x=8", "y=8"]],
      ["4\\sqrt{2}", ["4\\sqrt2"], ["4", "2\\sqrt2"]],
      ["6 R 3", ["6 R 3", "6 \\text{ remainder } 3", "6R3"], ["6", "63", "6 R 4"]],
      ["2 feet 6 inches", ["30 \\text{ inches}", "2.5 \\text{ feet}", "2 \\text{ ft } 6 \\text{ in}"], [
        "26",
        "2 \\text{ feet}",
      ]],
    ],
  },
];
