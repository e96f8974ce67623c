/**
 * Comparing without regard to case, as Event Grid compares strings: one UTF-16 unit with one, by
 * its simple upper-case mapping, so that a text's length never changes and nothing is allocated.
 * Not compared so, as by .NET's ordinal comparison: what maps to several letters (ß), what maps
 * into ASCII from outside (ı, ſ), and what lies beyond the Basic Multilingual Plane.
 */

/** By UTF-16 unit; 0: not looked up yet. */
const UPPER = new Uint16Array(0x10000);

function upper(unit: number): number {
  if (unit < 0x80) return unit >= 0x61 && unit <= 0x7a ? unit - 0x20 : unit;
  const known = UPPER[unit]!;
  return known === 0 ? lookUp(unit) : known;
}

function lookUp(unit: number): number {
  const mapped = String.fromCharCode(unit).toUpperCase();
  const code = mapped.charCodeAt(0);
  return (UPPER[unit] = mapped.length === 1 && code >= 0x80 ? code : unit);
}

/** A text that many others are compared with. */
export class TextIgnoringCase {
  readonly #units: Uint16Array;
  /** For each unit, how many units before it (itself included) also begin the text. */
  readonly #overlaps: Uint16Array;

  constructor(text: string) {
    this.#units = Uint16Array.from({ length: text.length }, (_, at) => upper(text.charCodeAt(at)));
    this.#overlaps = overlapsOf(this.#units);
  }

  equals(text: string): boolean {
    return text.length === this.#units.length && this.#isAt(text, 0);
  }

  begins(text: string): boolean {
    return this.#isAt(text, 0);
  }

  ends(text: string): boolean {
    return this.#isAt(text, text.length - this.#units.length);
  }

  /** Linear whatever the text is (Knuth, Morris and Pratt): clients choose it. */
  isWithin(text: string): boolean {
    const units = this.#units;
    if (units.length === 0) return true;
    let matched = 0;
    for (let at = 0; at < text.length; at++) {
      const unit = upper(text.charCodeAt(at));
      while (matched > 0 && units[matched] !== unit) matched = this.#overlaps[matched - 1]!;
      if (units[matched] === unit) matched++;
      if (matched === units.length) return true;
    }
    return false;
  }

  #isAt(text: string, start: number): boolean {
    const units = this.#units;
    if (start < 0 || start + units.length > text.length) return false;
    for (let at = 0; at < units.length; at++) {
      if (upper(text.charCodeAt(start + at)) !== units[at]) return false;
    }
    return true;
  }
}

function overlapsOf(units: Uint16Array): Uint16Array {
  const overlaps = new Uint16Array(units.length);
  let matched = 0;
  for (let at = 1; at < units.length; at++) {
    while (matched > 0 && units[matched] !== units[at]) matched = overlaps[matched - 1]!;
    if (units[matched] === units[at]) matched++;
    overlaps[at] = matched;
  }
  return overlaps;
}
