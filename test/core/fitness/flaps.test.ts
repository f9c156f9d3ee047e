// Flaps (DESIGN §5): which losses of the role count, for how long, when it is too often, and what then.
// The bypass itself is in bypass.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { FLAPS } from '../../../src/core/fitness/restraint.js';
import type { InstanceEvent, Memory, OperatorCommand } from '../../../src/core/interface.js';
import { TRANSITION_REASONS, type TransitionReason } from '../../../src/model/reasons.js';
import { instant, microseconds } from '../../../src/model/units.js';
import { InstanceBench, activeInstance, hard, router, wan } from '../instance-bench.js';
import {
  ACTIVE_DOWN,
  PairBench,
  SECOND,
  activeBench,
  backupBench,
  gateway,
  moves,
  type Saying,
} from '../pair-bench.js';

const operator = (command: OperatorCommand) => ({ kind: 'operator', command }) as const;
const TAKEN: Saying = { state: 'Active', addressesPresent: true };
const WINDOW = 900 * SECOND;

/** The reports of flaps and latches among the effects. */
const counted = (lines: readonly string[]): string[] =>
  lines.filter((text) => text.includes('report flap') || text.includes('report latched'));

/** The carrier goes at `at` and comes back at once; Active again an Active_Down_Interval later. */
function flapAt(bench: InstanceBench, at: number): string[] {
  const lost = bench.take(hard('no-carrier', 'eth0'), at);
  bench.take(hard('no-carrier', 'eth0', 'ok'), at);
  bench.run(at + ACTIVE_DOWN);
  return lost;
}

const memoryOf = (bench: InstanceBench, at = 0): Memory =>
  bench.instance.snapshot(instant(at)).memory;

describe('what counts', () => {
  it('a fault that takes the role away', () => {
    const bench = activeInstance([router()]);

    const effects = bench.take(hard('no-carrier', 'eth0'), 1);

    assert.deepEqual(effects, [
      'lan remove',
      'lan Active -> Initialize no-carrier',
      'instance report flap: 1 of 3: no-carrier',
    ]);
  });

  const FAULTS: Readonly<Record<string, InstanceEvent>> = {
    'interface-missing': hard('interface-missing', 'eth0'),
    'interface-renamed': hard('interface-renamed', 'eth0'),
    'interface-down': hard('interface-down', 'eth0'),
    'links-below-minimum': hard('links-below-minimum'),
    'no-primary-address': { kind: 'primary-address', virtualRouter: 'lan', address: null },
    'socket-failed': { kind: 'socket', virtualRouter: 'lan', open: false },
    'address-failed': { kind: 'addresses-failed', virtualRouter: 'lan', detail: 'EINVAL' },
  };
  for (const [reason, event] of Object.entries(FAULTS)) {
    it(reason, () => {
      const effects = activeInstance([router()]).take(event, 1);

      assert.deepEqual(counted(effects), [`instance report flap: 1 of 3: ${reason}`]);
    });
  }

  it('every way to lose the role is either a flap, or was asked for', () => {
    const asked: readonly TransitionReason[] = [
      'preempted',
      'group-moved',
      'failover',
      'maintenance',
      'suspended',
      'bypassed',
      'shutdown',
      'mode-off',
      'settings-changed',
      // A witness asks for it by its silence.
      'witness-lost',
    ];
    const taking: readonly TransitionReason[] = [
      'startup',
      'owner',
      'no-response',
      'priority',
      'priority-zero',
      'peer-released',
      'peer-dead',
      'witness-granted',
      'better-placed',
      'fault-cleared',
      'readmitted',
      'mode-on',
    ];
    const flaps = Object.keys(TRANSITION_REASONS).filter((reason) =>
      FLAPS.has(reason as TransitionReason),
    );

    assert.deepEqual(
      [...flaps, ...asked, ...taking].toSorted(),
      Object.keys(TRANSITION_REASONS).toSorted(),
    );
  });

  it('what a group loses together counts once', () => {
    const bench = activeInstance([router(), wan()]);

    const effects = bench.take(hard('no-carrier', 'eth1'), 1);

    assert.deepEqual(counted(effects), ['instance report flap: 1 of 3: group-fault']);
  });

  it('what is lost before anything was taken again belongs to the loss before', () => {
    const bench = activeInstance([router(), wan()]);
    bench.take({ kind: 'addresses-failed', virtualRouter: 'lan', detail: 'EINVAL' }, 1);

    const effects = bench.take(hard('no-carrier', 'eth1'), 2);

    assert.deepEqual(moves(effects), [
      'lan Backup -> Initialize group-fault',
      'wan Active -> Initialize no-carrier',
    ]);
    assert.deepEqual(counted(effects), []);
  });

  it('a Backup that is put out loses nothing', () => {
    const bench = backupBench();

    assert.deepEqual(counted(bench.take(hard('no-carrier', 'eth0'), 1)), []);
  });

  it('a stop, a preemption, mode off, a changed setting: asked for', () => {
    const ends: ((bench: InstanceBench) => string[])[] = [
      (bench) => bench.take({ kind: 'stop' }, 1),
      (bench) => bench.hear('lan', { priority: 250 }, 1),
      (bench) => bench.configure([router()], 1, { mode: 'off' }),
      (bench) => bench.configure([router({ vrid: 99 })], 1),
      (bench) => bench.take({ ...operator('maintenance-on'), force: true }, 1),
      (bench) => bench.take(operator('bypass-engage'), 1),
    ];
    for (const end of ends) {
      const bench = activeInstance([router()]);

      const effects = end(bench);

      assert.match(moves(effects)[0] ?? 'no move', /^lan Active -> /);
      assert.deepEqual(counted(effects), []);
      assert.equal(bench.instance.snapshot(instant(1)).flapCount, 0);
    }
  });

  it('a failover and a maintenance that the peer completes: asked for', () => {
    for (const command of ['failover', 'maintenance-on'] as const) {
      const bench = activeBench();
      bench.take(operator(command), 50_000);

      const effects = bench.says(TAKEN, 60_000);

      assert.match(moves(effects)[0] ?? 'no move', /^lan Active -> Backup/);
      assert.deepEqual(counted(effects), []);
    }
  });

  it('a farewell in the name of an Active that is there: whoever came is sent back, as often as it is said', () => {
    const bench = backupBench();
    for (let at = 50_000; at < 20 * SECOND; at += 4 * SECOND) {
      const effects = bench.hear('lan', { priority: 0 }, at);
      const later = bench.pass(at + 2 * SECOND);

      assert.deepEqual(moves(effects), ['lan Backup -> Active priority-zero']);
      assert.match(moves(later).join(), /^\d+ lan Active -> Backup dual-active$/);
      assert.deepEqual(counted(later), []);
    }
  });

  it('a farewell that was meant, and a rival long after it: a flap', () => {
    const bench = backupBench();
    bench.advertise(false);
    bench.says({ state: 'Backup', addressesPresent: false }, 49_000);
    bench.hear('lan', { priority: 0 }, 50_000);
    bench.pass(10 * SECOND);

    bench.says(TAKEN, 10 * SECOND);
    const later = bench.pass(12 * SECOND);

    assert.match(moves(later).join(), /^\d+ lan Active -> Backup dual-active$/);
    assert.match(counted(later).join(), /report flap: 1 of 3: dual-active$/);
  });
});

describe('the window', () => {
  it('counts upwards, and forgets what is as old as the window', () => {
    const bench = activeInstance([router()]);
    flapAt(bench, 10 * SECOND);
    flapAt(bench, 20 * SECOND);

    const third = flapAt(bench, 10 * SECOND + WINDOW);

    assert.deepEqual(counted(third), ['instance report flap: 2 of 3: no-carrier']);
  });

  it('a microsecond younger counts still', () => {
    const bench = activeInstance([router()]);
    flapAt(bench, 10 * SECOND);

    const second = flapAt(bench, 10 * SECOND + WINDOW - 1);

    assert.deepEqual(counted(second), ['instance report flap: 2 of 3: no-carrier']);
  });

  it('the snapshot tells how many there are now', () => {
    const bench = activeInstance([router()]);
    flapAt(bench, 10 * SECOND);
    flapAt(bench, 20 * SECOND);
    const { instance } = bench;

    assert.equal(instance.snapshot(instant(10 * SECOND + WINDOW - 1)).flapCount, 2);
    assert.equal(instance.snapshot(instant(10 * SECOND + WINDOW)).flapCount, 1);
    assert.equal(instance.snapshot(instant(20 * SECOND + WINDOW)).flapCount, 0);
  });
});

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
