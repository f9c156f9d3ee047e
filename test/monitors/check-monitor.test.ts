// A monitor on its schedule, with a probe that answers from a list: what it reports, and when it says
// that something has changed.
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from '../support/test.js';
import type { MonitorStatus } from '../../src/model/monitor.js';
import { startCheckMonitor } from '../../src/monitors/check-monitor.js';
import { failure, success, unavailable, type ProbeResult } from '../../src/monitors/probe.js';
import { until, within } from '../support/limits.js';

const YES = success('answered');
const NO = failure('no answer');

/** Every status that was told, and the last one after all results. */
async function follow(
  t: TestContext,
  results: readonly ProbeResult[],
): Promise<{ readonly told: readonly MonitorStatus[]; readonly last: MonitorStatus }> {
  const told: MonitorStatus[] = [];
  const left = [...results];
  let done = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    done = resolve;
  });
  const monitor = startCheckMonitor({
    name: 'db',
    weight: 'soft',
    limits: { failureThreshold: 3, recoveryThreshold: 2 },
    intervalMs: 1,
    onChange: () => told.push(monitor.status()),
    probe: {
      run: () => {
        const next = left.shift();
        if (next !== undefined) return Promise.resolve(next);
        done();
        return new Promise(() => undefined);
      },
      close: () => undefined,
    },
  });
  t.after(() => monitor.close());
  await within('all results to be asked for', over, () => JSON.stringify(told));
  return { told, last: monitor.status() };
}

/** A monitor that asks once an hour, with a probe that answers from a list, and its reports. */
function hourly(t: TestContext, results: readonly ProbeResult[]) {
  const told: MonitorStatus[] = [];
  const asked: (boolean | undefined)[] = [];
  const left = [...results];
  let hurried = 0;
  const monitor = startCheckMonitor({
    name: 'gateway',
    weight: 'soft',
    limits: { failureThreshold: 3, recoveryThreshold: 2 },
    intervalMs: 3_600_000,
    onChange: () => told.push(monitor.status()),
    probe: {
      run: (_, hasty) => {
        asked.push(hasty);
        const next = left.shift();
        return next === undefined ? new Promise(() => undefined) : Promise.resolve(next);
      },
      hurry: () => (hurried += 1),
      close: () => undefined,
    },
  });
  t.after(() => monitor.close());
  const settled = (count: number) =>
    until(
      `${count} attempts`,
      () => asked.length,
      (seen) => seen >= count,
    );
  return { told, asked, settled, hurry: () => monitor.hurry?.(), hurried: () => hurried };
}

const states = (told: readonly MonitorStatus[]): string[] =>
  told.map(({ state, doubtful }) => (doubtful === undefined ? state : `${state}, in doubt`));

describe('a check monitor', () => {
  test('is in doubt from the first failure to the verdict, and says so at once', async (t) => {
    const { told, last } = await follow(t, [YES, NO, NO, NO, NO]);
    assert.deepEqual(states(told), ['ok', 'ok, in doubt', 'failed']);
    assert.ok(!('doubtful' in last));
  });

  test('one success ends the doubt; so does the failure of a failed one', async (t) => {
    const { told } = await follow(t, [YES, NO, NO, YES, YES, NO, YES]);
    assert.deepEqual(states(told), ['ok', 'ok, in doubt', 'ok', 'ok, in doubt', 'ok']);
    const failed = await follow(t, [NO, NO, NO, YES, NO, YES, YES]);
    assert.deepEqual(states(failed.told), [
      'unknown, in doubt',
      'failed',
      'failed, in doubt',
      'failed',
      'failed, in doubt',
      'ok',
    ]);
  });

  test('not being able to try is no doubt', async (t) => {
    const { told, last } = await follow(t, [YES, NO, unavailable('no socket')]);
    assert.deepEqual(states(told), ['ok', 'ok, in doubt', 'unknown']);
    assert.equal(last.detail, 'no socket');
  });

  test('in a hurry it asks at once, and again until the verdict is there', async (t) => {
    const { told, asked, settled, hurry } = hourly(t, [YES, NO, NO, NO, NO]);
    await until('the first result', () => told.length);
    hurry();
    await until(
      'the verdict',
      () => told.length,
      (seen) => seen === 3,
    );
    assert.deepEqual(states(told), ['ok', 'ok, in doubt', 'failed']);
    await settled(4);
    assert.deepEqual(asked, [false, true, true, true], 'the next one in an hour');
  });

  test('an answer ends the hurry', async (t) => {
    const { told, asked, hurry } = hourly(t, [YES, NO, YES, NO]);
    await until('the first result', () => told.length);
    hurry();
    await until(
      'the answer',
      () => told.length,
      (seen) => seen === 3,
    );
    assert.deepEqual(states(told), ['ok', 'ok, in doubt', 'ok']);
    assert.deepEqual(asked, [false, true, true]);
  });

  test('what is under way is hurried; one that has failed is not', async (t) => {
    const waiting = hourly(t, []);
    await waiting.settled(1);
    waiting.hurry();
    assert.deepEqual([waiting.hurried(), waiting.asked.length], [1, 1]);
    const failing = hourly(t, [NO, NO, NO, YES]);
    await until('the first failure', () => failing.told.length);
    failing.hurry();
    await until(
      'the verdict',
      () => failing.told.length,
      (seen) => seen === 2,
    );
    failing.hurry();
    assert.deepEqual(failing.asked, [false, true, true]);
  });

  test('a detail alone is no change', async (t) => {
    const { told, last } = await follow(t, [YES, success('answered in 2 ms')]);
    assert.equal(told.length, 1);
    assert.match(last.detail, /^answered in 2 ms/);
  });
});
