/** A factory whose machines report and obey, and never command. */
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

const { ref: namespaceRef } = new mqttgrid.MqttNamespace('access-control-management');

function declareClient(
  area: string,
  role: string,
  [object, name]: readonly [string, string],
): void {
  new mqttgrid.Client(object, {
    namespaceRef,
    name,
    authentication: certificateOf(name),
    attributes: { area, role },
  });
}

for (const number of [1, 2]) {
  const [area, prefix] = [`area${number}`, `Area${number}`];
  declareClient(area, 'machine', [`${area}-machine1`, `${prefix}_Machine1`]);
  declareClient(area, 'management', [`${area}-mgmtclient1`, `${prefix}_MgmtClient1`]);

  const machines = new mqttgrid.ClientGroup(`${area}-machines`, {
    namespaceRef,
    name: `${prefix}Machines`,
    query: `attributes.area = '${area}' and attributes.role = 'machine'`,
  });
  const management = new mqttgrid.ClientGroup(`${area}-mgmt`, {
    namespaceRef,
    name: `${prefix}Mgmt`,
    query: `attributes.area = '${area}' and attributes.role = 'management'`,
  });
  const telemetry = new mqttgrid.TopicSpace(`${area}-telemetry`, {
    namespaceRef,
    name: `${prefix}Telemetry`,
    topicTemplates: [`areas/${area}/machines/#`],
    subscriptionSupport: 'LowFanout',
  });
  const commands = new mqttgrid.TopicSpace(`${area}-commands`, {
    namespaceRef,
    name: `${prefix}Commands`,
    topicTemplates: [`areas/${area}/mgmt/#`],
    subscriptionSupport: 'LowFanout',
  });

  for (const [object, name, clientGroup, topicSpace, permission] of [
    ['machines-pub', 'Machines-Pub', machines, telemetry, 'Publisher'],
    ['machines-sub', 'Machines-Sub', machines, commands, 'Subscriber'],
    ['mgmt-pub', 'Mgmt-Pub', management, commands, 'Publisher'],
    ['mgmt-sub', 'Mgmt-Sub', management, telemetry, 'Subscriber'],
  ] as const) {
    new mqttgrid.PermissionBinding(`${area}-${object}`, {
      namespaceRef,
      name: `${prefix}${name}`,
      clientGroupName: clientGroup.name,
      topicSpaceName: topicSpace.name,
      permission,
    });
  }
}
