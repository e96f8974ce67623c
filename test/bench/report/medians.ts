export function median(values: readonly (number | undefined)[]): number | undefined {
  return quantile(values, 0.5);
}

/** Half the distance between the quartiles, as a part of the median; 0 where there is none. */
export function spreadOf(values: readonly (number | undefined)[]): number {
  const middle = median(values);
  if (middle === undefined || middle === 0) return 0;
  return (quantile(values, 0.75)! - quantile(values, 0.25)!) / 2 / middle;
}

/** Between two of them where it falls between two. */
function quantile(values: readonly (number | undefined)[], part: number): number | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((left, right) => left - right);
  if (sorted.length === 0) return undefined;
  const place = (sorted.length - 1) * part;
  const [lower, upper] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return lower + (upper - lower) * (place - Math.floor(place));
}
