/** The same questions for who administrates: which objects decide, and what would change it. */
import { didYouMean } from '../nearest.ts';
import { ALL_CLIENTS_GROUP } from '../names.ts';
import type { SnapshotPermissionBinding } from '../snapshot.ts';
import { either, quote } from '../text.ts';
import { checkTopicFilter, checkTopicName, splitLevels } from '../topic-filter.ts';
import {
  bindTemplate,
  boundTemplateContains,
  boundTemplateMatches,
  printBoundTemplate,
  type BoundTemplate,
} from '../topic-template.ts';
import { mayPublish, maySubscribe, printOperation, type Operation } from './decision.ts';
import { describeMiss, findNearest } from './near-miss.ts';
import {
  identityOf,
  parseTopicSpaces,
  type ClientAccess,
  type ParsedTopicSpace,
  type Policy,
} from './policy.ts';

export interface AccessQuestion {
  /** The specification's name of a client. */
  readonly client: string;
  readonly operation: Operation;
  /** A topic name to publish to, a topic filter to subscribe with. */
  readonly topic: string;
}

/** Plain data: it can be printed as JSON. */
export type Explanation =
  | {
      readonly question: AccessQuestion;
      readonly allowed: true;
      readonly binding: string;
      readonly clientGroup: string;
      readonly topicSpace: string;
      /** As it was declared. */
      readonly topicTemplate: string;
      /** With the client's own values. */
      readonly boundTemplate: string;
    }
  | {
      readonly question: AccessQuestion;
      readonly allowed: false;
      readonly reason: string;
      /** Changes each of which would allow it, or is one step there; the smallest first. */
      readonly wouldAllow: readonly string[];
    };

/** Suggestions shown; a namespace may have a thousand topic spaces. */
const SUGGESTIONS_MAX = 10;

export function explain(policy: Policy, question: AccessQuestion): Explanation {
  const { operation, topic } = question;
  const { limits, clients } = policy.snapshot;
  const check = operation === 'publish' ? checkTopicName : checkTopicFilter;
  const fault = check(topic, limits.topicBytes);
  if (fault !== undefined) return refused(question, fault.message, [fault.remedy]);
  const access = policy.clientAccess(question.client);
  if (access === undefined) {
    const names = clients.map(({ name }) => name);
    const remedy = didYouMean(question.client, names, `declare a Client with that name`);
    const reason = `no Client ${quote(question.client)} is in force in this MqttNamespace`;
    return refused(question, reason, [remedy]);
  }
  if (access.client.state !== 'Enabled') {
    const reason = `the Client ${quote(question.client)} is Disabled and cannot connect`;
    return refused(question, reason, ['set its spec.state to Enabled']);
  }
  return explainAccess(policy, access, question);
}

function refused(
  question: AccessQuestion,
  reason: string,
  wouldAllow: readonly string[],
): Explanation {
  return { question, allowed: false, reason, wouldAllow: wouldAllow.slice(0, SUGGESTIONS_MAX) };
}

function explainAccess(
  policy: Policy,
  access: ClientAccess,
  question: AccessQuestion,
): Explanation {
  const may = question.operation === 'publish' ? mayPublish : maySubscribe;
  const grant = may(access, question.topic);
  if (grant !== undefined) {
    return {
      question,
      allowed: true,
      binding: grant.binding,
      clientGroup: grant.clientGroup,
      topicSpace: grant.topicSpace,
      topicTemplate: grant.template.template.text,
      boundTemplate: printBoundTemplate(grant.template),
    };
  }
  const candidates = templatesFor(policy, access);
  const covering = candidates.filter(({ template }) => covers(template, question));
  return covering.length > 0
    ? explainUnbound({ policy, access, question }, covering)
    : explainUncovered({ policy, access, question }, candidates);
}

interface Refusal {
  readonly policy: Policy;
  readonly access: ClientAccess;
  readonly question: AccessQuestion;
}

/** Any template of the namespace, whether or not the client is bound to it. */
interface TemplateCandidate {
  readonly target: ParsedTopicSpace;
  readonly template: BoundTemplate;
}

function templatesFor(policy: Policy, { client }: ClientAccess): readonly TemplateCandidate[] {
  const identity = identityOf(client);
  return [...parseTopicSpaces(policy.snapshot).values()].flatMap((target) => {
    return target.templates.map((template) => {
      return { target, template: bindTemplate(template, identity) };
    });
  });
}

function covers(template: BoundTemplate, { operation, topic }: AccessQuestion): boolean {
  const levels = splitLevels(topic);
  return operation === 'publish'
    ? boundTemplateMatches(template, levels)
    : boundTemplateContains(template, levels);
}

/** Templates cover it, but none is granted for the operation. */
function explainUnbound(refusal: Refusal, covering: readonly TemplateCandidate[]): Explanation {
  const targets = [...new Set(covering.map(({ target }) => target))];
  const names = targets.map(({ space }) => quote(space.name));
  const permission = permissionFor(refusal.question.operation);
  const { access, question } = refusal;
  const own = access[question.operation].map(({ template }) => template);
  const nearest = findNearest(own, splitLevels(question.topic));
  const reason =
    `the topic space ${either(names)} covers it, but none of the client's groups ` +
    `(${access.groups.map(quote).join(', ')}) is bound to it as ${permission}` +
    (nearest === undefined ? '' : `; the nearest template so bound is ${describeMiss(nearest)}`);
  const wouldAllow = targets.flatMap((target) => suggestFor(refusal, target));
  return refused(question, reason, wouldAllow);
}

function permissionFor(operation: Operation): SnapshotPermissionBinding['permission'] {
  return operation === 'publish' ? 'Publisher' : 'Subscriber';
}

function suggestFor({ policy, access, question }: Refusal, target: ParsedTopicSpace): string[] {
  const { space } = target;
  const permission = permissionFor(question.operation);
  if (permission === 'Subscriber' && space.subscriptionSupport === 'NotSupported') {
    return [
      `declare the TopicSpace ${quote(space.name)} anew with subscriptionSupport LowFanout or ` +
        'HighFanout (it is NotSupported, which cannot be changed), and bind it',
    ];
  }
  const own = access.groups.filter((group) => group !== ALL_CLIENTS_GROUP);
  const groups = either((own.length > 0 ? own : [ALL_CLIENTS_GROUP]).map(quote));
  const others = policy.snapshot.permissionBindings.filter((binding) => {
    return binding.topicSpaceName === space.name && binding.permission === permission;
  });
  return [
    `add a PermissionBinding with clientGroupName ${groups}, ` +
      `topicSpaceName ${quote(space.name)} and permission ${permission}`,
    ...others.map((binding) => suggestJoining(policy, binding)),
  ];
}

function suggestJoining(policy: Policy, binding: SnapshotPermissionBinding): string {
  const name = binding.clientGroupName;
  const group = policy.snapshot.clientGroups.find((each) => each.name === name);
  const query = group === undefined ? '' : `, whose query is ${quote(group.query)}`;
  return `make the client a member of the ClientGroup ${quote(name)}${query}: the binding ${quote(
    binding.name,
  )} permits it`;
}

/** No template of the namespace covers it. Of equally near ones the client's own is shown. */
function explainUncovered(
  { access, question }: Refusal,
  candidates: readonly TemplateCandidate[],
): Explanation {
  const grants = access[question.operation];
  const templates = [...grants, ...candidates].map(({ template }) => template);
  const nearest = findNearest(templates, splitLevels(question.topic));
  const topic = quote(question.topic);
  if (nearest === undefined) {
    const remedy = `declare a TopicSpace with a topic template that covers ${topic}`;
    return refused(question, 'this MqttNamespace has no topic template', [remedy]);
  }
  const own = grants[nearest.index];
  const other = candidates[nearest.index - grants.length];
  const space = quote(own?.topicSpace ?? other?.target.space.name ?? '');
  const unbound =
    own === undefined
      ? `; the client has no ${permissionFor(question.operation)} binding to it`
      : '';
  const reason =
    `no topic template covers it; the nearest, of the topic space ${space}, is ` +
    `${describeMiss(nearest)}${unbound}`;
  return refused(question, reason, [
    `use a topic that the template ${quote(nearest.template.template.text)} covers`,
    `add a topic template that covers ${topic} to the TopicSpace ${space}`,
  ]);
}

/** Several lines, for people. */
export function printExplanation(explanation: Explanation): string {
  const { question } = explanation;
  const client = quote(question.client);
  const asked = printOperation(question.operation, question.topic);
  if (!explanation.allowed) {
    return [
      `refused: ${client} may not ${asked}`,
      `  because ${explanation.reason}`,
      ...explanation.wouldAllow.map((suggestion) => `  to allow it: ${suggestion}`),
    ].join('\n');
  }
  const { binding, clientGroup, topicSpace, topicTemplate, boundTemplate } = explanation;
  const bound = boundTemplate === topicTemplate ? '' : ` (here: ${boundTemplate})`;
  return [
    `allowed: ${client} may ${asked}`,
    `  by the permission binding ${quote(binding)}`,
    `  of the client group ${quote(clientGroup)} to the topic space ${quote(topicSpace)}`,
    `  with the topic template ${topicTemplate}${bound}`,
  ].join('\n');
}
