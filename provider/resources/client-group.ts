import type { CustomResourceOptions, Output } from '@pulumi/pulumi';
import type { ClientGroupSpec } from '../../domain/resources.ts';
import type { FieldsOf } from '../inputs-of.ts';
import { GridResource, type GridResourceArgs } from './grid-resource.ts';

export interface ClientGroupArgs extends GridResourceArgs, FieldsOf<ClientGroupSpec> {}

/** Clients by a query of their names and attributes. */
export class ClientGroup extends GridResource {
  /** The specification's name; `metadata.name` unless it is stated. */
  declare readonly name: Output<string>;
  declare readonly query: Output<string>;

  constructor(name: string, args: ClientGroupArgs, options?: CustomResourceOptions) {
    super('ClientGroup', name, args, options);
  }
}
