import { constants } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import tls from 'node:tls';
import { once } from 'node:events';
import type { BrokerCore } from './broker-core.ts';
import { Connection } from './connection.ts';

export interface ServerCertificate {
  /** The certificate and the intermediates above it, PEM. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

const HANDSHAKE_TIMEOUT_MS = 10000;
/** Connections beyond the clients that may exist: those that reconnect and those still unknown. */
const UNKNOWN_CONNECTIONS_MAX = 1000;
/** How long a TLS session may be resumed: short, since declarations change. */
const TLS_SESSION_SECONDS = 3600;

/** Accepts TLS connections with any client certificate or none: CONNECT is where it is judged. */
export class Listener {
  readonly #server: tls.Server;

  private constructor(server: tls.Server) {
    this.#server = server;
  }

  static async open(
    core: BrokerCore,
    address: { readonly host: string; readonly port: number },
    certificate: ServerCertificate,
  ): Promise<Listener> {
    const server = tls.createServer({
      ...secureContext(certificate),
      requestCert: true,
      // Node could neither accept an intermediate as anchor nor a certificate known by its
      // thumbprint; and no list of authorities makes clients send whatever they have.
      rejectUnauthorized: false,
      ca: [],
      minVersion: 'TLSv1.2',
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      sessionTimeout: TLS_SESSION_SECONDS,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      noDelay: true,
    });
    server.maxConnections = core.limits.clients + UNKNOWN_CONNECTIONS_MAX;
    server.on('secureConnection', (socket: TLSSocket) => {
      core.opened(new Connection(socket, core));
    });
    server.on('tlsClientError', (error, socket) => {
      const { remoteAddress } = socket;
      core.logger.debug({ operation: 'handshake', remoteAddress, cause: error.message }, 'no TLS');
    });
    server.listen(address.port, address.host);
    await once(server, 'listening');
    return new Listener(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** For new connections; those that are open keep the one they were opened with. */
  setCertificate(certificate: ServerCertificate): void {
    this.#server.setSecureContext({ ...secureContext(certificate), ca: [] });
  }

  setConnectionsMax(clients: number): void {
    this.#server.maxConnections = clients + UNKNOWN_CONNECTIONS_MAX;
  }

  /** Takes no new connections; resolves when the last one is closed. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}

function secureContext(certificate: ServerCertificate): { cert: string; key: string } {
  return { cert: certificate.certificatePem, key: certificate.privateKeyPem };
}
