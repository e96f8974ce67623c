/**
 * `compute`, which works out the same thing of the same object and argument only once. What is
 * declared is never mutated: an object that changed is another object, so the answer is the one
 * that a new computation would give. It is kept no longer than the object.
 */
export function byIdentity<Subject extends object, Arguments extends [] | [unknown], Value>(
  compute: (subject: Subject, ...argument: Arguments) => Value,
): (subject: Subject, ...argument: Arguments) => Value {
  const computed = new WeakMap<Subject, { readonly argument: unknown; readonly value: Value }>();
  return (subject, ...given) => {
    const [argument] = given;
    const earlier = computed.get(subject);
    if (earlier !== undefined && earlier.argument === argument) return earlier.value;
    const value = compute(subject, ...given);
    computed.set(subject, { argument, value });
    return value;
  };
}
