/** A program that takes events by HTTP, in a pod behind a Service. */
import { applyText, clusterImage, kubectl } from './cluster.ts';

const PORT = 8080;
const USER_ID = 1000;

export interface ReceiverPod {
  /** As pods of its Kubernetes namespace reach it. */
  readonly origin: string;
  /** All that the pod that runs now has printed. */
  readonly printed: () => Promise<readonly string[]>;
  /** Resolves when it runs, or no longer does. */
  readonly scale: (replicas: 0 | 1) => Promise<void>;
}

/**
 * Runs the first of the files, which listens at $PORT, with the Node of the image that brokers are
 * from.
 */
export async function declareReceiver(
  namespace: string,
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<ReceiverPod> {
  const items = [configMap(name, files), deployment(name, files), service(name)];
  await applyText(namespace, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const of = ['-n', namespace];
  return {
    origin: `http://${name}:${PORT}`,
    async printed() {
      const text = await kubectl(...of, 'logs', '-l', `app=${name}`, '--tail=-1');
      return text.split('\n').slice(0, -1);
    },
    async scale(replicas) {
      await kubectl(...of, 'scale', `deployment/${name}`, `--replicas=${replicas}`);
      if (replicas === 0) {
        await kubectl(...of, 'wait', '--for=delete', 'pod', '-l', `app=${name}`, '--timeout=60s');
      } else {
        await kubectl(...of, 'rollout', 'status', `deployment/${name}`, '--timeout=60s');
      }
    },
  };
}

function configMap(name: string, data: Readonly<Record<string, string>>): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}

function deployment(name: string, files: Readonly<Record<string, string>>): object {
  const labels = { app: name };
  const container = {
    name,
    image: clusterImage(),
    command: ['node', `/receiver/${Object.keys(files)[0]}`],
    env: [{ name: 'PORT', value: String(PORT) }],
    readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    volumeMounts: [{ name: 'files', mountPath: '/receiver' }],
  };
  const spec = {
    containers: [container],
    automountServiceAccountToken: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER_ID,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumes: [{ name: 'files', configMap: { name } }],
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}

function service(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ port: PORT }] },
  };
}
