/** A phone that unlocks a car: requests one way, responses the other. */
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

const { ref: namespaceRef } = new mqttgrid.MqttNamespace('one-to-one');

for (const [client, type] of Object.entries({ 's3-mobile1': 'mobile', 's3-vehicle1': 'vehicle' })) {
  new mqttgrid.Client(client, {
    namespaceRef,
    authentication: certificateOf(client),
    attributes: { type },
  });
}

// vehicles/unlock/req/<to>/<from> and vehicles/unlock/res/<to>/<from>: who publishes cannot pretend
// to be another, who subscribes reads only what is addressed to it.
for (const [type, sends, receives] of [
  ['mobile', 'req', 'res'],
  ['vehicle', 'res', 'req'],
]) {
  const group = new mqttgrid.ClientGroup(`${type}`, {
    namespaceRef,
    query: `attributes.type = '${type}'`,
  });
  const publish = new mqttgrid.TopicSpace(`${type}-publish`, {
    namespaceRef,
    topicTemplates: [`vehicles/unlock/${sends}/+/\${client.name}`],
    subscriptionSupport: 'NotSupported',
  });
  const subscribe = new mqttgrid.TopicSpace(`${type}-subscribe`, {
    namespaceRef,
    topicTemplates: [`vehicles/unlock/${receives}/\${client.name}/#`],
    subscriptionSupport: 'LowFanout',
  });
  new mqttgrid.PermissionBinding(`${type}-publisher`, {
    namespaceRef,
    clientGroupName: group.name,
    topicSpaceName: publish.name,
    permission: 'Publisher',
  });
  new mqttgrid.PermissionBinding(`${type}-subscriber`, {
    namespaceRef,
    clientGroupName: group.name,
    topicSpaceName: subscribe.name,
    permission: 'Subscriber',
  });
}
