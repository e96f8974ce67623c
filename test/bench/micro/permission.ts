/** Whether a client may publish or subscribe: what is asked once for each topic it uses. */
import type { ClientAccess } from '../../../domain/access.ts';
import { buildPolicy, mayPublish, maySubscribe } from '../../../domain/access.ts';
import { aClient, aSnapshot } from '../../support/snapshots.ts';
import type { Benchmark, Plain, Prepared } from './benchmark.ts';

const CLIENT = aClient('press-17', { attributes: { area: 'north' } });
const TEMPLATES_OF_A_SPACE = 10;
const SPACES = [1, 50] as const;

/** Each with both variables, and none that contains another. */
function templatesOf(space: number): string[] {
  return Array.from(
    { length: TEMPLATES_OF_A_SPACE },
    (_, index) =>
      `plant/\${client.attributes.area}/s${space}/t${index}/\${client.name}/` +
      (index % 2 === 0 ? '#' : '+'),
  );
}

function accessTo(spaces: number): ClientAccess {
  const snapshot = aSnapshot({
    clients: [CLIENT],
    spaces: Object.fromEntries(
      Array.from({ length: spaces }, (_, space) => [
        `s${space}`,
        { templates: templatesOf(space) },
      ]),
    ),
  });
  return buildPolicy(snapshot).clientAccess(CLIENT.name)!;
}

/** In the last template of the last space: all the others are looked at before. */
function topicOf(spaces: number, name = CLIENT.name): string {
  return `plant/north/s${spaces - 1}/t${TEMPLATES_OF_A_SPACE - 1}/${name}/state`;
}

function expressionsOf(spaces: number): RegExp[] {
  return Array.from({ length: spaces }, (_, space) => templatesOf(space))
    .flat()
    .map((template) => {
      const filter = template
        .replace('${client.attributes.area}', 'north')
        .replace('${client.name}', CLIENT.name);
      return new RegExp(`^${filter.replace('/#', '(?:/.*)?').replace('+', '[^/]*')}$`);
    });
}

function matching(spaces: number, topic: string): Plain {
  const expressions = expressionsOf(spaces);
  return {
    what: 'a RegExp for each template',
    operate: () => Number(expressions.some((expression) => expression.test(topic))),
  };
}

function publishOf(spaces: number, name: string): Prepared {
  const access = accessTo(spaces);
  const topic = topicOf(spaces, name);
  return {
    operate: () => Number(mayPublish(access, topic) !== undefined),
    plain: matching(spaces, topic),
    yields: Number(name === CLIENT.name),
  };
}

function subscribeOf(spaces: number): Prepared {
  const access = accessTo(spaces);
  const filter = topicOf(spaces).replace('state', '+');
  return {
    operate: () => Number(maySubscribe(access, filter) !== undefined),
    yields: 1,
  };
}

function namesOf(spaces: number): string {
  const where = spaces === 1 ? 'a space' : `${spaces} spaces`;
  return `${spaces * TEMPLATES_OF_A_SPACE} templates in ${where}`;
}

export const PERMISSION: readonly Benchmark[] = SPACES.flatMap((spaces): Benchmark[] => [
  {
    group: 'permission',
    name: `may publish, by the last of ${namesOf(spaces)}`,
    prepare: () => publishOf(spaces, CLIENT.name),
  },
  {
    group: 'permission',
    name: `may not publish, by ${namesOf(spaces)}`,
    prepare: () => publishOf(spaces, 'press-18'),
  },
  {
    group: 'permission',
    name: `may subscribe, by the last of ${namesOf(spaces)}`,
    prepare: () => subscribeOf(spaces),
  },
]);
