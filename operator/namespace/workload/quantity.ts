/** Kubernetes quantities (`500m`, `1Gi`), which the API server may print another way. */

const QUANTITY = /^([0-9]+(?:\.[0-9]+)?)([num]|[kMGTPE]i?|Ki)?$/;

const FACTORS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['n', 1e-9],
  ['u', 1e-6],
  ['m', 1e-3],
  ['k', 1e3],
  ...['M', 'G', 'T', 'P', 'E'].map((prefix, index) => [prefix, 1e3 ** (index + 2)] as const),
  ...['K', 'M', 'G', 'T', 'P', 'E'].map(
    (prefix, index) => [`${prefix}i`, 2 ** (10 * (index + 1))] as const,
  ),
]);

/** Undefined: it is none that the CRD admits. */
export function quantityValue(text: string | number): number | undefined {
  const [, digits, suffix = ''] = QUANTITY.exec(String(text)) ?? [];
  const factor = FACTORS.get(suffix);
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

/** Whether two texts say the same; by their text where they are no quantities. */
export function sameQuantity(left: string | number, right: string | number): boolean {
  const value = quantityValue(left);
  if (value === undefined) return String(left) === String(right);
  const other = quantityValue(right);
  // 0.1 is not a thousandth of 100 in binary.
  return other !== undefined && Math.abs(value - other) <= Math.abs(value) * 1e-12;
}
