import type { CustomResourceOptions, Output } from '@pulumi/pulumi';
import type { EventSubscriptionSpec, ObjectReference } from '../../domain/resources.ts';
import type { FieldsOf } from '../inputs-of.ts';
import { GridResource, type GridResourceArgs } from './grid-resource.ts';

export interface EventSubscriptionArgs extends GridResourceArgs, FieldsOf<EventSubscriptionSpec> {}

/** Which of an EventTopic's events are delivered, and where to. */
export class EventSubscription extends GridResource {
  declare readonly topicRef: Output<ObjectReference>;

  constructor(name: string, args: EventSubscriptionArgs, options?: CustomResourceOptions) {
    super('EventSubscription', name, args, options);
  }
}
