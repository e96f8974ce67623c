/**
 * The naming rules of the kinds that have the specification's names: "Naming considerations".
 * EventTopic and EventSubscription have none: they go by `metadata.name` alone.
 */
import type { NamedKind } from './resources.ts';
import { quote } from './text.ts';

export interface NameRule {
  readonly lengthMin: number;
  readonly lengthMax: number;
  /** One allowed character, as a regular expression's class. */
  readonly characters: string;
  /** The same in words. */
  readonly inWords: string;
  /** Finds a character that is not allowed; a surrogate pair is one. */
  readonly forbidden: RegExp;
}

function nameRule(rule: Omit<NameRule, 'forbidden'>): NameRule {
  return { ...rule, forbidden: new RegExp(`(?!${rule.characters}).`, 'su') };
}

const COMMON = nameRule({
  lengthMin: 3,
  lengthMax: 50,
  characters: '[A-Za-z0-9-]',
  inWords: 'letters, digits and hyphens',
});

export const NAME_RULES: { readonly [K in NamedKind]: NameRule } = {
  MqttNamespace: COMMON,
  CaCertificate: COMMON,
  Client: nameRule({
    lengthMin: 1,
    lengthMax: 128,
    characters: '[A-Za-z0-9:._-]',
    inWords: 'letters, digits, hyphens, colons, dots and underscores',
  }),
  ClientGroup: COMMON,
  TopicSpace: COMMON,
  PermissionBinding: COMMON,
};

export interface NameFault {
  readonly message: string;
  readonly remedy: string;
}

/** The group that every client is in; "This group cannot be edited or deleted". */
export const ALL_CLIENTS_GROUP = '$all';

function describe(kind: NamedKind, rule: NameRule): string {
  return `a ${kind}'s name has ${rule.lengthMin} to ${rule.lengthMax} ${rule.inWords}`;
}

function remedy(rule: NameRule): string {
  return `set spec.name to ${rule.lengthMin} to ${rule.lengthMax} ${rule.inWords}`;
}

/** Undefined: the name is as its kind requires. Names are case sensitive. */
export function checkName(kind: NamedKind, name: string): NameFault | undefined {
  const rule = NAME_RULES[kind];
  if (kind === 'ClientGroup' && name === ALL_CLIENTS_GROUP) {
    return {
      message: '"$all" always exists, holds every client and cannot be declared',
      remedy: 'remove this object: bindings may name "$all" without it',
    };
  }
  const bad = rule.forbidden.exec(name)?.[0];
  if (bad !== undefined) {
    return {
      message: `${quote(name)} contains ${quote(bad)}: ${describe(kind, rule)}`,
      remedy: remedy(rule),
    };
  }
  if (name.length < rule.lengthMin || name.length > rule.lengthMax) {
    return {
      message: `${quote(name)} has ${name.length} characters: ${describe(kind, rule)}`,
      remedy: remedy(rule),
    };
  }
  return undefined;
}

const ATTRIBUTE_KEY = /^[A-Za-z0-9_]+$/;

/** "Client attributes: Alphanumeric and underscores(_)", case sensitive. */
export function isAttributeKey(key: string): boolean {
  return ATTRIBUTE_KEY.test(key);
}
