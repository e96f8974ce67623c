/** What objects refer to by a name that is plain text, of which Pulumi learns nothing. */
import type { Resource } from '@pulumi/pulumi';
import type { Kind } from '../domain/resources.ts';

type Arguments = Readonly<Record<string, unknown>>;

const REFERENCES: readonly (readonly [string, Kind])[] = [
  ['namespaceRef', 'MqttNamespace'],
  ['routeTopicRef', 'EventTopic'],
  ['topicRef', 'EventTopic'],
  ['clientGroupName', 'ClientGroup'],
  ['topicSpaceName', 'TopicSpace'],
];

/** They are named as the specification has it, others as Kubernetes does. */
const BY_SPEC_NAME: ReadonlySet<Kind> = new Set(['ClientGroup', 'TopicSpace']);

/**
 * One for a program. Pulumi does so many operations at once, by default four a processor. If all of
 * them waited for an object that has not had its turn, they would wait in vain: so it goes first.
 * Kinds refer to each other in one direction, so nothing waits in a circle.
 */
export class References {
  /** By kind and name, in whatever place: what goes first needlessly does no harm. */
  readonly #named = new Map<string, Resource[]>();

  /** @param name of the Pulumi resource */
  add(resource: Resource, kind: Kind, name: string, args: Arguments): void {
    const objectName = fieldOf(args['metadata'], 'name') ?? name;
    const known = (BY_SPEC_NAME.has(kind) ? args['name'] : undefined) ?? objectName;
    // One that is not known yet is in no text either.
    if (typeof known !== 'string') return;
    const key = `${kind} ${known}`;
    this.#named.set(key, [...(this.#named.get(key) ?? []), resource]);
  }

  /** Of those that the program declares before it first waits for anything, or has declared. */
  async of(args: Arguments): Promise<Resource[]> {
    await new Promise((resolve) => setImmediate(resolve));
    return REFERENCES.flatMap(([field, kind]) => {
      const name = fieldOf(args[field], 'name') ?? args[field];
      return typeof name === 'string' ? (this.#named.get(`${kind} ${name}`) ?? []) : [];
    });
  }
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
}
