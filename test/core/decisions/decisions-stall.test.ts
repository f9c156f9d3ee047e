// The decision table of DESIGN §5: the own process was silent for longer than Active_Down_Interval. Effects in exact
// order.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { router, wan } from '../instance-bench.js';
import {
  ACTIVE_DOWN,
  HA,
  PairBench,
  SECOND,
  SKEW,
  TAKEN,
  activeBench,
  backupBench,
  moves,
} from '../pair-bench.js';

/** What goes out on the link among the effects. */
const sent = (lines: readonly string[]): string[] =>
  lines.filter((text) => / advertise | announce$/.test(text));

describe('the own process was silent for longer than Active_Down_Interval', () => {
  it('Backup: what arrived meanwhile is heard first, and keeps the Active', () => {
    const bench = backupBench();
    bench.says({}, null);

    const stalled = bench.take({ kind: 'stalled' }, 5 * SECOND);
    const heard = bench.hear('lan', { priority: 200 }, 5 * SECOND);
    const passed = bench.take({ kind: 'deadline' }, 5 * SECOND);

    assert.deepEqual(stalled, ['instance report stalled: what arrived meanwhile is heard first']);
    assert.deepEqual([...heard, ...passed], []);
    assert.equal(bench.router('lan').state, 'Backup');
  });

  it('Backup: nothing is heard for an interval and Skew_Time: Active', () => {
    const bench = new PairBench([router()]);
    bench.cut();
    bench.start(0);
    bench.take({ kind: 'stalled' }, 5 * SECOND);

    const effects = bench.pass(7 * SECOND);

    assert.deepEqual(moves(effects), [`${6 * SECOND + SKEW} lan Backup -> Active no-response`]);
  });

  it('Backup: a timer that would fire later is not brought forward', () => {
    const bench = new PairBench([router()]);
    bench.cut();
    bench.start(0);
    bench.take({ kind: 'stalled' }, 1_000);

    const effects = bench.pass(4 * SECOND);

    assert.deepEqual(moves(effects), [`${ACTIVE_DOWN} lan Backup -> Active no-response`]);
  });

  it('every path of the peer gets a full term: what we did not read is not its silence', () => {
    const bench = backupBench();
    bench.pass(50_000);
    bench.cut();
    bench.advertise(false);
    bench.pass(200_000);
    bench.take({ kind: 'stalled' }, 5 * SECOND);
    bench.hear('lan', { priority: 200 }, 5 * SECOND);

    const effects = bench.pass(5 * SECOND + 239_999);

    assert.deepEqual(effects, []);
    assert.equal(bench.peer().state, 'healthy');
  });

  it('Active: sends nothing for an interval and a half, then goes on', () => {
    const bench = activeBench();

    bench.take({ kind: 'stalled' }, 5 * SECOND);
    const effects = bench.pass(7_500_000);

    assert.deepEqual(
      effects.filter((text) => text.includes('advertise')),
      ['6500000 lan advertise 200', '7500000 lan advertise 200'],
    );
    assert.equal(bench.router('lan').state, 'Active');
  });

  it('Active, the lease lapsed: Backup without a word, and the next one after Active_Down_Interval', () => {
    const bench = activeBench();

    const effects = bench.take({ kind: 'revoked' }, 5 * SECOND);

    assert.deepEqual(effects, [
      'instance report stalled: what arrived meanwhile is heard first',
      'lan remove',
      'lan Active -> Backup lease-lapsed',
      'instance report flap: 1 of 3: lease-lapsed',
      'tell sound: Backup 200',
    ]);
  });

  it('Backup, Initialize: a lease that lapsed is a silence like any other', () => {
    const bench = new PairBench([router()]);
    bench.cut();
    const before = bench.take({ kind: 'revoked' }, 0);
    assert.equal(bench.router('lan').state, 'Initialize');
    assert.deepEqual(before, ['instance report stalled: what arrived meanwhile is heard first']);
    bench.start(0);
    bench.take({ kind: 'revoked' }, 5 * SECOND);

    const effects = bench.pass(7 * SECOND);

    assert.deepEqual(moves(effects), [`${6 * SECOND + SKEW} lan Backup -> Active no-response`]);
  });

  it('Active: any other Active heard meanwhile is believed, whatever its priority', () => {
    const bench = activeBench();
    bench.take({ kind: 'stalled' }, 5 * SECOND);

    const effects = bench.hear('lan', { priority: 50 }, 5 * SECOND);

    assert.deepEqual(effects, [
      'lan remove',
      'lan Active -> Backup stalled',
      'instance report flap: 1 of 3: stalled',
      'tell sound: Backup 200',
    ]);
  });

  it('Active: the word of a peer counts as much, once its addresses stand', () => {
    const bench = activeBench();
    bench.take({ kind: 'stalled' }, 5 * SECOND);

    const placing = bench.says({ state: 'Active' }, 5_010_000, { on: HA });
    const stands = bench.says({ addressesPresent: true }, 5_020_000, { on: HA });

    assert.deepEqual(placing, []);
    assert.deepEqual(moves(stands), ['lan Active -> Backup stalled']);
  });

  it('Active: once it has listened, it is believed no longer than others', () => {
    const bench = activeBench();
    bench.take({ kind: 'stalled' }, 5 * SECOND);
    bench.pass(6_500_000);

    const effects = bench.hear('lan', { priority: 50 }, 6_500_000);
    bench.says(TAKEN, 6_600_000, { on: HA });

    assert.deepEqual(moves(effects), []);
    assert.equal(bench.router('lan').state, 'Active');
  });

  it('Active: announcements that are due wait as long: they would claim the addresses', () => {
    const bench = activeBench();
    bench.pass(50 * SECOND);

    bench.take({ kind: 'stalled' }, 60 * SECOND);
    const effects = bench.pass(61_499_999);
    const later = bench.pass(62 * SECOND);

    assert.deepEqual(sent(effects), []);
    assert.ok(later.includes('61500000 lan advertise 200'), later.join('\n'));
    assert.ok(
      later.some((text) => text.endsWith('lan announce')),
      later.join('\n'),
    );
  });

  it('Active: priority 0 while it listens may be an old one: nothing is sent on it', () => {
    const bench = activeBench();
    bench.take({ kind: 'stalled' }, 5 * SECOND);

    const zero = bench.hear('lan', { priority: 0 }, 5 * SECOND);
    const other = bench.hear('lan', { priority: 50 }, 5 * SECOND);

    assert.deepEqual(sent(zero), []);
    assert.deepEqual(moves(other), ['lan Active -> Backup stalled']);
  });

  it('Active: a script that ends while it listens does not make it speak', () => {
    const bench = backupBench();
    bench.scripts = false;
    bench.advertise(false);
    bench.says({ state: 'Backup', addressesPresent: false }, null);
    bench.hear('lan', { priority: 0 }, 10_000);
    bench.take({ kind: 'stalled' }, 5 * SECOND);

    const present = bench.take({ kind: 'addresses-present', virtualRouter: 'lan' }, 5 * SECOND);
    const early = bench.pass(6_499_999);
    const later = bench.pass(6_500_000);

    assert.deepEqual(sent([...present, ...early]), []);
    assert.deepEqual(sent(later).toSorted(), ['6500000 lan advertise 100', '6500000 lan announce']);
  });

  it('Active: a stall of long ago delays no announcement', () => {
    const bench = activeBench();
    bench.take({ kind: 'stalled' }, 5 * SECOND);
    bench.pass(10 * SECOND);
    bench.take({ kind: 'addresses-removed', virtualRouter: 'lan' }, 10 * SECOND);

    const present = bench.take({ kind: 'addresses-present', virtualRouter: 'lan' }, 10_001_000);

    assert.deepEqual(sent(present), ['lan announce', 'lan advertise 200']);
  });

  it('out of the election: nothing happens', () => {
    const bench = new PairBench([router(), wan()]);

    assert.deepEqual(bench.take({ kind: 'stalled' }, 0), [
      'instance report stalled: what arrived meanwhile is heard first',
    ]);
    assert.deepEqual(bench.states(), ['lan Initialize', 'wan Initialize']);
  });
});
