// What happens between the moment in which a lease lapses and the release: a will that arrives then, and for
// how long the addresses stay.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LastWill } from '../../src/executor/executor.js';
import { startExecutor } from '../../src/executor/process.js';
import { openKernel } from '../../src/kernel/native.js';
import type { IpAddress } from '../../src/model/address.js';
import { milliseconds } from '../../src/model/units.js';
import { atLeast, within } from '../support/limits.js';
import { describe, test, type TestContext } from '../support/test.js';
import { directory, fifo, noWire, request, shell } from './bench.js';
import { announcement4, announcement6, frame4, frame6 } from './frames.js';
import { lan, LONG, sendUntil, silence, successor, willFor } from './silent-agent.js';

/** An executor whose agent, this process, is silent: nobody renews, and 51 has been heard. */
async function lapsed(
  t: TestContext,
  {
    addresses,
    ...change
  }: Partial<Omit<LastWill, 'addresses'>> & {
    readonly addresses?: (linkIndex: number) => LastWill['addresses'];
  },
) {
  const net = await lan(t);
  const lease = openKernel().openLease();
  t.after(() => lease.close());
  let told: () => void = () => undefined;
  const revoked = new Promise<void>((resolve) => (told = resolve));
  const path = net.executor();
  const executor = await startExecutor({ path, lease, onRevoked: told, onExit: () => undefined });
  t.after(() => executor.finish({ farewellSent: true }));
  const { linkIndex } = net;
  const will = willFor(linkIndex, {
    // Of both families, so that announcements of both are heard.
    successors: [
      successor(linkIndex),
      successor(linkIndex, 60),
      { ...successor(linkIndex), family: 'ipv6' as const },
    ],
    keepAtMost: milliseconds(2_000),
    ...(addresses === undefined ? {} : { addresses: addresses(linkIndex) }),
    ...change,
  });
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
      await net.wire.send(frame6({}));
    }
    // Longer than it waits from the last successor to the release.
    await atLeast(1_000);
    await executor.run(request(['/bin/true']));

    assert.equal(existsSync(released), false, 'released while the agent lives');
    assert.equal(lease.renew(), true, 'and the lease is held');
    executor.setWill(null);
  });

  const FOUR = { address: '10.99.0.100' as IpAddress, prefixLength: 24 };
  const SIX = { address: 'fe80::64' as IpAddress, prefixLength: 64 };
  const four = [10, 99, 0, 100];
  const six = [0xfe, 0x80, ...Array.from({ length: 13 }, () => 0), 0x64];

  /** Milliseconds from the question to the last successor, who also sends these, to the beginning of the release. */
  async function kept(
    t: TestContext,
    addresses: readonly (typeof FOUR)[],
    then: readonly Uint8Array[],
  ): Promise<number> {
    const begun = fifo(t);
    const lines = begun.lines();
    const { net } = await lapsed(t, {
      release: shell(`read line < /proc/$$/stat; echo "$line" > ${begun.path}`),
      keepAtMost: LONG,
      addresses: (linkIndex) => addresses.map((one) => ({ linkIndex, ...one })),
    });
    const first = lines();
    // Both in ticks of 10 ms since boot: when the kernel made the process, not when that got to run.
    const askedAt = Math.floor(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 100);
    for (const frame of [frame6({}), frame4({ vrid: 60 }), ...then]) await net.wire.send(frame);
    const stat = await within('the release begins', first);
    const startedAt = Number(stat.split(' ')[21]);
    return (startedAt - askedAt) * 10;
  }

  /** As long as an announcement may be missing; sooner no busy machine makes it. */
  const PATIENCE_MS = 490;

  test('the addresses stay until the last successor has announced each of them', async (t) => {
    const all = [announcement4(four), announcement6(six)];
    // Not judged by how late it is: a busy machine is. Of many one is not late.
    let ms = Infinity;
    for (let time = 0; ms >= PATIENCE_MS && time < 20; time += 1) {
      ms = await kept(t, [FOUR, SIX], all);
    }
    assert.ok(ms < PATIENCE_MS, `released ${ms} ms after all were announced`);
  });

  for (const [what, frames] of [
    ['nothing', []],
    ['one of two', [announcement6(six)]],
    ['the other one', [announcement4(four)]],
    ['another address', [announcement4([10, 99, 0, 101]), announcement6(six)]],
    ['a question from it', [announcement4(four, [10, 99, 0, 9]), announcement6(six)]],
    ['a question for it', [announcement4(four), announcement6(six, 135)]],
  ] as const) {
    test(`and when ${what} is announced, for as long as a hook and a script may take`, async (t) => {
      const ms = await kept(t, [FOUR, SIX], frames);
      assert.ok(ms >= PATIENCE_MS, `released ${ms} ms after the last successor was asked to speak`);
    });
  }
});
