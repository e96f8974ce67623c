/** A fleet: its manager publishes alerts, its vehicles read them. */
import * as mqttgrid from 'mqttgrid';

/** Each device has a certificate of its own, which says who it is. */
function certificateOf(client: string): mqttgrid.ClientArgs['authentication'] {
  return {
    certificateSubject: {
      commonName: `${client}.example.com`,
      organization: 'Example',
      organizationUnit: 'IoT',
      countryCode: 'US',
    },
  };
}

const { ref: namespaceRef } = new mqttgrid.MqttNamespace('fan-out');

for (const client of ['s1-fleet-mgr', 's1-vehicle1', 's1-vehicle2']) {
  new mqttgrid.Client(client, { namespaceRef, authentication: certificateOf(client) });
}

const manager = new mqttgrid.ClientGroup('fleet-mgr', {
  namespaceRef,
  query: "name = 's1-fleet-mgr'",
});
const vehicles = new mqttgrid.ClientGroup('vehicles', {
  namespaceRef,
  query: "name IN ['s1-vehicle1', 's1-vehicle2']",
});

const alerts = new mqttgrid.TopicSpace('weather-alerts', {
  namespaceRef,
  topicTemplates: ['fleet/alerts/#'],
  subscriptionSupport: 'LowFanout',
});

new mqttgrid.PermissionBinding('fleet-mgr-publisher', {
  namespaceRef,
  clientGroupName: manager.name,
  topicSpaceName: alerts.name,
  permission: 'Publisher',
});
new mqttgrid.PermissionBinding('vehicles-subscriber', {
  namespaceRef,
  clientGroupName: vehicles.name,
  topicSpaceName: alerts.name,
  permission: 'Subscriber',
});
