/** The load generator, a process of its own: one job as JSON in, one outcome as JSON out. */
import { runConnects, runIdle } from './connections.ts';
import { runDrain } from './drain.ts';
import type { Job, Outcome } from './job.ts';
import { runMessages } from './messages.ts';

function run(job: Job): Promise<Outcome> {
  switch (job.kind) {
    case 'messages':
      return runMessages(job);
    case 'connect':
      return runConnects(job);
    case 'idle':
      return runIdle(job);
    case 'drain':
      return runDrain(job);
  }
}

const outcome = await run(JSON.parse(process.argv[2]!) as Job);
process.stdout.write(`${JSON.stringify(outcome)}\n`);
