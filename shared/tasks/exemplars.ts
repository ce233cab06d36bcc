// Worked examples for few-shot prompts, written for this project: no benchmark's question is among them.

export interface Exemplar {
  question: string;
  /** Ends with the final answer in a box, which every grader reads. */
  answer: string;
}

/** Word problems of a few steps: GSM8K, SVAMP. */
export const arithmetic: readonly Exemplar[] = [
  {
    question: "A baker fills 6 trays with 12 rolls each and sells 50 of the rolls. How many rolls are left?",
    answer: "There are 6 * 12 = 72 rolls. After the sale 72 - 50 = 22 are left. The answer is $\\boxed{22}$.",
  },
  {
    question: "Nora reads 15 pages a day on weekdays and 40 pages on each day of the weekend. " +
      "How many pages does she read in two weeks?",
    answer: "Weekdays give 5 * 15 = 75 pages and the weekend 2 * 40 = 80, so a week is 155 pages. " +
      "Two weeks are 2 * 155 = 310. The answer is $\\boxed{310}$.",
  },
  {
    question:
      "Three friends share the cost of a boat that rents for $18 an hour. They keep it for 4 hours. " +
      "How many dollars does each of them pay?",
    answer: "The boat costs 4 * 18 = 72 dollars. Each pays 72 / 3 = 24. The answer is $\\boxed{24}$.",
  },
  {
    question: "A tank holds 240 litres and is three quarters full. A pump takes out 20 litres a minute. " +
      "After how many minutes is the tank empty?",
    answer:
      "It holds 240 * 3 / 4 = 180 litres. The pump needs 180 / 20 = 9 minutes. The answer is $\\boxed{9}$.",
  },
  {
    question:
      "Ivo had 35 marbles. He gave 8 to his sister and then won twice as many as he had given away. " +
      "How many marbles does he have?",
    answer: "After the gift he has 35 - 8 = 27. He wins 2 * 8 = 16. That makes 27 + 16 = 43. " +
      "The answer is $\\boxed{43}$.",
  },
  {
    question: "A shop lowers the price of an $80 coat by 25 %, and a week later by another $10. " +
      "What does the coat cost then, in dollars?",
    answer:
      "A quarter of 80 is 20, so the price falls to 60. Another 10 less is 50. The answer is $\\boxed{50}$.",
  },
  {
    question: "A train leaves at 9:40 and takes 2 hours and 35 minutes. " +
      "How many minutes after noon does it arrive?",
    answer: "9:40 plus 2 hours is 11:40, plus 35 minutes is 12:15. That is 15 minutes after noon. " +
      "The answer is $\\boxed{15}$.",
  },
  {
    question:
      "In a class of 28 pupils, 4 more like drawing than like singing, and everyone likes exactly one of them. " +
      "How many like singing?",
    answer:
      "Without the 4 the two groups are equal: (28 - 4) / 2 = 12 like singing. The answer is $\\boxed{12}$.",
  },
];

/** Questions with answers in LaTeX: MATH-500, AIME, AMC, OlympiadBench, Minerva. */
export const mathematics: readonly Exemplar[] = [
  {
    question: "Find the sum of the solutions of $x^2-7x+10=0$.",
    answer: "The polynomial factors as $(x-2)(x-5)$, so the solutions are $2$ and $5$ with sum $7$. " +
      "The answer is $\\boxed{7}$.",
  },
  {
    question:
      "A right triangle has legs of length $5$ and $12$. What is the sine of the angle opposite to the leg of length $5$?",
    answer:
      "The hypotenuse is $\\sqrt{25+144}=13$, so the sine is $\\frac{5}{13}$. The answer is $\\boxed{\\frac{5}{13}}$.",
  },
  {
    question: "How many integers from $1$ to $100$ are divisible by $3$ or by $5$?",
    answer:
      "There are $33$ multiples of $3$, $20$ of $5$ and $6$ of $15$, so $33+20-6=47$. The answer is $\\boxed{47}$.",
  },
  {
    question: "Evaluate $\\int_0^2 3x^2\\,dx$.",
    answer: "An antiderivative is $x^3$, and $2^3-0^3=8$. The answer is $\\boxed{8}$.",
  },
  {
    question: "Two fair dice are thrown. What is the probability that their sum is $9$?",
    answer: "The pairs are $(3,6),(4,5),(5,4),(6,3)$: four of $36$. The answer is $\\boxed{\\frac{1}{9}}$.",
  },
  {
    question: "What is the remainder of $7^{20}$ divided by $8$?",
    answer: "As $7\\equiv-1 \\pmod 8$, $7^{20}\\equiv(-1)^{20}=1$. The answer is $\\boxed{1}$.",
  },
  {
    question: "Simplify $\\log_2 24-\\log_2 3$.",
    answer: "It is $\\log_2\\frac{24}{3}=\\log_2 8=3$. The answer is $\\boxed{3}$.",
  },
  {
    question: "For which real $a$ do $y=ax+1$ and $y=2x-3$ not meet?",
    answer:
      "Parallel lines have equal slopes, so $a=2$, and their intercepts differ. The answer is $\\boxed{2}$.",
  },
];

/** Questions with lettered options. */
export const choice: readonly Exemplar[] = [
  {
    question: "Which of these is a prime number?\n\nA) 21\nB) 27\nC) 29\nD) 33",
    answer: "21 = 3 * 7, 27 = 3 * 9 and 33 = 3 * 11, while 29 has no divisor but 1 and itself.\nAnswer: C",
  },
  {
    question: "Which unit measures force?\n\nA) newton\nB) joule\nC) watt\nD) pascal",
    answer: "Joule is energy, watt power and pascal pressure; force is measured in newton.\nAnswer: A",
  },
  {
    question: "Which gas is most of the air on Earth?\n\nA) oxygen\nB) argon\nC) carbon dioxide\nD) nitrogen",
    answer: "About 78 % of the air is nitrogen and 21 % oxygen.\nAnswer: D",
  },
  {
    question: "How many edges has a cube?\n\nA) 6\nB) 12\nC) 8\nD) 24",
    answer: "Four on top, four at the bottom and four upright make 12.\nAnswer: B",
  },
];
