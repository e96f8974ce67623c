import type { NamespaceWorld } from '../../domain/compile.ts';
import type { ResourceOf } from '../../domain/resources.ts';

/** What admission knows of what is declared: a cache, on every replica. */
export interface AdmissionWorlds {
  /** Whether all that is declared has been read. */
  readonly synced: boolean;
  /** Of a MqttNamespace by its `metadata.name`, declared or not; may be some moments old. */
  worldOf(namespace: string, name: string): NamespaceWorld;
  eventSubscriptions(namespace: string): readonly ResourceOf<'EventSubscription'>[];
}
