// What an Active does with a witness: it keeps the lease warm, and leaves before the lease ends; a witness that both have
// lost; a group of three. The Backup: witness.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { microseconds } from '../../../src/model/units.js';
import {
  HA_THIRD,
  LAN_THIRD,
  SECOND,
  THERE,
  THIRD,
  activeBench,
  moves,
  type PairBench,
} from '../pair-bench.js';
import {
  AWAY,
  FREE,
  MARGIN,
  SURE,
  holder,
  known,
  lose,
  orders,
  others,
  ours,
  overrides,
  renewing,
  standby,
  tell,
} from './witness-scenes.js';

describe('an Active with a witness', () => {
  it('keeps its lease warm from the first moment, and says so again and again', () => {
    const bench = standby();
    bench.pass(100_000);
    const lines = bench.hear('lan', { priority: 0 }, 150_000);
    bench.says({ state: 'Backup', addressesPresent: false }, null);
    lines.push(...bench.pass(150_000 + SECOND));
    assert.deepEqual(orders(lines), [
      'witness hold',
      '650000 witness hold',
      '1150000 witness hold',
    ]);
  });

  it('stays whatever the witness does while the peer is in touch', () => {
    for (const fact of [AWAY, FREE, others()]) {
      const bench = holder();
      tell(bench, fact, 1_000);
      assert.deepEqual(moves(bench.pass(60 * SECOND)), [], fact.kind);
    }
  });

  it('cut off, it stays while the lease is renewed, and leaves in time when it is not', () => {
    const bench = holder();
    lose(bench);
    assert.deepEqual(moves(renewing(bench, SECOND, 20 * SECOND)), []);
    const leaveAt = 20 * SECOND + SURE - MARGIN;
    assert.deepEqual(moves(bench.pass(leaveAt - 1)), []);
    const lines = bench.pass(leaveAt);
    assert.deepEqual(lines, [
      `${leaveAt} lan advertise 0`,
      `${leaveAt} lan remove`,
      `${leaveAt} lan Active -> Backup witness-lost`,
      `${leaveAt} tell sound: Backup 200 releasing`,
      `${leaveAt} witness watch`,
      `${leaveAt} hold until ever`,
    ]);
  });

  it('cut off without a lease, it holds for a ttl by the last answer of its peer, counted from the question', () => {
    const bench = holder();
    tell(bench, others(), 1_000);
    bench.pass(SECOND + 1_000);
    const { askedAt } = bench.peer();
    assert.equal(bench.instance.checkpoint().witness?.contacts['there']?.askedAt, askedAt);
    lose(bench);
    const leaveAt = askedAt + SURE - MARGIN;
    assert.deepEqual(moves(bench.pass(leaveAt - 500_001)), []);
    const [left] = moves(bench.pass(leaveAt));
    assert.match(left ?? '', / lan Active -> Backup witness-lost$/);
  });

  it('leaves at once when a lease that it was cut off with is another’s', () => {
    const bench = holder();
    lose(bench);
    renewing(bench, SECOND, 10 * SECOND);
    bench.pass(10_100_000);
    tell(bench, others(), 10_100_000);
    assert.deepEqual(moves(bench.pass(10_100_000)), ['10100000 lan Active -> Backup witness-lost']);
  });

  it('gives the lease back to a successor that is there', () => {
    const bench = holder();
    bench.take({ kind: 'operator', command: 'failover' }, 10_000);
    const lines = bench.says({ state: 'Active', addressesPresent: true }, 20_000);
    assert.deepEqual(moves(lines), ['lan Active -> Backup failover']);
    assert.deepEqual(orders(lines), ['witness release']);
    assert.deepEqual(orders(bench.pass(5 * SECOND)), [], 'it stays so');
  });

  it('gives it back when it stops beside a peer', () => {
    const bench = holder();
    assert.deepEqual(orders(bench.take({ kind: 'stop' }, 10_000)), ['witness release']);
  });

  it('lets it end by its time when it stops cut off: its addresses may stand for a moment yet', () => {
    const bench = holder();
    lose(bench);
    renewing(bench, SECOND, 3 * SECOND);
    bench.pass(3 * SECOND);
    assert.deepEqual(orders(bench.take({ kind: 'stop' }, 3 * SECOND)), ['witness watch']);
  });

  it('says until when its addresses may be kept, when that has moved on by a twelfth of a ttl', () => {
    const bench = holder();
    const lines = bench.pass(SECOND).filter((text) => text.includes('hold until'));
    assert.ok(lines.length >= 1 && lines.length <= 3, lines.join('\n'));
    const [at, until] = (lines.at(-1) ?? '').split(' hold until ').map(Number);
    assert.ok(until !== undefined && at !== undefined && until > at + SURE - 200_000);
    assert.equal(known(bench).holdUntil, until);
  });

  it('has less time after the machine was suspended', () => {
    const bench = holder();
    lose(bench);
    bench.pass(SECOND);
    tell(bench, ours(SECOND), SECOND);
    bench.take({ kind: 'suspended', by: microseconds(3 * SECOND) }, SECOND);
    const leaveAt = SECOND + SURE - MARGIN - 3 * SECOND;
    assert.deepEqual(moves(bench.pass(leaveAt)), [`${leaveAt} lan Active -> Backup witness-lost`]);
    bench.take({ kind: 'suspended', by: microseconds(SECOND) }, 10 * SECOND);
    assert.equal(known(bench).oursUntil, SECOND + SURE - 4 * SECOND);
  });
});

describe('a witness that both have lost', () => {
  /** Both have said so, and each has heard it. */
  function bothAway(bench: PairBench): void {
    tell(bench, AWAY, 1_000);
    bench.says({ witness: 'away' }, null);
    bench.pass(500_000);
    assert.deepEqual(known(bench).without, ['there']);
  }

  it('lets a Backup take the role of a dead Active as if there were none, and raises an alarm', () => {
    const bench = standby();
    bothAway(bench);
    lose(bench);
    const lines = bench.pass(3 * SECOND);
    assert.deepEqual(
      moves(lines).map((text) => text.split(' ').slice(1).join(' ')),
      ['lan Backup -> Active peer-dead'],
    );
    const said = lines.filter((text) => text.includes('without-witness'));
    assert.deepEqual(
      said.map((text) => text.split(' ').slice(1).join(' ')),
      ['instance report without-witness: there'],
    );
    assert.equal(known(bench).holdUntil, null);
  });

  it('lets an Active keep the role, until the lease is another’s', () => {
    const bench = holder();
    bothAway(bench);
    lose(bench);
    assert.deepEqual(moves(bench.pass(60 * SECOND)), []);
    tell(bench, FREE, 60 * SECOND);
    assert.deepEqual(moves(bench.pass(61 * SECOND)), [], 'it is about to take the lease itself');
    tell(bench, others(), 61 * SECOND);
    assert.deepEqual(moves(bench.pass(61 * SECOND)), [
      `${61 * SECOND} lan Active -> Backup witness-lost`,
    ]);
  });

  it('counts again once it has granted the lease', () => {
    const bench = holder();
    bothAway(bench);
    lose(bench);
    bench.pass(20 * SECOND);
    tell(bench, ours(20 * SECOND), 20 * SECOND);
    assert.deepEqual(known(bench).without, []);
    tell(bench, AWAY, 21 * SECOND);
    const lines = moves(bench.pass(60 * SECOND));
    assert.deepEqual(lines, [`${20 * SECOND + SURE - MARGIN} lan Active -> Backup witness-lost`]);
  });

  it('is lost by both only when each has heard the other say so', () => {
    const bench = standby();
    tell(bench, AWAY, 1_000);
    bench.pass(500_000);
    assert.deepEqual(known(bench).without, [], 'the peer sees it');
    bench.says({ witness: 'away' }, null);
    bench.pass(600_000);
    assert.deepEqual(known(bench).without, ['there']);
    tell(bench, others(), 650_000);
    assert.deepEqual(known(bench).without, ['there'], 'not told yet');
    bench.pass(SECOND);
    assert.deepEqual(known(bench).without, []);
  });

  it('is told when it goes, and when it is back', () => {
    const bench = activeBench({ overrides });
    const of = (lines: readonly string[]): string[] =>
      lines.filter((text) => text.includes('report witness'));
    assert.deepEqual(of(tell(bench, AWAY, 1_000)), [
      'instance report witness-away: no answer within 1500 ms',
    ]);
    assert.deepEqual(of(tell(bench, AWAY, 2_000)), []);
    assert.deepEqual(of(tell(bench, FREE, 3_000)), ['instance report witness-back: ']);
    assert.deepEqual(of(tell(bench, ours(4_000), 4_000)), []);
  });
});

describe('a group of three, with a witness', () => {
  const peers = [THERE, THIRD];

  it('hands the role over without the lease while the one that leaves is in touch', () => {
    const bench = standby({ peers });
    bench.says({ witness: 'seen' }, null, { peer: 'third' });
    bench.cut([HA_THIRD, LAN_THIRD], 'third');
    bench.pass(2 * SECOND);
    assert.deepEqual(known(bench).outOfTouch, ['third']);
    const lines = bench.says({ releasing: true }, 2_010_000);
    assert.deepEqual(moves(lines), ['lan Backup -> Active peer-released']);
    bench.advertise(false);
    bench.says({ state: 'Backup', addressesPresent: false, releasing: false }, 2_020_000);
    assert.deepEqual(moves(bench.pass(60 * SECOND)), [], 'some peer is in touch');
  });

  it('needs the lease when the Active is the one that is silent', () => {
    const bench = standby({ peers });
    lose(bench);
    assert.deepEqual(moves(bench.pass(60 * SECOND)), []);
    assert.equal(known(bench).asks, true);
  });
});
