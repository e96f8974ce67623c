/** What all kinds have in common in a program. */
import {
  Config,
  createUrn,
  CustomResource,
  mergeOptions,
  runtime,
  type CustomResourceOptions,
  type Input,
  type Output,
} from '@pulumi/pulumi';
import type { Condition } from '../../domain/conditions.ts';
import type { Kind } from '../../domain/resources.ts';
import { References } from '../references.ts';
import { SHELL } from '../shell.ts';
import { configuredTarget, type Target } from '../target-arguments.ts';
import { Turns } from '../turns.ts';

export interface MetadataArgs {
  /**
   * `metadata.name`: a DNS subdomain of at most 253 characters, unique among the objects of its
   * kind in the Kubernetes namespace. The name of the Pulumi resource by default, with nothing
   * appended: it is what other objects refer to.
   */
  readonly name?: Input<string>;
  /** Kubernetes namespace; the target's by default. */
  readonly namespace?: Input<string>;
  readonly labels?: Input<Record<string, Input<string>>>;
  readonly annotations?: Input<Record<string, Input<string>>>;
}

export interface GridResourceArgs {
  readonly metadata?: MetadataArgs;
  /** Where the object is declared; by default what the stack's configuration says. */
  readonly target?: Target;
  /**
   * Takes over an object that is there already, and fields of it that others manage. Without it
   * both are errors. (`pulumi import` does not work for dynamic resources.)
   */
  readonly adopt?: Input<boolean>;
  /**
   * Seconds that creating and changing wait for the object to be in force, and deleting for it to
   * be gone: 1 to 3600. By default `mqttgrid:timeoutSeconds` of the configuration, or 300.
   */
  readonly timeoutSeconds?: Input<number>;
}

/** As it is declared. */
export interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** As a `dynamic.Resource`, whose text in the state is our own. */
export abstract class GridResource extends CustomResource {
  declare readonly metadata: Output<Metadata>;
  /** Accepted, ResolvedRefs, Programmed and Ready, as when the object was last read. */
  declare readonly conditions: Output<readonly Condition[]>;
  /** Counts the versions of the object's spec; a directory has none. */
  declare readonly generation: Output<number | undefined>;

  protected constructor(
    kind: Kind,
    name: string,
    stated: GridResourceArgs | null | undefined,
    options: CustomResourceOptions = {},
  ) {
    // Without them JavaScript is told what is missing as of any other.
    const args = stated ?? {};
    const type = `pulumi-nodejs:dynamic/mqttgrid:${kind}`;
    const registered = Promise.withResolvers<void>();
    const properties = {
      ...Object.fromEntries(outputsOf(kind).map((output) => [output, undefined])),
      timeoutSeconds: new Config('mqttgrid').getNumber('timeoutSeconds'),
      ...args,
      kind,
      __provider: SHELL,
      metadata: { name, ...args.metadata },
      target: args.target ?? configuredTarget(),
      // What the checks need to know and nobody keeps.
      __urn: createUrn(name, type, options.parent),
      __preview: runtime.isDryRun() && turns.wait(kind, nameOf(name, args), registered.promise),
    };
    super(type, name, properties, mergeOptions(options, { dependsOn: references.of({ ...args }) }));
    references.add(this, kind, name, { ...args });
    this.urn.apply(() => registered.resolve());
  }

  /** For a `namespaceRef`, `topicRef` or `routeTopicRef` of others. */
  get ref(): { readonly name: Output<string> } {
    return { name: this.metadata.name };
  }
}

const turns = new Turns();
const references = new References();

/** As far as it is known before anything is. */
function nameOf(name: string, { metadata }: GridResourceArgs): string {
  return typeof metadata?.name === 'string' ? metadata.name : name;
}

/** What a program may use before anybody has said it. */
function outputsOf(kind: Kind): readonly string[] {
  if (kind === 'EventTopic' || kind === 'EventSubscription') return OUTPUTS;
  // Without a name that is stated, the check says what it is.
  return [...OUTPUTS, 'name', ...(kind === 'MqttNamespace' ? ['endpoints', 'counts'] : [])];
}

const OUTPUTS = ['conditions', 'generation', 'uid', 'fieldManager', 'schemaVersion'];
