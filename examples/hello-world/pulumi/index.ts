import * as mqttgrid from 'mqttgrid';

const grid = new mqttgrid.MqttNamespace('hello-world');
const namespaceRef = grid.ref;

for (const name of ['pub-client', 'sub-client']) {
  new mqttgrid.Client(name, {
    namespaceRef,
    authentication: {
      certificateSubject: {
        commonName: `${name}.example.com`,
        organization: 'Example',
        organizationUnit: 'IoT',
        countryCode: 'US',
      },
    },
  });
}

const both = new mqttgrid.ClientGroup('all0', {
  namespaceRef,
  query: "name IN ['pub-client', 'sub-client']",
});

const hello = new mqttgrid.TopicSpace('hello', {
  namespaceRef,
  topicTemplates: ['samples/#'],
  subscriptionSupport: 'LowFanout',
});

for (const [name, permission] of [
  ['pub-hello', 'Publisher'],
  ['sub-hello', 'Subscriber'],
] as const) {
  new mqttgrid.PermissionBinding(name, {
    namespaceRef,
    clientGroupName: both.name,
    topicSpaceName: hello.name,
    permission,
  });
}
