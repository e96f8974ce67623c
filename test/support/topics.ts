/** Naive models of topics and filters, for tests that hold `domain/` against brute force. */
import fc from 'fast-check';

function sequences(symbols: readonly string[], lengthMax: number): string[][] {
  let longest: string[][] = [[]];
  const all: string[][] = [];
  for (let length = 1; length <= lengthMax; length++) {
    longest = longest.flatMap((before) => symbols.map((symbol) => [...before, symbol]));
    all.push(...longest);
  }
  return all;
}

/** Every topic of one to `levelsMax` levels, each one of `symbols`; no topic is empty. */
export function allTopics(symbols: readonly string[], levelsMax: number): string[] {
  return sequences(symbols, levelsMax)
    .map((levels) => levels.join('/'))
    .filter((topic) => topic !== '');
}

/** Every filter of up to `levelsMax` levels, each with and without `#` at its end. */
export function allFilters(symbols: readonly string[], levelsMax: number): string[] {
  const plain = allTopics(symbols, levelsMax);
  const openEnded = sequences(symbols, levelsMax).map((levels) => [...levels, '#'].join('/'));
  return ['#', ...plain, ...openEnded];
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** MQTT 5, section 4.7, as a regular expression over the text of a valid filter. */
export function patternOfFilter(filter: string): RegExp {
  const leading = /^[+#]/.test(filter) ? '(?!\\$)' : '';
  const body = filter
    .split('/')
    .map((level) => (level === '+' ? '[^/]*' : level === '#' ? '#' : escape(level)))
    .join('/')
    .replace(/^#$/, '.*')
    .replace(/\/#$/, '(/.*)?');
  return new RegExp(`^${leading}${body}$`, 's');
}

/** One bit for each topic that the pattern matches. */
export function matchedTopics(pattern: RegExp, topics: readonly string[]): bigint {
  return BigInt(`0b0${topics.map((topic) => (pattern.test(topic) ? '1' : '0')).join('')}`);
}

/** Filters of up to three levels of these and `+`, with and without `#` at the end. */
export function anyFilter(symbols: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.array(fc.constantFrom(...symbols, '+'), { maxLength: 3 }), fc.boolean())
    .map(([levels, isOpenEnded]) => [...levels, ...(isOpenEnded ? ['#'] : [])].join('/'))
    .filter((filter) => filter !== '');
}

/** Templates with the levels `a` and `b`, wildcards, and the client's name and attribute `k`. */
export const ANY_TEMPLATE: fc.Arbitrary<string> = fc
  .array(fc.constantFrom('a', 'b', '+', '${client.name}', '${client.attributes.k}'), {
    minLength: 1,
    maxLength: 3,
  })
  .map((levels) => levels.join('/'));
