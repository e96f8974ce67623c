/** The same questions for who administrates: which objects decide, and what would change it. */
import { didYouMean } from '../nearest.ts';
import { quote } from '../text.ts';
import { checkTopicFilter, checkTopicName, splitLevels } from '../topic-filter.ts';
import { printBoundTemplate } from '../topic-template.ts';
import { adviseOn } from './advice.ts';
import { printChanges } from './change.ts';
import { covers, permissionFor, permits, spacesSeenBy, type SpaceView } from './covering.ts';
import { grantFor, printOperation, type AccessQuestion } from './decision.ts';
import { describeMiss, findNearest } from './near-miss.ts';
import type { ClientAccess, Grant, Policy } from './policy.ts';

/** Topic spaces named in a reason. */
const REASONS_MAX = 5;

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
      /** Each is enough; that which grants others the least comes first. */
      readonly wouldAllow: readonly string[];
    };

export function explain(policy: Policy, question: AccessQuestion): Explanation {
  const { operation, topic } = question;
  const { limits, clients } = policy.snapshot;
  const check = operation === 'publish' ? checkTopicName : checkTopicFilter;
  const fault = check(topic, limits.topicBytes);
  if (fault !== undefined) return refused(question, `${fault.message}: ${fault.remedy}`, []);
  const access = policy.clientAccess(question.client);
  if (access === undefined) {
    const names = clients.map(({ name }) => name);
    const remedy = 'declare a Client with that name, and ask again';
    const reason = `no Client ${quote(question.client)} is in force in this MqttNamespace`;
    return refused(question, reason, [didYouMean(question.client, names, remedy)]);
  }
  const grant = grantFor(access, question);
  if (grant !== undefined) return allowed(question, grant);
  const wouldAllow = adviseOn(policy, question).map(printChanges);
  return refused(question, reasonFor(policy, access, question), wouldAllow);
}

function refused(
  question: AccessQuestion,
  reason: string,
  wouldAllow: readonly string[],
): Explanation {
  return { question, allowed: false, reason, wouldAllow };
}

function allowed(question: AccessQuestion, grant: Grant): Explanation {
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

function reasonFor(policy: Policy, access: ClientAccess, question: AccessQuestion): string {
  const { client } = access;
  if (client.state !== 'Enabled') {
    return `the Client ${quote(client.name)} is Disabled and cannot connect`;
  }
  const spaces = spacesSeenBy(client, policy.snapshot);
  const covering = spaces.filter(({ templates }) =>
    templates.some((template) => covers(template, question)),
  );
  const grants = access[question.operation];
  const missed =
    grants.length > 0
      ? `none of its own topic templates covers it; ${nearestOf(grants, question)}`
      : `no permission binding lets it ${question.operation} at all`;
  const others = covering.slice(0, REASONS_MAX).map((space) => notBound(space, access, question));
  if (others.length > 0 || grants.length > 0) return [missed, ...others].join('; ');
  const candidates = spaces.flatMap(({ name, templates }) =>
    templates.map((template) => ({ topicSpace: name, template })),
  );
  if (candidates.length === 0) return `${missed}, and this MqttNamespace has no topic template`;
  return `${missed}, and no topic template covers it; ${nearestOf(candidates, question)}`;
}

function nearestOf(
  candidates: readonly Pick<Grant, 'topicSpace' | 'template'>[],
  { topic }: AccessQuestion,
): string {
  const templates = candidates.map(({ template }) => template);
  const nearest = findNearest(templates, splitLevels(topic));
  if (nearest === undefined) return 'there is no other';
  const space = quote(candidates[nearest.index]?.topicSpace ?? '');
  return `the nearest, of the topic space ${space}, is ${describeMiss(nearest)}`;
}

/** Why a space that covers it does not permit it. */
function notBound(space: SpaceView, { groups }: ClientAccess, question: AccessQuestion): string {
  const covered = `the topic space ${quote(space.name)} covers it`;
  if (!permits(space, question.operation)) return `${covered}, but is for publishing only`;
  const permission = permissionFor(question.operation);
  const names = groups.map(quote).join(', ');
  return `${covered}, but none of its groups (${names}) is bound to that space as ${permission}`;
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
