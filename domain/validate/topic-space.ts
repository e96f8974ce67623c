import { nameOf, type ResourceOf } from '../resources.ts';
import { failure, success } from '../result.ts';
import type { SnapshotTopicSpace } from '../snapshot.ts';
import { parseTopicTemplate, type TopicTemplate } from '../topic-template.ts';
import type { Violation } from '../violation.ts';
import { listOf, objectOf, oneOf, REFERENCE, TEXT } from './shape.ts';
import {
  NAME_AND_DESCRIPTION,
  nameViolations,
  shapeFault,
  textViolation,
  type Validated,
} from './validation.ts';

export interface ValidTopicSpace {
  readonly space: SnapshotTopicSpace;
  /** One for each of `space.topicTemplates`, in their order. */
  readonly templates: readonly TopicTemplate[];
}

const SHAPE = objectOf(
  {
    namespaceRef: REFERENCE,
    topicTemplates: listOf(TEXT),
    subscriptionSupport: oneOf(['NotSupported', 'LowFanout', 'HighFanout']),
  },
  NAME_AND_DESCRIPTION,
);

/** `templatesMax` is the namespace's `topicTemplatesPerTopicSpace`. */
export function validateTopicSpace(
  resource: ResourceOf<'TopicSpace'>,
  templatesMax: number,
): Validated<ValidTopicSpace> {
  const malformed = shapeFault(SHAPE, resource.spec);
  if (malformed !== undefined) return malformed;
  const { topicTemplates, subscriptionSupport } = resource.spec;
  const violations = [
    ...nameViolations(resource),
    ...countViolations(topicTemplates.length, templatesMax),
  ];
  const templates: TopicTemplate[] = [];
  // What is beyond the limit is refused without reading it.
  const read = topicTemplates.slice(0, templatesMax);
  for (const [index, text] of read.entries()) {
    const template = parseTopicTemplate(text);
    const field = ['spec', 'topicTemplates', index];
    if (template.ok) templates.push(template.value);
    else violations.push(textViolation(field, 'InvalidTemplate', template.fault));
  }
  if (violations.length > 0) return failure(violations);
  const name = nameOf(resource);
  const space = { name, subscriptionSupport, topicTemplates: [...topicTemplates] };
  return success({ space, templates });
}

function countViolations(count: number, max: number): readonly Violation[] {
  const field = ['spec', 'topicTemplates'];
  if (count === 0) {
    const message = 'is empty: a topic space without a template covers no topic';
    return [{ field, reason: 'InvalidShape', message, remedy: 'add a topic template' }];
  }
  if (count <= max) return [];
  const message = `has ${count} topic templates: the limit topicTemplatesPerTopicSpace is ${max}`;
  const remedy =
    'remove some, move some to another topic space, or raise ' +
    'limits.topicTemplatesPerTopicSpace of the MqttNamespace';
  return [{ field, reason: 'LimitExceeded', message, remedy }];
}
