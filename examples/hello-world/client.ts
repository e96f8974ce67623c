/** One client publishes, another receives: the shortest way through everything there is. */
import { print } from '../support/client.ts';
import { runExample } from '../support/run.ts';

const position = JSON.stringify({ latitude: 47.63962283908785, longitude: -122.12718926895407 });

await runExample('hello-world', async (connect) => {
  const subscriber = await connect('sub-client', { clean: true });
  await subscriber.subscribe('samples/#');

  const publisher = await connect('pub-client');
  await publisher.publish('samples/topic', position);
  print('pub-client published to samples/topic');

  const message = await subscriber.receive();
  print(`sub-client received ${message.payload} on ${message.topic}`);
});
