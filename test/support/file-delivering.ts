/** `node file-delivering.ts PATH COUNT`: appends so many events, and prints each outcome. */
import { openFile } from '../../broker/events/destinations/file.ts';
import { outboundEvent } from './outbound-events.ts';

const [path, count] = process.argv.slice(2);
const destination = openFile({ path: path! });
for (let id = 0; id < Number(count); id++) {
  const signal = new AbortController().signal;
  const outcome = await destination.deliver([outboundEvent(String(id))], signal);
  const cause = outcome.type === 'Failed' ? ` ${outcome.cause}` : '';
  process.stdout.write(`${outcome.type}${cause}\n`);
}
await destination.close();
