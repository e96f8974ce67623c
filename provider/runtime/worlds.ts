/** Objects of one Kubernetes namespace that are taken to be there, judged as the operator would. */
import { readCertificate } from '../../certificates/read.ts';
import type { Clock } from '../../control/clock.ts';
import {
  compileNamespace,
  isMember,
  ownerOf,
  type CompileContext,
  type NamespaceCompilation,
  type NamespaceInput,
} from '../../domain/compile.ts';
import { MQTT_NAMESPACES_MAX } from '../../domain/limits.ts';
import { resourceKey, type Resource, type ResourceOf } from '../../domain/resources.ts';

/** One that grows while a program declares: each compilation goes on from the one before. */
export class World {
  readonly #clock: Clock;
  readonly #mqttNamespacesMax: number;
  readonly #resources = new Map<string, Resource>();
  readonly #compilations = new Map<string, NamespaceCompilation>();

  constructor(clock: Clock, mqttNamespacesMax = MQTT_NAMESPACES_MAX) {
    this.#clock = clock;
    this.#mqttNamespacesMax = mqttNamespacesMax;
  }

  /** One that is there already keeps its age. The answer is what is judged from now on. */
  put(resource: Resource): Resource {
    const key = resourceKey(resource);
    const there = this.#resources.get(key);
    const aged = there === undefined ? resource : withAgeOf(resource, there);
    this.#resources.set(key, aged);
    return aged;
  }

  get(key: string): Resource | undefined {
    return this.#resources.get(key);
  }

  get resources(): Iterable<Resource> {
    return this.#resources.values();
  }

  /** @param owner as `ownerOf` names it */
  compile(owner: string): NamespaceCompilation {
    const compilation = compileNamespace(
      inputFor(owner, [...this.#resources.values()]),
      { ...contextOf(this.#clock), mqttNamespacesMax: this.#mqttNamespacesMax },
      this.#compilations.get(owner),
    );
    this.#compilations.set(owner, compilation);
    return compilation;
  }
}

/** `before` only makes it faster, where its resources are the same objects. */
export function compileFor(
  owner: string,
  resources: readonly Resource[],
  clock: Clock,
  before?: NamespaceCompilation,
): NamespaceCompilation {
  return compileNamespace(inputFor(owner, resources), contextOf(clock), before);
}

function contextOf(clock: Clock): CompileContext {
  return { nowMs: clock.nowMs(), readCertificate };
}

/** @param resources of one Kubernetes namespace */
function inputFor(owner: string, resources: readonly Resource[]): NamespaceInput {
  const ofKind = <K extends 'MqttNamespace' | 'EventTopic' | 'EventSubscription'>(
    kind: K,
  ): ResourceOf<K>[] =>
    resources.filter((resource) => resource.kind === kind) as unknown as ResourceOf<K>[];
  return {
    name: owner,
    mqttNamespaces: ofKind('MqttNamespace'),
    eventTopics: ofKind('EventTopic'),
    eventSubscriptions: ofKind('EventSubscription'),
    members: resources.filter(isMember).filter((member) => ownerOf(member) === owner),
  };
}

function withAgeOf(resource: Resource, { metadata }: Resource): Resource {
  const { creationTimestamp } = metadata;
  // The kind stays, so the spec is of it.
  return { ...resource, metadata: { ...resource.metadata, creationTimestamp } };
}
