/** One message of the fleet's manager reaches every vehicle. */
import { print } from '../support/client.ts';
import { runExample } from '../support/run.ts';

const TOPIC = 'fleet/alerts/weather/alert1';
const alert = JSON.stringify({ message: 'Tornado watch until 9 pm: stay off the ridge road' });

await runExample('fan-out', async (connect) => {
  const vehicles = [await connect('s1-vehicle1'), await connect('s1-vehicle2')];
  for (const vehicle of vehicles) await vehicle.subscribe('fleet/alerts/#');

  const fleetManager = await connect('s1-fleet-mgr');
  await fleetManager.publish(TOPIC, alert);
  print(`s1-fleet-mgr published to ${TOPIC}`);

  for (const vehicle of vehicles) {
    const message = await vehicle.receive();
    print(`${vehicle.name} received ${message.payload} on ${message.topic}`);
  }

  // Vehicles read alerts. One that sends any is disconnected.
  const curious = await connect('s1-vehicle1', { protocolVersion: 5 });
  await curious.publishRefused(TOPIC, alert);
});
