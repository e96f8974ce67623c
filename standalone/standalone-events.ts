/** What the standalone process tells whoever started it. */
import type { Condition } from '../domain/conditions.ts';
import type { Kind } from '../domain/resources.ts';
import type { Delivery } from './deliveries.ts';
import type { Located } from '../manifests/located.ts';

/** One object and how it stands. */
export interface ObjectStatus {
  /** `Client/default/vehicle-1`. */
  readonly key: string;
  readonly kind: Kind;
  /** `metadata.name`. */
  readonly name: string;
  /** The Kubernetes namespace. */
  readonly namespace: string;
  readonly conditions: readonly Condition[];
}

/** By the specification's name of the MqttNamespace: `mqtts://127.0.0.1:8883`. */
export type Endpoints = ReadonlyMap<string, string>;

/**
 * In one round of changes: notices, then violations that are new, those that are mended, what
 * changed, new conditions, endpoints. By the time of `change`, the change is in force on open
 * connections. `ready` comes once, when the first round is over.
 */
export type StandaloneEvent =
  | { readonly event: 'notice'; readonly message: string }
  | { readonly event: 'violation' | 'resolved'; readonly located: Located }
  | {
      readonly event: 'change';
      readonly change: 'Added' | 'Modified' | 'Removed';
      readonly object: string;
    }
  | { readonly event: 'condition'; readonly status: ObjectStatus }
  | { readonly event: 'endpoints'; readonly endpoints: Endpoints }
  /** A destination began or ceased to take events, or more of them were given up. */
  | { readonly event: 'delivery'; readonly delivery: Delivery }
  | {
      readonly event: 'ready';
      readonly endpoints: Endpoints;
      /** Absolute path of the folder with the certificates that were made. */
      readonly certificates: string;
    };
