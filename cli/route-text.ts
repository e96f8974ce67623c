/** What `mqttgrid explain --route` answers, for people and for scripts. */
import { shownUrl } from '../broker/events/destinations/webhook-outcome.ts';
import { firstNames } from '../domain/access.ts';
import type { ConditionOutcome } from '../domain/event-filter/explain-route.ts';
import type { Destination } from '../domain/resources.ts';
import { printable, quote } from '../domain/text.ts';
import type { RouteAnswer, SubscriptionAnswer } from './explain-route.ts';
import { count, styled, table } from './render.ts';
import type { Cell } from './render.ts';

/** Brokers shown of a Kafka cluster: they tell of the others. */
const BROKERS_MAX = 3;

export function routeText(answer: RouteAnswer): string {
  const { outcome } = answer;
  const topic = quote(answer.topic);
  if (!outcome.routed) {
    return [
      printable(`not routed: a message on ${topic} becomes no event`),
      printable(`  because ${outcome.reason}`),
      printable(`  to route it: ${outcome.remedy}`),
    ].join('\n');
  }
  const eventTopic = quote(outcome.eventTopic);
  const event = `a message on ${topic} becomes an event of the EventTopic ${eventTopic}`;
  const lines = [printable(`routed: ${event}`), publishersLine(answer)];
  if (outcome.subscriptions.length === 0) {
    const declare = `declare an EventSubscription whose topicRef names ${eventTopic}`;
    return [...lines, printable(`  no EventSubscription delivers it: ${declare}`)].join('\n');
  }
  const blocks = outcome.subscriptions.map(subscriptionText);
  return [...lines, '', ...blocks, ...hint(answer)].join('\n');
}

function publishersLine({ publishers, topic }: RouteAnswer): string {
  if (publishers.length > 0) {
    return `  ${count(publishers.length, 'client')} may publish it: ${firstNames(publishers)}`;
  }
  const ask = `--client NAME --publish ${quote(topic)}`;
  return printable(`  no client may publish it: ${ask} tells what one misses`);
}

const VERDICTS = {
  Delivered: { text: 'delivered by', style: 'green' },
  NotDelivered: { text: 'not delivered by', style: 'red' },
  Depends: { text: 'perhaps delivered by', style: 'yellow' },
} as const satisfies Record<SubscriptionAnswer['verdict'], Cell>;

const OUTCOMES = {
  Satisfied: { text: '  yes', style: 'green' },
  Unsatisfied: { text: '  no', style: 'red' },
  Unknown: { text: '  ?', style: 'yellow' },
} as const satisfies Record<ConditionOutcome['outcome'], Cell>;

function subscriptionText({
  name,
  verdict,
  conditions,
  destination,
  deadLetter,
}: SubscriptionAnswer): string {
  const { text, style } = VERDICTS[verdict];
  const dead = deadLetter && `, and what it cannot deliver to ${destinationText(deadLetter)}`;
  const where = printable(`${name} to ${destinationText(destination)}${dead ?? ''}`);
  const rows = conditions.map(({ condition, outcome }) => {
    return [OUTCOMES[outcome], { text: printable(condition) }];
  });
  return [`${styled(style, text)} ${where}`, ...(rows.length > 0 ? [table(rows)] : [])].join('\n');
}

/** Of a URL only the origin and path: the rest often holds a token. */
function destinationText({ webhook, kafka, file }: Destination): string {
  if (webhook !== undefined) return `the webhook ${urlOf(webhook.url)}`;
  if (kafka !== undefined) {
    const { brokers, topic } = kafka;
    const more = brokers.length - BROKERS_MAX;
    const shown = brokers.slice(0, BROKERS_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '');
    return `the topic ${topic} of Kafka at ${shown}`;
  }
  const { path = '' } = file ?? {};
  return `the file ${path}${path.startsWith('/') ? '' : ' within the folder of --data'}`;
}

function urlOf(text: string): string {
  const url = URL.parse(text);
  return url === null ? '' : shownUrl(url);
}

/** None where nothing is left open. */
function hint({ outcome, knowsPayload }: RouteAnswer): readonly string[] {
  const conditions = outcome.routed ? outcome.subscriptions.flatMap((each) => each.conditions) : [];
  if (!conditions.some(({ outcome: each }) => each === 'Unknown')) return [];
  const what = knowsPayload
    ? 'on the properties of the message'
    : 'on the message: --payload JSON answers for its data';
  return ['', styled('dim', `? depends ${what}`)];
}

export function routeJson(answer: RouteAnswer): object {
  const { namespace, topic, publishers, outcome } = answer;
  const asked = { namespace, question: { operation: 'route', topic }, publishers };
  if (!outcome.routed) return { ...asked, ...outcome };
  const subscriptions = outcome.subscriptions.map((subscription) => {
    const { name, verdict, conditions, destination, deadLetter } = subscription;
    return {
      ...{ name, verdict, destination: destinationJson(destination) },
      ...(deadLetter && { deadLetter: destinationJson(deadLetter) }),
      conditions,
    };
  });
  return { ...asked, routed: true, eventTopic: outcome.eventTopic, subscriptions };
}

function destinationJson({ webhook, kafka, file }: Destination): object {
  if (webhook !== undefined) return { webhook: { url: urlOf(webhook.url) } };
  if (kafka !== undefined) return { kafka: { brokers: kafka.brokers, topic: kafka.topic } };
  return { file: { path: file?.path } };
}
