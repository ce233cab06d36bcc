// The exact prompt strings of published evaluation protocols. A changed space changes a score, so each
// string is copied as its source has it (odd double spaces included) and a test compares them.

/** Qwen2.5-Math's chain-of-thought system prompt. */
export const QWEN_SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}.";

/** lighteval at the commit that GHPO pins: AIME and MATH-500. */
export function lightevalMath(question: string): string {
  return "Solve the following math problem efficiently and clearly.  The last line of your response should be " +
    "of the following format: 'Therefore, the final answer is: $\\boxed{ANSWER}$. I hope it is correct' " +
    "(without quotes) where ANSWER is just the final number or expression that solves the problem. " +
    `Think step by step before answering.\n\n${question}`;
}

/** simple-evals and lighteval: four options, the letter on the last line. */
export function multipleChoice(question: string): string {
  return "Answer the following multiple choice question. The last line of your response should be of the " +
    "following format: 'Answer: $LETTER' (without quotes) where LETTER is one of ABCD. " +
    `Think step by step before answering.\n\n${question}`;
}

/** The question as it stands: the protocol's instructions are in the system prompt. */
export function plain(question: string): string {
  return question;
}

/** Prompts for base models, which follow no chat template: the text that the model continues. */
export const basePrompts = {
  /** lm-evaluation-harness, AIME. */
  question: (question: string): string => `Question: ${question}\nAnswer:`,
  /** Qwen2.5-Math "cot". */
  cot: (question: string): string => `Question: ${question}\nAnswer: `,
  /** lm-evaluation-harness, GSM8K, without its examples. */
  gsm8k: (question: string): string => `Q: ${question}\n\nA:`,
};

/** Where a base model begins the next question by itself: its answer ends before that. */
export const nextQuestion = ["\nQuestion:", "\nQ:", "\nProblem:"] as const;
