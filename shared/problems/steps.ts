// Cuts a worked solution into steps: its lines, or the sentences of a solution of one line. Joined, the steps are the
// text again, each keeping its trailing white space. A formula or figure that spans several lines is never cut.

/** The steps of a solution; at least one, for any text that is not empty. */
export function splitSteps(text: string): string[] {
  const lines = splitLines(text);
  return lines.length > 1 ? lines : splitSentences(text);
}

/** Cut after line breaks; blank lines stay with the line before. */
export function splitLines(text: string): string[] {
  return merged(text.split(/(?<=\n)(?=[^\n\r])/), text);
}

/** Cut after line breaks and after a full stop, question or exclamation mark with white space, so not inside "3.5". */
export function splitSentences(text: string): string[] {
  return merged(text.split(/(?<=[.!?]["')\]$]?\s+|\n\s*)(?=\S)/), text);
}

/** Joins pieces until every formula that one opens is closed; white space alone joins a neighbour. */
function merged(pieces: readonly string[], text: string): string[] {
  // Without any command a dollar sign is a price.
  const hasLatex = /\\[a-zA-Z]/.test(text);
  const steps: string[] = [];
  let open = "";
  for (const piece of pieces) {
    open += piece;
    if (open.trim() === "" || isUnclosed(open, hasLatex)) continue;
    steps.push(open);
    open = "";
  }
  if (open.trim() === "" && steps.length > 0) steps[steps.length - 1] += open;
  else if (open !== "") steps.push(open);
  return steps;
}

function isUnclosed(text: string, hasLatex: boolean): boolean {
  const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0;
  return (hasLatex && count(/(?<!\\)\$/g) % 2 === 1) ||
    count(/\\begin\{/g) > count(/\\end\{/g) ||
    count(/(?<!\\)\\\[/g) > count(/(?<!\\)\\\]/g) ||
    count(/\[asy\]/g) > count(/\[\/asy\]/g);
}
