/** Tells the API server which authority the webhook's certificate is signed by. */
import type { Logger } from 'pino';
import type { Clock } from '../../control/clock.ts';
import type { KubeApi, KubeObject, ResourceType } from '../../kube/kube-api.ts';
import { toBase64 } from './authority-secret.ts';
import type { Authority } from './authority.ts';
import { repeat } from './repeat.ts';

const WEBHOOK_CONFIGURATIONS: ResourceType = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
};

/** As `deploy/` calls it. */
const CONFIGURATION_NAME = 'mqttgrid';

type Configuration = KubeObject & {
  readonly webhooks?: readonly {
    readonly clientConfig: { readonly caBundle?: string };
  }[];
};

/** Installers that write the configuration anew take the authority out: this late it is back. */
const CHECK_MS = 60_000;

/** Keeps it told for as long as the operator runs. The answer ends that. */
export function keepWebhookTrusted(options: {
  readonly api: KubeApi;
  readonly authority: Authority;
  readonly clock: Clock;
  readonly log: Logger;
}): () => void {
  const { api, authority, clock, log } = options;
  const onError = (error: unknown): void => {
    log.warn({ event: 'webhook-trust-not-written', error: String(error) });
  };
  const write = (): Promise<void> => writeWebhookTrust(api, authority.trustPem);
  const writeNow = (): void => void write().catch(onError);
  writeNow();
  const endChanges = authority.onChange(writeNow);
  const endChecks = repeat(clock, CHECK_MS, write, onError);
  return () => {
    endChanges();
    endChecks();
  };
}

/**
 * Writes only what differs. Where there is no configuration, there is nobody to tell.
 * @throws KubeApiError with `isConflict` where somebody else wrote it meanwhile: look again
 */
export async function writeWebhookTrust(api: KubeApi, trustPem: string): Promise<void> {
  const name = { name: CONFIGURATION_NAME };
  const found = await api.get<Configuration>(WEBHOOK_CONFIGURATIONS, name);
  const webhooks = found?.webhooks ?? [];
  const caBundle = toBase64(trustPem);
  if (webhooks.every(({ clientConfig }) => clientConfig.caBundle === caBundle)) return;
  // A merge patch replaces lists whole: the state that it was made from goes with it.
  const { resourceVersion } = found?.metadata ?? {};
  const patched = webhooks.map((webhook) => ({
    ...webhook,
    clientConfig: { ...webhook.clientConfig, caBundle },
  }));
  await api.patch(WEBHOOK_CONFIGURATIONS, name, {
    metadata: { resourceVersion },
    webhooks: patched,
  });
}
