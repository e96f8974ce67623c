import { nearestOf } from '../domain/nearest.ts';

/** A remedy for a word that is not among those that may stand there. */
export function didYouMean(word: string, words: readonly string[], otherwise: string): string {
  const nearest = nearestOf(word, words);
  return nearest === undefined ? otherwise : `write ${nearest} if that was meant, or ${otherwise}`;
}
