// Readiness against what an order really comes to, with two drivers in virtual time: both sides say the same of a
// failover from a to b, and the order is refused exactly when they say that it would fail.
import assert from 'node:assert/strict';
import type { MonitorStatus } from '../../../src/model/monitor.js';
import { describe, it } from '../../support/test.js';
import { routerSettings } from '../rig.js';
import { address } from '../../support/fake-kernel.js';
import { inPlace, startPair, type Pair, type Wanted } from './pair.js';

/** What each side says is against it. */
function said({ a, b }: Pair): Record<'a' | 'b', readonly string[]> {
  const of = (side: 'a' | 'b', direction: 'away' | 'here'): string[] => {
    const status = { a, b }[side].status();
    assert.deepEqual(
      status.readiness?.map((one) => one.direction),
      [direction],
    );
    return (status.readiness?.[0]?.hindrances ?? []).map(({ reason }) => reason);
  };
  return { a: of('a', 'away'), b: of('b', 'here') };
}

const gateway = (state: MonitorStatus['state']): MonitorStatus => ({
  name: 'gateway',
  state,
  detail: '10.99.0.254 no answer',
  weight: 'soft',
});

interface Case {
  readonly name: string;
  readonly wanted?: Wanted;
  readonly spoil?: (pair: Pair) => void;
  readonly a: readonly RegExp[];
  readonly b: readonly RegExp[];
}

const CASES: readonly Case[] = [
  { name: 'all is well', a: [], b: [] },
  {
    name: 'b is in maintenance',
    spoil: ({ b }) => assert.equal(b.operate('maintenance-on', false, 'alice'), null),
    a: [/^b is out: in maintenance, by an operator \(alice\)$/],
    b: [/^this appliance is out of the election: in maintenance, by an operator \(alice\)$/],
  },
  {
    name: 'a monitor fails at b',
    spoil: ({ b }) => b.monitor(gateway('failed')),
    a: [/^b has failing: gateway$/],
    b: [/^failing here: gateway$/],
  },
  {
    name: 'the two have other virtual addresses',
    wanted: {
      routers: (side) => [
        routerSettings({
          priority: side === 'a' ? 200 : 100,
          addresses: [
            { address: address(side === 'a' ? '10.99.0.100' : '10.99.0.101'), prefixLength: 24 },
          ],
        }),
      ],
    },
    a: [/^b has other virtual addresses$/],
    b: [/^a has other virtual addresses$/],
  },
];

describe('readiness of a pair', () => {
  for (const { name, wanted = {}, spoil, a, b } of CASES) {
    it(`is what the order finds: ${name}`, async () => {
      const pair = await startPair({ intervalMs: 1_000, checkMs: 100, ...wanted });
      spoil?.(pair);
      await pair.world.run(2_000);

      const { a: away, b: here } = said(pair);
      const refusal = pair.a.operate('failover');

      const match = (texts: readonly string[], expected: readonly RegExp[]): void => {
        assert.equal(texts.length, expected.length, texts.join('\n'));
        for (const [index, text] of texts.entries()) assert.match(text, expected[index] ?? /^$/);
      };
      match(away, a);
      match(here, b);
      assert.equal(refusal === null, a.length === 0, refusal ?? 'it was carried out');
    });
  }

  it('is told while the handover is under way, and is there again on the other side', async () => {
    const pair = await startPair({ intervalMs: 1_000, checkMs: 100 });
    assert.equal(pair.a.operate('failover'), null);
    const [leaving] = pair.a.status().readiness ?? [];
    assert.deepEqual(
      [leaving?.ready, leaving?.hindrances.map(({ reason }) => reason)],
      [false, ['lan: a handover is under way']],
    );
    await inPlace(pair, 'b');
    for (const side of [pair.a, pair.b]) {
      const [only] = side.status().readiness ?? [];
      assert.deepEqual([only?.direction, only?.ready], [side === pair.b ? 'away' : 'here', true]);
    }
  });

  it('is not there when the peer is dead', async () => {
    const pair = await startPair({ intervalMs: 1_000, checkMs: 100 });
    pair.b.kill();
    await pair.world.run(3_000);
    const [only] = pair.a.status().readiness ?? [];
    assert.deepEqual(
      only?.hindrances.map(({ reason }) => reason),
      ['b is silent on every path'],
    );
    assert.match(pair.a.operate('failover') ?? '', /b is silent on every path/);
  });
});
