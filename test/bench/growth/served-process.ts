/**
 * A broker as a pod has it: what it runs comes over the control stream and is kept on the disk.
 * Without what a pod has around it: probes, metrics, and TLS around that stream.
 * `node served-process.ts CERTIFICATES CONTROL_PORT FOLDER`
 */
import { connect } from 'node:net';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pino } from 'pino';
import { systemClock } from '../../../control/clock.ts';
import { brokerLink } from '../../../control/stream.ts';
import { Follower } from '../../../pod/follower.ts';
import { ServedBroker } from '../../../pod/served-broker.ts';
import { SnapshotFile } from '../../../pod/snapshot-file.ts';
import { readCertificates } from '../certificates.ts';
import type { FromServed, ToServed } from './served.ts';

const [certificates, controlPort, folder] = process.argv.slice(2);
const { serverChainPem, serverKeyPem } = readCertificates(certificates!);
const logger = pino({ level: 'error' }, process.stderr);

function tell(message: FromServed): void {
  process.send?.(message);
}

/** The longest time that nothing else could run; a timer of 1 ms looks after it. */
const gaps = monitorEventLoopDelay({ resolution: 1 });

const served = new ServedBroker({
  host: '127.0.0.1',
  port: 0,
  storePath: join(folder!, 'sessions.db'),
  logger,
  secrets: { type: 'Folder', path: join(folder!, 'secrets') },
  onDeliveries: () => undefined,
  onFatal: (error) => {
    throw error;
  },
});
served.setCertificate({ certificatePem: serverChainPem, privateKeyPem: serverKeyPem });
const path = join(folder!, 'snapshot.jsonl');
const file = new SnapshotFile({ path, uid: 'bench', clock: systemClock, logger });
const follower = new Follower({
  pod: 'bench',
  saved: undefined,
  apply: (snapshot) => served.apply(snapshot),
  onRuns(content) {
    file.save(content);
    if (!listening) tell({ type: 'ready', port: served.broker!.port });
    listening = true;
  },
  logger,
});
let listening = false;

process.on('message', (message: ToServed) => {
  if (message.type === 'watch') {
    gaps.reset();
    gaps.enable();
    tell({ type: 'watching' });
  } else {
    gaps.disable();
    const { messagesDelivered, publishesReceived } = served.broker!.metrics;
    const connections = served.broker!.connections;
    const gapMs = gaps.max / 1e6;
    tell({
      type: 'watched',
      watched: { gapMs, messagesDelivered, publishesReceived, connections },
    });
  }
});
process.on('disconnect', () => process.exit());
const stream = connect(Number(controlPort), '127.0.0.1');
stream.setNoDelay(true);
await follower.follow(brokerLink(stream, systemClock));
