/** Where a program declares its objects: by argument, or in the configuration of its stack. */
import { Config, type Input } from '@pulumi/pulumi';

export interface ClusterTarget {
  /**
   * Path of a kubeconfig, or its text. Without it as for `kubectl`: KUBECONFIG, `~/.kube/config`,
   * or the service account of the pod that the program runs in.
   */
  readonly kubeconfig?: Input<string> | undefined;
  /** Name of a context of the kubeconfig; its current one by default. */
  readonly context?: Input<string> | undefined;
  /** Kubernetes namespace of objects that state none; by default that of the context. */
  readonly namespace?: Input<string> | undefined;
}

export interface DirectoryTarget {
  /**
   * Folder that manifests are written to, a file an object; relative to the folder of the program.
   * It is made if it is missing. `mqttgrid up` serves it.
   */
  readonly path: Input<string>;
  /** Kubernetes namespace of objects that state none; `default` by default. */
  readonly namespace?: Input<string> | undefined;
}

/** Exactly one of the two. */
export interface Target {
  readonly cluster?: ClusterTarget | undefined;
  readonly directory?: DirectoryTarget | undefined;
}

/**
 * `mqttgrid:target` is `cluster`, the default, or `directory`. For a cluster `mqttgrid:kubeconfig`,
 * `mqttgrid:context` and `mqttgrid:namespace`; for a directory `mqttgrid:directory`, its path
 * (`manifests` by default), and `mqttgrid:namespace`.
 */
export function configuredTarget(): Target {
  const config = new Config('mqttgrid');
  const namespace = config.get('namespace');
  const target = config.get('target', { allowedValues: ['cluster', 'directory'] }) ?? 'cluster';
  if (target === 'directory') {
    return { directory: { path: config.get('directory') ?? 'manifests', namespace } };
  }
  // It may hold a key.
  const kubeconfig = config.getSecret('kubeconfig');
  return { cluster: { kubeconfig, context: config.get('context'), namespace } };
}
