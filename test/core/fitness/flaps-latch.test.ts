// Flaps (DESIGN §5): when it is too often and what then, and what is remembered of them over a restart of the agent. The
// bypass itself is in bypass.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import type { Memory } from '../../../src/core/interface.js';
import { instant, microseconds } from '../../../src/model/units.js';
import { InstanceBench, hard, operator, router, wan } from '../instance-bench.js';
import { ACTIVE_DOWN, PairBench, SECOND, TAKEN, activeBench, gateway } from '../pair-bench.js';
import { WINDOW, counted, flapAt, memoryOf } from './flap-scenes.js';

describe('too often', () => {
  /** Three flaps, the limit; Active again. */
  function worn(primary: boolean, hasBypass = true): InstanceBench {
    const bench = new InstanceBench([router()], { primary, hasBypass });
    bench.start(-ACTIVE_DOWN);
    bench.run(0);
    for (const second of [10, 20, 30]) flapAt(bench, second * SECOND);
    assert.deepEqual(bench.states(), ['lan Active']);
    return bench;
  }

  it('as many as the limit: no more than said', () => {
    const bench = worn(false);

    assert.equal(memoryOf(bench).flaps.latched, false);
  });

  it('one more: latched; the one that is not primary is suspended', () => {
    const bench = worn(false);

    const effects = bench.take(hard('no-carrier', 'eth0'), 40 * SECOND);

    assert.deepEqual(effects, [
      'lan remove',
      'lan Active -> Initialize no-carrier',
      'instance report flap: 4 of 3: no-carrier',
      'instance report latched: no-carrier',
      'lan report waiting: suspended',
    ]);
    assert.equal(bench.router('lan').reason, 'suspended');
  });

  it('one more: latched; the primary goes into hardware bypass', () => {
    const bench = worn(true);

    const effects = bench.take(hard('no-carrier', 'eth0'), 40 * SECOND);

    assert.deepEqual(effects, [
      'lan remove',
      'lan Active -> Initialize no-carrier',
      'instance report flap: 4 of 3: no-carrier',
      'instance report latched: no-carrier',
      'bypass bypass flaps',
      'lan report waiting: bypassed',
    ]);
  });

  it('one more, and the primary has no relay: it is suspended like another one', () => {
    const bench = worn(true, false);

    const effects = bench.take(hard('no-carrier', 'eth0'), 40 * SECOND);

    assert.deepEqual(effects.slice(-2), [
      'instance report latched: no-carrier',
      'lan report waiting: suspended',
    ]);
    assert.equal(bench.instance.snapshot(instant(40 * SECOND)).bypass.desired, 'inline');
  });

  it('the fault is gone, the window has passed: still suspended', () => {
    const bench = worn(false);
    bench.take(hard('no-carrier', 'eth0'), 40 * SECOND);

    const back = bench.take(hard('no-carrier', 'eth0', 'ok'), 41 * SECOND);
    const later = bench.run(2 * WINDOW);
    const again = bench.take(hard('no-carrier', 'eth0', 'ok'), 2 * WINDOW);

    assert.deepEqual([...back, ...later, ...again], []);
    assert.equal(bench.router('lan').state, 'Initialize');
  });

  it('a higher limit does not unlatch', () => {
    const bench = worn(false);
    bench.take(hard('no-carrier', 'eth0'), 40 * SECOND);
    bench.take(hard('no-carrier', 'eth0', 'ok'), 41 * SECOND);

    const flaps = { maximum: 9, window: microseconds(WINDOW) };
    const effects = bench.configure([router()], 42 * SECOND, { flaps });

    assert.deepEqual(effects, []);
  });

  for (const command of ['flaps-clear', 'bypass-release'] as const) {
    it(`${command} unlatches, and forgets the flaps`, () => {
      const bench = worn(false);
      bench.take(hard('no-carrier', 'eth0'), 40 * SECOND);
      bench.take(hard('no-carrier', 'eth0', 'ok'), 41 * SECOND);

      const effects = bench.take(operator(command), 50 * SECOND);

      assert.deepEqual(effects, ['lan Initialize -> Backup readmitted']);
      assert.equal(bench.instance.snapshot(instant(50 * SECOND)).flapCount, 0);
    });
  }

  it('further losses are counted, and latched once is latched: said once', () => {
    const bench = worn(false);
    bench.take(hard('no-carrier', 'eth0'), 40 * SECOND);
    bench.take(operator('flaps-clear'), 50 * SECOND);
    bench.take(hard('no-carrier', 'eth0', 'ok'), 50 * SECOND);
    bench.run(60 * SECOND);

    const effects = bench.take(hard('no-carrier', 'eth0'), 60 * SECOND);

    assert.deepEqual(counted(effects), ['instance report flap: 1 of 3: no-carrier']);
  });

  it('no limit: counted, never latched', () => {
    const bench = new InstanceBench([router()], {
      flaps: { maximum: 0, window: microseconds(WINDOW) },
    });
    bench.start(-ACTIVE_DOWN);
    bench.run(0);
    for (let second = 10; second < 110; second += 10) flapAt(bench, second * SECOND);

    const effects = bench.take(hard('no-carrier', 'eth0'), 200 * SECOND);

    assert.deepEqual(counted(effects), ['instance report flap: 11: no-carrier']);
  });

  it('a limit of one: the second time', () => {
    const flaps = { maximum: 1, window: microseconds(WINDOW) };
    const bench = activeBench({ overrides: { flaps } });
    bench.take(gateway('failed'), 50_000);
    bench.says(TAKEN, 60_000);
    bench.take(gateway('ok'), 100_000);
    bench.says({ state: 'Active', releasing: true }, 120_000);
    // Not before a handover is over: until then a fault may be the former role's.
    bench.take(gateway('failed'), 600_000);
    bench.says({ state: 'Backup', releasing: false, addressesPresent: false }, 610_000);

    const effects = bench.says(TAKEN, 660_000);

    assert.deepEqual(effects, [
      'lan remove',
      'lan Active -> Backup soft-fault',
      'instance report flap: 2 of 1: soft-fault',
      'instance report latched: soft-fault',
      'lan Backup -> Initialize suspended',
      'tell unfit: Initialize 200',
    ]);
  });

  it('latched while others of the group are Active: they are handed over first', () => {
    const flaps = { maximum: 1, window: microseconds(WINDOW) };
    const routers = [router({ priority: 200 }), wan({ priority: 200 })];
    const bench = activeBench({ routers, overrides: { mode: 'active-active', flaps } });
    bench.take(hard('no-carrier', 'eth0'), 10_000);
    bench.take(hard('no-carrier', 'eth0', 'ok'), 20_000);
    bench.says({ of: 'lan', state: 'Active', addressesPresent: true }, 25_000);
    bench.hear('lan', { priority: 0 }, 30_000);
    assert.deepEqual(bench.states(), ['lan Active', 'wan Active']);

    const effects = bench.take(hard('no-carrier', 'eth0'), 40_000);

    assert.deepEqual(counted(effects), [
      'instance report flap: 2 of 1: no-carrier',
      'instance report latched: no-carrier',
    ]);
    assert.equal(bench.router('wan').releasing, 'suspended');
  });
});

const remembered = (flaps: readonly number[], latched = false): Memory => ({
  maintenance: false,
  bypassEngaged: false,
  flaps: { flaps: flaps.map(instant), latched },
  standBack: null,
});

describe('what an earlier agent left to remember', () => {
  function started(memory: Memory, crashed: boolean, primary = false) {
    const bench = new PairBench([router()], { primary });
    bench.cut();
    const told = bench.take({ kind: 'remember', memory, crashed }, 0);
    return { bench, told, started: bench.start(0) };
  }

  it('it stopped: its flaps count on, nothing is added', () => {
    const { bench, told, started: effects } = started(remembered([-10 * SECOND]), false);

    assert.deepEqual(told, []);
    assert.deepEqual(effects, ['lan Initialize -> Backup startup', 'tell sound: Backup 100']);
    assert.equal(bench.instance.snapshot(instant(0)).flapCount, 1);
  });

  it('it crashed while Active: a flap, and the peers hear that the role is free', () => {
    const { told, started: effects } = started(remembered([-10 * SECOND]), true);

    assert.deepEqual(told, ['instance report flap: 2 of 3: the agent ended while it was Active']);
    assert.deepEqual(effects, [
      'lan Initialize -> Backup startup',
      'tell sound: Backup 100 releasing',
    ]);
  });

  it('it crashed once too often: suspended before it takes part', () => {
    const old = remembered([-30, -20, -10].map((second) => second * SECOND));

    const { told, started: effects } = started(old, true);

    assert.deepEqual(told, [
      'instance report flap: 4 of 3: the agent ended while it was Active',
      'instance report latched: the agent ended while it was Active',
    ]);
    assert.deepEqual(effects, [
      'lan report waiting: suspended',
      'tell unfit: Initialize 100 releasing',
    ]);
  });

  it('flaps of long ago are forgotten', () => {
    const { bench } = started(remembered([-WINDOW, -WINDOW + 1]), false);

    assert.equal(bench.instance.snapshot(instant(0)).flapCount, 1);
  });

  it('its latch, its maintenance and its bypass stay, whatever the window says', () => {
    const latched = started(remembered([], true), false);
    const primary = started(remembered([], true), false, true);
    const maintained = started({ ...remembered([]), maintenance: true }, false);
    const engaged = started({ ...remembered([]), bypassEngaged: true }, false);

    assert.deepEqual(latched.started, [
      'lan report waiting: suspended',
      'tell unfit: Initialize 100',
    ]);
    assert.deepEqual(primary.started, [
      'lan report waiting: bypassed',
      'bypass bypass flaps',
      'tell unfit: Initialize 100',
    ]);
    assert.deepEqual(maintained.started, [
      'lan report waiting: maintenance',
      'tell unfit: Initialize 100',
    ]);
    assert.deepEqual(engaged.started, [
      'lan report waiting: bypassed',
      'bypass bypass operator',
      'tell unfit: Initialize 100',
    ]);
  });

  it('it was latched, and crashed while handing over: still latched', () => {
    const { bench } = started(remembered([], true), true);

    assert.equal(memoryOf(bench).flaps.latched, true);
  });

  it('its bypass, and there is no relay any more: it takes part', () => {
    const bench = new PairBench([router()], { hasBypass: false });
    bench.cut();
    const memory = { ...remembered([]), bypassEngaged: true };
    bench.take({ kind: 'remember', memory, crashed: false }, 0);

    assert.equal(bench.start(0)[0], 'lan Initialize -> Backup startup');
  });

  it('told after the start it is nothing: neither maintenance nor a flap', () => {
    const bench = new PairBench([router()], { primary: true });
    bench.cut();
    bench.start(0);
    const before = [memoryOf(bench), bench.instance.snapshot(instant(0))];
    const memory = { ...remembered([-10 * SECOND], true), maintenance: true };

    assert.deepEqual(bench.take({ kind: 'remember', memory, crashed: true }, 0), []);

    assert.deepEqual([memoryOf(bench), bench.instance.snapshot(instant(0))], before);
  });

  it('what is to be remembered is what was remembered', () => {
    const memory = { ...remembered([-10 * SECOND], true), maintenance: true, bypassEngaged: true };

    const { bench } = started(memory, false);

    assert.deepEqual(memoryOf(bench), memory);
  });

  it('the free role is no longer offered once somebody holds it', () => {
    const { bench } = started(remembered([]), true);

    const heard = bench.hear('lan', { priority: 200 }, 100_000);

    assert.deepEqual(heard, ['tell sound: Backup 100']);
  });

  it('nor once we have taken it ourselves', () => {
    const { bench } = started(remembered([]), true);

    const effects = bench.pass(5 * SECOND);

    assert.ok(
      effects.some((text) => text.endsWith('tell sound: Active 100')),
      effects.join('\n'),
    );
  });
});
