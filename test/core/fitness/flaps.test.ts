// Flaps (DESIGN §5): which losses of the role count, and for how long. When it is too often: flaps-latch.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { FLAPS } from '../../../src/core/fitness/restraint.js';
import type { InstanceEvent } from '../../../src/core/interface.js';
import { TRANSITION_REASONS, type TransitionReason } from '../../../src/model/reasons.js';
import { instant } from '../../../src/model/units.js';
import {
  activeInstance,
  forced,
  hard,
  operator,
  router,
  wan,
  type InstanceBench,
} from '../instance-bench.js';
import { SECOND, TAKEN, activeBench, backupBench, moves } from '../pair-bench.js';
import { WINDOW, counted, flapAt } from './flap-scenes.js';

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
      (bench) => bench.take(forced('maintenance-on'), 1),
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
