// What the Backup, or both, do when something between them is lost: a row of the decision table for each
// cause that only the wire can show. All rows are test/agent/virtual/arbitration.test.ts; an appliance that
// fails is pair-failure.
import assert from 'node:assert/strict';
import { awaitFrames, firstFrameAt } from '../../scripts/lab/capture.js';
import { now } from '../../scripts/lab/clock.js';
import { GATEWAY_MONITORING, type PairSpec } from '../../scripts/lab/pair-program.js';
import { until } from '../support/limits.js';
import { ADDRESS, assertHandover, assertSwift, moment, PATIENCE_MS } from './pair-bench.js';
import { describePair, type PairTest } from './pair-suite.js';

const CHECK_INTERVAL_MS = 100;

const SPEC: PairSpec = {
  ha: { peerCheckIntervalMs: CHECK_INTERVAL_MS, peerFailureThreshold: 3 },
  top: { gatewayMonitoring: GATEWAY_MONITORING },
};

export function defineArbitration(skip: string | false): void {
  describePair('what is lost between the two', { skip, spec: SPEC }, (test) => {
    defineLostAdvertisements(test);
    defineSplit(test);
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
    await bench.observeStill('multicast filtered', async () => {
      const heal = await bench.drop({ traffic: 'multicast', from: 'a', to: 'b' });
      await bench.waitForEvent('b', 'adverts-lost', from);
      await awaitFrames(bench.lab.network, { ...unicast, count: 2 });
      assert.equal(bench.events('b', 'adverts-back', from).length, 0);
      await heal();
      await bench.waitForEvent('b', 'adverts-back', from);
    });
    // It ends once the other one has said so; then none comes for longer than two intervals.
    const quiet = (): Promise<boolean> =>
      awaitFrames(bench.lab.network, { ...unicast, count: 1, deadlineMs: 2_500 }).then(
        () => false,
        () => true,
      );
    await until('no unicast any more', quiet);
  });
}

function defineSplit(test: PairTest): void {
  test('LAN split, HA link alive, gateway seen by the Backup only: the Active yields', async (bench) => {
    const seen = await bench.observeMove('split, the Backup sees the gateway', 'b', () =>
      bench.isolate('a'),
    );
    assertSwift((line) => bench.print(line), seen, 'checked', 450);
    assertHandover(seen);
  });
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
      const announced = await bench.lab.capture({
        port: 'port-a',
        direction: 'in',
        filter: `arp and src host ${ADDRESS}`,
      });
      healedAt = now();
      await heal();
      await bench.waitForHolders(['a']);
      await until('the winner announces again', () => firstFrameAt(announced.file));
      await announced.stop();
      await advertisements();
    });
    const left = bench.lab.changes(ADDRESS, healedAt).find(({ present }) => !present);
    const tookMs = (left?.at ?? Number.POSITIVE_INFINITY) - healedAt;
    bench.print(`one Active ${tookMs.toFixed(0)} ms after the cure; the winner announced again`);
    assert.deepEqual(await bench.lab.holders(ADDRESS), ['a']);
    const told = (): number =>
      (['a', 'b'] as const).flatMap((name) => bench.events(name, 'dual-active', from)).length;
    await bench.waitFor('the event dual-active', () => told() > 0);
    bench.print(`aim: two check intervals and a script, ${2 * CHECK_INTERVAL_MS + 50} ms`);
    // The advertisements, which settle it too, are cut off: it was said over the HA port.
    await bench.waitForEvent('b', 'transition', healedAt);
    const [first] = bench.events('b', 'transition', healedAt);
    assert.equal(first?.reason, 'dual-active');
  });
}
