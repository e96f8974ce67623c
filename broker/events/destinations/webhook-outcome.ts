/** What a status of HTTP says of the events that were sent. */
import { STATUS_CODES } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { Outcome } from './destination.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<IncomingHttpHeaders>;
}

/** Whoever asks for more time than this gets this much: an event lives for at most a day. */
const RETRY_AFTER_MS_MAX = 60 * 60 * 1000;
/** Of a text that the receiver chose and that people are shown. */
const SHOWN_CHARACTERS_MAX = 200;

type Verdict = 'Delivered' | 'Rejected' | { readonly scope: Scope; readonly remedy?: string };
type Scope = 'Event' | 'Destination' | 'Gateway';

const CREDENTIALS =
  'check the Secret in authSecretName: it has authorization or token, and hmacKey where requests ' +
  'are signed';
const PLACE = 'check the url, and that its receiver takes POST requests';
const FOLLOWED = 'redirects are not followed: state the URL that takes the events';

/**
 * Event Grid's delivery takes 200 to 204 for success and does not repeat 400 and 413. CloudEvents'
 * "HTTP 1.1 Web Hooks", 2.2, adds that redirects are failures, 410 asks to be left alone, and
 * Retry-After is observed. What says that the *request* is at fault, with which all events come
 * alike (its address, credentials, media type), is the destination's fault, so that events wait
 * for it to be mended; 400, 413 and 422 speak of the *content*.
 */
const VERDICTS: ReadonlyMap<number, Verdict> = new Map<number, Verdict>([
  [200, 'Delivered'],
  [201, 'Delivered'],
  [202, 'Delivered'],
  [203, 'Delivered'],
  [204, 'Delivered'],
  [400, 'Rejected'],
  [401, { scope: 'Destination', remedy: CREDENTIALS }],
  [403, { scope: 'Destination', remedy: CREDENTIALS }],
  [404, { scope: 'Destination', remedy: PLACE }],
  [405, { scope: 'Destination', remedy: PLACE }],
  [407, { scope: 'Destination' }],
  [408, { scope: 'Destination' }],
  [410, { scope: 'Destination', remedy: 'it wants no more events: remove the EventSubscription' }],
  [413, 'Rejected'],
  [414, { scope: 'Destination', remedy: 'shorten the url' }],
  [415, { scope: 'Destination', remedy: 'set maxEventsPerBatch to 1 where it takes no batches' }],
  [421, { scope: 'Destination', remedy: PLACE }],
  [422, 'Rejected'],
  [425, { scope: 'Destination' }],
  [429, { scope: 'Destination' }],
  [431, { scope: 'Destination', remedy: 'shorten the url, or what authSecretName holds' }],
  [502, { scope: 'Gateway' }],
  [503, { scope: 'Destination' }],
  [504, { scope: 'Gateway' }],
]);

/** `attempted`: what was tried, for people, without a secret. */
export function outcomeOf(answer: Answer, attempted: string, nowMs: number): Outcome {
  const verdict = verdictOn(answer.status);
  if (verdict === 'Delivered') return { type: 'Delivered' };
  const cause = `${attempted}: answered ${statusInWords(answer.status)}`;
  if (verdict === 'Rejected') return { type: 'Rejected', cause };
  const remedy = remedyFor(answer, verdict.remedy);
  const retryAfterMs = retryAfterMsOf(answer.headers['retry-after'], nowMs);
  return {
    type: 'Failed',
    scope: verdict.scope === 'Event' ? 'Event' : 'Destination',
    // A gateway that answers says that nobody behind it does.
    fault: verdict.scope === 'Gateway' ? 'Unreachable' : 'Refused',
    cause: remedy === undefined ? cause : `${cause}; ${remedy}`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function verdictOn(status: number): Verdict {
  const verdict = VERDICTS.get(status);
  if (verdict !== undefined) return verdict;
  if (status >= 300 && status < 400) return { scope: 'Destination', remedy: FOLLOWED };
  if (status >= 200 && status < 600) return { scope: 'Event' };
  return { scope: 'Destination', remedy: PLACE };
}

function remedyFor(answer: Answer, remedy: string | undefined): string | undefined {
  const target = remedy === FOLLOWED ? URL.parse(answer.headers.location ?? '') : null;
  return target === null ? remedy : `${remedy}, such as ${shownUrl(target)}`;
}

export function statusInWords(status: number): string {
  const words = STATUS_CODES[status];
  return words === undefined ? String(status) : `${status} ${words}`;
}

/** Its origin and path: credentials and a query often hold a token. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`.slice(0, SHOWN_CHARACTERS_MAX);
}

/** RFC 9110, 10.2.3: seconds, or a date. Undefined where it is neither. */
export function retryAfterMsOf(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : dateOf(text) - nowMs;
  if (Number.isNaN(ms)) return undefined;
  return Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX);
}

/** RFC 9110, 5.6.7: the first of its three forms; the others are obsolete, and seldom seen. */
function dateOf(text: string): number {
  return /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/.test(text)
    ? Date.parse(text)
    : NaN;
}
