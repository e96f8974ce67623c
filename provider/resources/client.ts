import type { CustomResourceOptions, Output } from '@pulumi/pulumi';
import type { AttributeValue, ClientSpec, ClientState } from '../../domain/resources.ts';
import type { FieldsOf, InputsOf } from '../inputs-of.ts';
import { GridResource, type GridResourceArgs } from './grid-resource.ts';

export interface ClientArgs extends GridResourceArgs, FieldsOf<Omit<ClientSpec, 'attributes'>> {
  /**
   * What group queries and topic templates ask for: at most 4 KiB of all keys and values together.
   * An integer is exact up to 2^53-1 either way. Specification, "Client attributes".
   */
  readonly attributes?: InputsOf<Readonly<Record<string, AttributeValue>>>;
}

/** A device or application that may connect; what it may do, bindings of its groups say. */
export class Client extends GridResource {
  /** The specification's name; `metadata.name` unless it is stated. */
  declare readonly name: Output<string>;
  declare readonly state: Output<ClientState | undefined>;

  constructor(name: string, args: ClientArgs, options?: CustomResourceOptions) {
    super('Client', name, args, options);
  }
}
