// The hardware bypass as the core sees it: when it is wanted, that the role goes first, and what its
// read-back state does. No hooks, no hardware.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import type { BypassState } from '../../src/model/status.js';
import { instant } from '../../src/model/units.js';
import { InstanceBench, activeInstance, hard, operator, router } from './instance-bench.js';
import { HANDOVER, TAKEN, activeBench, backupBench, moves, type PairBench } from './pair-bench.js';

const readBack = (actual: BypassState): InstanceEvent => ({ kind: 'bypass-state', actual });

/** Nobody ordered it: the relay just stands in the way. */
const withoutReason = (text: string): string => text.replace(/^(bypass inline) .*/, '$1');

const bypassOf = (bench: InstanceBench) => bench.instance.snapshot(instant(0)).bypass;

describe('engage', () => {
  it('the role is handed over first: the relay would cut the handover short', () => {
    const bench = activeBench();

    const asks = bench.take(operator('bypass-engage'), 50_000);
    const taken = bench.says(TAKEN, 60_000);

    assert.deepEqual(asks, ['tell unfit: Active 200 present releasing']);
    assert.deepEqual(taken, [
      'lan remove',
      'lan Active -> Backup bypassed',
      'lan Backup -> Initialize bypassed',
      'bypass bypass operator',
      'tell unfit: Initialize 200',
    ]);
    assert.deepEqual(bypassOf(bench), { desired: 'bypass', actual: 'unknown' });
  });

  it('without a relay: refused, and nothing changes', () => {
    const bench = activeBench({ overrides: { hasBypass: false } });

    const effects = bench.take(operator('bypass-engage'), 50_000);

    assert.deepEqual(effects, [
      'instance report refused: bypass engage: the settings name no bypass hook',
    ]);
    assert.equal(bench.router('lan').state, 'Active');
    assert.deepEqual(bypassOf(bench), { desired: 'inline', actual: 'unknown' });
  });

  it('nobody takes it in time: priority 0, then the bypass', () => {
    const bench = activeBench();
    bench.take(operator('bypass-engage'), 50_000);

    const effects = bench.pass(50_000 + HANDOVER);

    const at = 50_000 + HANDOVER;
    assert.deepEqual(effects, [
      `${at} lan advertise 0`,
      `${at} lan remove`,
      `${at} lan Active -> Backup bypassed`,
      `${at} lan Backup -> Initialize bypassed`,
      `${at} bypass bypass operator`,
      `${at} tell unfit: Initialize 200 releasing`,
    ]);
  });

  it('nobody could: at once', () => {
    const bench = activeInstance([router()]);

    assert.deepEqual(bench.take(operator('bypass-engage'), 1), [
      'lan advertise 0',
      'lan remove',
      'lan Active -> Initialize bypassed',
      'bypass bypass operator',
    ]);
  });

  it('a Backup: at once; ordered once', () => {
    const bench = backupBench();

    const engaged = bench.take(operator('bypass-engage'), 50_000);
    const again = bench.take(operator('bypass-engage'), 60_000);

    assert.deepEqual(engaged, [
      'lan Backup -> Initialize bypassed',
      'bypass bypass operator',
      'tell unfit: Initialize 100',
    ]);
    assert.deepEqual(again, []);
  });

  it('not before the start, when nothing is known', () => {
    const bench = new InstanceBench([router()]);

    const early = bench.take(operator('bypass-engage'), 0);
    const started = bench.start(0);

    assert.deepEqual(early, []);
    assert.deepEqual(started, ['lan report waiting: bypassed', 'bypass bypass operator']);
  });
});

describe('release', () => {
  function engaged(): PairBench {
    const bench = backupBench();
    bench.take(operator('bypass-engage'), 10_000);
    bench.take(readBack('bypass'), 20_000);
    return bench;
  }

  it('back in the election when the relay says that it is inline, not before', () => {
    const bench = engaged();

    const released = bench.take(operator('bypass-release'), 50_000);
    const state = bench.router('lan').state;
    const inline = bench.take(readBack('inline'), 60_000);

    assert.deepEqual(released, ['bypass inline operator']);
    assert.equal(state, 'Initialize');
    assert.deepEqual(inline, ['lan Initialize -> Backup readmitted', 'tell sound: Backup 100']);
    assert.deepEqual(bypassOf(bench), { desired: 'inline', actual: 'inline' });
  });

  it('clearing the flaps does not release what an operator engaged', () => {
    const bench = engaged();

    assert.deepEqual(bench.take(operator('flaps-clear'), 50_000), []);
    assert.equal(bypassOf(bench).desired, 'bypass');
  });

  it('nothing was engaged, and the relay is inline: nothing to order', () => {
    const bench = backupBench();

    assert.deepEqual(bench.take(operator('bypass-release'), 50_000), []);
  });

  it('maintenance comes first among the reasons to be out', () => {
    const bench = engaged();

    const effects = bench.take(operator('maintenance-on'), 50_000);

    assert.deepEqual(effects, [
      'instance report maintenance: on',
      'lan report waiting: maintenance',
      'tell unfit: Initialize 100',
    ]);
  });
});

describe('the relay, as it is read back', () => {
  for (const actual of ['bypass', 'disconnect'] as const) {
    it(`${actual} although nobody wants it: out at once, frames pass us by; inline is ordered`, () => {
      const bench = activeBench();

      const effects = bench.take(readBack(actual), 50_000);

      assert.deepEqual(effects.map(withoutReason), [
        'lan advertise 0',
        'lan remove',
        'lan Active -> Initialize bypassed',
        'bypass inline',
        'tell unfit: Initialize 200 releasing',
      ]);
    });
  }

  it('unknown or inline: nothing is done, a relay that nobody has touched is left alone', () => {
    const bench = activeBench();

    assert.deepEqual(bench.take(readBack('inline'), 50_000), []);
    assert.deepEqual(bench.take(readBack('unknown'), 60_000), []);
    assert.equal(bench.router('lan').state, 'Active');
  });

  it('known before the start: ordered with it', () => {
    const bench = new InstanceBench([router()]);
    bench.take(readBack('bypass'), 0);

    assert.deepEqual(bench.start(0).map(withoutReason), [
      'lan report waiting: bypassed',
      'bypass inline',
    ]);
  });

  it('bypassed already, and wanted: nothing to order', () => {
    const bench = new InstanceBench([router()]);
    bench.take(readBack('bypass'), 0);
    bench.take(operator('bypass-engage'), 0);

    assert.deepEqual(bench.start(0), ['lan report waiting: bypassed']);
  });

  it('it goes to bypass while the role is handed over: out at once, nothing reaches anybody', () => {
    const bench = activeBench();
    bench.take(operator('bypass-engage'), 50_000);

    const effects = bench.take(readBack('bypass'), 60_000);

    assert.deepEqual(moves(effects), ['lan Active -> Initialize bypassed']);
  });

  it('a fault beside it does not count: the bypass comes first', () => {
    const bench = backupBench();
    bench.take(operator('bypass-engage'), 10_000);

    const effects = bench.take(hard('no-carrier', 'eth0'), 20_000);

    assert.deepEqual(effects, []);
    assert.equal(bench.router('lan').reason, 'bypassed');
  });
});
