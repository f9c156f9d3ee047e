// Every call of a hook has the deadline that its caller gave, in milliseconds, after which the executor
// ends it. No program is run here.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import {
  callCapabilities,
  callSet,
  callStatus,
  tellHook,
  type HookCall,
} from '../../src/hooks/hook-call.js';
import type { RunRequest, RunResult } from '../../src/executor/executor.js';
import { milliseconds } from '../../src/model/units.js';

const DEADLINE = milliseconds(1_234);

const late: RunResult = { outcome: { kind: 'timed-out' }, stdout: '', stderr: '' };

/** Hooks that never end, and what was asked of the executor. */
function calls(): { readonly call: HookCall; readonly requests: RunRequest[] } {
  const requests: RunRequest[] = [];
  const executor: HookCall['executor'] = {
    run: (request) => {
      requests.push(request);
      return Promise.resolve(late);
    },
    setWill: () => undefined,
    setStandby: () => undefined,
    holdUntil: () => undefined,
    finish: () => Promise.resolve(),
  };
  const occasion = { name: 'a', reason: 'test', eventId: '1', flaps: 0 };
  return { call: { executor, hook: '/hook', occasion, deadline: DEADLINE }, requests };
}

describe('a hook', () => {
  const ways: readonly (readonly [string, (call: HookCall) => Promise<unknown>])[] = [
    ['that is told something', (call) => tellHook(call, { words: ['told'], event: {} })],
    ['that sets a relay', (call) => callSet(call, 'bypass', 'one')],
    ['that reads a relay', (call) => callStatus(call, 'one')],
    ['that says what it can', (call) => callCapabilities(call, 'one')],
  ];
  for (const [what, way] of ways) {
    it(`${what} has the deadline of its caller`, async () => {
      const { call, requests } = calls();
      await way(call);
      assert.deepEqual(
        requests.map(({ timeout }) => timeout),
        [DEADLINE],
      );
    });
  }

  it('that was ended at its deadline has failed, in words', async () => {
    const { call } = calls();
    assert.equal(typeof (await tellHook(call, { words: [], event: {} })), 'string');
    assert.equal((await callStatus(call, 'one')).ok, false);
  });
});
