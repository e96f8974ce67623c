/**
 * What the example scripts share: connecting over mutual TLS with the certificates that
 * `mqttgrid up` made.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import mqtt from 'mqtt';
import type { IClientOptions } from 'mqtt';
import { ExampleClient } from './client.ts';

const ENDPOINT = process.env['MQTTGRID_ENDPOINT'] ?? 'mqtts://127.0.0.1:8883';
const CERTIFICATES = process.env['MQTTGRID_CERTIFICATES'] ?? '.mqttgrid/certificates';

export type Connect = (name: string, options?: IClientOptions) => Promise<ExampleClient>;

async function open(
  namespace: string,
  name: string,
  options: IClientOptions,
): Promise<ExampleClient> {
  const of = (file: string): string => path.join(CERTIFICATES, namespace, file);
  const client = mqtt.connect(ENDPOINT, {
    clientId: name,
    cert: await readFile(of(`${name}.crt`)),
    key: await readFile(of(`${name}.key`)),
    ca: await readFile(path.join(CERTIFICATES, 'ca.crt')),
    protocolVersion: 4,
    clean: false,
    reconnectPeriod: 0,
    ...options,
  });
  return new ExampleClient(name, client);
}

/**
 * Runs one example against the broker of `mqttgrid up`: MQTT 3.1.1 with a session that stays,
 * unless the options say otherwise. Sets the exit code to 1 when it does not go as it should.
 */
export async function runExample(
  namespace: string,
  example: (connect: Connect) => Promise<void>,
): Promise<void> {
  const clients: ExampleClient[] = [];
  const connect: Connect = async (name, options = {}) => {
    const client = await open(namespace, name, options);
    clients.push(client);
    await client.opened();
    return client;
  };
  try {
    await example(connect);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
  await Promise.all(clients.map((client) => client.end()));
}
