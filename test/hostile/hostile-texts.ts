/** Every name that an object has without being given it, and what else trips programs up. */
export const PROTOTYPE_NAMES: readonly string[] = [
  ...Object.getOwnPropertyNames(Object.prototype),
  'prototype',
  'length',
];

export const HOSTILE_TEXTS: readonly string[] = [
  ...PROTOTYPE_NAMES,
  '+',
  '#',
  '/',
  '${client.name}',
  '$SYS/#',
  '\ufeff',
  '\u202e',
  '%s%n%d',
  '../../etc/passwd',
  '\u{1f4a3}'.repeat(50),
];
