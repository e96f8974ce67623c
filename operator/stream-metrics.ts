/** What goes to brokers and comes back, under names that are API. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { PublicationCounts, Publications } from './control-server/publications.ts';

/** `mqttgrid_operator_<name>_total`, and what it counts. */
const COUNTERS: { readonly [Name in keyof PublicationCounts]: readonly [string, string] } = {
  published: ['snapshots_published', 'Versions of snapshots, of all MqttNamespaces.'],
  wholeSent: ['snapshots_sent_whole', 'Snapshots sent to a broker as a whole.'],
  changesSent: ['snapshots_sent_as_changes', 'Snapshots sent to a broker as what differs.'],
  currentSent: ['snapshots_found_current', 'Brokers that ran the newest content already.'],
  acknowledged: ['snapshots_acknowledged', 'Versions that a broker took, and runs.'],
  refused: ['snapshots_refused', 'Versions that a broker would not run.'],
};

/** Everything is looked up when somebody asks. */
export function streamMetrics(registry: Registry, publications: Publications): void {
  const registers = [registry];
  for (const [field, [name, help]] of Object.entries(COUNTERS)) {
    new Counter({
      name: `mqttgrid_operator_${name}_total`,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(publications.counts[field as keyof PublicationCounts]);
      },
    });
  }
  new Gauge({
    name: 'mqttgrid_operator_brokers_connected',
    help: 'Broker pods that follow this replica; none follows one that does not lead.',
    registers,
    collect() {
      this.set(publications.connected);
    },
  });
}
