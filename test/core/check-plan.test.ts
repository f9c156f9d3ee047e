// Checks that are made without the core, by its plan: whoever makes them and tells it later, only the last of each kind, has
// it know the same, and be at the same deadlines, as if it had been asked at each. Random stories; SEED=n repeats a run.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from '../support/test.js';
import { Instance } from '../../src/core/instance.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import type { InstanceCheckpoint } from '../../src/core/instance-state.js';
import type { CheckPlan } from '../../src/model/check-plan.js';
import { CHECK_MADE, PeerRoom } from '../../src/kernel/peer-room.js';
import { instant, microseconds } from '../../src/model/units.js';
import { aimed, configurations, happenings } from './arbitraries.js';
import { startedInstance } from './instance-bench.js';
import { activeBench, backupBench, type PairBench } from './pair-bench.js';

/** Few stories come to a quiet time of more than a check: of sixty there may be none. */
const RUNS = Number(process.env['RUNS'] ?? 300);
/** In CI the same each time: a change is judged by what it changed. */
const DRAWN = process.env['CI'] === 'true' ? 9_568 : Date.now() % 1_000_000_000;
const SEED = Number(process.env['SEED'] ?? DRAWN);

type Report = Extract<InstanceEvent, { kind: 'peer-report' }>;

/**
 * What comes while nothing happens: after a pause in thousandths of an interval, a message on a path. The checks before it
 * are late, in thousandths of what they may be.
 */
interface Quiet {
  readonly pause: number;
  readonly late: number;
  readonly path: number;
  readonly answered: boolean;
}

const quiet: fc.Arbitrary<Quiet> = fc.record({
  pause: fc.nat(400),
  late: fc.nat(999),
  path: fc.nat(7),
  answered: fc.boolean(),
});

/** What each peer says again, by its paths. */
const reports = (instance: Instance): Report[] =>
  instance.checkpoint().peers.flatMap(({ configuration, report }) =>
    report === null
      ? []
      : configuration.addresses.map((address): Report => ({
          kind: 'peer-report',
          peer: configuration.name,
          address,
          report,
          answered: true,
        })),
  );

/** What the checks wait for, as whoever makes them keeps count of it. */
class Maker {
  readonly #plan: CheckPlan;
  readonly #next: Map<string, number>;
  readonly #paths: Map<string, { failAt: number; nearlySilentAt: number }>;

  constructor(plan: CheckPlan) {
    this.#plan = plan;
    this.#next = new Map(plan.peers.map(({ name, nextCheckAt }) => [name, nextCheckAt]));
    this.#paths = new Map(
      plan.peers.flatMap(({ paths }) => paths.map((path) => [path.address, { ...path }])),
    );
  }

  get nextCheck(): number {
    return Math.min(...this.#next.values());
  }

  get nextDoubt(): number {
    const doubts = [...this.#paths.values()].flatMap((path) => [path.failAt, path.nearlySilentAt]);
    return Math.min(...doubts);
  }

  hear({ address, answered }: Report, at: number): void {
    const path = this.#paths.get(address);
    assert.ok(path !== undefined);
    if (answered) path.failAt = at + this.#plan.failAfter;
    path.nearlySilentAt = at + this.#plan.nearlySilentAfter;
  }

  /** Makes the checks that are due. */
  check(at: number): InstanceEvent[] {
    const made = [...this.#next].filter(([, due]) => due <= at).map(([peer]) => peer);
    for (const peer of made) {
      const following = (this.#next.get(peer) ?? 0) + this.#plan.interval;
      this.#next.set(peer, following > at ? following : at + this.#plan.interval);
    }
    return made.map((peer) => ({ kind: 'checked', peer, at: instant(at), made: 1 }));
  }
}

interface Note {
  readonly event: InstanceEvent;
  readonly at: number;
}

/** What is told of them: by the memory that they are noted in, as an HA port does. */
function told(notes: readonly Note[], { peers }: InstanceCheckpoint): Note[] {
  const paths = peers.flatMap(({ configuration }, peer) =>
    configuration.addresses.map((address) => ({ address, peer })),
  );
  const room = new PeerRoom(peers.length, paths);
  for (const { event, at: when } of notes) {
    const at = instant(when);
    if (event.kind === 'checked') {
      const peer = peers.findIndex(({ configuration }) => configuration.name === event.peer);
      room.note({ at, path: peer, kind: CHECK_MADE, answered: false });
    } else if (event.kind === 'peer-report') {
      const path = paths.findIndex(({ address }) => address === event.address);
      room.note({ at, path, kind: 2, answered: event.answered });
    }
  }
  const last: Note[] = [];
  room.take(({ at, path, kind, answered, made }) => {
    const peer = peers[kind === CHECK_MADE ? path : (paths[path]?.peer ?? -1)];
    const address = paths[path]?.address;
    assert.ok(peer !== undefined && peer.report !== null && address !== undefined);
    const { report } = peer;
    const { name } = peer.configuration;
    const event: InstanceEvent =
      kind === CHECK_MADE
        ? { kind: 'checked', peer: name, at, made }
        : { kind: 'peer-report', peer: name, address, report, answered };
    last.push({ event, at });
  });
  return last;
}

const known = (instance: Instance): InstanceCheckpoint => structuredClone(instance.checkpoint());

/** Goes on from there by the plan, with these messages. @returns how many checks were made. */
function goOn(from: InstanceCheckpoint, plan: CheckPlan, messages: readonly Quiet[]): number {
  const [asked, later] = [Instance.restore(from), Instance.restore(from)];
  const maker = new Maker(plan);
  const notes: Note[] = [];
  /** A check that is later is the core's. */
  const tolerance = plan.failAfter - plan.interval;
  let now: number = from.clock;
  let made = 0;
  const limit = Math.min(
    later.nextDeadline(false)?.at ?? Infinity,
    plan.until ?? Infinity,
    ...[maker.nextDoubt].filter((at) => at <= now),
  );
  const isLeft = (at: number): boolean => at < limit && maker.nextDoubt > at;
  for (const { pause, late, path, answered } of messages) {
    const then = now + (pause * plan.interval) / 1_000;
    const by = Math.floor((tolerance * late) / 1_000);
    const nextAt = (): number => Math.max(now, maker.nextCheck + by);
    const isInTime = (): boolean => isLeft(nextAt()) && nextAt() - maker.nextCheck <= tolerance;
    while (maker.nextCheck <= then && isInTime()) {
      now = nextAt();
      const checks = maker.check(now);
      const effects = asked.handle({ kind: 'deadline' }, instant(now));
      assert.deepEqual(
        effects,
        checks.map((one) => ({ kind: 'check-peer', peer: 'peer' in one ? one.peer : '' })),
      );
      notes.push(...checks.map((event) => ({ event, at: now })));
      made += checks.length;
    }
    if (!isLeft(Math.max(now, then)) || maker.nextCheck <= then) break;
    const all = reports(asked);
    const said = { ...(all[path % all.length] as Report), answered };
    // One that is none is not said here: it would be the core's.
    if (!asked.isConfirmation(said)) continue;
    now = Math.max(now, then);
    asked.handle(said, instant(now));
    maker.hear(said, now);
    notes.push({ event: said, at: now });
    const due = Math.min(maker.nextCheck, maker.nextDoubt, limit);
    if (due > now) assert.equal(Math.min(asked.nextDeadline()?.at ?? Infinity, limit), due);
  }
  const last = told(notes, from);
  const kinds = from.peers.reduce((sum, { paths }) => sum + 1 + 2 * paths.length, 0);
  assert.ok(last.length <= kinds, `${last.length} of ${notes.length} are told`);
  for (const { event, at } of last) {
    assert.deepEqual(later.handle(event, instant(at)), []);
    assert.ok(later.onlyDelayed || event.kind !== 'checked');
  }
  assert.deepEqual(known(later), known(asked));
  assert.deepEqual(later.nextDeadline(), asked.nextDeadline());
  return made;
}

describe('checks that are made without the core', () => {
  it('are known to it afterwards as if it had been asked at each, whatever happened before', (context) => {
    context.diagnostic(`SEED=${SEED} repeats this run`);
    let made = 0;
    const property = fc.property(
      configurations,
      happenings,
      fc.array(quiet, { maxLength: 60 }),
      (settings, story, messages) => {
        const instance = startedInstance(settings);
        let now = 0;
        for (const { event, pause } of story) {
          now += Math.max(0, pause);
          const current = instance.checkpoint().configuration;
          instance.handle(
            event.kind === 'peer-report' ? aimed(event, current) : event,
            instant(now),
          );
          // The checks that are due are made, and answered: a peer is healthy after as many answers as it takes.
          for (let time = 0; time < 5; time += 1) {
            instance.handle({ kind: 'deadline' }, instant((now += current.peerCheck.interval)));
            for (const said of reports(instance)) instance.handle(said, instant((now += 10)));
          }
          const plan = instance.checkPlan();
          if (plan !== null) made += goOn(known(instance), plan, messages);
        }
      },
    );
    fc.assert(property, { seed: SEED, numRuns: RUNS, includeErrorInReport: true });
    assert.ok(made > 0, 'some were');
  });

  for (const [state, open] of [
    ['a Backup', backupBench],
    ['an Active', activeBench],
  ] as const) {
    it(`are so in a quiet time of ${state}`, () => quietTime(open()));
  }

  function quietTime(bench: PairBench): void {
    const plan = bench.instance.checkPlan();
    assert.ok(plan !== null);
    const messages = Array.from({ length: 4_000 }, (_, at): Quiet => ({
      pause: 100,
      late: (at * 37) % 600,
      path: at,
      answered: at % 3 > 0,
    }));
    assert.ok(goOn(known(bench.instance), plan, messages) > 0);
  }

  /** A Backup in touch with a peer; `planned` says of a change of that whether there still is a plan. */
  function inTouch() {
    const bench = backupBench();
    const checkpoint = known(bench.instance);
    const planned = (change: Partial<InstanceCheckpoint>): boolean =>
      Instance.restore({ ...checkpoint, ...change }).checkPlan() !== null;
    return { checkpoint, planned };
  }

  it('are not made where more may follow from one', () => {
    const { checkpoint, planned } = inTouch();
    const { peers, configuration, clock } = checkpoint;
    const pathsAre = (change: object): Partial<InstanceCheckpoint> => ({
      peers: peers.map((peer) => ({
        ...peer,
        paths: peer.paths.map((path, at) => (at === 0 ? { ...path, ...change } : path)),
      })),
    });
    const witness = { ttl: microseconds(5_000_000), margin: microseconds(500_000) };
    assert.equal(planned({}), true);
    const others: readonly Partial<InstanceCheckpoint>[] = [
      { phase: 'new' },
      { phase: 'stopped' },
      { peers: [] },
      { configuration: { ...configuration, witness } },
      { peers: peers.map((peer) => ({ ...peer, state: 'unhealthy' as const })) },
      pathsAre({ state: 'unhealthy' }),
      pathsAre({ failures: 1 }),
      pathsAre({ failAt: clock }),
      pathsAre({ silentAt: clock }),
      { clock: instant(clock + 60_000_000) },
    ];
    assert.deepEqual(
      others.map((one) => planned(one)),
      others.map(() => false),
    );
  });

  it('count where they were due, and not after the peers were excused', () => {
    const { checkpoint } = inTouch();
    const instance = Instance.restore(checkpoint);
    const [peer] = checkpoint.peers;
    assert.ok(peer !== undefined);
    const { name } = peer.configuration;
    const at = peer.nextCheckAt;
    const later = instant(at + 1_000);
    const askedAt = (): unknown => instance.checkpoint().peers[0]?.askedAt;
    instance.handle({ kind: 'checked', peer: 'nobody', at, made: 1 }, later);
    instance.handle({ kind: 'checked', peer: name, at: instant(at - 1), made: 1 }, later);
    assert.equal(askedAt(), peer.askedAt);
    instance.handle({ kind: 'checked', peer: name, at, made: 1 }, later);
    assert.equal(askedAt(), at);
    const excused = instant(at + 10_000_000);
    instance.handle({ kind: 'stalled' }, excused);
    const made = { kind: 'checked', peer: name, at: instant(at + 900_000), made: 9 } as const;
    instance.handle(made, excused);
    const effects = instance.handle({ kind: 'deadline' }, excused);
    assert.ok(effects.some(({ kind }) => kind === 'check-peer'));
  });
});
