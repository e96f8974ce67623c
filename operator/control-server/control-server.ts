/**
 * Where brokers connect: TLS with certificates of the operator's own authority on both sides. What
 * is not a broker with such a certificate gets no further than the handshake.
 */
import { once } from 'node:events';
import { constants } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import tls from 'node:tls';
import type { Logger } from 'pino';
import type { Clock } from '../../control/clock.ts';
import { REASON_LENGTH_MAX } from '../../control/messages.ts';
import { operatorLink } from '../../control/stream.ts';
import type { Publications } from './publications.ts';

/** All of it PEM. */
export interface ControlCertificate {
  /** With the intermediates above it. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** Whose client certificates are accepted: one authority, or two while they change. */
  readonly authoritiesPem: string;
}

export interface ControlServerOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly certificate: ControlCertificate;
  readonly publications: Publications;
  /**
   * The key of the MqttNamespace with this UID in this Kubernetes namespace, as declared now;
   * undefined: there is none, or it is not known yet.
   */
  readonly keyOf: (uid: string, namespace: string) => string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Plain counts since the start. */
export interface ConnectionCounts {
  accepted: number;
  /** Handshakes that failed, for want of a certificate of ours for one. */
  handshakesFailed: number;
  /** With a certificate of ours for no MqttNamespace that is declared. */
  unknown: number;
}

/**
 * Broker pods at once, and what is not one: a connection costs about 50 KB, and every one beyond
 * it is closed as it comes.
 */
const CONNECTIONS_MAX = 4096;
const HANDSHAKE_TIMEOUT_MS = 5000;

export class ControlServer {
  readonly counts: ConnectionCounts = { accepted: 0, handshakesFailed: 0, unknown: 0 };
  readonly #options: ControlServerOptions;
  readonly #server: tls.Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#server = tls.createServer({
      ...secureContext(options.certificate),
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('secureConnection', (socket) => this.#accept(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      this.counts.handshakesFailed++;
      const about = { remoteAddress: socket.remoteAddress, cause: error.message };
      options.logger.debug(about, 'a handshake on the control stream failed');
      socket.destroy();
    });
  }

  /** Rejects with the operating system's error where it cannot listen. */
  static async open(options: ControlServerOptions): Promise<ControlServer> {
    const opened = new ControlServer(options);
    opened.#server.listen({ host: options.host, port: options.port });
    await once(opened.#server, 'listening');
    return opened;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** For connections made from now on. @throws where it cannot be used; the one before stays */
  setCertificate(certificate: ControlCertificate): void {
    this.#server.setSecureContext(secureContext(certificate));
  }

  /** Ends all streams. Brokers serve on with what they have. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: tls.TLSSocket): void {
    const { publications, keyOf, clock, logger } = this.#options;
    this.counts.accepted++;
    // Or a change would wait for the peer to acknowledge the packet before it: 40 ms.
    socket.setNoDelay(true);
    const link = operatorLink(socket, clock);
    const [uid, namespace] = identityOf(socket);
    // Who does not lead may not know it yet, and says so rather than that there is none.
    const key = publications.isLeading ? keyOf(uid, namespace) : '';
    if (key !== undefined) return publications.accept({ key, uid }, link);
    this.counts.unknown++;
    const reason = `no MqttNamespace with the UID ${uid} is declared in ${namespace}`;
    logger.info({ remoteAddress: socket.remoteAddress }, `a broker was sent away: ${reason}`);
    link.send({ type: 'TryLater', reason: reason.slice(0, REASON_LENGTH_MAX) });
    link.close();
  }
}

/** Of the client: its MqttNamespace's UID, and the Kubernetes namespace. */
function identityOf(socket: tls.TLSSocket): readonly [uid: string, namespace: string] {
  const subject = socket.getPeerX509Certificate()?.toLegacyObject().subject;
  return [textOf(subject?.CN), textOf(subject?.O)];
}

/** Several in one subject are none: we issue no such certificate. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function secureContext(certificate: ControlCertificate): tls.SecureContextOptions {
  const { certificatePem, privateKeyPem, authoritiesPem } = certificate;
  return {
    cert: certificatePem,
    key: privateKeyPem,
    ca: authoritiesPem,
    minVersion: 'TLSv1.2',
    // A resumed session would not show its certificate again, which may have expired by then.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
  };
}
