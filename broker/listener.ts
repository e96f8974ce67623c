import { constants } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import tls from 'node:tls';
import { once } from 'node:events';
import { GATE_CONNECTIONS_MAX, HandshakeGate } from './admission/handshake-gate.ts';
import { UNSETTLED_CONNECTIONS_MAX } from './admission/unsettled-connections.ts';
import type { BrokerCore } from './broker-core.ts';
import { Connection } from './connection.ts';

export interface ServerCertificate {
  /** The certificate and the intermediates above it, PEM. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/**
 * Connections beyond the clients that may exist: those of which nothing is known yet or any more.
 */
const UNKNOWN_CONNECTIONS_MAX = GATE_CONNECTIONS_MAX + UNSETTLED_CONNECTIONS_MAX;
/**
 * Connections that the operating system accepts before Node does, which takes one a turn of the
 * event loop: clients beyond it would try again only after a second, and then after more.
 */
const BACKLOG_MAX = 4096;
/** How often handshakes that take too long are looked after. */
const SWEEP_INTERVAL_MS = 500;
/** How long a TLS session may be resumed: short, since declarations change. */
const TLS_SESSION_SECONDS = 3600;

/** OpenSSL's own words, without the places in its source that are in the message. */
interface TlsError extends NodeJS.ErrnoException {
  readonly reason?: string;
}

/** Accepts TLS connections with any client certificate or none: CONNECT is where it is judged. */
export class Listener {
  readonly #server: net.Server;
  readonly #tlsServer: tls.Server;
  readonly #gate: HandshakeGate;
  readonly #stopSweeping: () => void;

  private constructor(core: BrokerCore, certificate: ServerCertificate) {
    // It is given connections and accepts none itself.
    this.#tlsServer = newTlsServer(certificate);
    this.#gate = new HandshakeGate({
      clock: core.clock,
      begin: (socket) => this.#tlsServer.emit('connection', socket),
      dropped: (remoteAddress, cause) => {
        core.metrics.handshakesDropped++;
        core.diagnostics.handshakeFailed(remoteAddress, cause, false);
      },
    });
    this.#tlsServer.on('secureConnection', (socket) => {
      const wire = this.#gate.finished(socket);
      if (wire === undefined) socket.destroy();
      else core.opened(new Connection(socket, wire, core));
    });
    this.#tlsServer.on('tlsClientError', (error: TlsError, socket) => {
      core.metrics.handshakesFailed++;
      const isProbe = error.code === 'ECONNRESET';
      const cause = error.reason ?? error.message;
      core.diagnostics.handshakeFailed(socket.remoteAddress, cause, isProbe);
      // Node leaves the connection open that it was given.
      this.#gate.finished(socket)?.destroy();
    });
    this.#server = net.createServer({ pauseOnConnect: true, noDelay: true });
    this.#server.on('connection', (socket) => this.#gate.enter(socket));
    this.#stopSweeping = core.clock.every(SWEEP_INTERVAL_MS, () => this.#gate.sweep());
  }

  static async open(
    core: BrokerCore,
    address: { readonly host: string; readonly port: number },
    certificate: ServerCertificate,
  ): Promise<Listener> {
    const listener = new Listener(core, certificate);
    listener.setConnectionsMax(core.limits.clients);
    try {
      listener.#server.listen({ ...address, backlog: BACKLOG_MAX });
      await once(listener.#server, 'listening');
    } catch (error) {
      listener.#stopSweeping();
      throw error;
    }
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** For new connections; those that are open keep the one they were opened with. */
  setCertificate(certificate: ServerCertificate): void {
    this.#tlsServer.setSecureContext(secureContext(certificate));
  }

  setConnectionsMax(clients: number): void {
    this.#server.maxConnections = clients + UNKNOWN_CONNECTIONS_MAX;
  }

  /** Takes no new connections; resolves when the last one is closed. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#stopSweeping();
    this.#gate.close();
    await closed;
  }
}

function newTlsServer(certificate: ServerCertificate): tls.Server {
  return tls.createServer({
    ...secureContext(certificate),
    requestCert: true,
    // Node could neither accept an intermediate as anchor nor a certificate known by its
    // thumbprint; and no list of authorities makes clients send whatever they have.
    rejectUnauthorized: false,
  });
}

/** All of it each time: Node takes back what a later context does not say again. */
function secureContext(certificate: ServerCertificate): tls.SecureContextOptions {
  return {
    cert: certificate.certificatePem,
    key: certificate.privateKeyPem,
    ca: [],
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionTimeout: TLS_SESSION_SECONDS,
  };
}
