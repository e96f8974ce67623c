import { LIMIT_RULES } from '../limits.ts';
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
  const violations = [...nameViolations(resource)];
  const wrongCount = templateCountViolation(topicTemplates.length, templatesMax);
  if (wrongCount !== undefined) violations.push(wrongCount);
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

/** `max` is the namespace's limit, or its ceiling where the namespace is not known. */
export function templateCountViolation(count: number, max: number): Violation | undefined {
  const field = ['spec', 'topicTemplates'];
  if (count === 0) {
    const message = 'is empty: a topic space without a template covers no topic';
    return { field, reason: 'InvalidShape', message, remedy: 'add a topic template' };
  }
  if (count <= max) return undefined;
  const limit = 'topicTemplatesPerTopicSpace';
  const isRaisable = max < LIMIT_RULES[limit].ceiling;
  const [bound, more] = isRaisable
    ? [`${max}`, `; or raise limits.${limit} of the MqttNamespace`]
    : [`at most ${max}`, ''];
  return {
    field,
    reason: 'LimitExceeded',
    message: `has ${count} topic templates: the limit ${limit} is ${bound}`,
    remedy: `remove some, or move some to another topic space${more}`,
  };
}
