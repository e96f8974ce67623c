/** All that is declared in the cluster, by the MqttNamespace that owns it. */
import {
  isMember,
  ownerOf,
  type EventResources,
  type MemberResource,
  type NamespaceInput,
} from '../../domain/compile.ts';
import { resourceKey, type Kind, type Resource, type ResourceOf } from '../../domain/resources.ts';
import { recordOf } from '../../domain/validate/shape.ts';
import { Declared, type DeclaredObject } from './declared.ts';
import { eventsKey, namespaceKey } from './keys.ts';

/** What a change in the cache is to those who reconcile. */
export interface Touched {
  /** Keys whose objects have to be judged anew. */
  readonly keys: readonly string[];
  /** Nothing is declared otherwise: somebody wrote a status, or a label. */
  readonly statusOnly: boolean;
}

const NOTHING: Touched = { keys: [], statusOnly: false };

type Place = Map<string, Declared>;

/** One Kubernetes namespace; everything in it by `resourceKey`. */
class Part {
  readonly mqttNamespaces: Place = new Map();
  readonly events: Place = new Map();
  /** By the `metadata.name` of the owner that members say; the empty one if they say none. */
  readonly members = new Map<string, Place>();

  get isEmpty(): boolean {
    return this.mqttNamespaces.size + this.events.size + this.members.size === 0;
  }

  add(declared: Declared): void {
    const { resource } = declared;
    this.#placeFor(resource).set(resourceKey(resource), declared);
  }

  remove({ resource }: Declared): void {
    const place = this.#placeFor(resource);
    place.delete(resourceKey(resource));
    if (place.size === 0 && isMember(resource)) this.members.delete(ownerOf(resource));
  }

  #placeFor(resource: Resource): Place {
    if (resource.kind === 'MqttNamespace') return this.mqttNamespaces;
    if (!isMember(resource)) return this.events;
    const owner = ownerOf(resource);
    const place = this.members.get(owner) ?? new Map<string, Declared>();
    this.members.set(owner, place);
    return place;
  }

  /** Every MqttNamespace that is declared, or that an object names. */
  ownerNames(): Set<string> {
    const declared = resourcesOf(this.mqttNamespaces).map(({ metadata }) => metadata.name);
    return new Set([...declared, ...this.members.keys()]);
  }
}

function resourcesOf(place: ReadonlyMap<string, Declared> | undefined): Resource[] {
  return place === undefined ? [] : [...place.values()].map(({ resource }) => resource);
}

/** The name that a field of the spec says, if that can be read so far. */
function referenceOf({ spec }: Resource, field: string): string | undefined {
  const { name } = recordOf(recordOf(spec)[field]);
  return typeof name === 'string' ? name : undefined;
}

export class World {
  readonly #parts = new Map<string, Part>();
  readonly #all: Place = new Map();

  /** The object as it is now; one that is being deleted is gone: nobody wants it any more. */
  set(object: DeclaredObject): Touched {
    if (object.metadata.deletionTimestamp !== undefined) return this.remove(object);
    const fresh = new Declared(object);
    const known = this.at(resourceKey(fresh.resource));
    if (known === undefined) return { keys: this.#add(fresh), statusOnly: false };
    if (known.uid !== fresh.uid) {
      return { keys: [...this.#take(known), ...this.#add(fresh)], statusOnly: false };
    }
    if (known.generation === fresh.generation) {
      known.update(object);
      return { keys: this.#keysOf(known.resource), statusOnly: true };
    }
    // Where no schema held it, an edit may have moved it to another owner.
    const before = this.#take(known);
    known.update(object);
    return { keys: [...before, ...this.#add(known)], statusOnly: false };
  }

  remove(object: DeclaredObject): Touched {
    const known = this.at(resourceKey(new Declared(object).resource));
    if (known === undefined) return NOTHING;
    return { keys: this.#take(known), statusOnly: false };
  }

  #add(declared: Declared): readonly string[] {
    const { namespace } = declared.resource.metadata;
    const part = this.#parts.get(namespace) ?? new Part();
    this.#parts.set(namespace, part);
    part.add(declared);
    this.#all.set(resourceKey(declared.resource), declared);
    return this.#keysOf(declared.resource);
  }

  #take(declared: Declared): readonly string[] {
    const { resource } = declared;
    const { namespace } = resource.metadata;
    const keys = this.#keysOf(resource);
    const part = this.#parts.get(namespace);
    part?.remove(declared);
    this.#all.delete(resourceKey(resource));
    if (part?.isEmpty) this.#parts.delete(namespace);
    return keys;
  }

  /**
   * MqttNamespaces of a Kubernetes namespace share names and a maximum, and others' remedies name
   * them, so a change of one touches all; so does an EventTopic that they may route to. An
   * EventSubscription is run by those that route to its topic.
   */
  #keysOf(resource: Resource): readonly string[] {
    const { namespace } = resource.metadata;
    if (isMember(resource)) return [namespaceKey(namespace, ownerOf(resource))];
    const events = resource.kind === 'MqttNamespace' ? [] : [eventsKey(namespace)];
    if (resource.kind === 'EventSubscription') {
      return [...events, ...this.#routingKeys(namespace, referenceOf(resource, 'topicRef'))];
    }
    return [...events, ...this.#ownerKeys(namespace)];
  }

  #routingKeys(namespace: string, topic: string | undefined): string[] {
    if (topic === undefined) return [];
    return this.routingTo(namespace, topic).map((name) => namespaceKey(namespace, name));
  }

  #ownerKeys(namespace: string): string[] {
    const names = this.#parts.get(namespace)?.ownerNames() ?? [];
    return [...names].map((name) => namespaceKey(namespace, name));
  }

  /** By `resourceKey`. */
  at(key: string): Declared | undefined {
    return this.#all.get(key);
  }

  /** Whether a status of ours is on its way to the object, so that a change of it may be ours. */
  isWriting(object: DeclaredObject): boolean {
    const { namespace = '', name } = object.metadata;
    return this.find(object.kind as Kind, namespace, name)?.writing !== undefined;
  }

  find(kind: Kind, namespace: string, name: string): Declared | undefined {
    return this.at(resourceKey({ kind, metadata: { namespace, name } }));
  }

  /** What `compileNamespace` reads. */
  input(namespace: string, name: string): NamespaceInput {
    const part = this.#parts.get(namespace);
    return {
      name,
      mqttNamespaces: resourcesOf(part?.mqttNamespaces) as ResourceOf<'MqttNamespace'>[],
      ...this.events(namespace),
      members: resourcesOf(part?.members.get(name)) as MemberResource[],
    };
  }

  events(namespace: string): EventResources {
    const events = resourcesOf(this.#parts.get(namespace)?.events);
    return {
      eventTopics: events.filter((event) => event.kind === 'EventTopic'),
      eventSubscriptions: events.filter((event) => event.kind === 'EventSubscription'),
    };
  }

  /** `metadata.name` of each MqttNamespace that says that it routes to the EventTopic. */
  routingTo(namespace: string, topic: string): string[] {
    const resources = resourcesOf(this.#parts.get(namespace)?.mqttNamespaces);
    const routing = resources.filter((each) => referenceOf(each, 'routeTopicRef') === topic);
    return routing.map(({ metadata }) => metadata.name);
  }

  hasMembers(namespace: string, name: string): boolean {
    return this.#parts.get(namespace)?.members.has(name) ?? false;
  }

  /** `metadata.name` of each MqttNamespace that is declared. */
  mqttNamespaces(namespace: string): string[] {
    const resources = resourcesOf(this.#parts.get(namespace)?.mqttNamespaces);
    return resources.map(({ metadata }) => metadata.name);
  }

  /** All that there is to reconcile. */
  keys(): string[] {
    return [...this.#parts.keys()].flatMap((namespace) => [
      eventsKey(namespace),
      ...this.#ownerKeys(namespace),
    ]);
  }
}
