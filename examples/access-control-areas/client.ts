/** The machines of an area hear each other, and no other area. */
import { print } from '../support/client.ts';
import { runExample } from '../support/run.ts';

await runExample('access-control-areas', async (connect) => {
  const readers = [await connect('Area1_Machine2'), await connect('Area2_Machine2')];
  for (const [index, reader] of readers.entries()) {
    await reader.subscribe(`areas/area${index + 1}/machines/#`);
  }

  for (const area of ['area1', 'area2']) {
    const writer = await connect(area === 'area1' ? 'Area1_Machine1' : 'Area2_Machine1');
    await writer.publish(`areas/${area}/machines/machine1`, `reading of ${area}`);
    print(`${writer.name} published to areas/${area}/machines/machine1`);
  }

  for (const reader of readers) {
    const message = await reader.receive();
    print(`${reader.name} received "${message.payload}" on ${message.topic}`);
  }

  const stranger = await connect('Area2_Machine1', { protocolVersion: 5 });
  await stranger.subscribeRefused('areas/area1/machines/#');
  await stranger.subscribeRefused('areas/#');
  await stranger.publishRefused('areas/area1/machines/machine1', 'reading of area2');
  for (const reader of readers) reader.expectNothingMore();
});
