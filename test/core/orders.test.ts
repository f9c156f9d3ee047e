// What operators order (failover, maintenance, a stop): whom it would leave the role to is looked at
// first, it is nobody's flap, and it stays until it is asked back or needed. Both sides of each.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { InstanceEvent, OperatorCommand } from '../../src/core/interface.js';
import type { PeerCause, PeerReport } from '../../src/model/peer-report.js';
import { instant } from '../../src/model/units.js';
import { hard, router, wan } from './instance-bench.js';
import {
  HANDOVER,
  LAN_THIRD,
  PairBench,
  SECOND,
  THERE,
  THIRD,
  activeBench,
  backupBench,
  cause,
  gateway,
  moves,
  type Saying,
} from './pair-bench.js';
import { address } from './machine/virtual-router-bench.js';

const operator = (command: OperatorCommand, force = false) =>
  ({ kind: 'operator', command, force, by: 'root' }) as const;
const TAKEN: Saying = { state: 'Active', addressesPresent: true };
/** The peer is well again, and says nothing more. */
const refusals = (lines: readonly string[]): string[] =>
  lines.filter((text) => text.includes('report refused'));
const flaps = (lines: readonly string[]): string[] =>
  lines.filter((text) => text.includes('report flap'));

/** The last that the peers were told. */
function told(bench: PairBench): PeerReport | null {
  return bench.instance.checkpoint().told;
}

/** The remedy of the refusal. */
function remedyOf(bench: PairBench, event: InstanceEvent, at: number): string {
  const found = bench.instance
    .handle(event, instant(at))
    .find((effect) => effect.kind === 'report' && effect.report === 'refused');
  return found?.kind === 'report' ? (found.remedy ?? 'none') : 'not refused';
}

describe('why a peer is no successor, and what to do about it', () => {
  const OBJECTIONS: readonly [string, Saying, string, string][] = [
    [
      'in maintenance',
      { fit: false, sound: false, cause: cause({ reason: 'maintenance', detail: 'root' }) },
      'there is out: in maintenance, by an operator (root)',
      'on there: understudy maintenance off',
    ],
    [
      'suspended',
      { fit: false, sound: false, cause: cause({ reason: 'suspended', detail: '' }) },
      'there is out: the role was lost too often: suspended until an operator clears the flaps',
      'on there: understudy flaps clear',
    ],
    [
      'out for a reason of a later release',
      { fit: false, sound: false, cause: cause({ reason: 'on-holiday', detail: '' }) },
      'there is out: on-holiday',
      'mend that on there',
    ],
    [
      'without carrier',
      { fit: false, sound: false, cause: cause({ reason: 'no-carrier', detail: 'eth0' }) },
      'there is out: the interface has no carrier (eth0)',
      'mend that on there',
    ],
  ];
  for (const [what, saying, why, remedy] of OBJECTIONS) {
    it(`${what}: failover refused, forced or not`, () => {
      for (const force of [false, true]) {
        const bench = activeBench();
        bench.says(saying, 40_000);

        const order = operator('failover', force);

        assert.deepEqual(bench.take(order, 50_000), [
          `lan report refused: failover: nobody is fit and sound to take lan: ${why}`,
        ]);
        assert.equal(remedyOf(bench, order, 50_000), remedy);
      }
    });
  }

  const FORCIBLE: readonly [string, Saying, string][] = [
    ['a failed check', { sound: false, cause: cause() }, 'there has failing: gateway'],
    ['a soft fault without a name', { sound: false }, 'there has a monitor that fails'],
    [
      'priority 1',
      { effectivePriority: 1 },
      'there is at priority 1 for 60 s: it could not add or keep its virtual addresses',
    ],
    [
      'addresses taken from it',
      { sound: false, cause: cause({ reason: 'address-lost', detail: 'lan' }) },
      'there is at priority 1 for 60 s: it could not add or keep its virtual addresses',
    ],
  ];
  for (const [what, saying, why] of FORCIBLE) {
    it(`${what}: refused, and done when it is forced`, () => {
      const bench = activeBench();
      bench.says(saying, 40_000);

      const refused = bench.take(operator('failover'), 50_000);
      const remedy = remedyOf(bench, operator('failover'), 50_000);
      const done = bench.take(operator('failover', true), 60_000);

      assert.deepEqual(refused, [
        `lan report refused: failover: nobody is fit and sound to take lan: ${why}`,
      ]);
      assert.match(remedy, /, or insist with --force$/);
      assert.equal(done[0], 'instance report failover: lan by root, forced');
      assert.equal(bench.router('lan').releasing, 'failover');
      assert.deepEqual(told(bench)?.cause, {
        reason: 'failover',
        detail: 'root',
        forced: true,
        doubtful: false,
      });
    });
  }

  it('other virtual addresses: refused, and done when it is forced', () => {
    const bench = activeBench();
    const { digests } = bench.voice().report;
    bench.says({ digests: { ...digests, addresses: 1 } }, 40_000);

    const refused = bench.take(operator('failover'), 50_000);
    bench.take(operator('failover', true), 60_000);

    assert.match(refused.join(), /there has other virtual addresses/);
    assert.equal(bench.router('lan').releasing, 'failover');
  });

  it('a peer that has not answered yet: it may be there', () => {
    const bench = activeBench();
    bench.configure([router({ priority: 200 })], 0, { peers: [THIRD] });

    const refused = bench.take(operator('failover'), 1);

    assert.match(refused.join(), /third has not answered yet/);
  });

  it('two peers: one that is fit and sound is enough; of two that are not, both are told', () => {
    const bench = activeBench({ peers: [THERE, THIRD] });
    bench.says({ sound: false, cause: cause() }, 40_000);
    const out = cause({ reason: 'no-carrier', detail: 'eth0' });
    assert.equal(
      bench.take(operator('failover'), 50_000)[0],
      'instance report failover: lan by root',
    );
    bench.pass(50_000 + HANDOVER);
    bench.says({ fit: false, sound: false, cause: out }, 6 * SECOND, { peer: 'third' });

    const refused = bench.take(operator('failover'), 6 * SECOND);

    assert.deepEqual(refused, [
      'lan report refused: failover: nobody is fit and sound to take lan: there has failing: gateway; third is out: the interface has no carrier (eth0)',
    ]);
  });

  it('the remedies of an order to stay out end with --force, once', () => {
    const bench = activeBench();
    const maintenance = operator('maintenance-on');
    bench.says({ fit: false, sound: false, cause: cause({ reason: 'bypassed' }) }, 40_000);
    const hopeless = remedyOf(bench, maintenance, 50_000);
    bench.says({ fit: true, cause: cause() }, 60_000);
    const faulty = remedyOf(bench, maintenance, 70_000);

    assert.equal(hopeless, 'on there: understudy bypass release, or insist with --force');
    assert.equal(faulty, 'mend what the monitor of there watches, or insist with --force');
  });
});

describe('maintenance looks for a successor first', () => {
  it('a Backup whose Active is heard or says so may go; one that is the next may not', () => {
    const heard = backupBench();
    const next = new PairBench([router()]);
    next.says({ fit: false, sound: false, state: 'Initialize' }, null);
    next.start(-SECOND);
    next.pass(0);

    const gone = heard.take(operator('maintenance-on'), 50_000);
    const kept = next.take(operator('maintenance-on'), 50_000);

    assert.deepEqual(refusals(gone), []);
    assert.equal(refusals(kept).length, 1);
    assert.equal(next.router('lan').state, 'Backup');
  });

  it('the Active is only told of, not heard: it may go too', () => {
    const bench = new PairBench([router()]);
    bench.says({ state: 'Active', effectivePriority: 200, addressesPresent: true }, null);
    bench.start(-SECOND);
    bench.pass(0);

    assert.deepEqual(refusals(bench.take(operator('maintenance-on'), 50_000)), []);
  });

  it('on already: asked again, it is nothing new', () => {
    const bench = activeBench();
    bench.take(operator('maintenance-on', true), 50_000);
    bench.says({ ...TAKEN, fit: false, sound: false }, 60_000);
    bench.says({ state: 'Initialize' }, 70_000);

    const again = bench.take(operator('maintenance-on'), 80_000);

    assert.equal(again[0], 'instance report maintenance: on by root');
    assert.deepEqual(refusals(again), []);
  });
});

describe('a stop says that it leaves the role to nobody', () => {
  it('by the name of the peer; it goes all the same', () => {
    const bench = activeBench();
    const why = cause({ reason: 'maintenance', detail: '' });
    bench.says({ fit: false, sound: false, cause: why }, 40_000);

    const effects = bench.take({ kind: 'stop' }, 50_000);

    assert.equal(
      effects[0],
      'lan report no-successor: there is out: in maintenance, by an operator',
    );
    assert.deepEqual(moves(effects), ['lan Active -> Initialize shutdown']);
  });

  it('every peer has said that it is out: nobody is waited for', () => {
    const bench = activeBench();
    const isAlone = (): boolean => bench.instance.snapshot(instant(0)).isAlone;
    const before = isAlone();
    bench.says({ fit: false, sound: false }, 40_000);

    assert.deepEqual([before, isAlone()], [false, true]);
    assert.equal(new PairBench([router()], {}, []).instance.snapshot(instant(0)).isAlone, false);
  });

  it('the snapshot tells who could take what is Active here, and what is against the others', () => {
    const bench = activeBench();
    const seen = (): unknown => {
      const { prospects, own } = bench.instance.snapshot(instant(0));
      return { prospects, own };
    };
    const before = seen();
    bench.says({ fit: false, sound: false }, 40_000);
    bench.take({ kind: 'operator', command: 'maintenance-on', force: true, by: 'alice' }, 50_000);

    assert.deepEqual(before, {
      prospects: [{ virtualRouter: 'lan', successors: ['there'], objections: [] }],
      own: { fit: true, sound: true },
    });
    assert.deepEqual(seen(), {
      prospects: [],
      own: {
        fit: false,
        sound: false,
        cause: { reason: 'maintenance', detail: 'alice', forced: true, doubtful: false },
      },
    });
    assert.deepEqual(backupBench().instance.snapshot(instant(0)).prospects, []);
    const alone = activeBench();
    alone.says({ fit: false, sound: false }, 40_000);
    const [prospect] = alone.instance.snapshot(instant(0)).prospects;
    assert.deepEqual(prospect?.successors, []);
    assert.match(prospect.objections[0]?.text ?? '', /^there is out: /);
  });

  it('with a successor, or with nothing held, there is nothing to say', () => {
    for (const bench of [activeBench(), backupBench()]) {
      assert.ok(!bench.take({ kind: 'stop' }, 1).join().includes('no-successor'));
    }
  });
});

describe('forced upon one with a failed check, it stays, and is nobody’s flap', () => {
  const FORCED: PeerCause = cause({ reason: 'failover', detail: 'root', forced: true });

  /** We have a fault, and an operator forces the role upon us. */
  function given(order: PeerCause, routers = [router()]): PairBench {
    const bench = backupBench({ routers });
    bench.take(gateway('failed'), 10_000);
    bench.says({ releasing: true, cause: order }, 50_000);
    bench.pass(60_000);
    bench.says(
      {
        state: 'Backup',
        addressesPresent: false,
        releasing: false,
        standsBack: true,
        cause: order,
      },
      60_000,
    );
    return bench;
  }

  it('the sound one that was sent away does not get it back', () => {
    const bench = given(FORCED);

    const effects = bench.pass(30 * SECOND);

    assert.equal(bench.router('lan').state, 'Active');
    assert.deepEqual(moves(effects), []);
    assert.deepEqual(flaps(effects), []);
    assert.ok(!effects.join().includes('releasing'), 'it is not even offered back');
  });

  it('a fault that was over once counts again', () => {
    const bench = given(FORCED);
    bench.take(gateway('ok'), 10 * SECOND);
    const again = bench.take(gateway('failed'), 11 * SECOND);

    assert.deepEqual(again, ['tell fit: Active 100 present releasing']);
  });

  it('of two faults the other one stays excused', () => {
    const bench = backupBench();
    const upcheck = (state: 'ok' | 'failed'): InstanceEvent => ({
      kind: 'monitor',
      status: { name: 'upcheck', state, detail: '', weight: 'soft' },
    });
    bench.take(gateway('failed'), 10_000);
    bench.take(upcheck('failed'), 10_000);
    bench.says({ releasing: true, cause: FORCED }, 50_000);
    bench.pass(60_000);
    bench.says({ state: 'Backup', addressesPresent: false, releasing: false }, 60_000);
    bench.take(upcheck('ok'), 2 * SECOND);

    assert.equal(bench.router('lan').releasing, null);
    bench.take(upcheck('failed'), 3 * SECOND);
    assert.equal(bench.router('lan').releasing, 'soft-fault');
  });

  it('not forced, it goes back to a sound one: it is needed there', () => {
    const bench = given(cause({ reason: 'failover', detail: 'root' }));

    assert.equal(bench.router('lan', SECOND).state, 'Active');
    bench.pass(SECOND);
    assert.equal(bench.router('lan').releasing, null, 'nobody took it yet: it is kept');
    assert.deepEqual(
      flaps(bench.says({ ...TAKEN, releasing: false }, 7 * SECOND)),
      [],
      'settled by then, so that it counts nothing',
    );
  });

  it('forced maintenance excuses nothing: its end takes the role back', () => {
    const bench = given(cause({ reason: 'maintenance', detail: 'root', forced: true }));

    const effects = bench.pass(SECOND);

    assert.ok(effects.join().includes('releasing'), effects.join('\n'));
  });

  it('the addresses could not be added: no flap, since an operator ordered it', () => {
    const failed = { kind: 'addresses-failed', virtualRouter: 'lan', detail: 'EINVAL' } as const;
    for (const [reason, count] of [
      ['failover', 0],
      ['maintenance', 0],
      ['soft-fault', 1],
    ] as const) {
      const bench = backupBench();
      bench.scripts = false;
      bench.says({ releasing: true, cause: cause({ reason }) }, 50_000);

      const effects = bench.take(failed, 60_000);

      assert.deepEqual(moves(effects), ['lan Active -> Backup address-failed']);
      assert.equal(flaps(effects).length, count, reason);
    }
  });

  it('what is lost once the addresses stand counts as ever', () => {
    const bench = backupBench();
    bench.says({ releasing: true, cause: cause({ reason: 'failover' }) }, 50_000);
    bench.pass(60_000);

    assert.equal(flaps(bench.take(hard('no-carrier', 'eth0'), SECOND)).length, 1);
  });

  it('one that has just failed to add the addresses takes them when it is forced to', () => {
    for (const [forced, state] of [
      [false, 'Backup'],
      [true, 'Active'],
    ] as const) {
      const bench = backupBench();
      bench.scripts = false;
      const failed = { kind: 'addresses-failed', virtualRouter: 'lan', detail: 'EINVAL' } as const;
      bench.says({ releasing: true }, 50_000);
      bench.take(failed, 60_000);

      bench.says({ releasing: true, cause: { ...FORCED, forced } }, 70_000);

      assert.equal(bench.router('lan').state, state);
    }
  });

  it('it fails: not tried again for this order, as long as the other one repeats it; but for the next one', () => {
    const bench = backupBench();
    bench.scripts = false;
    const failed = { kind: 'addresses-failed', virtualRouter: 'lan', detail: 'EINVAL' } as const;
    const order: Saying = { releasing: true, cause: FORCED };
    bench.says(order, 50_000);
    bench.take(failed, 60_000);

    const repeated = bench.says(order, 70_000);
    const left = bench.says({ state: 'Backup', addressesPresent: false }, 80_000);
    bench.says({ ...TAKEN, releasing: false }, 90_000);
    const next = bench.says(order, 2 * SECOND);

    assert.deepEqual(moves(repeated), []);
    assert.deepEqual(moves(left), [], 'nor when it has left');
    assert.deepEqual(moves(next), ['lan Backup -> Active peer-released']);
  });
});

describe('what the peers are told of it', () => {
  const causeAfter = (bench: PairBench, ...events: InstanceEvent[]): PeerCause | undefined => {
    for (const event of events) bench.take(event, 50_000);
    return told(bench)?.cause;
  };
  const told4 = (reason: string, detail: string, doubtful = false): PeerCause => ({
    reason,
    detail,
    forced: false,
    doubtful,
  });

  it('all is well: nothing', () => {
    assert.equal(causeAfter(activeBench()), undefined);
  });

  it('who ordered it', () => {
    assert.deepEqual(causeAfter(activeBench(), operator('failover')), told4('failover', 'root'));
    assert.deepEqual(
      causeAfter(backupBench(), operator('maintenance-on')),
      told4('maintenance', 'root'),
    );
    assert.deepEqual(
      causeAfter(backupBench(), operator('bypass-engage')),
      told4('bypassed', 'root'),
    );
    const passed = { kind: 'bypass-state', actual: 'bypass' } as const;
    assert.deepEqual(causeAfter(backupBench(), passed), told4('bypassed', ''));
  });

  it('the interface at fault', () => {
    assert.deepEqual(
      causeAfter(backupBench(), hard('no-carrier', 'eth0')),
      told4('no-carrier', 'eth0'),
    );
  });

  it('the second virtual router is at fault', () => {
    const routers = [router(), wan()];
    assert.deepEqual(
      causeAfter(backupBench({ routers }), hard('no-carrier', 'eth1')),
      told4('no-carrier', 'eth1'),
    );
  });

  it('the monitors that failed, or are about to', () => {
    assert.deepEqual(causeAfter(backupBench(), gateway('failed')), told4('soft-fault', 'gateway'));
    assert.deepEqual(
      causeAfter(backupBench(), gateway('ok', true)),
      told4('soft-fault', 'gateway', true),
    );
  });

  it('addresses that could not be added, or were taken away', () => {
    const failed = { kind: 'addresses-failed', virtualRouter: 'lan', detail: 'EINVAL' } as const;
    assert.deepEqual(causeAfter(activeBench(), failed), told4('address-failed', 'lan'));
    const removed = { kind: 'addresses-removed', virtualRouter: 'lan' } as const;
    assert.deepEqual(
      causeAfter(activeBench(), removed, removed, removed, removed, removed, removed),
      told4('address-lost', 'lan'),
    );
  });

  it('a stop, and what is not known yet', () => {
    assert.deepEqual(causeAfter(backupBench(), { kind: 'stop' }), told4('shutdown', ''));
    const fresh = new PairBench([router()]);
    fresh.take({ kind: 'start' }, 0);
    assert.equal(told(fresh)?.cause, undefined);
  });

  it('it stands back until it is needed', () => {
    const bench = activeBench();
    bench.take(operator('failover'), 50_000);
    bench.says({ ...TAKEN }, 60_000);
    assert.deepEqual(told(bench)?.cause, told4('failover', 'root'));
    assert.equal(told(bench)?.standsBack, true);

    bench.says({ releasing: true }, SECOND);
    bench.pass(2 * SECOND);

    assert.equal(told(bench)?.standsBack, undefined);
    assert.equal(told(bench)?.cause, undefined);
  });

  it('it does not where the role returns to one that ranks above it: it would not take it from there', () => {
    const bench = activeBench();
    bench.says({ effectivePriority: 250 }, 40_000);
    bench.take(operator('failover'), 50_000);
    bench.says({ ...TAKEN, effectivePriority: 250 }, 60_000);

    assert.equal(bench.instance.snapshot(instant(60_000)).memory.standBack, null);
    assert.equal(told(bench)?.standsBack, undefined);
  });

  it('it does where the one above it is faulty, and was forced to take it', () => {
    const bench = activeBench();
    bench.says({ effectivePriority: 250, sound: false }, 40_000);
    bench.take(operator('failover', true), 50_000);

    const { memory } = bench.instance.snapshot(instant(50_000));
    assert.deepEqual(memory.standBack, { by: 'root', since: 50_000 });
  });

  it('it is remembered over a restart of the agent', () => {
    const bench = activeBench();
    bench.take(operator('failover'), 50_000);
    bench.says({ ...TAKEN, effectivePriority: 100 }, 60_000);
    const { memory } = bench.instance.snapshot(instant(60_000));
    assert.deepEqual(memory.standBack, { by: 'root', since: 50_000 });

    const again = new PairBench([router({ priority: 200 })]);
    again.take({ kind: 'remember', memory, crashed: false }, -5 * SECOND);
    again.says({ ...TAKEN, effectivePriority: 100 }, null);
    again.start(-4 * SECOND);
    again.advertise(-4 * SECOND);

    assert.deepEqual(moves(again.pass(30 * SECOND)).length, 0);
    assert.equal(again.router('lan').state, 'Backup');
  });
});

describe('who was sent away stands back, whoever else there is', () => {
  const both = { peers: [THERE, THIRD] };

  /** `there` was sent away and stands back; `third` holds the role with 50; we could preempt. */
  function kept(source = LAN_THIRD): PairBench {
    const bench = new PairBench([router()], {}, [THERE, THIRD]);
    bench.says({ effectivePriority: 200, standsBack: true }, null);
    bench.says({ ...TAKEN, effectivePriority: 50 }, null, { peer: 'third' });
    bench.start(-3 * SECOND);
    bench.hear('lan', { priority: 50, source }, -2 * SECOND);
    return bench;
  }

  const hearing = (bench: PairBench, from: number, source = LAN_THIRD): string[] => {
    const lines: string[] = [];
    for (let at = from; at < 10 * SECOND; at += SECOND) {
      lines.push(...bench.pass(at), ...bench.hear('lan', { priority: 50, source }, at));
    }
    return moves(lines);
  };

  it('nobody preempts the successor meanwhile', () => {
    assert.deepEqual(hearing(kept(), -SECOND), []);
  });

  it('the holder stands back itself, from another one: preempted as ever', () => {
    const bench = kept();
    bench.says({ standsBack: false }, -1_500_000);
    bench.says({ standsBack: true }, -1_500_000, { peer: 'third' });

    assert.match(hearing(bench, -SECOND).join(), /lan Backup -> Active priority/);
  });

  it('it does not stand back any longer: preempted as ever', () => {
    const bench = kept();
    bench.says({ standsBack: false }, -1_500_000);

    assert.match(hearing(bench, -SECOND).join(), /lan Backup -> Active priority/);
  });

  it('a stranger is preempted as ever: no operator has put the role there', () => {
    const source = address('192.0.2.77');
    const bench = kept(source);
    bench.says({ state: 'Backup', addressesPresent: false }, -1_900_000, { peer: 'third' });

    assert.match(hearing(bench, -SECOND, source).join(), /lan Backup -> Active priority/);
  });

  /** We were sent away with 200; `third` holds the role; `there` could have it too. */
  function away(): PairBench {
    const bench = activeBench(both);
    bench.take(operator('failover'), 10_000);
    bench.says({ ...TAKEN, effectivePriority: 150 }, 20_000, { peer: 'third' });
    bench.hear('lan', { priority: 150, source: LAN_THIRD }, 20_000);
    bench.pass(SECOND);
    return bench;
  }

  it('the holder dies: the other one takes it, whatever the priorities', () => {
    const bench = away();
    bench.cut(undefined, 'third');

    const effects = bench.pass(SECOND + 500_000);

    assert.deepEqual(moves(effects), []);
  });

  it('the holder says nothing more, and nobody else has taken it in time: needed', () => {
    const bench = away();
    bench.says({ state: 'Backup', addressesPresent: false }, 1_100_000, { peer: 'third' });

    const effects = bench.pass(10 * SECOND);

    // Active_Down_Interval, then the Skew_Time of the last resort.
    assert.deepEqual(moves(effects), [
      `${20_000 + 3_218_750 + 996_093} lan Backup -> Active no-response`,
    ]);
  });

  it('the holder gives it up for a fault: the other one goes first, and has taken it', () => {
    const bench = away();
    const why = cause({ reason: 'no-carrier' });
    bench.says({ releasing: true, cause: why }, 1_100_000, { peer: 'third' });
    bench.says({ ...TAKEN, effectivePriority: 100 }, 1_150_000);

    assert.deepEqual(moves(bench.pass(1_900_000)), []);
  });

  it('the holder is ordered to hand it over: asked back', () => {
    const bench = away();
    const why = cause({ reason: 'failover', detail: 'root' });

    const effects = bench.says({ releasing: true, cause: why }, 1_100_000, { peer: 'third' });

    assert.deepEqual(moves(effects), ['lan Backup -> Active peer-released']);
  });
});

describe('the record of a move says whose doing it was, and what for', () => {
  const becauseOf = (bench: PairBench): string => bench.router('lan').because;

  it('at the successor: by the name of the peer, with its cause', () => {
    const bench = backupBench();
    const why = cause({ reason: 'failover', detail: 'root (pid 7)' });
    bench.says({ releasing: true, cause: why }, 50_000);

    assert.equal(becauseOf(bench), 'there: an operator asked for a handover (root (pid 7))');
  });

  it('after priority 0, and after a death: the one that was heard', () => {
    const left = backupBench();
    left.says({ cause: cause({ reason: 'no-carrier', detail: 'eth0' }) }, 40_000);
    left.hear('lan', { priority: 0 }, 50_000);
    const dead = backupBench();
    dead.says({ cause: cause({ reason: 'shutdown', detail: '' }) }, 40_000);
    dead.cut();
    dead.advertise(false);
    dead.pass(5 * SECOND);

    assert.equal(becauseOf(left), 'there: the interface has no carrier (eth0)');
    assert.equal(becauseOf(dead), 'there');
  });

  it('what a peer said before it fell silent is the cause of nothing later', () => {
    const bench = backupBench();
    bench.says({ releasing: true, cause: cause({ reason: 'shutdown', detail: '' }) }, 50_000);
    assert.equal(becauseOf(bench), 'there: the agent was told to stop');
    bench.cut();
    bench.pass(2 * SECOND);
    // It is back with another key, so that it is heard on the LAN alone, and then it dies.
    bench.hear('lan', { priority: 200 }, 2 * SECOND + 10_000);
    bench.advertise(false);
    bench.hear('lan', { priority: 0 }, 3 * SECOND);
    bench.pass(5 * SECOND);

    assert.equal(bench.router('lan').reason, 'priority-zero');
    assert.equal(becauseOf(bench), '');
  });

  it('nobody is known: nothing', () => {
    const bench = new PairBench([router()], {}, []);
    bench.start(-10 * SECOND);
    bench.pass(0);

    assert.equal(becauseOf(bench), '');
  });

  it('at the one that leaves: who ordered it, or what is at fault', () => {
    const ordered = activeBench();
    ordered.take(operator('failover'), 50_000);
    ordered.says(TAKEN, 60_000);
    const faulty = activeBench();
    faulty.take(hard('no-carrier', 'eth0'), 50_000);
    const soft = activeBench();
    soft.take(gateway('failed'), 50_000);
    soft.says(TAKEN, 60_000);

    assert.deepEqual([ordered, faulty, soft].map(becauseOf), ['root', 'eth0', 'gateway']);
  });
});

describe('who ordered a move', () => {
  /** At the last transition while `act` was done; null: nobody, or nobody known. */
  function orderedBy(bench: PairBench, act: (bench: PairBench) => unknown): string | null {
    const { instance } = bench;
    const handle = instance.handle.bind(instance);
    let found: string | null = null;
    instance.handle = (event, at) => {
      const effects = handle(event, at);
      for (const effect of effects) {
        if (effect.kind === 'transition') found = effect.orderedBy ?? null;
      }
      return effects;
    };
    act(bench);
    return found;
  }

  it('at the successor: who, and where', () => {
    const taken = (why: PeerCause): string | null =>
      orderedBy(backupBench(), (bench) => bench.says({ releasing: true, cause: why }, 50_000));

    assert.equal(taken(cause({ reason: 'failover', detail: 'root' })), 'root at there');
    assert.equal(taken(cause({ reason: 'maintenance', detail: '' })), null, 'not known who');
    assert.equal(taken(cause({ reason: 'soft-fault', detail: 'gateway' })), null, 'a monitor');
  });

  it('at the one that leaves: who', () => {
    const left = (event: InstanceEvent): string | null =>
      orderedBy(activeBench(), (bench) => {
        bench.take(event, 50_000);
        bench.says(TAKEN, 60_000);
      });

    assert.equal(left(operator('failover')), 'root');
    assert.equal(left(operator('maintenance-on')), 'root');
    assert.equal(left(hard('no-carrier', 'eth0')), null, 'a fault');
  });
});

describe('what the peers say of a virtual router', () => {
  it('their last word; nothing of one that is silent, and of a virtual router that there is not', () => {
    const bench = backupBench();
    bench.says({ state: 'Active', addressesPresent: true, effectivePriority: 200 }, 50_000);
    const said = bench.instance.peerSights('lan');
    assert.deepEqual(said, [{ peer: 'there', state: 'Active', addressesPresent: true }]);
    assert.deepEqual(bench.instance.peerSights('other'), []);
    assert.equal(bench.instance.nobodyHeld('other'), null);

    bench.cut();
    bench.advertise(false);
    bench.pass(10 * SECOND);
    assert.deepEqual(bench.instance.peerSights('lan'), []);
    assert.notEqual(bench.instance.nobodyHeld('lan'), null);
  });
});

describe('words', () => {
  it('an ordinary return of the primary is no second Active', () => {
    const bench = backupBench({ routers: [router({ priority: 250 })] });
    const taken = bench.pass(60_000);
    bench.says({ state: 'Backup', addressesPresent: false }, null);

    const inFlight = bench.hear('lan', { priority: 200 }, 70_000);
    const later = bench.hear('lan', { priority: 200 }, SECOND);

    assert.match(moves(taken).join(), /lan Backup -> Active priority$/);
    assert.ok(![...taken, ...inFlight].join().includes('dual-active'));
    assert.ok(later.join().includes('dual-active'), 'one that goes on is');
  });
});
