import type { CustomResourceOptions, Output } from '@pulumi/pulumi';
import type { TopicSpaceSpec, SubscriptionSupport } from '../../domain/resources.ts';
import type { FieldsOf } from '../inputs-of.ts';
import { GridResource, type GridResourceArgs } from './grid-resource.ts';

export interface TopicSpaceArgs extends GridResourceArgs, FieldsOf<TopicSpaceSpec> {}

/** Topics that permissions are given on together. */
export class TopicSpace extends GridResource {
  /** The specification's name; `metadata.name` unless it is stated. */
  declare readonly name: Output<string>;
  declare readonly topicTemplates: Output<readonly string[]>;
  declare readonly subscriptionSupport: Output<SubscriptionSupport>;

  constructor(name: string, args: TopicSpaceArgs, options?: CustomResourceOptions) {
    super('TopicSpace', name, args, options);
  }
}
