/** A vehicle reports positions as MQTT 3.1.1 bytes, a thermometer temperatures as MQTT 5 JSON. */
import { print } from '../support/client.ts';
import type { ExampleClient } from '../support/client.ts';
import { runExample } from '../support/run.ts';

const POSITIONS = 19;
const READINGS = [72, 104, 99.5, 131];

async function drive(vehicle: ExampleClient): Promise<void> {
  const topic = `vehicles/${vehicle.name}/GPS/position`;
  for (let index = 1; index <= POSITIONS; index++) {
    const latitude = Number((47.63 + index / 1000).toFixed(3));
    const position = { index, latitude, longitude: -122.12 };
    await vehicle.publish(topic, JSON.stringify(position));
  }
  print(`${vehicle.name} published ${POSITIONS} positions to ${topic}`);
}

/** Only of a payload that its client calls JSON can filters read fields. */
const properties = { payloadFormatIndicator: true, contentType: 'application/json' };

async function measure(thermometer: ExampleClient): Promise<void> {
  const topic = `buildings/building17/${thermometer.name}`;
  for (const Temp of READINGS) {
    await thermometer.publish(topic, JSON.stringify({ Temp, humidity: 40 }), { properties });
  }
  print(`${thermometer.name} published the temperatures ${READINGS.join(' ')} to ${topic}`);
}

await runExample('routing', async (connect) => {
  await drive(await connect('s4-vehicle1'));
  await measure(await connect('s4-thermometer1', { protocolVersion: 5 }));
});
