import type { CustomResourceOptions, Output } from '@pulumi/pulumi';
import type { EventTopicSpec } from '../../domain/resources.ts';
import type { FieldsOf } from '../inputs-of.ts';
import { GridResource, type GridResourceArgs } from './grid-resource.ts';

export interface EventTopicArgs extends GridResourceArgs, FieldsOf<EventTopicSpec> {}

/** Where messages of MqttNamespaces go as CloudEvents. */
export class EventTopic extends GridResource {
  declare readonly location: Output<string | undefined>;

  constructor(name: string, args: EventTopicArgs, options?: CustomResourceOptions) {
    super('EventTopic', name, args, options);
  }
}
