// That nothing is missed: what lets hundreds of virtual routers be passed over after a message (`isQuiet`) against what
// would be done for each of them (`arbitrateOne`). States are drawn, not reached: most of them, no story leads to.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { agreementOf } from '../../src/core/agreement.js';
import { arbitrateOne, isQuiet } from '../../src/core/arbitrate.js';
import { InstanceState } from '../../src/core/instance-state.js';
import { yieldingFrom } from '../../src/core/machine/address-defence.js';
import { firstRound } from '../../src/core/machine/announcements.js';
import type { RouterState } from '../../src/core/machine/router-state.js';
import { backupState, lackingFrom, type Active } from '../../src/core/machine/states.js';
import type { Peer } from '../../src/core/peers/peers.js';
import type { PeerReport, PeerRouter } from '../../src/model/peer-report.js';
import { after, instant, microseconds } from '../../src/model/units.js';
import { describe, it, type TestContext } from '../support/test.js';
import { configuration, OWN, PEER, router, wan } from './instance-bench.js';
import { cause, LAN_THIRD, THERE, THIRD } from './pair-bench.js';

const SEED = Number(process.env['SEED'] ?? 12);
const RUNS = Number(process.env['RUNS'] ?? (process.env['CI'] === 'true' ? 20_000 : 5_000));

const NOW = instant(60_000_000);
const SOON = after(NOW, microseconds(1_000_000));
/** Long enough ago for whatever waits. */
const LONG_AGO = instant(NOW - 50_000_000);

/** Nearly always not, so that there are states with only one thing to notice. */
const rarely = fc.oneof(
  { arbitrary: fc.constant(false), weight: 14 },
  { arbitrary: fc.constant(true), weight: 1 },
);
const activeAddresses = fc.constantFrom(null, PEER, LAN_THIRD);

const routerFacts = fc.record({
  kind: fc.constantFrom('Initialize' as const, 'Backup' as const, 'Active' as const),
  vacated: rarely,
  triedInVain: rarely,
  seesRival: rarely,
  yields: rarely,
  waitsToAsk: rarely,
  lost: rarely,
  doing: fc.constantFrom(
    'holding' as const,
    'holding' as const,
    'listening' as const,
    'releasing' as const,
  ),
  unheard: fc.constantFrom(null, null, 'adverts-lost' as const, 'lan-split' as const),
  followsSuperior: fc.boolean(),
  activeAddress: activeAddresses,
});
type RouterFacts = typeof routerFacts extends fc.Arbitrary<infer Facts> ? Facts : never;

const peerRouters: fc.Arbitrary<PeerRouter> = fc.record({
  state: fc.constantFrom(
    'Initialize' as const,
    'Backup' as const,
    'Backup' as const,
    'Active' as const,
  ),
  effectivePriority: fc.constantFrom(1, 90, 100, 150),
  addressesPresent: fc.boolean(),
  wantsUnicast: rarely,
  releasing: rarely,
  evidence: fc.constantFrom(0, 4, 8),
});

const peerFacts = fc.record({
  state: fc.constantFrom(
    'healthy' as const,
    'healthy' as const,
    'unknown' as const,
    'unhealthy' as const,
  ),
  onLink: fc.boolean(),
  linkWorks: fc.boolean(),
  heardAt: fc.constantFrom(LONG_AGO, NOW),
  reports: fc.boolean(),
  fit: fc.boolean(),
  sound: fc.boolean(),
  standsBack: fc.boolean(),
  forced: fc.boolean(),
  routers: fc.tuple(peerRouters, peerRouters),
});
type PeerFacts = typeof peerFacts extends fc.Arbitrary<infer Facts> ? Facts : never;

const modes = fc.constantFrom('active-passive' as const, 'active-active' as const);
const gateways = fc.constantFrom('reachable' as const, 'unreachable' as const, 'unknown' as const);
const states = fc
  .record({
    mode: modes,
    gateway: gateways,
    routers: fc.tuple(routerFacts, routerFacts),
    peers: fc.tuple(peerFacts, peerFacts),
  })
  .map(({ mode, gateway, routers, peers }) => {
    const settings = configuration([router(), wan()], { mode, peers: [THERE, THIRD] });
    const state = new InstanceState(settings, NOW);
    state.phase = 'running';
    state.fitness = { fit: true, sound: true, gateway, bandwidthLow: false };
    [...state.routers.values()].forEach((one, at) => {
      const facts = routers[at] as RouterFacts;
      one.primaryAddress = OWN;
      one.socketOpen = true;
      one.since = LONG_AGO;
      one.triedInVain = facts.triedInVain;
      one.askFrom = facts.waitsToAsk ? SOON : LONG_AGO;
      if (facts.yields) one.defence = yieldingFrom(NOW);
      one.state = stateOf(facts);
    });
    const { digests } = agreementOf(settings);
    [...state.peers.values()].forEach((peer, at) => tell(peer, peers[at] as PeerFacts, digests));
    return state;
  });

function stateOf(facts: RouterFacts): RouterState {
  const { kind, vacated, unheard, followsSuperior, activeAddress } = facts;
  if (kind === 'Initialize') return { kind, machine: { kind }, vacated };
  if (kind === 'Active') {
    const rest = { ordered: false, dualSaidAt: null, rivalAddress: null, nobodyHeld: null };
    return { kind, machine: active(facts), dualSince: facts.seesRival ? LONG_AGO : null, ...rest };
  }
  const parameters = {
    priority: 100,
    preempt: true,
    advertisementInterval: router().advertisementInterval,
    primaryAddress: OWN,
  };
  const machine = backupState(parameters, parameters.advertisementInterval, NOW);
  return {
    kind,
    machine,
    vacated,
    activeAddress,
    followsSuperior,
    unheard,
    deferred: false,
    askedAt: null,
    asks: false,
  };
}

function active({ doing, lost }: RouterFacts): Active {
  const releasing = { reason: 'failover', until: SOON, atMost: SOON } as const;
  return {
    kind: 'Active',
    adverAt: SOON,
    claim: { kind: 'made', obeysFrom: LONG_AGO },
    doing:
      doing === 'holding'
        ? { kind: doing }
        : doing === 'listening'
          ? { kind: doing, until: SOON }
          : { kind: doing, releasing, listenUntil: null },
    answerFrom: LONG_AGO,
    lacking: lost ? lackingFrom(LONG_AGO, true) : null,
    announcements: firstRound(LONG_AGO),
  };
}

/** What is known of a peer after a while. */
function tell(peer: Peer, facts: PeerFacts, digests: PeerReport['digests']): void {
  const { state, heardAt, fit, sound, standsBack, forced, routers } = facts;
  const address = peer.configuration.addresses.at(-1);
  peer.state = state;
  peer.paths = peer.paths.map((path) => ({
    ...path,
    state: facts.linkWorks || path.address !== address ? state : 'unhealthy',
    interface: path.address === address && facts.onLink ? 'eth0' : null,
    heardAt,
    silentAt: heardAt === NOW ? SOON : heardAt,
  }));
  if (!facts.reports || address === undefined) return;
  peer.knownBy = [address];
  peer.report = {
    name: peer.configuration.name,
    mode: 'active-passive',
    primary: false,
    fit,
    sound: fit && sound,
    gateway: 'unknown',
    bandwidthLow: false,
    standsBack,
    cause: cause({ reason: 'failover', forced }),
    digests,
    primaryAddresses: [address],
    routers,
  };
}

/** Whether looking at every virtual router has led to anything. */
function changes(state: InstanceState): boolean {
  const before = JSON.stringify([state.checkpoint(), state.unsettled]);
  for (const one of state.routers.values()) arbitrateOne(state, one);
  const later = JSON.stringify([state.checkpoint(), state.unsettled]);
  return before !== later || state.takeEffects().length > 0 || state.decisions.length > 0;
}

describe('after a message of a peer', () => {
  it('virtual routers are passed over only when nothing would be done for any of them', (context: TestContext) => {
    context.diagnostic(`SEED=${SEED} repeats this run`);
    const seen = { quiet: 0, changed: 0 };
    const property = fc.property(states, (state) => {
      const quiet = isQuiet(state);
      const changed = changes(state);
      if (quiet) seen.quiet += 1;
      if (changed) seen.changed += 1;
      assert.ok(!quiet || !changed, 'it is passed over, and something would have been done');
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
    assert.ok(seen.quiet > RUNS / 20, `quiet states are drawn: ${seen.quiet}`);
    assert.ok(seen.changed > RUNS / 20, `states with something to do are drawn: ${seen.changed}`);
  });
});
