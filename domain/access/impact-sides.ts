/** What is permitted to whom, before any client's own values are looked at. */
import { findOverlap } from '../overlap.ts';
import type { Snapshot, SnapshotClient } from '../snapshot.ts';
import type { ClientIdentity, TopicTemplate } from '../topic-template.ts';
import type { Operation } from './decision.ts';
import { groupsOf, identityOf, rulesOf, spacesGrantedTo, type Rules } from './policy.ts';

/** By text. One object for all clients that are in the same groups. */
type Templates = ReadonlyMap<string, TopicTemplate>;

/** What is permitted to one client, before its own values are looked at. */
export interface View extends Readonly<Record<Operation, Templates>> {
  readonly attributes: SnapshotClient['attributes'] | undefined;
  readonly identity: ClientIdentity;
}

const NO_TEMPLATES: Templates = new Map();

/** One of the two snapshots. Thousands of clients share a few sets of groups. */
export class Side {
  /** Those that may connect. */
  readonly clients: ReadonlyMap<string, SnapshotClient>;
  readonly #rules: Rules | undefined;
  readonly #templates = new Map<string, Readonly<Record<Operation, Templates>>>();

  constructor(snapshot: Snapshot | undefined) {
    const enabled = snapshot?.clients.filter(({ state }) => state === 'Enabled') ?? [];
    this.clients = new Map(enabled.map((client) => [client.name, client]));
    this.#rules = snapshot && rulesOf(snapshot);
  }

  viewOf(name: string): View {
    const client = this.clients.get(name);
    if (client === undefined || this.#rules === undefined) {
      const identity = { name, attributes: new Map() };
      return { publish: NO_TEMPLATES, subscribe: NO_TEMPLATES, attributes: undefined, identity };
    }
    const identity = identityOf(client);
    const groups = groupsOf(identity, this.#rules);
    const key = JSON.stringify(groups);
    const templates = this.#templates.get(key) ?? templatesGrantedTo(groups, this.#rules);
    this.#templates.set(key, templates);
    return { ...templates, attributes: client.attributes, identity };
  }
}

function templatesGrantedTo(
  groups: readonly string[],
  rules: Rules,
): Readonly<Record<Operation, Templates>> {
  const granted = { publish: new Map<string, TopicTemplate>(), subscribe: new Map() };
  for (const { operation, target } of spacesGrantedTo(groups, rules)) {
    for (const template of target.templates) granted[operation].set(template.text, template);
  }
  return granted;
}

/** A template, and those of the other side that it may meet, whatever the client's values. */
interface Candidate {
  readonly template: TopicTemplate;
  readonly rivals: readonly TopicTemplate[];
}

interface Candidates {
  readonly changed: readonly Candidate[];
  /** The other side has them too, but with other attributes they permit something else. */
  readonly unchanged: readonly Candidate[];
}

const candidatesKnown = new WeakMap<Templates, WeakMap<Templates, Candidates>>();

export function candidatesOf(own: Templates, other: Templates): Candidates {
  const ofOwn = candidatesKnown.get(own) ?? new WeakMap<Templates, Candidates>();
  const candidates = ofOwn.get(other) ?? findCandidates(own, other);
  candidatesKnown.set(own, ofOwn.set(other, candidates));
  return candidates;
}

function findCandidates(own: Templates, other: Templates): Candidates {
  const all = [...own.values()].map((template): Candidate => {
    const rivals = [...other.values()].filter((each) => findOverlap(template, each) !== undefined);
    return { template, rivals };
  });
  const isChanged = ({ template }: Candidate): boolean => !other.has(template.text);
  const hasAttributes = ({ template: { levels } }: Candidate): boolean => {
    const parts = levels.flatMap((level) => (level.type === 'Pattern' ? level.parts : []));
    return parts.some(({ type }) => type === 'ClientAttribute');
  };
  return {
    changed: all.filter(isChanged),
    unchanged: all.filter((each) => !isChanged(each) && hasAttributes(each)),
  };
}
