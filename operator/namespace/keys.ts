/**
 * What the work queue is keyed by: the MqttNamespace that owns the objects (`default/grid`), or a
 * Kubernetes namespace for its event topics and subscriptions, which no MqttNamespace owns
 * (`default`).
 */

export interface NamespaceKey {
  readonly namespace: string;
  /** `metadata.name` of the MqttNamespace, which need not exist; undefined: event objects. */
  readonly name: string | undefined;
}

export function namespaceKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

export function eventsKey(namespace: string): string {
  return namespace;
}

/** Kubernetes allows no slash in either name. */
export function parseKey(key: string): NamespaceKey {
  const slash = key.indexOf('/');
  if (slash === -1) return { namespace: key, name: undefined };
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
