/** One real message from one real client to another, over mutual TLS. */
import { readFile } from 'node:fs/promises';
import type { MqttClient } from 'mqtt';
import { failure, success } from '../domain/result.ts';
import type { Result } from '../domain/result.ts';
import type { Served, Standalone } from '../standalone/standalone.ts';
import { findExchange } from './exchange.ts';
import type { Publication, Subscription } from './exchange.ts';

/** Everything happens on one machine: what takes longer than this does not come. */
const WAIT_MS = 10_000;

/** A position, as a vehicle would tell it. */
const PAYLOAD = JSON.stringify({ latitude: 47.63962283908785, longitude: -122.12718926895407 });

export interface Delivery {
  readonly publisher: string;
  readonly topic: string;
  readonly subscriber: string;
  readonly filter: string;
  readonly payload: string;
  /** From the call that publishes to the message's arrival. */
  readonly elapsedMs: number;
}

interface Scene {
  readonly served: Served;
  readonly caFile: string;
  readonly publication: Publication;
  readonly subscription: Subscription;
}

function chooseScene({ served, serverCaFile }: Standalone): Result<Scene, string> {
  if (serverCaFile === undefined) {
    return failure('the demonstration needs the development certificate of the listener');
  }
  for (const each of served) {
    const hasCertificate = (client: string): boolean => each.clientFiles.has(client);
    const { publication, subscription } = findExchange(each.snapshot, hasCertificate);
    if (publication !== undefined && subscription !== undefined) {
      return success({ served: each, caFile: serverCaFile, publication, subscription });
    }
  }
  return failure(
    'nothing to demonstrate: no client with a development certificate may publish to a topic ' +
      'that another may subscribe to',
  );
}

async function connect({ served, caFile }: Scene, client: string): Promise<MqttClient> {
  const files = served.clientFiles.get(client);
  if (files === undefined) throw new Error(`${client} has no development certificate`);
  const { connectAsync } = await import('mqtt');
  return await connectAsync(`mqtts://${served.host}:${served.port}`, {
    clientId: client,
    cert: await readFile(files.certificateFile),
    key: await readFile(files.privateKeyFile),
    ca: await readFile(caFile),
    protocolVersion: 5,
    connectTimeout: WAIT_MS,
    reconnectPeriod: 0,
  });
}

function nextMessage(client: MqttClient): Promise<string> {
  return new Promise((resolve, reject) => {
    const timeOut = setTimeout(() => reject(new Error('no message arrived')), WAIT_MS);
    const settle = (): void => clearTimeout(timeOut);
    client.once('message', (_topic, payload) => {
      settle();
      resolve(payload.toString());
    });
    client.once('close', () => {
      settle();
      reject(new Error('the connection was closed'));
    });
  });
}

async function play(scene: Scene, clients: MqttClient[]): Promise<Delivery> {
  const { publication, subscription } = scene;
  const subscriber = await connect(scene, subscription.client);
  clients.push(subscriber);
  await subscriber.subscribeAsync(subscription.filter, { qos: 1 });
  const publisher = await connect(scene, publication.client);
  clients.push(publisher);
  const startMs = performance.now();
  const arrival = nextMessage(subscriber);
  const [payload] = await Promise.all([
    arrival,
    publisher.publishAsync(publication.topic, PAYLOAD, { qos: 1 }),
  ]);
  return {
    publisher: publication.client,
    topic: publication.topic,
    subscriber: subscription.client,
    filter: subscription.filter,
    payload,
    elapsedMs: Math.round((performance.now() - startMs) * 10) / 10,
  };
}

/** A failure says what was in the way; it disturbs nothing that is served. */
export async function demonstrate(standalone: Standalone): Promise<Result<Delivery, string>> {
  const scene = chooseScene(standalone);
  if (!scene.ok) return scene;
  const clients: MqttClient[] = [];
  try {
    return success(await play(scene.value, clients));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return failure(`the demonstration failed: ${why}`);
  } finally {
    await Promise.all(clients.map((client) => client.endAsync(true)));
  }
}
