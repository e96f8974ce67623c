import type { CustomResourceOptions, Output } from '@pulumi/pulumi';
import type { ClientSpec, ClientState } from '../../domain/resources.ts';
import type { FieldsOf } from '../inputs-of.ts';
import { GridResource, type GridResourceArgs } from './grid-resource.ts';

export interface ClientArgs extends GridResourceArgs, FieldsOf<ClientSpec> {}

/** A device or application that may connect; what it may do, bindings of its groups say. */
export class Client extends GridResource {
  /** The specification's name; `metadata.name` unless it is stated. */
  declare readonly name: Output<string>;
  declare readonly state: Output<ClientState | undefined>;

  constructor(name: string, args: ClientArgs, options?: CustomResourceOptions) {
    super('Client', name, args, options);
  }
}
