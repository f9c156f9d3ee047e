// An advertisement that repeats the last one: what is done for it alone is what is done for any other, and no
// deadline comes nearer by it unless the core says so. Random stories; SEED=n repeats a run.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from '../support/test.js';
import type { Instance } from '../../src/core/instance.js';
import type { InstanceCheckpoint } from '../../src/core/instance-state.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import { isRepetition, takeRepetition } from '../../src/core/repetition.js';
import type { Router } from '../../src/core/machine/router.js';
import { takeAdvertisement } from '../../src/core/router-events.js';
import { takeReport } from '../../src/core/peer-events.js';
import { settle } from '../../src/core/settle.js';
import { InstanceState } from '../../src/core/instance-state.js';
import { centiseconds, instant, type Instant } from '../../src/model/units.js';
import { aimed, configurations, happenings } from './arbitraries.js';
import { configuration, OWN, PEER, router, startedInstance } from './instance-bench.js';
import { HA, THERE } from './pair-bench.js';
import { address } from './machine/virtual-router-bench.js';

const RUNS = Number(process.env['RUNS'] ?? (process.env['CI'] === 'true' ? 400 : 150));
/** In CI the same each time: a change is judged by what it changed. */
const DRAWN = process.env['CI'] === 'true' ? 9_568 : Date.now() % 1_000_000_000;
const SEED = Number(process.env['SEED'] ?? DRAWN);

type Heard = Extract<InstanceEvent, { kind: 'advertisement' }>;

const restored = (checkpoint: InstanceCheckpoint): InstanceState =>
  InstanceState.restore(structuredClone(checkpoint));

/** All that an event may have changed, and what came of it. */
const outcomeOf = (stage: InstanceState): unknown => ({
  effects: stage.takeEffects(),
  decisions: stage.decisions,
  routers: [...stage.routers.values()],
  peers: [...stage.peers.values()],
  restraint: stage.restraint,
  fitness: stage.fitness,
  told: stage.told,
  differences: stage.differences,
});

/** What the Active that this Backup follows would say again; null where it follows none. */
function again({ state, configuration: own, received, effectivePriority }: Router): Heard | null {
  if (state.kind !== 'Backup' || state.activeAddress === null) return null;
  return {
    kind: 'advertisement',
    virtualRouter: own.name,
    advertisement: {
      vrid: own.vrid,
      priority: Math.min(255, effectivePriority + 1),
      maxAdvertiseInterval: state.machine.activeAdverInterval,
      addresses: own.addresses.map((one) => one.address),
    },
    source: state.activeAddress,
    dialect: received ?? 'rfc9568',
    multicast: true,
  };
}

/** Takes it both ways, and compares. @returns whether it was a repetition. */
function isTakenAlike(checkpoint: InstanceCheckpoint, heard: Heard, at: Instant): boolean {
  const [quick, slow] = [restored(checkpoint), restored(checkpoint)];
  const [one, other] = [quick, slow].map((stage) => stage.routers.get(heard.virtualRouter));
  assert.ok(one !== undefined && other !== undefined);
  for (const stage of [quick, slow]) {
    stage.clock = at;
    stage.unsettled = false;
  }
  if (!isRepetition(quick, one, heard)) return false;
  takeRepetition(quick, one);
  takeAdvertisement(slow, other, heard);
  settle(slow);
  assert.deepEqual(outcomeOf(quick), outcomeOf(slow));
  return true;
}

const started = (settings: Parameters<typeof configuration>): Instance =>
  startedInstance(configuration(...settings));

const said = (change: Partial<Heard> = {}, priority = 200, interval = 100): Heard => ({
  kind: 'advertisement',
  virtualRouter: 'lan',
  advertisement: {
    vrid: 51,
    priority,
    maxAdvertiseInterval: centiseconds(interval),
    addresses: [address('192.0.2.1')],
  },
  source: PEER,
  dialect: 'rfc9568',
  multicast: true,
  ...change,
});

describe('an advertisement that repeats the last one', () => {
  it('is taken as any other would be, whatever happened before', (context) => {
    context.diagnostic(`SEED=${SEED} repeats this run`);
    const property = fc.property(configurations, happenings, (settings, story) => {
      const instance = startedInstance(settings);
      let now = 0;
      for (const { event, pause } of story) {
        now += Math.max(0, pause);
        const current = instance.checkpoint().configuration;
        const aim = event.kind === 'peer-report' ? aimed(event, current) : event;
        instance.handle(aim, instant(now));
        for (const own of instance.checkpoint().routers) {
          const heard = again(own);
          if (heard === null) continue;
          const at = instant(now + 1);
          isTakenAlike(instance.checkpoint(), heard, at);
          instance.handle(heard, at);
          isTakenAlike(instance.checkpoint(), heard, instant(now + 2));
        }
      }
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  it('is one when it says the same of the same, and none when anything is to be learned', () => {
    const instance = started([[router()]]);
    instance.handle(said(), instant(1_000));
    const checkpoint = instance.checkpoint();
    const at = instant(900_000);
    assert.equal(isTakenAlike(checkpoint, said(), at), true);
    const others: readonly Heard[] = [
      said({ source: OWN }),
      said({ dialect: 'rfc5798' }),
      said({}, 99),
      said({}, 0),
      said({}, 200, 50),
      said({ advertisement: { ...said().advertisement, addresses: [address('192.0.2.9')] } }),
    ];
    assert.deepEqual(
      others.map((one) => isTakenAlike(checkpoint, one, at)),
      others.map(() => false),
    );
  });

  it('is told from outside too; of a virtual router that there is not, none is one', () => {
    const instance = started([[router()]]);
    assert.equal(instance.isRepetition(said()), false);
    instance.handle(said(), instant(1_000));
    const of = (virtualRouter: string): boolean => instance.isRepetition(said({ virtualRouter }));
    assert.deepEqual([of('lan'), of('nobody')], [true, false]);
  });

  it('says that it only delays, but for one that came when it was overdue', () => {
    const instance = started([[router()]]);
    instance.handle(said(), instant(1_000));
    assert.equal(instance.onlyDelayed, false);
    instance.handle(said(), instant(1_001_000));
    assert.equal(instance.onlyDelayed, true);
    assert.equal(instance.nextDeadline()?.at, 1_001_000 + 3_000_000 + 609_375);
    instance.handle(said(), instant(1_001_000 + 1_600_000));
    assert.equal(instance.onlyDelayed, false);
  });

  it('says that it brings the deadline nearer when the timer had been put off for long', () => {
    const instance = started([[router()]]);
    for (const at of [1_000, 2_000]) instance.handle(said(), instant(at));
    const { routers, ...rest } = instance.checkpoint();
    const [own] = routers;
    assert.ok(own?.state.kind === 'Backup');
    for (const [putOff, isDelay] of [
      [0, true],
      [10_000_000, false],
    ] as const) {
      const machine = own.state.machine;
      const later = { ...machine, activeDownAt: instant(machine.activeDownAt + putOff) };
      const stage = restored({
        ...rest,
        routers: [{ ...own, state: { ...own.state, machine: later } }],
      });
      stage.clock = instant(3_000);
      const there = stage.routers.get('lan');
      assert.ok(there !== undefined && isRepetition(stage, there, said()));
      takeRepetition(stage, there);
      assert.equal(stage.onlyDelayed, isDelay);
    }
  });

  it('is looked at as a whole while a peer is Active without its addresses', () => {
    const instance = started([[router()], { peers: [THERE] }]);
    instance.handle(said(), instant(1_000));
    const checkpoint: InstanceCheckpoint = instance.checkpoint();
    const peers = checkpoint.peers.map((peer) => ({
      ...peer,
      lacking: [{ position: 0, since: instant(0) }],
    }));
    assert.equal(isTakenAlike(checkpoint, said(), instant(2_000)), true);
    assert.equal(isTakenAlike({ ...checkpoint, peers }, said(), instant(2_000)), false);
  });

  it('is none before its sender is followed, and after the role was given up or asked for; ends a deferral', () => {
    const instance = started([[router()], { peers: [THERE] }]);
    const fresh = instance.checkpoint();
    assert.equal(isTakenAlike(fresh, said(), instant(1)), false);
    instance.handle(said(), instant(1_000));
    const { routers, ...rest } = instance.checkpoint();
    const [own] = routers;
    assert.ok(own?.state.kind === 'Backup');
    const { state } = own;
    const waited = { ...rest, routers: [{ ...own, state: { ...state, deferred: true } }] };
    assert.equal(isTakenAlike(waited, said(), instant(2_000)), true);
    const changes: readonly Partial<typeof state>[] = [
      { vacated: true },
      { unheard: 'adverts-lost' },
      { followsSuperior: false },
      { machine: { ...state.machine, takeoverReason: 'priority-zero' } },
    ];
    for (const change of changes) {
      const routersNow = [{ ...own, state: { ...state, ...change } }];
      const checkpoint: InstanceCheckpoint = { ...rest, routers: routersNow };
      assert.equal(isTakenAlike(checkpoint, said(), instant(2_000)), false, JSON.stringify(change));
    }
  });
});

describe('a message of a peer that only confirms', () => {
  const message = (sound: boolean, path = HA, answered = true): InstanceEvent => ({
    kind: 'peer-report',
    peer: 'there',
    address: path,
    answered,
    report: {
      name: 'there',
      mode: 'active-passive',
      primary: true,
      fit: true,
      sound,
      gateway: 'unknown',
      bandwidthLow: false,
      digests: {
        virtualRouters: 1,
        addresses: 2,
        intervals: 3,
        thresholds: 4,
        primaries: null,
        rules: null,
      },
      primaryAddresses: [],
      routers: [],
    },
  });

  it('says that it only delays; one with news does not', () => {
    const instance = started([[router()], { peers: [THERE] }]);
    instance.handle(message(true), instant(1_000));
    assert.equal(instance.onlyDelayed, false);
    instance.handle(message(true), instant(2_000));
    assert.equal(instance.onlyDelayed, true);
    instance.handle(message(false), instant(3_000));
    assert.equal(instance.onlyDelayed, false);
  });

  it('does not say so where a path that was silent may soon be silent again', () => {
    const instance = started([[router()], { peers: [THERE] }]);
    instance.handle(message(true), instant(1_000));
    const { peers, ...rest } = instance.checkpoint();
    const later = instant(60_000_000);
    for (const [silentAt, isDelay] of [
      [instant(1_000_000), false],
      [instant(2_100_000), true],
    ] as const) {
      const paths = peers[0]?.paths.map((path) => ({ ...path, failAt: later, silentAt })) ?? [];
      const stage = restored({
        ...rest,
        peers: peers.map((peer) => ({ ...peer, paths, nextCheckAt: instant(5_000_000) })),
      });
      // After the silence of the one, and before that of the other.
      stage.clock = instant(2_000_000);
      const confirming = message(true, PEER, false);
      assert.ok(confirming.kind === 'peer-report');
      takeReport(stage, confirming);
      assert.equal(stage.onlyDelayed, isDelay, `${silentAt}`);
    }
  });
});
