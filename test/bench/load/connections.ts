/** What connections cost: made and ended at once, or made and left alone. */
import { setTimeout as delay } from 'node:timers/promises';
import { clientName } from '../certificates.ts';
import { busiest, usageOf } from '../usage.ts';
import { LoadClient, openAll } from './client.ts';
import { Histogram } from './histogram.ts';
import type { ConnectJob, IdleJob, Outcome } from './job.ts';
import { quantilesOf } from './messages.ts';

/** Handshakes under way at once. */
const AT_ONCE = 16;
/** A ticket of TLS 1.3 comes after the handshake, or never. */
const TICKET_TIMEOUT_MS = 2000;

/** Connects clients one after another, all but those under way disconnected again. */
export async function runConnects(job: ConnectJob): Promise<Outcome> {
  const tickets = job.resume ? await collectTickets(job) : new Map<string, Buffer>();
  const histogram = new Histogram();
  const made = { connections: 0, resumed: 0 };
  const endsAtMs = performance.now() + (job.warmSeconds + job.seconds) * 1000;
  const work = async (first: number): Promise<void> => {
    for (let number = first; performance.now() < endsAtMs; number += AT_ONCE) {
      const name = clientName(number % job.clients);
      const beganMs = performance.now();
      const client = await LoadClient.open(name, job, tickets.get(name));
      await client.connect(true);
      histogram.add(performance.now() - beganMs);
      made.connections++;
      if (client.socket.isSessionReused()) made.resumed++;
      await client.disconnect();
    }
  };
  const working = Promise.all(Array.from({ length: AT_ONCE }, (_, index) => work(index)));
  await Promise.race([working, delay(job.warmSeconds * 1000)]);
  const before = { ...usageOf(job.pid), ...made, ms: performance.now(), own: process.cpuUsage() };
  await working;
  const after = usageOf(job.pid);
  const own = process.cpuUsage(before.own);
  const units = made.connections - before.connections;
  return {
    units,
    seconds: (performance.now() - before.ms) / 1000,
    brokerCpuSeconds: after.cpuSeconds - before.cpuSeconds,
    busiestThreadCpuSeconds: busiest(before, after),
    loadCpuSeconds: (own.user + own.system) / 1e6,
    residentKib: after.residentKib,
    resumed: (made.resumed - before.resumed) / units,
    ...quantilesOf(histogram),
  };
}

async function collectTickets(job: ConnectJob): Promise<Map<string, Buffer>> {
  const tickets = new Map<string, Buffer>();
  const names = Array.from({ length: job.clients }, (_, number) => clientName(number));
  await openAll(names, async (name) => {
    const client = await LoadClient.open(name, job);
    const ticket = new Promise<Buffer>((resolve) => client.socket.once('session', resolve));
    await client.connect(true);
    const late = delay(TICKET_TIMEOUT_MS, undefined, { ref: false });
    const session = await Promise.race([ticket, late]);
    if (session !== undefined) tickets.set(name, session);
    await client.disconnect();
  });
  return tickets;
}

/** Connections of the first part are the warm-up, those of the rest are what is measured. */
export async function runIdle(job: IdleJob): Promise<Outcome> {
  const names = Array.from({ length: job.clients }, (_, number) => clientName(number));
  const warm = Math.ceil(job.clients / 5);
  const open = async (name: string): Promise<LoadClient> => {
    const client = await LoadClient.open(name, job);
    await client.connect(true);
    return client;
  };
  const first = await openAll(names.slice(0, warm), open);
  await delay(job.warmSeconds * 1000);
  const before = usageOf(job.pid);
  const beganMs = performance.now();
  const second = await openAll(names.slice(warm), open);
  await delay(job.seconds * 1000);
  const after = usageOf(job.pid);
  await Promise.all([...first, ...second].map((client) => client.disconnect()));
  return {
    units: second.length,
    seconds: (performance.now() - beganMs) / 1000,
    brokerCpuSeconds: after.cpuSeconds - before.cpuSeconds,
    residentKib: after.residentKib,
    residentKibEach: (after.residentKib - before.residentKib) / second.length,
  };
}
