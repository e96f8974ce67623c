/** A factory whose areas must not hear each other. */
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

const { ref: namespaceRef } = new mqttgrid.MqttNamespace('access-control-areas');

for (const area of [1, 2]) {
  for (const machine of [1, 2]) {
    // The specification's names are not names of Kubernetes objects, so they are stated.
    const name = `Area${area}_Machine${machine}`;
    new mqttgrid.Client(`area${area}-machine${machine}`, {
      namespaceRef,
      name,
      authentication: certificateOf(name),
      attributes: { area: `area${area}` },
    });
  }
  const machines = new mqttgrid.ClientGroup(`area${area}-machines`, {
    namespaceRef,
    name: `Area${area}Machines`,
    query: `attributes.area = 'area${area}'`,
  });
  const messages = new mqttgrid.TopicSpace(`area${area}-messages`, {
    namespaceRef,
    name: `Area${area}Messages`,
    topicTemplates: [`areas/area${area}/machines/#`],
    subscriptionSupport: 'LowFanout',
  });
  const named = { namespaceRef, clientGroupName: machines.name, topicSpaceName: messages.name };
  new mqttgrid.PermissionBinding(`area${area}-pub`, {
    ...named,
    name: `Area${area}-Pub`,
    permission: 'Publisher',
  });
  new mqttgrid.PermissionBinding(`area${area}-sub`, {
    ...named,
    name: `Area${area}-Sub`,
    permission: 'Subscriber',
  });
}
