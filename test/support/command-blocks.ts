/** The commands of a README with the output that it shows, so that a test can hold it to that. */

export interface CommandBlock {
  /** Without the prompt. */
  readonly command: string;
  readonly output: string;
}

/** Of every fenced block marked `console`: `$ command`, then what it prints. */
export function commandBlocks(markdown: string): CommandBlock[] {
  const blocks: { command: string; output: string }[] = [];
  for (const [, text = ''] of markdown.matchAll(/^```console\n(.*?)^```$/gms)) {
    for (const line of text.split(/(?<=\n)/)) {
      if (line.startsWith('$ ')) blocks.push({ command: line.slice(2).trim(), output: '' });
      else if (blocks.length > 0) blocks[blocks.length - 1]!.output += line;
    }
  }
  return blocks;
}
