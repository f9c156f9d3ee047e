// Signs of life for the service manager: how many, and that only a loop that gets to its end gives them.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { aliveDuring, createWatchdog } from '../../src/agent/watchdog.js';
import { instant, type Instant } from '../../src/model/units.js';
import type { Later } from '../../src/timers/later.js';
import { rig, routerSettings, settingsOf, settle } from './rig.js';

const TIMEOUT = 2_000_000;
const signsIn = (notifications: readonly string[]): number =>
  notifications.filter((message) => message === 'WATCHDOG=1').length;

describe('what the environment asks for', () => {
  const none: [string, Record<string, string>][] = [
    ['nothing', {}],
    ['an empty timeout', { WATCHDOG_USEC: '' }],
    ['zero', { WATCHDOG_USEC: '0' }],
    ['no number', { WATCHDOG_USEC: '2s' }],
    ['a negative number', { WATCHDOG_USEC: '-1' }],
    ['another process', { WATCHDOG_USEC: '2000000', WATCHDOG_PID: '8' }],
    ['no process at all', { WATCHDOG_USEC: '2000000', WATCHDOG_PID: '' }],
  ];
  for (const [what, environment] of none) {
    it(`${what}: nobody watches`, () => {
      const told: string[] = [];
      const watchdog = createWatchdog(environment, 7, (message) => void told.push(message));
      assert.equal(watchdog.dueAt, null);
      watchdog.alive(instant(1));
      assert.deepEqual(told, []);
    });
  }

  it('this process, or whoever gets the environment: four signs per timeout', () => {
    for (const WATCHDOG_PID of ['7', undefined]) {
      const told: string[] = [];
      const environment = { WATCHDOG_USEC: '2000000', WATCHDOG_PID };
      const watchdog = createWatchdog(environment, 7, (message) => void told.push(message));
      assert.equal(watchdog.dueAt, 0, 'the first is due at once');
      for (let at = 1_000_000; at < 3_000_000; at += 10_000) watchdog.alive(instant(at));
      assert.deepEqual(told, ['WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1']);
      assert.equal(watchdog.dueAt, 3_000_000);
    }
  });

  it('the shortest timeout there is does not make it spin', () => {
    const watchdog = createWatchdog({ WATCHDOG_USEC: '1' }, 7, () => undefined);
    watchdog.alive(instant(5));
    assert.equal(watchdog.dueAt, 6);
  });
});

describe('the loop', () => {
  it('wakes up for the sign, with nothing else to do', async () => {
    const idle = { ...settingsOf([routerSettings({})]) };
    const settings = { ...idle, ha: { ...idle.ha, mode: 'off' as const } };
    const { driver, kernel } = rig({ settings, watchdogTimeout: TIMEOUT });
    driver.start();
    await settle();
    const before = signsIn(kernel.notifications);
    kernel.advance(10 * TIMEOUT);
    assert.equal(signsIn(kernel.notifications) - before, 40);
  });

  it('without a watchdog sleeps until it compares with the kernel again', async () => {
    const idle = settingsOf([routerSettings({})]);
    const { driver, kernel } = rig({ settings: { ...idle, ha: { ...idle.ha, mode: 'off' } } });
    const started = kernel.now();
    driver.start();
    await settle();
    const nextLookAtTheKernel = started + 5_000_000;
    assert.equal(kernel.armedFor, nextLookAtTheKernel);
    assert.deepEqual(kernel.notifications, []);
  });

  it('gives none when it does not get to its end', async () => {
    const { driver, kernel, executor } = rig({ watchdogTimeout: TIMEOUT });
    driver.start();
    await settle();
    executor.setWill = () => {
      executor.setWill = () => undefined;
      throw new Error('the loop breaks here');
    };
    const before = signsIn(kernel.notifications);
    // Active_Down_Interval: the role changes, and with it the will.
    kernel.stall(4_000_000);
    assert.throws(() => kernel.advance(0), /the loop breaks here/);
    assert.equal(signsIn(kernel.notifications), before);
  });

  it('gives none once it has stopped', async () => {
    const { driver, kernel } = rig({ watchdogTimeout: TIMEOUT });
    driver.start();
    await settle();
    await driver.stop();
    const before = signsIn(kernel.notifications);
    kernel.stall(TIMEOUT);
    driver.operate({ kind: 'operator', command: 'maintenance-on', force: true });
    await settle();
    assert.equal(signsIn(kernel.notifications), before);
  });
});

describe('a stop', () => {
  /** A clock that stands still until the task that is due next is done. */
  function clockOf(): { now: () => Instant; later: Later; next: () => boolean } {
    let at = 1_000_000;
    const due: { at: number; task: () => void }[] = [];
    return {
      now: () => instant(at),
      later(ms, task) {
        const one = { at: at + ms * 1_000, task };
        due.push(one);
        return () => void due.splice(due.indexOf(one), 1);
      },
      next() {
        const one = due.shift();
        if (one === undefined) return false;
        at = one.at;
        one.task();
        return true;
      },
    };
  }
  const watched = (told: string[], environment: Record<string, string>) =>
    createWatchdog(environment, 7, (message) => void told.push(message));

  it('gives signs for as long as it takes, and none afterwards', async () => {
    const told: string[] = [];
    const clock = clockOf();
    let end: (outcome: string) => void = () => undefined;
    const work = new Promise<string>((resolve) => void (end = resolve));
    const watchdog = watched(told, { WATCHDOG_USEC: String(TIMEOUT) });
    const stop = aliveDuring(work, { watchdog, ...clock });
    for (let sign = 0; sign < 40; sign += 1) assert.ok(clock.next());
    assert.equal(clock.now(), 1_000_000 + 10 * TIMEOUT);
    assert.equal(signsIn(told), 41);
    end('stopped');
    assert.equal(await stop, 'stopped');
    assert.equal(clock.next(), false);
  });

  it('that fails gives none afterwards either', async () => {
    const clock = clockOf();
    const watchdog = watched([], { WATCHDOG_USEC: String(TIMEOUT) });
    await assert.rejects(
      aliveDuring(Promise.reject(new Error('no')), { watchdog, ...clock }),
      /no/,
    );
    assert.equal(clock.next(), false);
  });

  it('sets no timer where nobody watches', async () => {
    const told: string[] = [];
    const clock = clockOf();
    await aliveDuring(Promise.resolve(), { watchdog: watched(told, {}), ...clock });
    assert.equal(clock.next(), false);
    assert.deepEqual(told, []);
  });
});
