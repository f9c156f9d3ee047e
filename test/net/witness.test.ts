// A pair with a witness, a real etcd on a third host: what becomes of the role when nothing connects the two, when the
// Active loses its power, and when the witness itself is gone. In CI alone.
import assert from 'node:assert/strict';
import process from 'node:process';
import { now } from '../../scripts/lab/clock.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { atLeast, until, WAIT_LIMIT_MS } from '../support/limits.js';
import { describe, it } from '../support/test.js';
import type { RealEtcd } from '../support/real-etcd.js';
import { ADDRESS, SHORTEST, Witnessed } from './witness-bench.js';

const TTL_MS = SHORTEST.ttlMs;

/** A password costs a busy machine seconds: etcdctl alone would wait for five. */
const PATIENTLY = [`--command-timeout=${WAIT_LIMIT_MS}ms`, `--dial-timeout=${WAIT_LIMIT_MS}ms`];

const skip =
  process.env['CI'] === 'true' ? ((await enterSandbox()) ?? false) : 'a real etcd: in CI alone';

/** etcd gives a request up after seconds of its own, however patient etcdctl is; what it gave up may have come about. */
function inTheEnd(etcd: RealEtcd, words: readonly string[]): void {
  for (let isAgain = false; ; isAgain = true) {
    try {
      etcd.ctl(...PATIENTLY, ...words);
      return;
    } catch (error) {
      const said = (error as Error).message;
      if (isAgain && /already exists|authentication is not enabled/.test(said)) return;
      if (!said.includes('etcdserver: request timed out')) throw error;
    }
  }
}

describe('a pair with a witness', { skip, concurrency: 5 }, () => {
  it('that nothing connects any more: whoever has the lease keeps the role, and loses it with the lease', (t) =>
    Witnessed.run(t, async (pair) => {
      const cutAt = now();
      await pair.cutBetween();
      await until(
        'b finds its peer gone',
        () =>
          pair.lab
            .appliance('b')
            .status()
            ?.peers.map(({ state }) => state),
        (states) => states?.join() === 'unhealthy',
      );
      // Longer than any lease that is not renewed.
      await atLeast(TTL_MS + 1_000);
      pair.assertUnmoved(cutAt);
      const offAt = now();
      await pair.cutOff('a');
      const ms = await pair.takenByLease('b', offAt);
      await pair.told('a', 'transition', 'witness-lost', offAt);
      pair.print(`b had the address ${ms} ms after a was cut off; a lease lasts ${TTL_MS} ms`);
      const window = await pair.prober.open();
      const healedAt = now();
      await pair.heal();
      await pair.settle('b', 'a');
      const { [ADDRESS]: probes } = await window.close();
      assert.ok(probes !== undefined && probes.sent > 0);
      assert.equal(probes.lost, 0, 'the heal costs nothing');
      pair.assertUnmoved(healedAt);
    }));

  it('whose witness is frozen, stopped, started anew and emptied: nothing moves; then the Active dies without one', (t) =>
    Witnessed.run(t, async (pair) => {
      const from = now();
      pair.etcd().signal('SIGSTOP');
      await pair.bothSay('away');
      await atLeast(TTL_MS);
      pair.etcd().signal('SIGCONT');
      await pair.bothSay('seen');
      await pair.settle('a', 'b');
      await pair.etcd().stop();
      await pair.bothSay('away');
      pair.etcd().empty();
      pair.etcd().start();
      await pair.bothSay('seen');
      await pair.settle('a', 'b');
      await pair.etcd().stop();
      await pair.bothSay('away');
      pair.assertUnmoved(from);
      await pair.bothTold();
      const cutAt = now();
      await pair.lab.powerCut('a', [ADDRESS]);
      await pair.lab.waitForHolders(ADDRESS, ['b'], WAIT_LIMIT_MS);
      await until('b says on what ground it holds', () =>
        pair.lab
          .appliance('b')
          .events()
          .find(({ event, time }) => event === 'without-witness' && Date.parse(time) >= cutAt),
      );
    }));

  it('whose Active stands still, executor and all: the other has the address when the lease has ended, and keeps it', (t) =>
    Witnessed.run(t, async (pair) => {
      const frozenAt = now();
      pair.freeze('a');
      const ms = await pair.takenByLease('b', frozenAt);
      pair.print(`b had the address ${ms} ms after a stood still; a lease lasts ${TTL_MS} ms`);
      const thawedAt = now();
      pair.thaw('a');
      await pair.settle('b', 'a');
      pair.assertUnmoved(thawedAt);
    }));

  it('whose witness wants a user that the settings do not name: nothing moves, and both say what to do', (t) =>
    Witnessed.run(t, async (pair) => {
      const from = now();
      const etcd = pair.etcd();
      for (const line of ['user add root:root', 'user grant-role root root', 'auth enable']) {
        inTheEnd(etcd, line.split(' '));
      }
      await pair.bothSay('away');
      for (const name of ['a', 'b'] as const) {
        await until(
          `what to do, by ${name}`,
          async () => (await pair.lab.appliance(name).patientControl.status()).health.reasons,
          (reasons) =>
            /the witness does not answer: .*set witness\.user and witness\.passwordFile/.test(
              reasons.join('\n'),
            ),
        );
      }
      // Longer than the lease lasts that nobody renews.
      await atLeast(TTL_MS + 1_000);
      pair.assertUnmoved(from);
      inTheEnd(etcd, ['--user', 'root:root', 'auth', 'disable']);
      await pair.bothSay('seen');
      await pair.settle('a', 'b');
      pair.assertUnmoved(from);
    }));

  it('whose Active loses its power: the address comes back when the lease has ended', (t) =>
    Witnessed.run(t, async (pair) => {
      const cutAt = now();
      await pair.lab.powerCut('a', [ADDRESS]);
      const ms = await pair.takenByLease('b', cutAt);
      pair.print(`b had the address ${ms} ms after the power cut; a lease lasts ${TTL_MS} ms`);
    }));
});
