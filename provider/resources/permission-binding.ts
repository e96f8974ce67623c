import type { CustomResourceOptions, Output } from '@pulumi/pulumi';
import type { PermissionBindingSpec, Permission } from '../../domain/resources.ts';
import type { FieldsOf } from '../inputs-of.ts';
import { GridResource, type GridResourceArgs } from './grid-resource.ts';

export interface PermissionBindingArgs extends GridResourceArgs, FieldsOf<PermissionBindingSpec> {}

/** Lets the clients of a group publish to, or subscribe to, the topics of a space. */
export class PermissionBinding extends GridResource {
  /** The specification's name; `metadata.name` unless it is stated. */
  declare readonly name: Output<string>;
  declare readonly clientGroupName: Output<string>;
  declare readonly topicSpaceName: Output<string>;
  declare readonly permission: Output<Permission>;

  constructor(name: string, args: PermissionBindingArgs, options?: CustomResourceOptions) {
    super('PermissionBinding', name, args, options);
  }
}
