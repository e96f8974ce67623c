const DECIMAL = /^[1-9][0-9]*$/;

/**
 * Negative: `left` is older. The resourceVersions of all objects of one type are integers that
 * rise, for all types that kube-apiserver itself serves, custom ones included: KEP-5504, and
 * "Resource versions" of Kubernetes' API concepts. Of others, 0: not known to be older.
 */
export function compareResourceVersions(left = '', right = ''): number {
  if (left === right || !DECIMAL.test(left) || !DECIMAL.test(right)) return 0;
  // As text: they have 64 bits, a number has 53.
  return left.length - right.length || (left < right ? -1 : 1);
}
