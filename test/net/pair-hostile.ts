// Bad input on the HA port, and settings that do not agree. Nothing here may move a role.
// The clock of one side cannot be set back here: namespaces share it. The HA port uses none but the
// monotonic one; its unit tests say so.
import assert from 'node:assert/strict';
import { awaitFrames, decode } from '../../scripts/lab/capture.js';
import { now } from '../../scripts/lab/clock.js';
import { LAN, PATHS, type PairSpec } from '../../scripts/lab/pair-program.js';
import { assertLost, moment, PATIENCE_MS, type PairBench } from './pair-bench.js';
import { describePair, type PairTest } from './pair-suite.js';

const SPEC: PairSpec = {};

const FORGED = 20_000;

export function defineBadInput(skip: string | false): void {
  describePair('bad input', { skip, spec: SPEC }, (test) => {
    defineForgery(test);
    defineDisagreement(test);
  });
}

/** The reasons for which `a` has discarded datagrams of its HA port since `from`. */
const discarded = (bench: PairBench, from: number): string[] =>
  bench.events('a', 'peer-message-discarded', from).map(({ reason }) => reason);

const waitForDiscard = (bench: PairBench, reason: string, from: number): Promise<void> =>
  bench.waitFor(`a discards: ${reason}`, () => discarded(bench, from).includes(reason));

function defineForgery(test: PairTest): void {
  test('another key: counted, both say so, no move', async (bench) => {
    const from = now();
    await bench.observeStill('another key', async () => {
      await bench.b.stop();
      bench.start('b', { ...SPEC, key: 'c3'.repeat(32) });
      await waitForDiscard(bench, 'not-authentic', from);
      const noticed = (): boolean =>
        (['a', 'b'] as const).every((name) => bench.status(name)?.peers[0]?.state !== 'healthy') &&
        bench.allAre('b', 'Backup');
      await bench.waitFor('neither takes the other for healthy', noticed);
      await moment(4000);
    });
    await bench.b.stop();
  });

  test('recorded HA traffic played back: counted, no move', async (bench) => {
    const from = now();
    await bench.observeStill('replay', async () => {
      const capture = await bench.lab.capture({
        port: 'port-b',
        direction: 'in',
        filter: 'udp port 7112',
      });
      const { network } = bench.lab;
      const enough = {
        port: 'port-b',
        direction: 'in',
        filter: 'udp port 7112',
        count: 30,
      } as const;
      await awaitFrames(network, { ...enough, deadlineMs: PATIENCE_MS });
      await capture.stop();
      const frames = await decode(capture.file, 'udp', ['udp.payload']);
      const payloads = frames.map((frame) => (frame['udp.payload']?.[0] ?? '').replaceAll(':', ''));
      assert.ok(payloads.length >= 20, `${payloads.length} datagrams recorded`);
      await bench.lab.sendDatagrams('b', { to: PATHS.a[1], port: 7112, payloads, rounds: 3 });
      await waitForDiscard(bench, 'replayed', from);
      await moment(1000);
    });
    assert.deepEqual(bench.falseSilences('a', from), []);
  });

  test(`${FORGED} forged datagrams: counted, the service goes on, no move`, async (bench) => {
    const from = now();
    await bench.observeStill('flood', async () => {
      const bytes = (length: number): string => '7f'.repeat(length);
      const payloads = [bytes(1), bytes(64), bytes(300), bytes(1200), bytes(1472)];
      const rounds = FORGED / 2 / payloads.length;
      // From a stranger, and from the peer's own address.
      await bench.lab.sendDatagrams('c', { to: PATHS.a[1], port: 7112, payloads, rounds });
      await bench.lab.sendDatagrams('b', { to: PATHS.a[1], port: 7112, payloads, rounds });
      await waitForDiscard(bench, 'unknownSender', from);
    });
    const told = discarded(bench, from);
    bench.print(
      `${FORGED} datagrams, ${told.length} lines of log: ${[...new Set(told)].join(', ')}`,
    );
    assert.ok(told.length < 50, 'the log is limited');
    assert.deepEqual(bench.falseSilences('a', from), [], 'the peer is healthy all the while');
    await bench.waitFor('both know each other', () => bench.knowEachOther());
  });
}

function defineDisagreement(test: PairTest): void {
  const differences: Readonly<Record<string, readonly [PairSpec, RegExp]>> = {
    'other addresses': [
      { router: { addresses: ['10.99.0.100/24', '10.99.0.103/24'] } },
      /virtual addresses/,
    ],
    'another advertisement interval': [
      { router: { advertisementIntervalMs: 1100 } },
      /advertisement intervals/,
    ],
    'other thresholds': [{ ha: { peerFailureThreshold: 4 } }, /peer check/],
    'two primaries': [
      { ha: { primary: true }, router: { priority: 100 } },
      /both are primary|both.*primary/,
    ],
    'another VRID': [{ virtualRouters: [{ ...LAN, vrid: 52 }] }, /VRID/],
    'another mode': [
      { ha: { mode: 'active-active', primary: false }, router: { primary: 'a' } },
      /mode/,
    ],
  };
  for (const [what, [spec, pattern]] of Object.entries(differences)) {
    test(`settings differ (${what}): a health reason on both`, async (bench) => {
      const from = now();
      bench.undoing(() => Promise.resolve(bench.reload('b')));
      const said = (name: 'a' | 'b'): boolean =>
        bench.status(name)?.health.reasons.some((text) => pattern.test(text)) === true;
      const seen = await bench.observe(what, async () => {
        bench.reload('b', spec);
        await bench.waitFor(`both say ${String(pattern)}`, () => said('a') && said('b'));
      });
      assertLost(seen, 0);
      for (const name of ['a', 'b'] as const) {
        assert.equal(bench.status(name)?.health.state, 'degraded', `health at ${name}`);
        await bench.waitForEvent(name, 'settings-differ', from);
      }
      bench.reload('b');
      await bench.waitFor('both agree again', () => !said('a') && !said('b'));
    });
  }
}
