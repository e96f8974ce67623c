/** One mutually authenticated TLS connection over loopback. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import type { ConnectionOptions, SecureVersion, TlsOptions, TLSSocket } from 'node:tls';

/** What each side thinks of the other. */
export interface HandshakeResult {
  readonly protocol: string | null;
  readonly clientCommonName: string | undefined;
  readonly serverCommonName: string | undefined;
}

/**
 * Both sides require the other's certificate to verify.
 * @throws what the side that refuses says; of the server's side, OpenSSL's code for it
 */
export async function handshake(
  version: SecureVersion,
  serverOptions: TlsOptions,
  clientOptions: ConnectionOptions,
): Promise<HandshakeResult> {
  const versions = { minVersion: version, maxVersion: version };
  const server = createServer({
    ...serverOptions,
    ...versions,
    requestCert: true,
    // Node would close the connection and keep to itself why.
    rejectUnauthorized: false,
  });
  // The server's view: with TLS 1.3 a client is connected before its certificate is looked at.
  const accepted = new Promise<TLSSocket>((resolve, reject) => {
    server.once('secureConnection', resolve);
    server.once('tlsClientError', reject);
  });
  accepted.catch(() => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({
    servername: 'localhost',
    ...clientOptions,
    ...versions,
    host: '127.0.0.1',
    port,
  });
  socket.on('error', () => {});
  try {
    const [peer] = await Promise.all([accepted, once(socket, 'secureConnect')]);
    // A code of OpenSSL's, whatever the declared type says.
    if (!peer.authorized) throw new Error(String(peer.authorizationError));
    return {
      protocol: peer.getProtocol(),
      clientCommonName: commonName(peer),
      serverCommonName: commonName(socket),
    };
  } finally {
    socket.destroy();
    server.close();
  }
}

function commonName(socket: TLSSocket): string | undefined {
  const name = socket.getPeerCertificate().subject.CN;
  return Array.isArray(name) ? name.join() : name;
}
