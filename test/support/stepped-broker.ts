/** A broker whose time is stepped, and clients that send and take packets one by one. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { IPublishPacket, Packet } from 'mqtt-packet';
import mqttPacket from 'mqtt-packet';
import type { Limits } from '../../domain/limits.ts';
import { SteppedClock } from '../conformance/stepped-clock.ts';
import { startTestBroker, telemetrySketch } from './broker.ts';
import type { TestBroker } from './broker.ts';
import type { RawClient } from './raw-client.ts';

const TOPIC = 'shared/x';
/** So that only what a test lowers is in the way. */
export const UNLIMITED: Partial<Limits> = {
  inboundMessagesPerSecond: 1000000,
  inboundMessagesPerSecondPerConnection: 1000000,
  outboundMessagesPerSecond: 1000000,
  outboundMessagesPerSecondPerConnection: 1000000,
};

export interface World extends TestBroker {
  readonly clock: SteppedClock;
}

export async function aWorld(t: TestContext, limits: Partial<Limits>): Promise<World> {
  const clock = new SteppedClock();
  const sketch = { ...telemetrySketch, limits: { ...UNLIMITED, ...limits } };
  return { ...(await startTestBroker(t, sketch, { clock })), clock };
}

export async function aClientOf(world: World, client: string, version: 4 | 5): Promise<RawClient> {
  const connected = await world.raw(client, version);
  connected.connect(client);
  assert.equal((await connected.next())?.cmd, 'connack');
  return connected;
}

export async function aSubscriber(world: World, version: 4 | 5, qos: 0 | 1): Promise<RawClient> {
  const subscriber = await aClientOf(world, 'subscriber', version);
  subscriber.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: TOPIC, qos }] });
  assert.equal((await subscriber.next())?.cmd, 'suback');
  return subscriber;
}

export function publish(number: number, qos: 0 | 1, changes: Partial<IPublishPacket> = {}): Packet {
  const packet = { topic: TOPIC, payload: String(number), dup: false, retain: false, ...changes };
  return { cmd: 'publish', qos, ...(qos === 1 && { messageId: number }), ...packet };
}

/** All in one write. */
export function send(client: RawClient, version: 4 | 5, packets: readonly Packet[]): void {
  const bytes = packets.map((packet) => mqttPacket.generate(packet, { protocolVersion: version }));
  client.write(Buffer.concat(bytes));
}

export function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

export async function take(client: RawClient, count: number): Promise<Packet[]> {
  const packets: Packet[] = [];
  while (packets.length < count) {
    const packet = await client.next();
    assert.ok(packet, `the connection ended after ${packets.length} packets`);
    packets.push(packet);
  }
  return packets;
}

export function payloadsOf(packets: readonly Packet[]): string[] {
  return packets.map((packet) => (packet as IPublishPacket).payload.toString());
}

export function codesOf(packets: readonly Packet[]): unknown[] {
  return packets.map((packet) => [packet.cmd, 'reasonCode' in packet && packet.reasonCode]);
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}
