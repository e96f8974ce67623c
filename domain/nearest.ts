/** The word that was probably meant. */
import { quote } from './text.ts';

/** Beyond it another word is a guess, not a slip of the finger. */
const EDITS_MAX = 2;
/** Longer than any name: bounds the work for a hostile word. */
const WORD_LENGTH_MAX = 128;

/**
 * The candidate that differs least from `word`, if it does so by at most two edits and by fewer
 * than half of the word, case aside. Of several, the first in alphabetical order.
 */
export function nearestOf(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > WORD_LENGTH_MAX) return undefined;
  const wanted = word.toLowerCase();
  const editsMax = Math.min(EDITS_MAX, Math.ceil(word.length / 2) - 1);
  let best: Match | undefined;
  for (const text of candidates) {
    const match = { text, edits: editDistance(wanted, text.toLowerCase()) };
    if (match.edits <= editsMax && isBetter(match, best)) best = match;
  }
  return best?.text;
}

interface Match {
  readonly text: string;
  readonly edits: number;
}

function isBetter(match: Match, best: Match | undefined): boolean {
  if (best === undefined || match.edits !== best.edits) {
    return best === undefined || match.edits < best.edits;
  }
  return match.text < best.text;
}

/**
 * Edits between two words, two neighbours swapped being one ("optimal string alignment");
 * anything above EDITS_MAX comes back as some number above it.
 */
function editDistance(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > EDITS_MAX) return EDITS_MAX + 1;
  let beforePrevious: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      current.push(
        Math.min(
          at(previous, column - 1) + (same ? 0 : 1),
          at(previous, column) + 1,
          at(current, column - 1) + 1,
          swapped ? at(beforePrevious, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    // Two rows above the bound: no later row can come back under it.
    if (Math.min(...previous, ...current) > EDITS_MAX) return EDITS_MAX + 1;
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, right.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}

/** `did you mean "x"? <otherwise>`, or `otherwise` where nothing is near. */
export function didYouMean(word: string, known: Iterable<string>, otherwise: string): string {
  const nearest = nearestOf(word, known);
  return nearest === undefined ? otherwise : `did you mean ${quote(nearest)}? ${otherwise}`;
}
