/** Delivers by the HTTP Protocol Binding of CloudEvents 1.0. */
import assert from 'node:assert/strict';
import type { Destination as Declared } from '../../../domain/resources.ts';
import type { Clock } from '../../clock.ts';
import type { Secrets } from '../secrets.ts';
import type { Destination, Outcome, OutboundEvent } from './destination.ts';
import { TIMEOUTS, WebhookClient } from './webhook-client.ts';
import type { Call, Timeouts } from './webhook-client.ts';
import { Consent, REQUEST_ORIGIN } from './webhook-consent.ts';
import { credentialHeaders } from './webhook-credentials.ts';
import type { Headers } from './webhook-credentials.ts';
import { faultInWords, RequestFault } from './webhook-fault.ts';
import { outcomeOf, shownUrl } from './webhook-outcome.ts';

/** Requests at a time, and so connections: what one receiver has to expect of one broker. */
const CONCURRENCY = 8;
const BATCH_KILOBYTES_DEFAULT = 64;

/** HTTP Protocol Binding, 3.2 and 3.3. */
const STRUCTURED = 'application/cloudevents+json; charset=utf-8';
const BATCHED = 'application/cloudevents-batch+json; charset=utf-8';

/** After these, whoever answers there may not be who consented. */
const WITHDRAWING: ReadonlySet<number> = new Set([401, 403, 404, 410]);

type DeclaredWebhook = NonNullable<Declared['webhook']>;

export interface WebhookParts {
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly timeouts?: Timeouts;
}

export function openWebhook(declared: DeclaredWebhook, parts: WebhookParts): Destination {
  return new Webhook(declared, parts);
}

class Webhook implements Destination {
  readonly batchEventsMax: number;
  readonly batchBytesMax: number;
  readonly #declared: DeclaredWebhook;
  readonly #parts: WebhookParts;
  readonly #client: WebhookClient;
  readonly #consent: Consent | undefined;
  /** For people. */
  readonly #url: string;
  readonly #fixedHeaders: Headers;
  readonly #closing = new AbortController();

  constructor(declared: DeclaredWebhook, parts: WebhookParts) {
    const url = URL.parse(declared.url);
    assert(url !== null, 'a URL that was not validated');
    this.#declared = declared;
    this.#parts = parts;
    this.#url = shownUrl(url);
    this.batchEventsMax = declared.maxEventsPerBatch ?? 1;
    const kilobytes = declared.preferredBatchSizeInKilobytes ?? BATCH_KILOBYTES_DEFAULT;
    this.batchBytesMax = kilobytes * 1024;
    this.#client = new WebhookClient({
      url,
      secrets: parts.secrets,
      caSecretName: declared.caSecretName,
      socketsMax: CONCURRENCY,
      timeouts: parts.timeouts ?? TIMEOUTS,
    });
    const isRequired = declared.abuseProtection === 'Required';
    this.#consent = isRequired
      ? new Consent(() => this.#askForConsent(), parts.clock, CONCURRENCY)
      : undefined;
    this.#fixedHeaders = {
      'content-type': this.#isBatched ? BATCHED : STRUCTURED,
      'user-agent': 'mqttgrid',
      ...(isRequired ? { 'webhook-request-origin': REQUEST_ORIGIN } : {}),
      // "HTTP 1.1 Web Hooks", 3.2.
      ...(url.searchParams.has('access_token') ? { 'cache-control': 'no-store' } : {}),
    };
  }

  get concurrency(): number {
    return this.#consent?.isRare === true ? 1 : CONCURRENCY;
  }

  /** Batched also where there is one event, so that a receiver has one media type to read. */
  get #isBatched(): boolean {
    return this.batchEventsMax > 1;
  }

  async deliver(events: readonly OutboundEvent[], signal: AbortSignal): Promise<Outcome> {
    assert(events.length > 0 && events.length <= this.batchEventsMax);
    try {
      await this.#consent?.obtain(signal);
    } catch (error) {
      return failedBecause(error, `OPTIONS ${this.#url}`);
    }
    try {
      return await this.#post(events, signal);
    } catch (error) {
      return failedBecause(error, `POST ${this.#url}`);
    }
  }

  async #post(events: readonly OutboundEvent[], signal: AbortSignal): Promise<Outcome> {
    const body = this.#isBatched ? batchOf(events) : events[0]!.json;
    const answer = await this.#client.call(this.#callWith(body), signal);
    if (WITHDRAWING.has(answer.status)) this.#consent?.withdraw();
    return outcomeOf(answer, `POST ${this.#url}`, this.#parts.clock.nowMs());
  }

  #callWith(body: Buffer): Call {
    const { authSecretName } = this.#declared;
    const { secrets, clock } = this.#parts;
    const credentials =
      authSecretName === undefined
        ? {}
        : credentialHeaders(secrets, authSecretName, body, clock.nowMs());
    const headers = {
      ...this.#fixedHeaders,
      ...credentials,
      'content-length': String(body.length),
    };
    return { method: 'POST', headers, body };
  }

  /** Without credentials: who has not consented need not see them. */
  #askForConsent(): ReturnType<WebhookClient['call']> {
    const headers = { 'user-agent': 'mqttgrid', 'webhook-request-origin': REQUEST_ORIGIN };
    return this.#client.call({ method: 'OPTIONS', headers }, this.#closing.signal);
  }

  close(): Promise<void> {
    this.#closing.abort();
    this.#client.close();
    return Promise.resolve();
  }
}

/** HTTP Protocol Binding, 3.3: a JSON array of events in the JSON format. */
function batchOf(events: readonly OutboundEvent[]): Buffer {
  const parts = events.flatMap(({ json }, index) => [index === 0 ? OPENING : COMMA, json]);
  return Buffer.concat([...parts, CLOSING]);
}

const OPENING = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSING = Buffer.from(']');

function failedBecause(error: unknown, attempted: string): Outcome {
  assert(error instanceof Error);
  const { fault, retryAfterMs } =
    error instanceof RequestFault ? error : { fault: 'Unreachable' as const };
  return {
    type: 'Failed',
    scope: 'Destination',
    fault,
    cause: `${attempted}: ${faultInWords(error)}`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}
