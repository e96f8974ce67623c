/** `mqttgrid explain --route`: which EventSubscriptions get what is published to a topic. */
import { NESTING_MAX, parseJson } from '../broker/events/envelope/json-text.ts';
import { buildPolicy, mayPublish } from '../domain/access.ts';
import { explainRoute } from '../domain/event-filter/explain-route.ts';
import type { RouteExplanation } from '../domain/event-filter/explain-route.ts';
import type { Destination, Resource } from '../domain/resources.ts';
import { resourceKey } from '../domain/resources.ts';
import { failure, success } from '../domain/result.ts';
import type { Result } from '../domain/result.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { quote } from '../domain/text.ts';
import { checkTopicName } from '../domain/topic-filter.ts';
import { recordOf } from '../domain/validate/shape.ts';
import { checkFolder } from '../standalone/check.ts';
import { systemClock } from '../standalone/clock.ts';
import type { Plan } from '../standalone/plan.ts';
import { ExitCode } from './exit-code.ts';
import type { OutputFormat } from './options.ts';
import { chooseNamespace, warnOf } from './plan-questions.ts';
import type { Candidate } from './plan-questions.ts';
import { writeLine } from './render.ts';
import { routeJson, routeText } from './route-text.ts';

export interface RouteOptions {
  readonly route: string;
  /** JSON; undefined: nothing is known of the payload. */
  readonly payload?: string;
  readonly namespace?: string;
  readonly output: OutputFormat;
}

type Data = { readonly value: unknown } | undefined;

export interface SubscriptionAnswer extends Omit<RouteExplanation, 'destination'> {
  readonly destination: Destination;
  readonly deadLetter: Destination | undefined;
}

export interface RouteAnswer {
  /** The specification's name of the MqttNamespace. */
  readonly namespace: string;
  readonly topic: string;
  readonly knowsPayload: boolean;
  /** Clients that may publish to the topic. */
  readonly publishers: readonly string[];
  readonly outcome:
    | { readonly routed: false; readonly reason: string; readonly remedy: string }
    | {
        readonly routed: true;
        readonly eventTopic: string;
        readonly subscriptions: readonly SubscriptionAnswer[];
      };
}

/** Refused: no EventSubscription gets the event, whatever is in the message. */
export function explainRouting(folder: string, options: RouteOptions): Result<ExitCode, string> {
  const data = dataOf(options.payload);
  if (!data.ok) return data;
  const checked = checkFolder(folder, systemClock.nowMs());
  if (!checked.ok) return failure(`${checked.fault.message}: ${checked.fault.remedy}`);
  const plan = checked.value;
  const chosen = chooseNamespace(plan, ({ route }) => route !== undefined, options.namespace);
  if (!chosen.ok) return chosen;
  const routedTo = eventTopicOf(plan, chosen.value);
  warnOf(plan, keysOfRoute(plan, chosen.value, routedTo));
  const answer = answerOf(chosen.value.snapshot, routedTo, options.route, data.value);
  const isJson = options.output === 'json';
  writeLine(isJson ? JSON.stringify(routeJson(answer)) : routeText(answer));
  const { outcome } = answer;
  const isTaken =
    outcome.routed && outcome.subscriptions.some(({ verdict }) => verdict !== 'NotDelivered');
  return success(isTaken ? ExitCode.Success : ExitCode.Refused);
}

function dataOf(payload: string | undefined): Result<Data, string> {
  if (payload === undefined) return success(undefined);
  const parsed = parseJson(Buffer.from(payload));
  if (parsed !== undefined) return success(parsed);
  const what = `JSON of at most ${NESTING_MAX} levels`;
  return failure(`--payload is not ${what}: write '{"Temp":101}', and a text as '"text"'`);
}

/** What the MqttNamespace states, in force or not. */
function eventTopicOf(plan: Plan, { key }: Candidate): string | undefined {
  const namespace = plan.resources.find((resource) => resourceKey(resource) === key);
  return namespace && nameIn(namespace, 'routeTopicRef');
}

/** Of a spec that may have been refused for its shape. */
function nameIn({ spec }: Resource, reference: string): string | undefined {
  const { name } = recordOf(recordOf(spec)[reference]);
  return typeof name === 'string' ? name : undefined;
}

function keysOfRoute(
  plan: Plan,
  { key }: Candidate,
  eventTopic: string | undefined,
): ReadonlySet<string> {
  const place = key.split('/')[1];
  const ofTopic = plan.resources.filter((resource) => {
    const { kind, metadata } = resource;
    if (eventTopic === undefined || metadata.namespace !== place) return false;
    if (kind === 'EventTopic') return metadata.name === eventTopic;
    return kind === 'EventSubscription' && nameIn(resource, 'topicRef') === eventTopic;
  });
  return new Set([key, ...ofTopic.map(resourceKey)]);
}

function answerOf(
  snapshot: Snapshot,
  routedTo: string | undefined,
  topic: string,
  data: Data,
): RouteAnswer {
  const { name: namespace, limits, eventSubscriptions, route } = snapshot;
  const asked = { namespace, topic, knowsPayload: data !== undefined };
  const fault = checkTopicName(topic, limits.topicBytes);
  if (fault !== undefined) {
    const { message: reason, remedy } = fault;
    return { ...asked, publishers: [], outcome: { routed: false, reason, remedy } };
  }
  const publishers = publishersTo(topic, snapshot);
  if (route === undefined) {
    return { ...asked, publishers, outcome: notRouted(namespace, routedTo) };
  }
  const question = { topic, source: namespace, ...(data && { data }) };
  const explained = explainRoute(eventSubscriptions, question);
  const subscriptions = eventSubscriptions.map(({ destination, deadLetter }, index) => {
    return { ...explained[index]!, destination, deadLetter };
  });
  const { eventTopic } = route;
  return { ...asked, publishers, outcome: { routed: true, eventTopic, subscriptions } };
}

function notRouted(namespace: string, routedTo: string | undefined): RouteAnswer['outcome'] {
  if (routedTo !== undefined) {
    const reason = `the EventTopic ${quote(routedTo)} that it routes to is not in force`;
    return { routed: false, reason, remedy: 'mend what mqttgrid validate says of it' };
  }
  return {
    routed: false,
    reason: `the MqttNamespace ${quote(namespace)} states no routeTopicRef`,
    remedy:
      'declare an EventTopic and name it there, which can only be done when the MqttNamespace is ' +
      'created: a MqttNamespace that exists is deleted first, or another one is made',
  };
}

function publishersTo(topic: string, snapshot: Snapshot): readonly string[] {
  const policy = buildPolicy(snapshot);
  return snapshot.clients.flatMap(({ name }) => {
    const access = policy.clientAccess(name);
    return access !== undefined && mayPublish(access, topic) !== undefined ? [name] : [];
  });
}
