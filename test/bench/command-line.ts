/** What the benches' command lines have in common. */

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Ends with the exit code of a wrong command line. */
export function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

export function numberOf(text: string, maximum: number): number {
  const value = Number(text);
  if (value > 0 && value <= maximum) return value;
  return fail(`${text} is not a number above 0 and up to ${maximum}`);
}

/** Whether a word of `--only` means this name: `pairs*` means all that begin with `pairs`. */
export function names(word: string, name: string): boolean {
  return word.endsWith('*') ? name.startsWith(word.slice(0, -1)) : name === word;
}
