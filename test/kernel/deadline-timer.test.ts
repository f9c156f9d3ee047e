// The deadline timer. No claim on how late it may be: that depends on the machine.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from '../support/test.js';
import { openKernel } from '../../src/kernel/native.js';
import { instant, type Instant } from '../../src/model/units.js';
import { Inbox } from './inbox.js';
import { turn, untilAtOnce } from '../support/limits.js';

const ADDON = new URL('../../../build/Release/understudy.node', import.meta.url);
const skip = existsSync(ADDON) ? false : 'the addon is not built: npm run build:native';

describe('deadline timer', { skip }, () => {
  const kernel = skip === false ? openKernel() : null;

  /** A timer that tells the time at which it fired. */
  const open = () => {
    assert.ok(kernel !== null);
    const fired = new Inbox<Instant>();
    const timer = kernel.openDeadlineTimer(() => fired.put(kernel.now()));
    return { timer, fired, now: kernel.now() };
  };

  it('tells the monotonic clock in whole microseconds', () => {
    assert.ok(kernel !== null);
    const before = process.hrtime.bigint() / 1000n;
    const now = kernel.now();
    const after = process.hrtime.bigint() / 1000n;
    assert.ok(Number.isSafeInteger(now));
    assert.ok(before <= BigInt(now) && BigInt(now) <= after);
  });

  it('never fires before its instant', async () => {
    const { timer, fired, now } = open();
    for (const ahead of [0, 1, 50, 999.5, 1000, 1001.25, 5000]) {
      const at = instant(now + ahead + 10_000);
      timer.arm(at);
      const when = await fired.take();
      assert.ok(when >= at, `${when} is before ${at}`);
    }
    timer.close();
  });

  it('fires at once for an instant that has passed', async () => {
    const { timer, fired, now } = open();
    for (const past of [0, 0.25, 1, now - 1]) {
      timer.arm(instant(past));
      await fired.take();
    }
    timer.arm(instant(-5));
    await fired.take();
    timer.close();
  });

  it('fires in the order of the instants, whatever the order of arming', async () => {
    assert.ok(kernel !== null);
    const order: string[] = [];
    const done = new Inbox<null>();
    const note = (name: string) => () => {
      order.push(name);
      if (order.length === 3) done.put(null);
    };
    const late = kernel.openDeadlineTimer(note('late'));
    const early = kernel.openDeadlineTimer(note('early'));
    const middle = kernel.openDeadlineTimer(note('middle'));
    const clock = (): number => openKernel().now();
    // The loop looks at all three before the first has expired, and all are armed before that.
    await turn();
    await turn();
    const arm = (): boolean => {
      const now = clock();
      late.arm(instant(now + 60_000));
      early.arm(instant(now + 20_000));
      middle.arm(instant(now + 40_000));
      return clock() < now + 20_000;
    };
    untilAtOnce('all to be armed before the first is due', arm);
    await done.take();
    for (const timer of [late, early, middle]) timer.close();
    assert.deepEqual(order, ['early', 'middle', 'late']);
  });

  it('fires once', async () => {
    const { timer, fired, now } = open();
    timer.arm(instant(now));
    await fired.take();
    const { timer: later, fired: laterFired, now: then } = open();
    later.arm(instant(then + 20_000));
    await laterFired.take();
    assert.equal(fired.size, 0);
    timer.close();
    later.close();
  });

  it('is replaced by being armed anew, and disarmed by null', async () => {
    const { timer, fired, now } = open();
    timer.arm(instant(now + 3_600_000_000));
    timer.arm(instant(now + 10_000));
    const when = await fired.take();
    assert.ok(when < now + 3_600_000_000);
    const { timer: later, fired: laterFired } = open();
    timer.arm(instant(when + 5_000));
    timer.arm(null);
    later.arm(instant(when + 30_000));
    await laterFired.take();
    assert.equal(fired.size, 0);
    timer.close();
    later.close();
  });

  it('does not fire when it was armed anew between its expiry and its callback', async () => {
    assert.ok(kernel !== null);
    const order: string[] = [];
    const done = new Inbox<null>();
    const now = kernel.now();
    // Both have expired when the loop looks; whichever comes first puts off the other.
    const timers = ['a', 'b'].map((name, index) => {
      return kernel.openDeadlineTimer(() => {
        order.push(name);
        if (order.length === 1) timers[1 - index]?.arm(instant(now + 3_600_000_000));
        else done.put(null);
      });
    });
    for (const timer of timers) timer.arm(instant(now));
    const clock = (): number => openKernel().now();
    untilAtOnce('both to have expired', clock, (at) => at >= now + 1000);
    await turn();
    await turn();
    assert.equal(order.length, 1);
    timers[order[0] === 'a' ? 1 : 0]?.arm(instant(now));
    await done.take();
    assert.equal(order.length, 2);
    for (const timer of timers) timer.close();
  });

  it('may be closed by its own callback, twice; arming it then is refused', async () => {
    assert.ok(kernel !== null);
    const closed = new Inbox<null>();
    const timer = kernel.openDeadlineTimer(() => {
      timer.close();
      timer.close();
      closed.put(null);
    });
    timer.arm(instant(0));
    await closed.take();
    assert.throws(() => timer.arm(instant(0)), { code: 'EBADF', message: /closed before/ });
  });

  it('refuses an instant that is none', () => {
    const { timer } = open();
    assert.throws(() => timer.arm(instant(Number.NaN)), RangeError);
    assert.throws(() => timer.arm(instant(Number.POSITIVE_INFINITY)), RangeError);
    timer.close();
  });
});
