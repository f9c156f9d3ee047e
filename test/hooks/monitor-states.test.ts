// What of the monitors' words is kept, and what of it is news. No hook.
import assert from 'node:assert/strict';
import { test } from '../support/test.js';
import { createMonitorStates, type MonitorNews } from '../../src/hooks/monitor-states.js';
import type { MonitorStatus } from '../../src/model/monitor.js';

const db = (state: MonitorStatus['state'], detail: string, weight = 0): MonitorStatus => ({
  name: 'db',
  state,
  detail,
  weight,
});

/** The states, and what each `take` tells where all can be told. */
function rig() {
  const states = createMonitorStates();
  const take = (...statuses: MonitorStatus[]): MonitorNews[] => {
    const news: MonitorNews[] = [];
    states.take(statuses, (one) => news.push(one) > 0);
    return news;
  };
  return { states, take };
}

test('one that knows nothing any more is what it was, with the weight of now', () => {
  const { states, take } = rig();
  take(db('failed', 'refused'));
  assert.deepEqual(take(db('unknown', 'the prober died', 20)), []);
  assert.deepEqual(states.all(), [db('failed', 'refused', 20)]);
  assert.deepEqual(take(db('failed', 'timed out', 20)), [], 'no news');
  assert.deepEqual(states.all(), [db('failed', 'timed out', 20)]);
});

test('one that has never known says why', () => {
  const { states, take } = rig();
  take(db('unknown', 'waiting for the first result'));
  take(db('unknown', 'no room for a process'));
  assert.deepEqual(states.all(), [db('unknown', 'no room for a process')]);
  assert.deepEqual(take(db('ok', 'fine')), [{ ...db('ok', 'fine'), from: 'unknown' }]);
});

test('one that was taken out of the settings begins anew', () => {
  const { states, take } = rig();
  take(db('failed', 'refused'));
  assert.deepEqual(take(), []);
  assert.deepEqual(states.all(), []);
  take(db('unknown', 'waiting for the first result'));
  assert.deepEqual(states.all(), [db('unknown', 'waiting for the first result')]);
  assert.deepEqual(take(db('failed', 'refused')), [
    { ...db('failed', 'refused'), from: 'unknown' },
  ]);
});

test('what could not be told is told when it can be, if it is still so', () => {
  const states = createMonitorStates();
  const told: string[] = [];
  const take = (status: MonitorStatus, room: boolean): void =>
    states.take([status], ({ state, from }) => room && told.push(`${from} → ${state}`) > 0);
  take(db('failed', 'refused'), true);
  take(db('ok', 'fine'), false);
  take(db('failed', 'refused'), true);
  assert.deepEqual(told, ['unknown → failed'], 'nothing is another than was told');
  take(db('ok', 'fine'), false);
  take(db('ok', 'fine'), true);
  take(db('ok', 'fine'), true);
  assert.deepEqual(told, ['unknown → failed', 'failed → ok']);
});
