/** 200 vehicles from a list: what a loop in a program is for. */
import * as mqttgrid from 'mqttgrid';

interface Vehicle {
  readonly id: string;
  readonly region: 'north' | 'south';
  readonly model: 'van' | 'truck';
}

/** As a file or a service would tell it. */
const vehicles: readonly Vehicle[] = Array.from({ length: 200 }, (_, index) => ({
  id: `vehicle-${String(index + 1).padStart(3, '0')}`,
  region: index % 2 === 0 ? 'north' : 'south',
  model: index % 5 === 0 ? 'truck' : 'van',
}));

const { ref: namespaceRef } = new mqttgrid.MqttNamespace('fleet');

for (const { id, region, model } of vehicles) {
  new mqttgrid.Client(id, {
    namespaceRef,
    authentication: { certificateSubject: { commonName: `${id}.example.com` } },
    attributes: { type: 'vehicle', region, model },
  });
}
for (const region of ['north', 'south']) {
  new mqttgrid.Client(`dispatch-${region}`, {
    namespaceRef,
    authentication: { certificateSubject: { commonName: `dispatch-${region}.example.com` } },
    attributes: { type: 'dispatch', region },
  });
}

const groupOf = (name: string, query: string): mqttgrid.ClientGroup =>
  new mqttgrid.ClientGroup(name, { namespaceRef, query });
const all = groupOf('vehicles', "attributes.type = 'vehicle'");
const trucks = groupOf('trucks', "attributes.type = 'vehicle' and attributes.model = 'truck'");
const dispatch = groupOf('dispatch', "attributes.type = 'dispatch'");

// A variable stands for the client's own value: no vehicle can speak for another one, and each
// dispatcher hears its region alone.
const positions = new mqttgrid.TopicSpace('positions', {
  namespaceRef,
  topicTemplates: ['fleet/${client.attributes.region}/${client.name}/position'],
  subscriptionSupport: 'NotSupported',
});
const regions = new mqttgrid.TopicSpace('regions', {
  namespaceRef,
  topicTemplates: ['fleet/${client.attributes.region}/+/position'],
  subscriptionSupport: 'LowFanout',
});
const orders = new mqttgrid.TopicSpace('orders', {
  namespaceRef,
  topicTemplates: ['orders/${client.attributes.region}/#'],
  subscriptionSupport: 'HighFanout',
});
const tolls = new mqttgrid.TopicSpace('tolls', {
  namespaceRef,
  topicTemplates: ['tolls/${client.name}'],
  subscriptionSupport: 'LowFanout',
});

for (const [name, group, space, permission] of [
  ['vehicles-report', all, positions, 'Publisher'],
  ['dispatch-watches', dispatch, regions, 'Subscriber'],
  ['dispatch-orders', dispatch, orders, 'Publisher'],
  ['vehicles-obey', all, orders, 'Subscriber'],
  ['trucks-pay', trucks, tolls, 'Publisher'],
] as const) {
  new mqttgrid.PermissionBinding(name, {
    namespaceRef,
    clientGroupName: group.name,
    topicSpaceName: space.name,
    permission,
  });
}
