// What happens between the moment in which a lease lapses and the release: a will that arrives then, and for
// how long the addresses stay.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LastWill } from '../../src/executor/executor.js';
import { startExecutor } from '../../src/executor/process.js';
import { openKernel } from '../../src/kernel/native.js';
import { milliseconds } from '../../src/model/units.js';
import { atLeast, within } from '../support/limits.js';
import { describe, test, type TestContext } from '../support/test.js';
import { directory, fifo, noWire, request, shell } from './bench.js';
import { frame4 } from './frames.js';
import { lan, LONG, sendUntil, silence, successor, willFor } from './silent-agent.js';

/** An executor whose agent, this process, is silent: nobody renews, and 51 has been heard. */
async function lapsed(t: TestContext, change: Partial<LastWill>) {
  const net = await lan(t);
  const lease = openKernel().openLease();
  t.after(() => lease.close());
  let told: () => void = () => undefined;
  const revoked = new Promise<void>((resolve) => (told = resolve));
  const path = net.executor();
  const executor = await startExecutor({ path, lease, onRevoked: told, onExit: () => undefined });
  t.after(() => executor.finish({ farewellSent: true }));
  const successors = [successor(net.linkIndex), successor(net.linkIndex, 60)];
  const will = willFor(net.linkIndex, { successors, keepAtMost: milliseconds(2_000), ...change });
  lease.take();
  executor.setWill(will);
  await within('the lease lapses', sendUntil(net.wire, revoked));
  return { net, executor, lease, will };
}

describe('a lease that lapses', { skip: noWire }, () => {
  test('a will that arrives meanwhile takes it back: the addresses stay', async (t) => {
    const released = join(directory(), 'released');
    const { net, executor, lease, will } = await lapsed(t, {
      release: shell(`echo released > ${released}`),
      keepAtMost: LONG,
    });
    // We live, and are Active again: what the silence had begun is over, for the second successor too.
    lease.take();
    executor.setWill({ ...will, lease: silence({ listenAfter: LONG }) });
    await executor.run(request(['/bin/true']));

    for (let time = 0; time < 20; time += 1) {
      await net.wire.send(frame4({}));
      await net.wire.send(frame4({ vrid: 60 }));
    }
    // Ten times as long as it waits from the last successor to the release.
    await atLeast(300);
    await executor.run(request(['/bin/true']));

    assert.equal(existsSync(released), false, 'released while the agent lives');
    assert.equal(lease.renew(), true, 'and the lease is held');
    executor.setWill(null);
  });

  /** Milliseconds from the question to the last successor to the beginning of the release. */
  async function kept(t: TestContext): Promise<number> {
    const begun = fifo(t);
    const lines = begun.lines();
    const { net } = await lapsed(t, {
      release: shell(`read line < /proc/$$/stat; echo "$line" > ${begun.path}`),
      keepAtMost: LONG,
    });
    const first = lines();
    // Both in ticks of 10 ms since boot: when the kernel made the process, not when that got to run.
    const askedAt = Math.floor(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 100);
    await net.wire.send(frame4({ vrid: 60 }));
    const stat = await within('the release begins', first);
    const startedAt = Number(stat.split(' ')[21]);
    return (startedAt - askedAt) * 10;
  }

  test('the addresses stay for 30 ms more from the last successor on', async (t) => {
    // Not judged by how late it is: a busy machine is. Sooner it may not be, on any machine; and of several one is
    // not late.
    for (let time = 0; time < 5; time += 1) {
      const ms = await kept(t);
      assert.ok(ms >= 20, `released ${ms} ms after the last successor was asked to speak`);
    }
  });
});
