// Until when addresses may stand, whoever lives or hangs: lifetimes in the kernel, the lease of a silent agent, the will
// of a dead one.
import assert from 'node:assert/strict';
import { startExecutor } from '../../src/executor/process.js';
import { openKernel } from '../../src/kernel/native.js';
import { microseconds, type Microseconds } from '../../src/model/units.js';
import { until, within } from '../support/limits.js';
import { describe, test } from '../support/test.js';
import { noNamespace, noWire, request } from './bench.js';
import { lan, LONG, successor, willFor } from './silent-agent.js';

const kernel = openKernel();

/** So much later than now, by CLOCK_BOOTTIME. */
const inSeconds = (seconds: number): Microseconds =>
  microseconds(kernel.now() + kernel.suspended() + seconds * 1_000_000);

const address = { address: '10.99.0.100', prefixLength: 24 } as const;

describe('until when addresses may stand', { skip: noNamespace || noWire }, () => {
  test('no lifetime goes beyond it: whole seconds, and 0.6 s less', async (t) => {
    const net = await lan(t);
    const executor = await startExecutor({ path: net.executor(), onExit: () => undefined });
    t.after(() => {
      // A will would keep the addresses for as long as it says.
      executor.setWill(null);
      return executor.finish({ farewellSent: true });
    });
    const lifetime = (): number => Number(/valid_lft (\d+)sec/.exec(net.shown())?.[1] ?? Infinity);
    const addresses = [{ linkIndex: net.linkIndex, ...address }] as never;
    executor.holdUntil(inSeconds(600));
    executor.setWill(willFor(net.linkIndex, { lease: null, lifetime: 3_600, addresses }));
    const first = await until('a lifetime', lifetime, (seconds) => seconds !== Infinity);
    assert.ok(first <= 599, `expected a lifetime below 600 s, found ${first} s`);

    executor.holdUntil(inSeconds(100));
    await until('a shorter one, at once', lifetime, (seconds) => seconds <= 99);

    executor.holdUntil(null);
    executor.setWill(willFor(net.linkIndex, { lease: null, lifetime: 0, addresses }));
    executor.setWill(willFor(net.linkIndex, { lease: null, lifetime: 3_600, addresses }));
    await until('the whole one', lifetime, (seconds) => seconds > 3_000 && seconds <= 3_600);
  });

  test('a silent agent loses them in time, though no other router is heard', async (t) => {
    const net = await lan(t);
    const lease = kernel.openLease();
    t.after(() => lease.close());
    let told: () => void = () => undefined;
    const revoked = new Promise<void>((resolve) => (told = resolve));
    const path = net.executor();
    const executor = await startExecutor({ path, lease, onRevoked: told, onExit: () => undefined });
    t.after(() => executor.finish({ farewellSent: true }));
    lease.take();
    executor.holdUntil(inSeconds(1.5));
    executor.setWill(willFor(net.linkIndex));
    await within('the lease to lapse', revoked);
    await until('the address to be gone', net.present, (stands) => !stands);
  });

  test('the will of a dead one is done in time, though no successor is heard', async (t) => {
    const net = await lan(t);
    const executor = await startExecutor({ path: net.executor(), onExit: () => undefined });
    executor.holdUntil(inSeconds(1.2));
    const successors = [successor(net.linkIndex)];
    executor.setWill(willFor(net.linkIndex, { lease: null, successors, keepAtMost: LONG }));
    await executor.run(request(['/bin/true']));
    await within('the executor to end', executor.finish({ farewellSent: true }));
    assert.equal(net.present(), false);
  });

  test('a suspension is no part of our own clock, and is told', () => {
    const ahead = kernel.suspended();
    assert.ok(ahead >= 0 && ahead < 1e15, `${ahead} µs`);
  });
});
