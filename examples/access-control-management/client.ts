/** Machines report and obey; management nodes read reports and command; areas stay apart. */
import { print } from '../support/client.ts';
import { runExample } from '../support/run.ts';

await runExample('access-control-management', async (connect) => {
  const machine = await connect('Area1_Machine1');
  await machine.subscribe('areas/area1/mgmt/#');
  const management = await connect('Area1_MgmtClient1');
  await management.subscribe('areas/area1/machines/#');

  await machine.publish('areas/area1/machines/machine1', '{"temperature":70}');
  const report = await management.receive();
  print(`Area1_MgmtClient1 received ${report.payload} on ${report.topic}`);

  await management.publish('areas/area1/mgmt/machine1', '{"command":"cool"}');
  const command = await machine.receive();
  print(`Area1_Machine1 received ${command.payload} on ${command.topic}`);

  // A machine that somebody took over commands no other, and no area reaches into another.
  const compromised = await connect('Area2_Machine1', { protocolVersion: 5 });
  await compromised.subscribeRefused('areas/area2/machines/#');
  await compromised.publishRefused('areas/area2/mgmt/machine1', '{"command":"melt"}');
  const neighbour = await connect('Area2_MgmtClient1', { protocolVersion: 5 });
  await neighbour.subscribeRefused('areas/area1/machines/#');
  await neighbour.publishRefused('areas/area1/mgmt/machine1', '{"command":"melt"}');
  machine.expectNothingMore();
  management.expectNothingMore();
});
