/** The operator's own servers, each with a certificate of its authority that never runs out. */
import type { Logger } from 'pino';
import type { Issued } from '../certificates/issue.ts';
import type { Authority } from './authority/authority.ts';
import { ServerIdentity } from './authority/server-identity.ts';
import type { Clock } from '../control/clock.ts';
import { ControlServer, type ControlCertificate } from './control-server/control-server.ts';
import type { Operator } from './operator.ts';
import { DeclaredWorlds } from './webhook/declared-worlds.ts';
import { startWebhookServer, type ServerKeyPair } from './webhook/webhook-server.ts';

/** Services of `deploy/`, by which brokers and API servers find them. */
const CONTROL_SERVICE = 'mqttgrid-control';
const WEBHOOK_SERVICE = 'mqttgrid-webhook';

export interface ServersOptions {
  readonly operator: Operator;
  readonly authority: Authority;
  /** The Kubernetes namespace of the operator. */
  readonly namespace: string;
  readonly host: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface OpenServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Certified<Certificate> {
  setCertificate(certificate: Certificate): void;
  readonly server: OpenServer;
}

/** Where brokers open their streams. Rejects where the port is taken. */
export function openControlServer(options: ServersOptions, port: number): Promise<OpenServer> {
  const { operator, host, clock, logger } = options;
  return openCertified<ControlCertificate>(options, {
    service: CONTROL_SERVICE,
    certificateOf: (issued, trustPem) => ({
      certificatePem: issued.chainPem,
      privateKeyPem: issued.privateKeyPem,
      authoritiesPem: trustPem,
    }),
    open: async (certificate) => {
      const { publications } = operator;
      const keyOf = (uid: string, namespace: string): string | undefined => {
        return operator.keyOf(uid, namespace);
      };
      const opening = { host, port, certificate, publications, keyOf, clock, logger };
      const server = await ControlServer.open(opening);
      return { server, setCertificate: (next) => server.setCertificate(next) };
    },
  });
}

/** Where API servers ask for admission. Rejects where the port is taken. */
export function openAdmissionServer(options: ServersOptions, port: number): Promise<OpenServer> {
  const { operator, host, clock, logger } = options;
  const { world, compilations } = operator;
  return openCertified<ServerKeyPair>(options, {
    service: WEBHOOK_SERVICE,
    certificateOf: ({ chainPem, privateKeyPem }) => ({
      certificate: chainPem,
      privateKey: privateKeyPem,
    }),
    open: async (keyPair) => {
      const isSynced = (): boolean => operator.isSynced;
      const worlds = new DeclaredWorlds({ world, compilations, isSynced });
      const server = await startWebhookServer({ host, port, keyPair, worlds, logger, clock });
      return { server, setCertificate: (next) => server.setKeyPair(next) };
    },
  });
}

async function openCertified<Certificate>(
  { authority, namespace, clock, logger }: ServersOptions,
  kind: {
    readonly service: string;
    readonly certificateOf: (issued: Issued, trustPem: string) => Certificate;
    readonly open: (certificate: Certificate) => Promise<Certified<Certificate>>;
  },
): Promise<OpenServer> {
  const first = Promise.withResolvers<Certificate>();
  const served: { by?: Certified<Certificate> } = {};
  const identity = new ServerIdentity({
    authority,
    clock,
    log: logger,
    service: kind.service,
    namespace,
    onChange: (issued, trustPem) => {
      const certificate = kind.certificateOf(issued, trustPem);
      first.resolve(certificate);
      served.by?.setCertificate(certificate);
    },
  });
  await identity.start();
  served.by = await kind.open(await first.promise);
  const { server } = served.by;
  return {
    port: server.port,
    async close() {
      identity.close();
      await server.close();
    },
  };
}
