/** A fleet whose telemetry goes on to files as events. */
import * as mqttgrid from 'mqttgrid';

const telemetry = new mqttgrid.EventTopic('telemetry', {});

const { ref: namespaceRef } = new mqttgrid.MqttNamespace('routing', {
  routeTopicRef: telemetry.ref,
});

// What each kind of client publishes, and where.
const templates = {
  thermometer: 'buildings/+/${client.name}',
  vehicle: 'vehicles/${client.name}/GPS/#',
};
for (const [type, template] of Object.entries(templates)) {
  const client = `s4-${type}1`;
  new mqttgrid.Client(client, {
    namespaceRef,
    // Each device has a certificate of its own, which says who it is.
    authentication: {
      certificateSubject: {
        commonName: `${client}.example.com`,
        organization: 'Example',
        organizationUnit: 'IoT',
        countryCode: 'US',
      },
    },
    attributes: { type },
  });
  const group = new mqttgrid.ClientGroup(type, {
    namespaceRef,
    query: `attributes.type = '${type}'`,
  });
  const space = new mqttgrid.TopicSpace(`${type}-publish`, {
    namespaceRef,
    topicTemplates: [template],
    subscriptionSupport: 'NotSupported',
  });
  new mqttgrid.PermissionBinding(`${type}-publisher`, {
    namespaceRef,
    clientGroupName: group.name,
    topicSpaceName: space.name,
    permission: 'Publisher',
  });
}

new mqttgrid.EventSubscription('positions', {
  topicRef: telemetry.ref,
  filter: { subjectBeginsWith: 'vehicles/', subjectEndsWith: '/GPS/position' },
  destination: { file: { path: 'events/positions.ndjson', maxBytes: 10485760 } },
});
new mqttgrid.EventSubscription('too-hot', {
  topicRef: telemetry.ref,
  filter: {
    advancedFilters: [{ operatorType: 'NumberGreaterThan', key: 'data.Temp', value: 100 }],
  },
  destination: { file: { path: 'events/too-hot.ndjson', maxBytes: 10485760 } },
});
