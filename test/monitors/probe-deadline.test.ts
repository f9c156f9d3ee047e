// An attempt that nobody answers ends at its deadline. The rest of an attempt: probe.test.ts.
import assert from 'node:assert/strict';
import { atLeast, turn } from '../support/limits.js';
import { it } from '../support/test.js';
import { attempt, type ProbeResult } from '../../src/monitors/probe.js';

it('an attempt that is not answered has failed when its time is over', async () => {
  let result: ProbeResult | null = null;
  let taken = 0;
  const { signal } = new AbortController();
  const never = attempt(10, signal, () => () => (taken += 1));
  void never.then((settled) => (result = settled));
  // Of two timers the one that is due first fires first, however late both are; then what lies in the
  // sockets is read.
  await atLeast(20);
  await turn();
  assert.deepEqual(result, { outcome: 'failure', measured: 'no answer within 10 ms' });
  assert.equal(taken, 1);
});
