/** Every vehicle publishes its own positions; the map reads them all. */
import { print } from '../support/client.ts';
import type { ExampleClient } from '../support/client.ts';
import { runExample } from '../support/run.ts';

const POSITIONS = 19;

async function drive(vehicle: ExampleClient): Promise<void> {
  for (let index = 1; index <= POSITIONS; index++) {
    const position = { index, latitude: 47.63 + index / 1000, longitude: -122.12 };
    await vehicle.publish(`vehicles/${vehicle.name}/GPS/position`, JSON.stringify(position));
  }
  print(`${vehicle.name} published ${POSITIONS} positions`);
}

await runExample('fan-in', async (connect) => {
  const map = await connect('s2-map-client');
  await map.subscribe('vehicles/+/GPS/#');

  const vehicles = [
    await connect('s2-vehicle1', { clean: true }),
    await connect('s2-vehicle2', { clean: true }),
  ];
  for (const vehicle of vehicles) await drive(vehicle);

  const received = new Map<string, number[]>();
  for (let count = 0; count < POSITIONS * vehicles.length; count++) {
    const message = await map.receive();
    const { index } = JSON.parse(message.payload) as { index: number };
    received.set(message.topic, [...(received.get(message.topic) ?? []), index]);
  }
  for (const [topic, indexes] of received) {
    print(`s2-map-client received ${indexes.length} positions on ${topic}: ${indexes.join(' ')}`);
  }

  // A vehicle reads nothing, and speaks for nobody else: one that tries is disconnected.
  const vehicle = await connect('s2-vehicle1', { clean: true, protocolVersion: 5 });
  await vehicle.subscribeRefused('vehicles/+/GPS/#');
  await vehicle.publishRefused('vehicles/s2-vehicle2/GPS/position', '{}');
  map.expectNothingMore();
});
