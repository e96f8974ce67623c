import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PermittedTopics } from './permitted-topics.ts';
import type { Route } from './router.ts';
import { Router } from './router.ts';

const router = new Router();

function permit(topics: PermittedTopics, topic: string): Route {
  const route = router.route(topic);
  topics.set(route.bytes.toString('latin1'), route);
  return route;
}

function matchLast(topics: PermittedTopics, topic: string): Route | undefined {
  const bytes = Buffer.from(`..${topic}payload`);
  return topics.matchLast(bytes, 2, 2 + Buffer.byteLength(topic));
}

test('only the very topic of the last message is taken for it', () => {
  const topics = new PermittedTopics();
  assert.equal(matchLast(topics, 'a/b'), undefined);
  const route = permit(topics, 'a/é');
  assert.equal(matchLast(topics, 'a/é'), route);
  for (const other of ['a/b', 'a/', 'b/é', 'a/éé', '']) {
    assert.equal(matchLast(topics, other), undefined, other);
  }
});

test('the last topic is the one that was asked for or permitted last', () => {
  const topics = new PermittedTopics();
  const first = permit(topics, 'first');
  const second = permit(topics, 'second');
  assert.equal(matchLast(topics, 'second'), second);
  assert.equal(topics.get('first'), first);
  assert.equal(matchLast(topics, 'first'), first);
  assert.equal(topics.get('third'), undefined);
  assert.equal(matchLast(topics, 'first'), first);
});

test('nothing is permitted any more once the declarations change', () => {
  const topics = new PermittedTopics();
  permit(topics, 'a');
  topics.clear();
  assert.equal(topics.get('a'), undefined);
  assert.equal(matchLast(topics, 'a'), undefined);
});

test('what is remembered has a bound', () => {
  const topics = new PermittedTopics();
  permit(topics, 'oldest');
  for (let number = 0; number < 256; number++) permit(topics, `topic/${number}`);
  assert.equal(topics.get('oldest'), undefined);
  assert.ok(topics.get('topic/255'));
});
