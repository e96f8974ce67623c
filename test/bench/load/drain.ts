/** QoS 1 messages that waited for clients that were away, from their return to the last one. */
import { clientName } from '../certificates.ts';
import { usageOf } from '../usage.ts';
import { LoadClient, openAll, PUBACK, PUBLISH } from './client.ts';
import type { DrainJob, Outcome } from './job.ts';
import { ROOT } from './job.ts';

const WINDOW = 50;

export async function runDrain(job: DrainJob): Promise<Outcome> {
  const names = Array.from({ length: job.sessions }, (_, number) => clientName(number + 1));
  await openAll(names, (name) => leaveSession(name, job));
  await publishAll(names, job);
  const before = usageOf(job.pid);
  const own = process.cpuUsage();
  const beganMs = performance.now();
  const clients = await Promise.all(names.map((name) => receiveAll(name, job)));
  const seconds = (performance.now() - beganMs) / 1000;
  const after = usageOf(job.pid);
  const spent = process.cpuUsage(own);
  await Promise.all(clients.map((client) => client.disconnect()));
  return {
    units: job.sessions * job.messages,
    seconds,
    brokerCpuSeconds: after.cpuSeconds - before.cpuSeconds,
    loadCpuSeconds: (spent.user + spent.system) / 1e6,
    residentKib: after.residentKib,
    writtenBytes: after.writtenBytes - before.writtenBytes,
  };
}

/** A session with one subscription and nobody connected; what an earlier round left is gone. */
async function leaveSession(name: string, job: DrainJob): Promise<void> {
  for (const clean of [true, false]) {
    const client = await LoadClient.open(name, job);
    await client.connect(clean);
    if (!clean) await client.subscribe(`${ROOT}/cmd/${name}`, 1);
    await client.disconnect();
  }
}

/** Resolves when the broker has acknowledged every message. */
async function publishAll(names: readonly string[], job: DrainJob): Promise<void> {
  const client = await LoadClient.open(clientName(0), job);
  await client.connect(true);
  const total = names.length * job.messages;
  const frames = names.map((name) => client.publish(`${ROOT}/cmd/${name}`, 1, job.payloadBytes));
  let sent = 0;
  let acknowledged = 0;
  await new Promise<void>((resolve, reject) => {
    const send = (): void => {
      const burst: Buffer[] = [];
      while (sent < total && sent - acknowledged < WINDOW) {
        const { bytes, identifierAt } = frames[sent % frames.length]!;
        const copy = Buffer.from(bytes);
        copy.writeUInt16BE(1 + (sent++ % 0xffff), identifierAt);
        burst.push(copy);
      }
      if (burst.length > 0) client.socket.write(Buffer.concat(burst));
      if (acknowledged === total) resolve();
    };
    client.listen({
      onFrame: (bytes, start) => {
        if (bytes[start]! >> 4 === PUBACK) acknowledged++;
      },
      onChunk: send,
      onLost: (reason) => reject(new Error(`${client.name}: ${reason}`)),
    });
    send();
  });
  await client.disconnect();
}

/** Returns to the session, and resolves when it has received and acknowledged all of it. */
async function receiveAll(name: string, job: DrainJob): Promise<LoadClient> {
  const client = await LoadClient.open(name, job);
  let received = 0;
  const done = new Promise<void>((resolve, reject) => {
    const acknowledgements: Buffer[] = [];
    client.listen({
      onFrame(bytes, start, body) {
        if (bytes[start]! >> 4 !== PUBLISH) return;
        received++;
        const at = body + 2 + bytes.readUInt16BE(body);
        acknowledgements.push(Buffer.from([0x40, 2, bytes[at]!, bytes[at + 1]!]));
      },
      onChunk() {
        if (acknowledgements.length > 0) client.socket.write(Buffer.concat(acknowledgements));
        acknowledgements.length = 0;
        if (received >= job.messages) resolve();
      },
      onLost: (reason) => reject(new Error(`${name}: ${reason}`)),
    });
  });
  await client.connect(false);
  await done;
  return client;
}
