// The Active appliance fails: cable, power, silent loss; keepalived breaks beside it in the same run.
// No operators, no arbitration: see pair-handover and pair-arbitration.
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from '../support/test.js';
import { measure } from '../../scripts/lab/fault.js';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import { GATEWAY_MONITORING } from '../../scripts/lab/pair-program.js';
import { programFor, type Program } from '../../scripts/lab/program.js';
import type { Prober } from '../../scripts/lab/prober.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import {
  ADDRESS,
  assertSwift,
  describeSeen,
  moment,
  PairBench,
  PATIENCE_MS,
  scheduling,
} from './pair-bench.js';

const skip = (await enterSandbox()) ?? false;

const CHECK_INTERVAL_MS = 100;
const FAILURE_THRESHOLD = 3;

const SPEC = {
  ha: { peerCheckIntervalMs: CHECK_INTERVAL_MS, peerFailureThreshold: FAILURE_THRESHOLD },
  top: { gatewayMonitoring: GATEWAY_MONITORING },
};

type Measured = Awaited<ReturnType<typeof measure>>['addresses'][number];

/** keepalived on the same wires: no HA link, no gateway, nothing but VRRP. */
class Keepalived {
  readonly lab: Lab;
  readonly #prober: Prober;

  private constructor(lab: Lab, prober: Prober) {
    this.lab = lab;
    this.#prober = prober;
  }

  static async open(): Promise<Keepalived> {
    const lab = await createLab({ patienceMs: PATIENCE_MS });
    const targets = [{ family: 'ipv4', address: ADDRESS }] as const;
    const keepalived = new Keepalived(
      lab,
      await lab.probe({ targets, periodMs: 5, ...scheduling }),
    );
    keepalived.start('a');
    await lab.waitForHolders(ADDRESS, ['a'], PATIENCE_MS);
    keepalived.start('b');
    await keepalived.settled();
    return keepalived;
  }

  start(name: 'a' | 'b'): void {
    this.lab.appliance(name).start(this.#program(name), scheduling);
  }

  settled(): Promise<void> {
    const { lab } = this;
    const heard = (): boolean =>
      lab.holding(ADDRESS).join() === 'a' &&
      lab.appliance('b').logged(/Entering BACKUP STATE/).length > 0;
    return lab.waitFor('keepalived in its places', heard, { deadlineMs: PATIENCE_MS });
  }

  /** `leftovers`: the failed node does not notice, and goes on holding the address. */
  async observe(act: () => Promise<unknown>, leftovers: boolean): Promise<Measured> {
    const observation = {
      lab: this.lab,
      prober: this.#prober,
      addresses: [ADDRESS],
      heir: 'b' as const,
      deadlineMs: PATIENCE_MS,
      leftoversExpected: leftovers,
    };
    const { addresses } = await measure(observation, async () => void (await act()));
    const [measured] = addresses;
    assert.ok(measured !== undefined, 'the address is measured');
    return measured;
  }

  #program(name: 'a' | 'b'): Program {
    return programFor('keepalived', {
      name,
      priority: name === 'a' ? 200 : 100,
      advertisementIntervalMs: 1000,
      routers: [{ name: 'lan', vrid: 51, addresses: [`${ADDRESS}/24`] }],
    });
  }
}

describe('the Active fails, at 1000 ms advertisements', { skip, concurrency: 1 }, () => {
  let bench: PairBench | null = null;
  let peer: Keepalived | null = null;

  before(async () => {
    if (skip !== false) return;
    [bench, peer] = await Promise.all([PairBench.open(SPEC), Keepalived.open()]);
  });
  after(() => Promise.all([bench?.close(), peer?.lab.close()]));

  /** Breaks both pairs alike; `theirs` also mends keepalived. */
  async function broken(
    t: TestContext,
    cause: 'told' | 'checked',
    aimMs: number,
    ours: (bench: PairBench) => Promise<unknown>,
    theirs: (keepalived: Keepalived) => Promise<Measured>,
  ): Promise<void> {
    assert.ok(bench !== null && peer !== null, 'the labs are open');
    const keepalived = peer;
    await bench.test(t, async (pair) => {
      const [seen, beside] = await Promise.all([
        pair.observe('understudy', async () => {
          await ours(pair);
          await pair.waitFor('b holds', () => pair.lab.holding(ADDRESS).includes('b'));
        }),
        theirs(keepalived),
      ]);
      t.diagnostic(describeSeen('keepalived', beside));
      const [own, other] = [seen.probes.longestOutageMs, beside.probes.longestOutageMs];
      t.diagnostic(`keepalived's outage is ${(other / Math.max(1, own)).toFixed(0)} times as long`);
      assertSwift((line) => t.diagnostic(line), seen, cause, aimMs);
    });
    await keepalived.settled();
  }

  it('cable pulled: the peer is told, aim 20 ms', (t) =>
    broken(
      t,
      'told',
      20,
      (pair) => pair.unplug('a'),
      async (keepalived) => {
        const seen = await keepalived.observe(() => keepalived.lab.unplug('a'), false);
        await keepalived.lab.plug('a');
        return seen;
      },
    ));

  it('the primary takes its role back: no packet lost', async (t) => {
    assert.ok(bench !== null, 'the bench is open');
    await bench.test(t, async (pair) => {
      const plug = await pair.unplug('a');
      await pair.waitForHolders(['b']);
      // An address that stands is announced a moment later.
      await moment();
      const seen = await pair.observe('preempting back', async () => {
        await plug();
        await pair.settled();
      });
      pair.assertSeamless(seen);
    });
  });

  const powerCutMs = CHECK_INTERVAL_MS * FAILURE_THRESHOLD + 50;
  it(`power cut, every path silent at once: the peer check finds it, aim ${powerCutMs} ms`, (t) =>
    broken(
      t,
      'checked',
      powerCutMs,
      async (pair) => pair.undoing(await pair.lab.powerCut('a', [ADDRESS])),
      async (keepalived) => {
        const { lab } = keepalived;
        let restore = (): Promise<void> => Promise.resolve();
        const seen = await keepalived.observe(async () => {
          restore = await lab.powerCut('a', [ADDRESS]);
        }, false);
        await restore();
        keepalived.start('a');
        return seen;
      },
    ));

  it('silent LAN loss, HA link alive, gateway monitored at 100 ms × 3: aim 450 ms', (t) =>
    broken(
      t,
      'checked',
      450,
      (pair) => pair.isolate('a'),
      async (keepalived) => {
        const { lab } = keepalived;
        const heal: (() => Promise<void>)[] = [];
        const seen = await keepalived.observe(async () => {
          heal.push(await lab.drop({ traffic: 'all', from: 'a' }));
          heal.push(await lab.drop({ traffic: 'all', to: 'a' }));
        }, true);
        await Promise.all(heal.map((mend) => mend()));
        return seen;
      },
    ));
});
