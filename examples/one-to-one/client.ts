/**
 * A phone asks, a car answers: first as MQTT 3.1.1 clients do, with everything in topic and
 * payload, then with MQTT 5's Response Topic and Correlation Data.
 */
import { randomUUID } from 'node:crypto';
import { print } from '../support/client.ts';
import { runExample } from '../support/run.ts';
import type { Connect } from '../support/run.ts';

const REQUEST_TOPIC = 'vehicles/unlock/req/s3-vehicle1/s3-mobile1';
const RESPONSE_TOPIC = 'vehicles/unlock/res/s3-mobile1/s3-vehicle1';

async function unlock(connect: Connect): Promise<void> {
  const vehicle = await connect('s3-vehicle1');
  await vehicle.subscribe('vehicles/unlock/req/s3-vehicle1/#');
  const mobile = await connect('s3-mobile1');
  await mobile.subscribe('vehicles/unlock/res/s3-mobile1/#');

  const commandId = randomUUID();
  const command = { command: 'unlock', commandId, requestorId: mobile.name };
  await mobile.publish(REQUEST_TOPIC, JSON.stringify(command));

  const request = await vehicle.receive();
  const asked = JSON.parse(request.payload) as typeof command;
  print(`s3-vehicle1 received ${asked.command} from ${asked.requestorId}`);
  const answer = JSON.stringify({ commandId: asked.commandId, result: 'Success' });
  await vehicle.publish(`vehicles/unlock/res/${asked.requestorId}/s3-vehicle1`, answer);

  const response = await mobile.receive();
  const answered = JSON.parse(response.payload) as { commandId: string; result: string };
  if (answered.commandId !== commandId) throw new Error('that answers another command');
  print(`s3-mobile1 received ${answered.result} on ${response.topic}`);
  await Promise.all([vehicle.end(), mobile.end()]);
}

async function unlockWithResponseTopic(connect: Connect): Promise<void> {
  const vehicle = await connect('s3-vehicle1', { protocolVersion: 5 });
  await vehicle.subscribe('vehicles/unlock/req/s3-vehicle1/#');
  const mobile = await connect('s3-mobile1', { protocolVersion: 5 });
  await mobile.subscribe('vehicles/unlock/res/s3-mobile1/#');

  const correlationData = Buffer.from(randomUUID());
  const properties = { responseTopic: RESPONSE_TOPIC, correlationData };
  await mobile.publish(REQUEST_TOPIC, 'unlock', { properties });

  const request = await vehicle.receive();
  const { responseTopic = '', correlationData: asked = Buffer.of() } = request.properties ?? {};
  print(`s3-vehicle1 received ${request.payload}, to be answered on ${responseTopic}`);
  await vehicle.publish(responseTopic, 'Success', { properties: { correlationData: asked } });

  const response = await mobile.receive();
  if (response.properties?.correlationData?.equals(correlationData) !== true) {
    throw new Error('that answers another command');
  }
  print(`s3-mobile1 received ${response.payload} with its own correlation data`);

  // The phone may ask a car, not answer for it.
  await mobile.publishRefused(RESPONSE_TOPIC, 'Success');
}

await runExample('one-to-one', async (connect) => {
  print('MQTT 3.1.1:');
  await unlock(connect);
  print('MQTT 5:');
  await unlockWithResponseTopic(connect);
});
