import type { CustomResourceOptions, Output } from '@pulumi/pulumi';
import type { CaCertificateSpec } from '../../domain/resources.ts';
import type { FieldsOf } from '../inputs-of.ts';
import { GridResource, type GridResourceArgs } from './grid-resource.ts';

export interface CaCertificateArgs extends GridResourceArgs, FieldsOf<CaCertificateSpec> {}

/** A CA whose certificates clients of a MqttNamespace may present. */
export class CaCertificate extends GridResource {
  /** The specification's name; `metadata.name` unless it is stated. */
  declare readonly name: Output<string>;
  declare readonly encodedCertificate: Output<string>;

  constructor(name: string, args: CaCertificateArgs, options?: CustomResourceOptions) {
    super('CaCertificate', name, args, options);
  }
}
