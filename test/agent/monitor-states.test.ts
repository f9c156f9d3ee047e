// What of the monitors' words is kept, and what of it is news. No hook.
import assert from 'node:assert/strict';
import { test } from '../support/test.js';
import { createMonitorStates } from '../../src/agent/monitor-states.js';
import type { MonitorStatus } from '../../src/model/monitor.js';

const db = (state: MonitorStatus['state'], detail: string, weight = 0): MonitorStatus => ({
  name: 'db',
  state,
  detail,
  weight,
});

test('one that knows nothing any more is what it was, with the weight of now', () => {
  const states = createMonitorStates();
  states.take([db('failed', 'refused')]);
  assert.deepEqual(states.take([db('unknown', 'the prober died', 20)]), []);
  assert.deepEqual(states.all(), [db('failed', 'refused', 20)]);
  assert.deepEqual(states.take([db('failed', 'timed out', 20)]), [], 'no news');
  assert.deepEqual(states.all(), [db('failed', 'timed out', 20)]);
});

test('one that has never known says why', () => {
  const states = createMonitorStates();
  states.take([db('unknown', 'waiting for the first result')]);
  states.take([db('unknown', 'no room for a process')]);
  assert.deepEqual(states.all(), [db('unknown', 'no room for a process')]);
  assert.deepEqual(states.take([db('ok', 'fine')]), [{ ...db('ok', 'fine'), from: 'unknown' }]);
});

test('one that was taken out of the settings begins anew', () => {
  const states = createMonitorStates();
  states.take([db('failed', 'refused')]);
  assert.deepEqual(states.take([]), []);
  assert.deepEqual(states.all(), []);
  states.take([db('unknown', 'waiting for the first result')]);
  assert.deepEqual(states.all(), [db('unknown', 'waiting for the first result')]);
});
