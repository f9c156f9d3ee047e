// The decision table row by row: the evidence of each row, made by hand, and the verdict that names it. What follows
// from a verdict, in which order, is in decisions*.test.ts; the table itself is src/core/decisions/rows.ts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from '../../support/test.js';

import { whenGroupIsElsewhere, whenSuperiorCame } from '../../../src/core/decisions/group.js';
import {
  whenFaulty,
  whenKeptOut,
  whenNobodyCame,
  whenReleased,
} from '../../../src/core/decisions/handover.js';
import { whenLateOnLink, whenUnansweredOnLink } from '../../../src/core/decisions/link.js';
import { whenAnotherIsActive, whenLinkIsSplit } from '../../../src/core/decisions/rivals.js';
import { ROWS, type Row, type Verdict } from '../../../src/core/decisions/rows.js';
import {
  whenLeft,
  whenNearlySilent,
  whenOverdue,
  whenPathsLost,
  whenSilent,
  whenTimerFires,
} from '../../../src/core/decisions/takeover.js';
import { whenLeased, whenLeaseEnds } from '../../../src/core/decisions/witness.js';
import { releasingOf, type Active, type Backup } from '../../../src/core/machine/states.js';
import { newPath, type Path, type PathState } from '../../../src/core/peers/peer-check.js';
import { createPeer, type Peer, type PeerView } from '../../../src/core/peers/peers.js';
import { createRouter, type Router } from '../../../src/core/machine/router.js';
import {
  advance,
  entered,
  type ActiveState,
  type BackupState,
} from '../../../src/core/machine/router-state.js';
import type { Rank, Sight, WitnessSight } from '../../../src/core/peers/sight.js';
import type { PeerReport, PeerRouter } from '../../../src/model/peer-report.js';
import { instant, microseconds } from '../../../src/model/units.js';
import { OWN, PEER, router as configured } from '../instance-bench.js';
import { HA, backupBench } from '../pair-bench.js';
import { active, backup } from '../machine/virtual-router-bench.js';

const NOW = instant(20_000_000);
const SECOND = 1_000_000;
const PLACE = { position: 0, interface: 'eth0', virtualRoutersDigest: 1 };
const CHECK = { interval: microseconds(100_000), failureThreshold: 3, recoveryThreshold: 5 };
const RANK: Rank = {
  priority: 100,
  family: 'ipv4',
  address: OWN,
  sound: true,
  holdsPart: false,
  standsBack: false,
};

interface Other extends Partial<PeerRouter>, Partial<Pick<PeerReport, 'fit' | 'sound' | 'cause'>> {
  /** Of the path on the link. */
  readonly link?: PathState;
  /** The last message on every path, before `NOW`. */
  readonly heardAgo?: number;
  readonly askedAgo?: number;
}

/** A peer that is a fit Backup of priority 100 with the higher address, heard just now. */
function other({ link = 'healthy', heardAgo = 0, askedAgo = SECOND, ...saying }: Other): PeerView {
  const { fit = true, sound = true, cause, ...theirs } = saying;
  const heardAt = instant(NOW - heardAgo);
  const peer: Peer = createPeer({ name: 'there', addresses: [HA, PEER] }, CHECK, heardAt);
  peer.paths = [HA, PEER].map((address) => ({
    ...newPath(CHECK, address, heardAt),
    state: address === PEER ? link : 'healthy',
    interface: address === PEER ? 'eth0' : 'eth9',
    heardAt,
  }));
  peer.knownBy = [PEER];
  peer.askedAt = instant(NOW - askedAgo);
  const router: PeerRouter = {
    state: 'Backup',
    effectivePriority: 100,
    addressesPresent: theirs.state === 'Active',
    wantsUnicast: false,
    releasing: false,
    evidence: 4,
    ...theirs,
  };
  const report: PeerReport = {
    name: 'there',
    mode: 'active-passive',
    primary: false,
    fit,
    sound,
    gateway: 'unknown',
    bandwidthLow: false,
    ...(cause === undefined ? {} : { cause }),
    digests: {
      virtualRouters: 1,
      addresses: 1,
      intervals: 1,
      thresholds: 1,
      primaries: null,
      rules: null,
    },
    primaryAddresses: [PEER],
    routers: [router],
  };
  peer.report = report;
  const lanPath = peer.paths.find(({ address }) => address === PEER) ?? null;
  return { peer, report, router, lanPath };
}

/** What one sees of these peers. */
function see(router: Router, views: readonly PeerView[], change: Partial<Sight> = {}): Sight {
  return {
    router,
    now: NOW,
    place: PLACE,
    peers: views.map(({ peer }) => peer),
    peerCheck: CHECK,
    views,
    speaking: views,
    rank: RANK,
    gateway: 'unknown',
    fit: true,
    handoverUntil: instant(NOW + 300_000),
    witness: null,
    leads: () => false,
    ...change,
  };
}

const made = (): Router => createRouter(configured({ priority: 100 }), true, instant(0));

interface BackupFacts extends Partial<Omit<BackupState, 'kind' | 'machine'>> {
  readonly reason?: Backup['takeoverReason'];
  readonly heardAgo?: number;
  readonly yielding?: boolean;
}

/** A Backup whose Active_Down_Timer fires now, seeing these peers. */
function aBackup(
  { reason = 'no-response', heardAgo = 4 * SECOND, yielding = false, ...facts }: BackupFacts,
  views: readonly PeerView[],
  change: Partial<Sight> = {},
): { readonly sight: Sight; readonly state: BackupState } {
  const router = made();
  const { state: machine } = backup();
  assert.ok(machine.kind === 'Backup');
  const state = entered(
    { ...machine, activeDownAt: NOW, takeoverReason: reason },
    router.state,
    false,
  );
  assert.ok(state.kind === 'Backup');
  Object.assign(state, { activeAddress: PEER, ...facts });
  router.state = state;
  router.since = instant(SECOND);
  router.heardAt = instant(NOW - heardAgo);
  if (yielding) router.defence = { restorations: [], yieldingUntil: instant(NOW + SECOND) };
  return { sight: see(router, views, change), state };
}

/** An Active that has had its addresses for long, seeing these peers. */
function anActive(
  machineChange: Partial<Active>,
  views: readonly PeerView[],
  facts: Partial<Pick<ActiveState, 'dualSince'>> = {},
  change: Partial<Sight> = {},
): { readonly sight: Sight; readonly state: ActiveState } {
  const router = made();
  const { state: machine } = active();
  assert.ok(machine.kind === 'Active');
  const state = entered({ ...machine, ...machineChange }, router.state, false);
  assert.ok(state.kind === 'Active');
  Object.assign(state, facts);
  router.state = state;
  return { sight: see(router, views, change), state };
}

const asking = (until: number, atMost = until): Partial<Active> => ({
  doing: {
    kind: 'releasing',
    releasing: { reason: 'failover', until: instant(until), atMost: instant(atMost) },
    listenUntil: null,
  },
});

const ACTIVE: Other = { state: 'Active', effectivePriority: 200 };
const LEAVING: Other = { ...ACTIVE, releasing: true };

const timer = (
  facts: BackupFacts,
  views: readonly PeerView[],
  change?: Partial<Sight>,
): Verdict => {
  const { sight, state } = aBackup(facts, views, change);
  return whenTimerFires(sight, state);
};

function released(
  leaver: Other,
  facts: BackupFacts = {},
  more: readonly Other[] = [],
  change: Partial<Sight> = {},
): Verdict {
  const leaving = other(leaver);
  const { sight, state } = aBackup(facts, [leaving, ...more.map(other)], change);
  return whenReleased(sight, state, leaving);
}

function beside(
  view: Other,
  machine: Partial<Active> = {},
  facts: Partial<Pick<ActiveState, 'dualSince'>> = {},
): Verdict | null {
  const holder = other(view);
  const { sight, state } = anActive(machine, [holder], facts);
  return whenAnotherIsActive(sight, state, view.state === 'Active' ? holder : null);
}

const REACHABLE = { gateway: 'reachable' } as const;

/** A peer that has not answered the last check over the link. */
function unanswered(change: Partial<Path> = {}): PeerView {
  const view = other({});
  const { peer } = view;
  peer.paths = peer.paths.map((path) =>
    path.address === PEER ? { ...path, failures: 1, ...change } : path,
  );
  return { ...view, lanPath: peer.paths.find(({ address }) => address === PEER) ?? null };
}

const SINCE = { dualSince: instant(NOW - SECOND) };
const SILENT = { heardAgo: 400_000 };

/** The Active has been silent for so long on every path, and was asked on the link. */
function silent(
  heardAgo: number,
  ask: (sight: Sight, view: PeerView) => Verdict | null,
): Verdict | null {
  const view = other({ ...ACTIVE, heardAgo });
  view.peer.silent = heardAgo >= SILENT.heardAgo;
  const facts = { heardAgo, askedAt: instant(NOW - 50_000) };
  const { sight } = aBackup(heardAgo >= SILENT.heardAgo ? facts : { heardAgo }, [view], {
    views: [],
  });
  return ask(sight, view);
}

/** A peer is out of touch. */
const GUARDED: WitnessSight = { guards: true, inTouch: false, grantedFrom: null, leaveAt: null };

const CASES: Readonly<Record<Row, () => Verdict | null>> = {
  'priority 0: ours': () => whenLeft(aBackup({}, [other(ACTIVE)]).sight, PEER),
  'priority 0: in turn': () => whenLeft(aBackup({ yielding: true }, [other(ACTIVE)]).sight, PEER),
  'released: ours': () => released(LEAVING),
  'released: better side': () =>
    released({ ...LEAVING, link: 'unhealthy' }, { unheard: 'lan-split' }),
  'released: out of touch': () => released(LEAVING, {}, [], { witness: GUARDED }),
  'released: others first': () => released(LEAVING, {}, [{}]),
  'released: in turn': () => timer({ reason: 'peer-released' }, [other(LEAVING)]),
  'released: taken': () => released(LEAVING, {}, [ACTIVE]),
  'released: failed before': () => released(LEAVING, { yielding: true }),
  'overdue: ask': () => {
    const { sight, state } = aBackup({}, [
      other({ ...ACTIVE, heardAgo: 4 * SECOND, askedAgo: 4 * SECOND }),
    ]);
    return whenOverdue(sight, state);
  },
  'overdue: ask the gateway': () => {
    const { sight, state } = aBackup({}, [other(ACTIVE)], REACHABLE);
    return whenLateOnLink(sight, state, null);
  },
  'unanswered: ask the gateway': () => {
    const { sight } = anActive({}, [unanswered()], {}, REACHABLE);
    return whenUnansweredOnLink(sight, null);
  },
  'silent: ask': () => silent(300_000, whenNearlySilent),
  'silent: dead': () => silent(SILENT.heardAgo, whenSilent),
  'silent: no proof': () => {
    const view = other({ ...ACTIVE, heardAgo: SECOND });
    return whenPathsLost(aBackup({ heardAgo: 100_000 }, [view]).sight, view.peer);
  },
  'down: as the RFC says': () => timer({}, [other({ effectivePriority: 50 })]),
  'down: not asked yet': () =>
    timer({}, [other({ ...ACTIVE, heardAgo: 4 * SECOND, askedAgo: 4 * SECOND })]),
  'down: adverts lost': () => timer({}, [other(ACTIVE)]),
  'down: link split': () => timer({}, [other({ ...ACTIVE, link: 'unhealthy' })]),
  'down: stands back': () => timer({}, [other({})], { rank: { ...RANK, standsBack: true } }),
  'down: tied': () => timer({}, [other({})]),
  'down: taken': () => timer({ reason: 'priority-zero' }, [other(ACTIVE)]),
  'down: deaf link': () =>
    timer({ reason: 'priority', heardAgo: 0 }, [
      other({ state: 'Active', effectivePriority: 50, link: 'unhealthy' }),
    ]),
  'handover: done': () => beside(ACTIVE, asking(NOW + SECOND)),
  'handover: being taken': () =>
    whenNobodyCame(
      anActive(asking(NOW, NOW + SECOND), [other({ ...ACTIVE, addressesPresent: false })]).sight,
    ),
  'handover: nobody': () => whenNobodyCame(anActive(asking(NOW), [other({})]).sight),
  'handover: ordered out': () => whenNobodyCame(anActive(asking(NOW), [other(ACTIVE)]).sight),
  'stalled: another one': () =>
    beside(ACTIVE, { doing: { kind: 'listening', until: instant(NOW + 1) } }),
  'addresses gone: another one': () =>
    beside(ACTIVE, {
      lacking: {
        since: instant(NOW - SECOND),
        until: instant(NOW + SECOND),
        askedAgain: false,
        lost: true,
      },
    }),
  'both: seen': () => beside(ACTIVE),
  'both: worse': () => beside(ACTIVE, {}, SINCE),
  'both: better': () => beside({ ...ACTIVE, effectivePriority: 50 }, {}, SINCE),
  'both: over': () => beside({}, {}, SINCE),
  'split: worse side': () =>
    whenLinkIsSplit(
      anActive({}, [other({ wantsUnicast: true, link: 'unhealthy', evidence: 8 })]).sight,
    ),
  'group: elsewhere': () => {
    const leads = () => true;
    return whenGroupIsElsewhere(anActive({}, [other({})], {}, { leads }).sight);
  },
  'group: to follow': () => whenSuperiorCame(anActive({}, [other({})]).sight, PEER),
  'group: given up': () => whenSuperiorCame(anActive({}, []).sight, PEER),
  'out: to a successor': () => whenKeptOut(anActive({}, [other({})]).sight, 'maintenance', false),
  'out: asked already': () =>
    whenKeptOut(anActive(asking(NOW), [other({})]).sight, 'maintenance', false),
  'out: at once': () => whenKeptOut(anActive({}, []).sight, 'maintenance', false),
  'soft fault: to a sound peer': () => whenFaulty(anActive({}, [other({})]).sight),
  'witness: ask': () => timer({}, [], { witness: GUARDED }),
  'witness: no contact': () => timer({ reason: 'priority', heardAgo: 0 }, [], { witness: GUARDED }),
  'witness: ours': () => {
    const witness = { ...GUARDED, grantedFrom: NOW };
    const { sight, state } = aBackup({ asks: true }, [], { witness });
    return whenLeased(sight, state);
  },
  'witness: over': () =>
    whenLeaseEnds(anActive({}, [], {}, { witness: { ...GUARDED, leaveAt: NOW } }).sight),
};

describe('the decision table', () => {
  for (const [row, decide] of Object.entries(CASES)) {
    it(row, () => {
      assert.equal(decide()?.row, row);
    });
  }
});

describe('next to a row', () => {
  it('nothing follows where there is no evidence', () => {
    const { sight, state } = anActive({}, []);
    assert.equal(releasingOf(state.machine), null);
    assert.deepEqual(
      [whenNobodyCame(sight), whenLinkIsSplit(sight), whenGroupIsElsewhere(sight)],
      [null, null, null],
    );
    assert.equal(whenFaulty(anActive(asking(NOW), []).sight), null, 'asked already');
    assert.equal(whenLeaseEnds(sight), null, 'there is no witness');
    const witness = { ...GUARDED, leaveAt: instant(NOW + 1) };
    assert.equal(whenLeaseEnds({ ...sight, witness }), null, 'not yet');
    const { sight: idle, state: waiting } = aBackup({}, [], { witness });
    assert.equal(whenLeased(idle, waiting), null, 'it does not ask');
    assert.equal(whenLeased({ ...idle, witness: null }, { ...waiting, asks: true }), null);
    assert.equal(whenKeptOut(see(made(), []), 'maintenance', false), null, 'out already');
  });

  it('the gateway is asked once a silence, and by nobody who has nothing to ask', () => {
    const ask = (
      askedAgo: number | null,
      facts: BackupFacts = {},
      view: Other = ACTIVE,
      change: Partial<Sight> = REACHABLE,
    ): Verdict | null => {
      const { sight, state } = aBackup(facts, [other(view)], change);
      return whenLateOnLink(sight, state, askedAgo === null ? null : instant(NOW - askedAgo));
    };
    assert.notEqual(ask(null), null);
    assert.notEqual(ask(4 * SECOND), null, 'asked before it was overdue');
    assert.equal(ask(1_100_000), null, 'asked since it is overdue');
    assert.equal(ask(999_999), null, 'asked just now');
    assert.equal(ask(null, { unheard: 'lan-split' }), null, 'it is known by now');
    assert.equal(ask(null, { reason: 'priority-zero' }), null, 'it said farewell');
    assert.equal(ask(null, {}, {}), null, 'nobody says that it is Active');
    assert.equal(ask(null, {}, ACTIVE, {}), null, 'whether there is a gateway is not known');
    const early = aBackup({}, [other(ACTIVE)], { ...REACHABLE, now: instant(NOW - 3 * SECOND) });
    assert.equal(whenLateOnLink(early.sight, early.state, null), null, 'not overdue');
  });

  it('a link is in doubt only where its path alone is late, and was not asked about', () => {
    const ask = (view: PeerView, askedAgo: number | null = null): Verdict | null => {
      const { sight } = anActive({}, [view], {}, REACHABLE);
      return whenUnansweredOnLink(sight, askedAgo === null ? null : instant(NOW - askedAgo));
    };
    assert.notEqual(ask(unanswered(), 2 * SECOND), null);
    assert.equal(ask(unanswered(), 500_000), null, 'asked just now');
    const since = unanswered({ silentAt: instant(NOW - SECOND) });
    assert.equal(ask(since, 1_200_000), null, 'asked since it was heard there');
    assert.equal(ask(other({})), null, 'everything was answered');
    assert.equal(ask(unanswered({ state: 'unhealthy' })), null, 'it is known by now');
    const both = unanswered();
    both.peer.paths = both.peer.paths.map((path) => ({ ...path, failures: 1 }));
    const lanPath = both.peer.paths.find(({ address }) => address === PEER) ?? null;
    assert.equal(ask({ ...both, lanPath }), null, 'the other path is late too');
    const away = unanswered();
    assert.equal(ask({ ...away, lanPath: null }), null, 'no path is known to be on the link');
    const lost = unanswered();
    lost.peer.paths = lost.peer.paths.map((path) =>
      path.address === PEER ? path : { ...path, state: 'unhealthy' },
    );
    assert.equal(ask(lost), null, 'there is no other path');
  });

  it('a state takes only what the machine has become without leaving it', () => {
    const { state } = anActive({}, []);
    assert.equal(advance(state, aBackup({}, []).state.machine), false);
    assert.equal(advance(made().state, { kind: 'Initialize' }), true);
  });
});

describe('an instance', () => {
  it('tells which rows the last event led to, and forgets them with the next', () => {
    const bench = backupBench();
    bench.says({ releasing: true }, 50_000, { on: HA });
    const { instance } = bench;
    assert.deepEqual(instance.decisions(), [{ virtualRouter: 'lan', row: 'released: ours' }]);

    bench.pass(51_000);
    assert.deepEqual(instance.decisions(), []);
  });
});

describe('docs/ARCHITECTURE.md', () => {
  it('has the rows of the table, word by word', () => {
    const page = readFileSync(new URL('../../../../docs/ARCHITECTURE.md', import.meta.url), 'utf8');
    const found = page
      .split('\n')
      .filter((line) => /^\| `[^`]*: /.test(line))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    const table = Object.entries(ROWS).map(([row, line]) => [`\`${row}\``, ...line]);
    assert.deepEqual(found, table);
  });
});
