import type { CustomResourceOptions, Output } from '@pulumi/pulumi';
import type { MqttNamespaceSpec } from '../../domain/resources.ts';
import type { FieldsOf } from '../inputs-of.ts';
import { GridResource, type GridResourceArgs } from './grid-resource.ts';

export interface MqttNamespaceArgs extends GridResourceArgs, FieldsOf<MqttNamespaceSpec> {}

/** Where clients connect. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** An MQTT broker of its own, which the other kinds declare clients, topics and permissions of. */
export class MqttNamespace extends GridResource {
  /** The specification's name; `metadata.name` unless it is stated. */
  declare readonly name: Output<string>;
  /** Empty for a directory, of which nobody knows yet who serves it. */
  declare readonly endpoints: Output<readonly Endpoint[]>;
  /** Objects in force by their kinds: `clients`, `topicSpaces` and so on. */
  declare readonly counts: Output<Readonly<Record<string, number>>>;

  constructor(name: string, args: MqttNamespaceArgs = {}, options?: CustomResourceOptions) {
    super('MqttNamespace', name, args, options);
  }
}
