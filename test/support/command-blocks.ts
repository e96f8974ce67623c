/** The commands of a README with the output that it shows, so that a test can hold it to that. */

export interface CommandBlock {
  /** Without the prompt. */
  readonly command: string;
  readonly output: string;
}

const BLOCK = /^```console\n(.*?)^```$/gms;
/** A command, and what follows until the next one. */
const EXCHANGE = /^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm;

/** Of every fenced block marked `console`: `$ command`, then what it prints. */
export function commandBlocks(markdown: string): CommandBlock[] {
  const texts = [...markdown.matchAll(BLOCK)].map(([, text = '']) => text);
  return texts.flatMap((text) =>
    [...text.matchAll(EXCHANGE)].map(([, command = '', output = '']) => ({ command, output })),
  );
}

/** With these outputs, by command, instead of those that it shows. */
export function withOutputs(markdown: string, outputs: ReadonlyMap<string, string>): string {
  return markdown.replace(BLOCK, (block) =>
    block.replace(EXCHANGE, (_, command: string, output: string) => {
      return `$ ${command}\n${outputs.get(command) ?? output}`;
    }),
  );
}
