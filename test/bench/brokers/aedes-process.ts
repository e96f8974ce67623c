/** aedes as its documentation starts it. `node aedes-process.ts CERTIFICATES FOLDER` */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { pathToFileURL } from 'node:url';
import { readCertificates } from '../certificates.ts';
import { tellReady } from './process.ts';

interface AedesModule {
  readonly Aedes: {
    createBroker(options: object): Promise<{ readonly handle: (stream: Duplex) => void }>;
  };
}

/** Its bound for packets that come while a session is set up is 42: short of a window of ours. */
const QUEUE_LIMIT = 10000;

const [certificates, folder] = process.argv.slice(2);
const found = createRequire(resolve(folder!, 'package.json')).resolve('aedes');
const { Aedes } = (await import(pathToFileURL(found).href)) as AedesModule;
const aedes = await Aedes.createBroker({ queueLimit: QUEUE_LIMIT });
const { authorityPem, serverChainPem, serverKeyPem } = readCertificates(certificates!);
const server = tls.createServer(
  {
    cert: serverChainPem,
    key: serverKeyPem,
    ca: authorityPem,
    requestCert: true,
    rejectUnauthorized: true,
    sessionIdContext: 'aedes',
    noDelay: true,
  },
  (socket) => aedes.handle(socket),
);
server.on('tlsClientError', (_error, socket) => socket.destroy());
server.listen(0, '127.0.0.1');
await once(server, 'listening');
tellReady((server.address() as AddressInfo).port);
