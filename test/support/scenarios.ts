/** What each example promises, and what it forbids: topics and roles of its README. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from './up.ts';

const EXAMPLES = path.join(REPOSITORY, 'examples');

/** Folders of `examples/` that hold a valid declaration as manifests. */
export function manifestExamples(): string[] {
  const folders = readdirSync(EXAMPLES).sort();
  return folders.filter((name) => existsSync(path.join(EXAMPLES, name, 'namespace.yaml')));
}

type ClientAndTopic = readonly [client: string, topicOrFilter: string];

export interface Scenario {
  /** Of `examples/`; its MqttNamespace has the same name. */
  readonly name: string;
  readonly clients: readonly string[];
  readonly subscriptions: readonly ClientAndTopic[];
  readonly deliveries: readonly {
    readonly from: string;
    readonly topic: string;
    readonly to: readonly string[];
  }[];
  readonly refusedSubscriptions: readonly ClientAndTopic[];
  readonly refusedPublications: readonly ClientAndTopic[];
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'hello-world',
    clients: ['pub-client', 'sub-client'],
    subscriptions: [['sub-client', 'samples/#']],
    deliveries: [
      { from: 'pub-client', topic: 'samples/topic', to: ['sub-client'] },
      // `#` stands for its parent level, too [MQTT-4.7.1-2].
      { from: 'pub-client', topic: 'samples', to: ['sub-client'] },
    ],
    refusedSubscriptions: [
      ['sub-client', '#'],
      ['sub-client', '+/topic'],
      ['sub-client', 'sample'],
    ],
    refusedPublications: [
      ['pub-client', 'other/topic'],
      ['pub-client', 'Samples/topic'],
    ],
  },
  {
    name: 'fan-out',
    clients: ['s1-fleet-mgr', 's1-vehicle1', 's1-vehicle2'],
    subscriptions: [
      ['s1-vehicle1', 'fleet/alerts/#'],
      ['s1-vehicle2', 'fleet/alerts/#'],
    ],
    deliveries: [
      {
        from: 's1-fleet-mgr',
        topic: 'fleet/alerts/weather/alert1',
        to: ['s1-vehicle1', 's1-vehicle2'],
      },
    ],
    refusedSubscriptions: [
      ['s1-fleet-mgr', 'fleet/alerts/#'],
      ['s1-vehicle1', 'fleet/#'],
    ],
    refusedPublications: [['s1-vehicle1', 'fleet/alerts/weather/alert1']],
  },
  {
    name: 'fan-in',
    clients: ['s2-map-client', 's2-vehicle1', 's2-vehicle2'],
    subscriptions: [['s2-map-client', 'vehicles/+/GPS/#']],
    deliveries: [
      { from: 's2-vehicle1', topic: 'vehicles/s2-vehicle1/GPS/position', to: ['s2-map-client'] },
      { from: 's2-vehicle2', topic: 'vehicles/s2-vehicle2/GPS/position', to: ['s2-map-client'] },
    ],
    refusedSubscriptions: [
      ['s2-vehicle1', 'vehicles/+/GPS/#'],
      // Whoever may publish there may not read it for that.
      ['s2-vehicle1', 'vehicles/s2-vehicle1/GPS/#'],
      ['s2-map-client', 'vehicles/#'],
    ],
    refusedPublications: [
      ['s2-vehicle1', 'vehicles/s2-vehicle2/GPS/position'],
      ['s2-map-client', 'vehicles/s2-vehicle1/GPS/position'],
    ],
  },
  {
    name: 'one-to-one',
    clients: ['s3-mobile1', 's3-vehicle1'],
    subscriptions: [
      ['s3-mobile1', 'vehicles/unlock/res/s3-mobile1/#'],
      ['s3-vehicle1', 'vehicles/unlock/req/s3-vehicle1/#'],
    ],
    deliveries: [
      {
        from: 's3-mobile1',
        topic: 'vehicles/unlock/req/s3-vehicle1/s3-mobile1',
        to: ['s3-vehicle1'],
      },
      {
        from: 's3-vehicle1',
        topic: 'vehicles/unlock/res/s3-mobile1/s3-vehicle1',
        to: ['s3-mobile1'],
      },
    ],
    refusedSubscriptions: [
      ['s3-mobile1', 'vehicles/unlock/req/s3-vehicle1/#'],
      ['s3-mobile1', 'vehicles/unlock/res/+/#'],
    ],
    refusedPublications: [
      // In the name of another phone; for the car.
      ['s3-mobile1', 'vehicles/unlock/req/s3-vehicle1/s3-mobile2'],
      ['s3-mobile1', 'vehicles/unlock/res/s3-mobile1/s3-vehicle1'],
    ],
  },
  {
    // Nobody receives anything by MQTT: what is published goes on as events.
    name: 'routing',
    clients: ['s4-thermometer1', 's4-vehicle1'],
    subscriptions: [],
    deliveries: [
      { from: 's4-vehicle1', topic: 'vehicles/s4-vehicle1/GPS/position', to: [] },
      { from: 's4-thermometer1', topic: 'buildings/building17/s4-thermometer1', to: [] },
    ],
    refusedSubscriptions: [
      ['s4-vehicle1', 'vehicles/s4-vehicle1/GPS/#'],
      ['s4-thermometer1', 'buildings/#'],
    ],
    refusedPublications: [
      ['s4-vehicle1', 'vehicles/s4-vehicle2/GPS/position'],
      // The filter of the specification's own scenario, whose messages go elsewhere.
      ['s4-vehicle1', 'areas/area1/vehicles/s4-vehicle1'],
      ['s4-thermometer1', 'buildings/building17/s4-vehicle1'],
    ],
  },
  {
    name: 'access-control-areas',
    clients: ['Area1_Machine1', 'Area1_Machine2', 'Area2_Machine1', 'Area2_Machine2'],
    subscriptions: [
      ['Area1_Machine2', 'areas/area1/machines/#'],
      ['Area2_Machine2', 'areas/area2/machines/#'],
    ],
    deliveries: [
      { from: 'Area1_Machine1', topic: 'areas/area1/machines/machine1', to: ['Area1_Machine2'] },
      { from: 'Area2_Machine1', topic: 'areas/area2/machines/machine1', to: ['Area2_Machine2'] },
    ],
    refusedSubscriptions: [
      ['Area1_Machine2', 'areas/area2/machines/#'],
      ['Area2_Machine1', 'areas/+/machines/#'],
    ],
    refusedPublications: [
      ['Area1_Machine1', 'areas/area2/machines/machine1'],
      ['Area2_Machine1', 'areas/area1/machines/machine1'],
    ],
  },
  {
    name: 'access-control-management',
    clients: ['Area1_Machine1', 'Area1_MgmtClient1', 'Area2_Machine1', 'Area2_MgmtClient1'],
    subscriptions: [
      ['Area1_Machine1', 'areas/area1/mgmt/#'],
      ['Area1_MgmtClient1', 'areas/area1/machines/#'],
      ['Area2_Machine1', 'areas/area2/mgmt/#'],
      ['Area2_MgmtClient1', 'areas/area2/machines/#'],
    ],
    deliveries: [
      { from: 'Area1_Machine1', topic: 'areas/area1/machines/machine1', to: ['Area1_MgmtClient1'] },
      { from: 'Area1_MgmtClient1', topic: 'areas/area1/mgmt/machine1', to: ['Area1_Machine1'] },
      { from: 'Area2_Machine1', topic: 'areas/area2/machines/machine1', to: ['Area2_MgmtClient1'] },
      { from: 'Area2_MgmtClient1', topic: 'areas/area2/mgmt/machine1', to: ['Area2_Machine1'] },
    ],
    refusedSubscriptions: [
      ['Area1_Machine1', 'areas/area1/machines/#'],
      ['Area1_Machine1', 'areas/area2/mgmt/#'],
      ['Area1_MgmtClient1', 'areas/area2/machines/#'],
    ],
    refusedPublications: [
      ['Area1_Machine1', 'areas/area1/mgmt/machine1'],
      ['Area1_MgmtClient1', 'areas/area1/machines/machine1'],
      ['Area1_MgmtClient1', 'areas/area2/mgmt/machine1'],
    ],
  },
];
