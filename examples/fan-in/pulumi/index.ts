/** A fleet: every vehicle publishes its position, one map reads them all. */
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

const { ref: namespaceRef } = new mqttgrid.MqttNamespace('fan-in');

const types = { 's2-map-client': 'map', 's2-vehicle1': 'vehicle', 's2-vehicle2': 'vehicle' };
for (const [client, type] of Object.entries(types)) {
  new mqttgrid.Client(client, {
    namespaceRef,
    authentication: certificateOf(client),
    attributes: { type },
  });
}

const map = new mqttgrid.ClientGroup('map', { namespaceRef, query: "attributes.type = 'map'" });
const vehicles = new mqttgrid.ClientGroup('vehicles', {
  namespaceRef,
  query: "attributes.type = 'vehicle'",
});

// NotSupported (for publishing only), because it overlaps with the space below: of two that allow
// subscribing, the younger would be refused.
const publish = new mqttgrid.TopicSpace('publish', {
  namespaceRef,
  topicTemplates: ['vehicles/${client.name}/GPS/#'],
  subscriptionSupport: 'NotSupported',
});
const subscribe = new mqttgrid.TopicSpace('subscribe', {
  namespaceRef,
  topicTemplates: ['vehicles/+/GPS/#'],
  subscriptionSupport: 'LowFanout',
});

new mqttgrid.PermissionBinding('vehicles-publisher', {
  namespaceRef,
  clientGroupName: vehicles.name,
  topicSpaceName: publish.name,
  permission: 'Publisher',
});
new mqttgrid.PermissionBinding('map-subscriber', {
  namespaceRef,
  clientGroupName: map.name,
  topicSpaceName: subscribe.name,
  permission: 'Subscriber',
});
