/**
 * What would allow a refused operation: each advice is enough, is what `compile` accepts, and the
 * one that grants others the least comes first.
 */
import { clientMatchesQuery, parseGroupQuery } from '../group-query/group-query.ts';
import { ALL_CLIENTS_GROUP } from '../names.ts';
import { findOverlap } from '../overlap.ts';
import type { Snapshot, SnapshotClient } from '../snapshot.ts';
import { splitLevels } from '../topic-filter.ts';
import {
  bindTemplate,
  leadingLevelsMatched,
  parseTopicTemplate,
  printTopicTemplate,
  type TemplateLevel,
  type TopicTemplate,
} from '../topic-template.ts';
import type { Change } from './change.ts';
import { covers, permissionFor, permits, spacesSeenBy } from './covering.ts';
import { grantFor, type AccessQuestion } from './decision.ts';
import {
  buildPolicy,
  identityOf,
  parseTopicSpaces,
  type ClientAccess,
  type ParsedTopicSpace,
  type Policy,
} from './policy.ts';

/** Changes that allow it when all of them are made. */
export type Advice = readonly Change[];

/** A namespace may have a thousand topic spaces. */
const ADVICES_MAX = 10;

interface Refusal {
  readonly snapshot: Snapshot;
  readonly access: ClientAccess;
  readonly question: AccessQuestion;
  readonly spaces: ReadonlyMap<string, ParsedTopicSpace>;
  /** Spaces that cover what is asked and could permit it, but the client is not bound to them. */
  readonly covering: readonly string[];
  /** Templates that would cover what is asked. */
  readonly fits: readonly Fit[];
}

interface Fit {
  readonly template: TopicTemplate;
  /** Topic spaces that allow subscribing, as no other may with such a template. */
  readonly overlaps: readonly string[];
}

/** Nothing for a client that is not there, and where no change of these kinds is enough. */
export function adviseOn(policy: Policy, question: AccessQuestion): readonly Advice[] {
  const access = policy.clientAccess(question.client);
  if (access === undefined) return [];
  if (access.client.state !== 'Enabled') return adviseOnDisabled(policy, question);
  const { snapshot } = policy;
  const spaces = parseTopicSpaces(snapshot);
  const fits = fitsFor(access, question, spaces);
  const covering = spacesSeenBy(access.client, snapshot)
    .filter((space) => permits(space, question.operation))
    .filter(({ templates }) => templates.some((template) => covers(template, question)))
    .map(({ name }) => name);
  const refusal = { snapshot, access, question, spaces, fits, covering };
  const within = [
    ...templatesForOwnSpaces(refusal),
    ...bindingsToCoveringSpaces(refusal),
    ...widerGroups(refusal),
  ];
  return (within.length > 0 ? within : otherSpaces(refusal)).slice(0, ADVICES_MAX);
}

function adviseOnDisabled({ snapshot }: Policy, question: AccessQuestion): readonly Advice[] {
  const clients = snapshot.clients.map((client): SnapshotClient => {
    return client.name === question.client ? { ...client, state: 'Enabled' } : client;
  });
  const enabled = buildPolicy({ ...snapshot, clients });
  const enable: Change = { change: 'EnableClient', client: question.client };
  const access = enabled.clientAccess(question.client);
  if (access !== undefined && grantFor(access, question) !== undefined) return [[enable]];
  return adviseOn(enabled, question).map((advice) => [enable, ...advice]);
}

/** The client's own spaces, to which it is bound already; the nearest first. */
function templatesForOwnSpaces(refusal: Refusal): Advice[] {
  const { access, question, spaces } = refusal;
  const levels = splitLevels(question.topic);
  const nearness = new Map<string, number>();
  for (const { topicSpace, template } of access[question.operation]) {
    const matched = leadingLevelsMatched(template, levels);
    nearness.set(topicSpace, Math.max(matched, nearness.get(topicSpace) ?? 0));
  }
  const nearestFirst = [...nearness].sort(([, left], [, right]) => right - left);
  return nearestFirst.flatMap(([topicSpace]) => {
    const space = spaces.get(topicSpace);
    const addition = space && additionTo(refusal, space);
    return addition === undefined ? [] : [[addition]];
  });
}

/** Undefined: the space can take no template that covers what is asked. */
function additionTo({ snapshot, fits }: Refusal, { space }: ParsedTopicSpace): Change | undefined {
  const { name, topicTemplates, subscriptionSupport } = space;
  if (topicTemplates.length >= snapshot.limits.topicTemplatesPerTopicSpace) return undefined;
  const fit = fits.find(({ overlaps }) => {
    return subscriptionSupport === 'NotSupported' || overlaps.every((other) => other === name);
  });
  if (fit === undefined) return undefined;
  return { change: 'AddTopicTemplate', topicSpace: name, topicTemplate: fit.template.text };
}

/**
 * The topic or filter itself. Where it holds the client's name, the variable is better: in a space
 * that others are bound to, it gives them their own place and not this client's.
 */
function fitsFor(
  access: ClientAccess,
  question: AccessQuestion,
  spaces: Refusal['spaces'],
): readonly Fit[] {
  const identity = identityOf(access.client);
  const texts = [identity.name, undefined].map((clientName) => {
    const levels = splitLevels(question.topic).map((text) => levelOf(text, clientName));
    return printTopicTemplate({ levels });
  });
  return [...new Set(texts)].flatMap((text) => {
    const template = parseTopicTemplate(text);
    const fits = template.ok && covers(bindTemplate(template.value, identity), question);
    return fits
      ? [{ template: template.value, overlaps: overlapping(template.value, spaces) }]
      : [];
  });
}

function levelOf(text: string, clientName: string | undefined): TemplateLevel {
  if (text === '+') return { type: 'SingleLevelWildcard' };
  if (text === '#') return { type: 'MultiLevelWildcard' };
  if (text === clientName) return { type: 'Pattern', parts: [{ type: 'ClientName' }] };
  return { type: 'Literal', text };
}

function overlapping(template: TopicTemplate, spaces: Refusal['spaces']): readonly string[] {
  return [...spaces.values()]
    .filter(({ space }) => space.subscriptionSupport !== 'NotSupported')
    .filter(({ templates }) => templates.some((each) => findOverlap(template, each) !== undefined))
    .map(({ space }) => space.name);
}

function bindingsToCoveringSpaces(refusal: Refusal): Advice[] {
  return refusal.covering.flatMap((topicSpace) => bindingsTo(refusal, topicSpace));
}

/** By the smallest group that the client is in; by one of its own before that of all clients. */
function bindingsTo({ snapshot, access, question }: Refusal, topicSpace: string): Advice[] {
  const { permissionBindings, clientGroups, limits } = snapshot;
  if (permissionBindings.length >= limits.permissionBindings) return [];
  const permission = permissionFor(question.operation);
  const bind = (clientGroup: string): Change => {
    return { change: 'AddPermissionBinding', clientGroup, topicSpace, permission };
  };
  const own = smallestGroup(snapshot, access);
  if (own !== undefined) return [[bind(own)]];
  const ofAll = [bind(ALL_CLIENTS_GROUP)];
  if (clientGroups.length >= limits.clientGroups) return [ofAll];
  const clientGroup = freeName('new-group', clientGroups);
  const query = `name = '${access.client.name}'`;
  return [[{ change: 'AddClientGroup', clientGroup, query }, bind(clientGroup)], ofAll];
}

function smallestGroup({ clientGroups, clients }: Snapshot, access: ClientAccess) {
  const identities = clients.map(identityOf);
  const sizes = clientGroups
    .filter(({ name }) => access.groups.includes(name))
    .map(({ name, query: text }) => {
      const query = parseGroupQuery(text);
      const isMember = (identity: (typeof identities)[number]): boolean =>
        query.ok && clientMatchesQuery(query.value, identity);
      return { name, size: identities.filter(isMember).length };
    });
  return sizes.sort((left, right) => left.size - right.size)[0]?.name;
}

function freeName(base: string, taken: readonly { readonly name: string }[]): string {
  const names = new Set(taken.map(({ name }) => name));
  let name = base;
  for (let number = 2; names.has(name); number++) name = `${base}-${number}`;
  return name;
}

/** Groups that are bound to a covering space, with the client as one more member. */
function widerGroups(refusal: Refusal): Advice[] {
  const { snapshot, access, question, covering } = refusal;
  const permission = permissionFor(question.operation);
  return snapshot.permissionBindings
    .filter((each) => each.permission === permission && covering.includes(each.topicSpaceName))
    .flatMap(({ name: binding, clientGroupName }): Advice[] => {
      const group = snapshot.clientGroups.find(({ name }) => name === clientGroupName);
      if (group === undefined) return [];
      const query = `${group.query} or name = '${access.client.name}'`;
      if (!parseGroupQuery(query).ok) return [];
      return [[{ change: 'WidenClientGroup', clientGroup: group.name, query, binding }]];
    });
}

/** Where none of them is of use: a space of its own, or the only one that this would overlap. */
function otherSpaces(refusal: Refusal): Advice[] {
  const isPublish = refusal.question.operation === 'publish';
  const [best] = refusal.fits
    .map(({ template, overlaps }) => ({ template, overlaps: isPublish ? [] : overlaps }))
    .sort((left, right) => left.overlaps.length - right.overlaps.length);
  if (best === undefined || best.overlaps.length > 1) return [];
  const space = refusal.spaces.get(best.overlaps[0] ?? '');
  if (space === undefined) return newSpace(refusal, best.template);
  const addition = additionTo(refusal, space);
  if (addition === undefined) return [];
  return bindingsTo(refusal, space.space.name).map((bind) => [addition, ...bind]);
}

function newSpace(refusal: Refusal, { text }: TopicTemplate): Advice[] {
  const { topicSpaces, limits } = refusal.snapshot;
  if (topicSpaces.length >= limits.topicSpaces) return [];
  const topicSpace = freeName('new-space', topicSpaces);
  const declaration: Change = {
    change: 'AddTopicSpace',
    topicSpace,
    topicTemplate: text,
    subscriptionSupport: refusal.question.operation === 'publish' ? 'NotSupported' : 'LowFanout',
  };
  return bindingsTo(refusal, topicSpace).map((bind) => [declaration, ...bind]);
}
