/** Titles and lines under each other, for a terminal. */
export function layOut(
  titles: readonly string[],
  lines: readonly (readonly string[])[],
  leftAligned: readonly string[],
): string {
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]!.length)),
  );
  const lineOf = (line: readonly string[]): string =>
    line
      .map((cell, column) =>
        leftAligned.includes(titles[column]!)
          ? cell.padEnd(widths[column]!)
          : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  return [titles, ...lines].map(lineOf).join('\n');
}
