/** Certificates from the development authority for what a plan needs, each made once. */
import { resourceKey } from '../domain/resources.ts';
import { failure, success } from '../domain/result.ts';
import type { Result } from '../domain/result.ts';
import type { Clock } from './clock.ts';
import { CertificateFileError, openDevelopmentAuthority } from './development-certificates.ts';
import type { ClientCertificateFiles, DevelopmentAuthority } from './development-certificates.ts';
import { DEVELOPMENT_CLIENTS_MAX, developmentClientsOf } from './development-clients.ts';
import type { DevelopmentClient } from './development-clients.ts';
import { systemErrorCode } from '../manifests/manifest-files.ts';
import type { Plan } from './plan.ts';

/** By name of the client. */
export type ClientFiles = ReadonlyMap<string, ClientCertificateFiles>;

export interface IssuedClients {
  /** By key of the MqttNamespace. */
  readonly files: ReadonlyMap<string, ClientFiles>;
  readonly notices: readonly string[];
}

export interface DevelopmentIssuer {
  readonly authority: DevelopmentAuthority;
  /** For the clients of MqttNamespaces that have no authority but the development CA. */
  issueFor(plan: Plan): Promise<IssuedClients>;
}

interface Request {
  /** `metadata.name` of the MqttNamespace. */
  readonly namespace: string;
  readonly client: DevelopmentClient;
}

type Outcome = Result<ClientCertificateFiles, string>;

class Issuer implements DevelopmentIssuer {
  readonly authority: DevelopmentAuthority;
  readonly #open: () => Promise<DevelopmentAuthority>;
  /** Of the last plan: what was made is not looked for again. */
  #known = new Map<string, Outcome>();

  constructor(authority: DevelopmentAuthority, open: () => Promise<DevelopmentAuthority>) {
    this.authority = authority;
    this.#open = open;
  }

  async issueFor(plan: Plan): Promise<IssuedClients> {
    const issue = issuerOf(this.#open);
    const known = new Map<string, Outcome>();
    const files = new Map<string, ClientFiles>();
    const notices: string[] = [];
    for (const resource of plan.withoutAuthority) {
      const key = resourceKey(resource);
      const snapshot = plan.snapshots.get(key);
      if (snapshot === undefined) continue;
      const { clients, leftOut } = developmentClientsOf(snapshot);
      notices.push(
        `${key} declares no CaCertificate: clients are admitted with certificates of the ` +
          `development CA, ${this.authority.caCertificateFile}, which are no more secret than ` +
          'this folder (--no-development-certificates turns this off)',
      );
      if (leftOut > 0) {
        const made = `certificates were made for the first ${DEVELOPMENT_CLIENTS_MAX} clients`;
        notices.push(`${key}: ${made}; make those of the other ${leftOut} with mqttgrid certs`);
      }
      const made = new Map<string, ClientCertificateFiles>();
      for (const client of clients) {
        const request = { namespace: resource.metadata.name, client };
        const identity = JSON.stringify(request);
        const outcome = this.#known.get(identity) ?? (await issue(request));
        if (outcome.ok) {
          known.set(identity, outcome);
          made.set(client.name, outcome.value);
        } else {
          notices.push(`${key}: ${outcome.fault}`);
        }
      }
      files.set(key, made);
    }
    this.#known = known;
    return { files, notices };
  }
}

/** Opens the authority when it is needed, for the time then: this process may be up for months. */
function issuerOf(open: () => Promise<DevelopmentAuthority>) {
  let authority: Promise<DevelopmentAuthority> | undefined;
  return async ({ namespace, client }: Request): Promise<Outcome> => {
    try {
      authority ??= open();
      const { name, subject } = client;
      return success(await (await authority).clientCertificate(namespace, name, subject));
    } catch (error) {
      if (error instanceof CertificateFileError) return failure(error.message);
      const code = systemErrorCode(error);
      if (code === undefined) throw error;
      return failure(`no certificate can be written for ${client.name}: ${code}`);
    }
  };
}

/** @throws CertificateFileError where there is an authority that can issue nothing */
export async function openDevelopmentIssuer(
  folder: string,
  clock: Clock,
): Promise<DevelopmentIssuer> {
  const open = (): Promise<DevelopmentAuthority> => {
    return openDevelopmentAuthority({ folder, nowMs: clock.nowMs() });
  };
  return new Issuer(await open(), open);
}
