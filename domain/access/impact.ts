/**
 * What a change of declarations does to clients: who may afterwards do what it might not before,
 * and the reverse. Compared is what each client may do in effect, not by which objects.
 */
import type { Permission } from '../resources.ts';
import type { Snapshot } from '../snapshot.ts';
import { bindTemplate } from '../topic-template.ts';
import { permissionFor } from './covering.ts';
import type { Operation } from './decision.ts';
import { connectionChanges, type ConnectionChange } from './impact-on-connecting.ts';
import { candidatesOf, Side, type View } from './impact-sides.ts';
import { isEqualJson } from './policy.ts';
import {
  coversAlone,
  coversTogether,
  isEqualTemplate,
  meet,
  outermost,
  reachesOf,
  type Reach,
} from './reach.ts';

export type { ConnectionChange } from './impact-on-connecting.ts';

/** What one client gains or loses. Plain data, as all of an impact. */
export interface ClientShare {
  readonly client: string;
  /** With the client's own values: topic filters, each contained in none of the others. */
  readonly topics: readonly string[];
  /** What it loses may meet these, which it keeps; what it gains these, which it had. */
  readonly except: readonly string[];
}

/** One gain or loss of all the clients that share it, sorted by name. */
export interface AccessChange {
  readonly change: 'Gained' | 'Lost';
  readonly permission: Permission;
  /** As it was declared. */
  readonly topicTemplate: string;
  readonly except: readonly string[];
  readonly clients: readonly ClientShare[];
}

export interface Impact {
  readonly connection: readonly ConnectionChange[];
  readonly access: readonly AccessChange[];
}

/**
 * Undefined: that MqttNamespace is not in force. What a client may do on a topic differs exactly
 * where a change of access says so. Limits, such as the length of a topic, are not compared.
 */
export function impactOf(before: Snapshot | undefined, after: Snapshot | undefined): Impact {
  const [old, now] = [new Side(before), new Side(after)];
  const groups = new Map<string, Group>();
  for (const client of [...new Set([...old.clients.keys(), ...now.clients.keys()])].sort()) {
    const [was, is] = [old.viewOf(client), now.viewOf(client)];
    const isMoved = !isEqualJson(was.attributes, is.attributes);
    for (const operation of OPERATIONS) {
      for (const part of missingFrom(is, was, { operation, isMoved })) {
        addTo(groups, { ...part, change: 'Lost', operation, client });
      }
      for (const part of missingFrom(was, is, { operation, isMoved })) {
        addTo(groups, { ...part, change: 'Gained', operation, client });
      }
    }
  }
  return { connection: connectionChanges(before, after), access: sorted(groups) };
}

const OPERATIONS = ['publish', 'subscribe'] as const;

interface Part {
  readonly topicTemplate: string;
  readonly topics: readonly string[];
  readonly except: readonly Reach[];
}

interface Comparing {
  readonly operation: Operation;
  /** Whether the client's attributes differ. */
  readonly isMoved: boolean;
}

/** What `own` permits and `other` does not, by the template that permits it. */
function missingFrom(other: View, own: View, { operation, isMoved }: Comparing): Part[] {
  const { changed, unchanged } = candidatesOf(own[operation], other[operation]);
  const candidates = isMoved ? [...changed, ...unchanged] : changed;
  if (candidates.length === 0) return [];
  const bound = new Map(
    candidates.map(({ template, rivals }) => [
      bindTemplate(template, own.identity),
      rivals.map((rival) => bindTemplate(rival, other.identity)),
    ]),
  );
  const covers = operation === 'publish' ? coversTogether : coversAlone;
  const uncovered = reachesOf([...bound.keys()]).filter(({ template, levels }) => {
    const rivals = bound.get(template) ?? [];
    if (levels !== undefined) return !covers(rivals, levels);
    return !rivals.some((rival) => isEqualTemplate(rival, template));
  });
  const byTemplate = Map.groupBy(outermost(uncovered), ({ template }) => template);
  return [...byTemplate].map(([template, missing]) => {
    const others = reachesOf(bound.get(template) ?? []);
    return {
      topicTemplate: template.template.text,
      topics: missing.map(({ text }) => text),
      except: outermost(others.filter((each) => missing.some((reach) => meet(reach, each)))),
    };
  });
}

interface Group extends AccessChange {
  readonly clients: ClientShare[];
}

interface Addition extends Part, Pick<AccessChange, 'change'>, Pick<ClientShare, 'client'> {
  readonly operation: Operation;
}

function addTo(groups: Map<string, Group>, addition: Addition): void {
  const { change, operation, topicTemplate, client, topics } = addition;
  const permission = permissionFor(operation);
  const except = [...new Set(addition.except.map(({ template }) => template.template.text))];
  const key = JSON.stringify([permission, topicTemplate, change === 'Gained', except]);
  const group = groups.get(key) ?? { change, permission, topicTemplate, except, clients: [] };
  group.clients.push({ client, topics, except: addition.except.map(({ text }) => text) });
  groups.set(key, group);
}

/** By permission and template, so that what is lost and gained of one stand side by side. */
function sorted(groups: ReadonlyMap<string, Group>): readonly AccessChange[] {
  return [...groups].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, group]) => group);
}
