// What is said of an order: to the peers, as a cause; in the record of a move, whose doing it was; and what the peers
// say of a virtual router.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import type { PeerCause } from '../../src/model/peer-report.js';
import { instant } from '../../src/model/units.js';
import { byRoot, hard, router, wan } from './instance-bench.js';
import {
  PairBench,
  SECOND,
  TAKEN,
  activeBench,
  backupBench,
  cause,
  gateway,
  moves,
  told,
} from './pair-bench.js';

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
    assert.deepEqual(causeAfter(activeBench(), byRoot('failover')), told4('failover', 'root'));
    assert.deepEqual(
      causeAfter(backupBench(), byRoot('maintenance-on')),
      told4('maintenance', 'root'),
    );
    assert.deepEqual(causeAfter(backupBench(), byRoot('bypass-engage')), told4('bypassed', 'root'));
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
    bench.take(byRoot('failover'), 50_000);
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
    bench.take(byRoot('failover'), 50_000);
    bench.says({ ...TAKEN, effectivePriority: 250 }, 60_000);

    assert.equal(bench.instance.snapshot(instant(60_000)).memory.standBack, null);
    assert.equal(told(bench)?.standsBack, undefined);
  });

  it('it does where the one above it is faulty, and was forced to take it', () => {
    const bench = activeBench();
    bench.says({ effectivePriority: 250, sound: false }, 40_000);
    bench.take(byRoot('failover', true), 50_000);

    const { memory } = bench.instance.snapshot(instant(50_000));
    assert.deepEqual(memory.standBack, { by: 'root', since: 50_000 });
  });

  it('it is remembered over a restart of the agent', () => {
    const bench = activeBench();
    bench.take(byRoot('failover'), 50_000);
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
    ordered.take(byRoot('failover'), 50_000);
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

    assert.equal(left(byRoot('failover')), 'root');
    assert.equal(left(byRoot('maintenance-on')), 'root');
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
