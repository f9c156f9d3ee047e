// The decision table, each row on the wire: what the Backup, or both, do when something between them is
// lost. No failure of an appliance: pair-failure.
import assert from 'node:assert/strict';
import { awaitFrames } from '../../scripts/lab/capture.js';
import { now } from '../../scripts/lab/clock.js';
import { GATEWAY_MONITORING, type PairSpec } from '../../scripts/lab/pair-program.js';
import {
  ADDRESS,
  assertHandover,
  assertHeardBefore,
  assertLost,
  assertSwift,
  describePair,
  moment,
  PATIENCE_MS,
  type PairBench,
  type PairTest,
} from './pair-bench.js';

const CHECK_INTERVAL_MS = 100;

const SPEC: PairSpec = {
  ha: { peerCheckIntervalMs: CHECK_INTERVAL_MS },
  top: { gatewayMonitoring: GATEWAY_MONITORING },
};

/** Active_Down_Interval of the Backup at 1000 ms, and a good deal more. */
const ELECTION_MS = 5_000;

export function defineArbitration(skip: string | false): void {
  describePair('what is lost between the two', { skip, spec: SPEC }, (test) => {
    defineLostAdvertisements(test);
    defineSplits(test);
    defineLostPaths(test);
    definePartition(test);
  });
}

function defineLostAdvertisements(test: PairTest): void {
  test('multicast filtered: unicast instead, and back when it is heard again', async (bench) => {
    const from = now();
    const unicast = {
      port: 'port-b',
      direction: 'out' as const,
      filter: 'ip proto 112 and dst host 10.99.0.2',
      deadlineMs: PATIENCE_MS,
    };
    const seen = await bench.observeStill('multicast filtered', async () => {
      const heal = await bench.drop({ traffic: 'multicast', from: 'a', to: 'b' });
      await bench.waitForEvent('b', 'adverts-lost', from);
      await awaitFrames(bench.lab.network, { ...unicast, count: 2 });
      assert.equal(bench.events('b', 'adverts-back', from).length, 0);
      await heal();
      await bench.waitForEvent('b', 'adverts-back', from);
    });
    assertLost(seen, 0);
    assert.equal(seen.held.bothHeldMs, 0);
    await moment(200);
    await assert.rejects(
      awaitFrames(bench.lab.network, { ...unicast, count: 1, deadlineMs: 2_500 }),
      'no unicast any more',
    );
  });
}

/** Frames between the two are lost; everybody else still reaches both. */
async function split(bench: PairBench): Promise<void> {
  await bench.drop({ traffic: 'all', from: 'a', to: 'b' });
  await bench.drop({ traffic: 'all', from: 'b', to: 'a' });
}

function defineSplits(test: PairTest): void {
  const held = async (bench: PairBench, what: string, act: () => Promise<unknown>) => {
    const from = now();
    const seen = await bench.observeStill(what, async () => {
      await act();
      await bench.waitForEvent('b', 'lan-split', from);
      await moment(1000);
    });
    assertLost(seen, 0);
    assert.equal(seen.held.bothHeldMs, 0);
  };

  test('LAN split, HA link alive, gateway seen by both: no move', (bench) =>
    held(bench, 'split, both see the gateway', () => split(bench)));

  test('LAN split, HA link alive, gateway seen by none: no move', (bench) =>
    held(bench, 'split, none sees the gateway', async () => {
      // The Backup loses it first: that the Active yields to it for a moment is another test's matter.
      await bench.drop({ traffic: 'gateway', from: 'b' });
      await bench.waitFor('b says so', () => !bench.soundMonitors());
      await bench.drop({ traffic: 'gateway' });
      await split(bench);
    }));

  test('LAN split, HA link alive, gateway seen by the Active only: no move', (bench) =>
    held(bench, 'split, the Active sees the gateway', () => bench.isolate('b')));

  test('LAN split, HA link alive, gateway seen by the Backup only: the Active yields', async (bench) => {
    const seen = await bench.observeMove('split, the Backup sees the gateway', 'b', () =>
      bench.isolate('a'),
    );
    assertSwift((line) => bench.print(line), seen, 'checked', 450);
    assertHandover(seen);
  });
}

function defineLostPaths(test: PairTest): void {
  test('HA link lost: no move', async (bench) => {
    const seen = await bench.observeStill('HA link lost', async () => {
      bench.undoing(() => bench.lab.setHaLink(true));
      await bench.lab.setHaLink(false);
      await moment(ELECTION_MS);
    });
    assertLost(seen, 0);
  });

  test('HA port unreachable on both links, LAN alive: the Active stays', async (bench) => {
    const from = now();
    const seen = await bench.observe('UDP of the HA port lost', async () => {
      await bench.silence('b', 'ha');
      await bench.waitForEvent('b', 'peer-unhealthy', from);
      await bench.waitForEvent('a', 'peer-unhealthy', from);
      await moment(ELECTION_MS);
    });
    // At 1000 ms nothing tells it from a power cut when it begins: only the next advertisement does.
    const losses = bench.lab.changes(ADDRESS, from).filter(({ appliance }) => appliance === 'a');
    assert.deepEqual(losses, [], 'the Active keeps the address');
    assertHandover(seen);
  });
}

/** At 100 ms an advertisement always comes before the silence of the HA port is proven. */
export function defineFastArbitration(skip: string | false): void {
  const spec: PairSpec = { ...SPEC, router: { advertisementIntervalMs: 100 } };
  describePair('what is lost between the two, at 100 ms', { skip, spec }, (test) => {
    test('both HA paths lost while advertisements arrive: ha-path-lost, no move', async (bench) => {
      const from = now();
      const seen = await bench.observeStill('UDP of the HA port lost', async () => {
        await bench.silence('b', 'ha');
        await bench.waitForEvent('b', 'ha-path-lost', from);
        await moment(1000);
      });
      assertLost(seen, 0);
    });

    test(
      'a hanging Active is replaced, loses its addresses, and says nothing when it wakes',
      hangs,
    );
  });
}

/** The old Active has lost its lease to the new one: it wakes as Backup. */
async function hangs(bench: PairBench): Promise<void> {
  const from = now();
  // Else it would rightly take its role back, and speak.
  bench.undoing(() => bench.set('a', 'preempt', 'true'));
  await bench.set('a', 'preempt', 'false');
  const hung = await bench.observeMove('SIGSTOP of the Active', 'b', () => {
    bench.a.freeze();
    return Promise.resolve();
  });
  // No planned work: the executor lets go of the addresses when it has heard the successor.
  assertHeardBefore(hung);
  // The executor's farewell is over by then; what the agent itself sends is looked for.
  const spoken = awaitFrames(bench.lab.network, {
    port: 'port-a',
    direction: 'in',
    filter: 'ip proto 112 or (arp[14:4] = 0x0a630064 and arp[24:4] = 0x0a630064)',
    count: 1,
    deadlineMs: 1500,
  });
  await moment();
  const thawedAt = now();
  const seen = await bench.observe('SIGCONT', async () => {
    bench.a.thaw();
    await assert.rejects(spoken, 'the appliance that hung says nothing');
  });
  assertLost(seen, 0);
  assertHandover(seen);
  assert.deepEqual(bench.lab.changes(ADDRESS, thawedAt), [], 'nothing is left to let go');
  await bench.waitForEvent('a', 'stalled', from);
  const [left] = bench.events('a', 'transition', from);
  assert.deepEqual([left?.from, left?.to, left?.reason], ['Active', 'Backup', 'lease-lapsed']);
}

function definePartition(test: PairTest): void {
  test('total partition, then HA paths heal: exactly one Active, and the winner announces again', async (bench) => {
    const from = now();
    let healedAt = 0;
    await bench.observe('total partition', async () => {
      const heal = await bench.silence('b');
      await bench.waitForHolders(['a', 'b']);
      await moment();
      // Advertisements would settle it too, but only when the next one is due.
      const advertisements = await bench.isolate('b', 'vrrp');
      const announced = awaitFrames(bench.lab.network, {
        port: 'port-a',
        direction: 'in',
        filter: `arp and src host ${ADDRESS}`,
        count: 1,
        deadlineMs: PATIENCE_MS,
      });
      // tcpdump needs a moment to listen.
      await moment();
      healedAt = now();
      await heal();
      await Promise.all([bench.waitForHolders(['a']), announced]);
      await advertisements();
    });
    const left = bench.lab.changes(ADDRESS, healedAt).find(({ present }) => !present);
    const tookMs = (left?.at ?? Number.POSITIVE_INFINITY) - healedAt;
    bench.print(`one Active ${tookMs.toFixed(0)} ms after the cure; the winner announced again`);
    assert.deepEqual(await bench.lab.holders(ADDRESS), ['a']);
    const told = (['a', 'b'] as const).flatMap((name) => bench.events(name, 'dual-active', from));
    assert.ok(told.length > 0, 'dual-active is an event');
    bench.print(`aim: two check intervals and a script, ${2 * CHECK_INTERVAL_MS + 50} ms`);
    // The advertisements, which settle it too, are cut off: it was said over the HA port.
    await bench.waitForEvent('b', 'transition', healedAt);
    const reasons = bench.events('b', 'transition', healedAt).map(({ reason }) => reason);
    assert.deepEqual(reasons, ['dual-active']);
  });
}
