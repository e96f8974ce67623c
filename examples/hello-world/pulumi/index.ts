/** One client publishes, another receives. */
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

const { ref: namespaceRef } = new mqttgrid.MqttNamespace('hello-world');

for (const client of ['pub-client', 'sub-client']) {
  new mqttgrid.Client(client, { namespaceRef, authentication: certificateOf(client) });
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

const named = { namespaceRef, clientGroupName: both.name, topicSpaceName: hello.name };
new mqttgrid.PermissionBinding('pub-hello', { ...named, permission: 'Publisher' });
new mqttgrid.PermissionBinding('sub-hello', { ...named, permission: 'Subscriber' });
