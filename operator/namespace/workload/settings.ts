/** How this operator runs brokers, whatever a MqttNamespace says. */
export interface BrokerSettings {
  /** The image where `spec.image` names none: the operator's own. */
  readonly image: string;
  /** The Kubernetes namespace that the operator runs in. */
  readonly operatorNamespace: string;
  /** Where brokers open their stream. */
  readonly controlHost: string;
  readonly controlPort: number;
}

/** MQTT over TLS, as registered with IANA (`secure-mqtt`). */
export const MQTTS_PORT = 8883;
export const HEALTH_PORT = 8081;
export const METRICS_PORT = 8080;

/** Ports by the name that probes, Services and policies know them by. */
export const PORT_NAMES = { mqtts: 'mqtts', health: 'health', metrics: 'metrics' } as const;
