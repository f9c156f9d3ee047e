// The questions of the decision table, asked directly where an instance cannot tell the answers apart:
// who outranks whom, who is the best candidate. The rows themselves are in decisions*.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import {
  holderAmong,
  isBestCandidate,
  isNotNeeded,
  isYielding,
  leaverAmong,
  outranksUs,
  successorAmong,
  tieBreaker,
} from '../../../src/core/decisions/candidates.js';
import type { Rank } from '../../../src/core/peers/sight.js';
import { whenNobodyTook } from '../../../src/core/decisions/handover.js';
import { evidenceOf, isBetterRival } from '../../../src/core/decisions/rivals.js';
import { isDeafLink, isNextAfter, whenActiveDown } from '../../../src/core/decisions/takeover.js';
import type { PeerView } from '../../../src/core/peers/peers.js';
import { OWN, PEER, router } from '../instance-bench.js';
import { PairBench, THERE, THIRD, cause, type Saying } from '../pair-bench.js';
import { address } from '../machine/virtual-router-bench.js';

const US: Rank = {
  priority: 100,
  family: 'ipv4',
  address: OWN,
  sound: true,
  holdsPart: false,
  standsBack: false,
};

/** `there` as it says it stands, healthy, or `third`. */
function viewOf(saying: Saying, peer = 'there'): PeerView {
  const bench = new PairBench([router()], {}, [THERE, THIRD]);
  bench.says(saying, 0, { peer });
  const { report } = bench.voice(peer);
  return { peer: bench.peer(peer), report, router: report.routers[0] ?? null, lanPath: null };
}

const stranger = (): PeerView => ({ ...viewOf({}), router: null });

describe('the address that breaks ties', () => {
  it('is the highest of the family, by value', () => {
    const all = ['192.0.2.9', 'fe80::1', '192.0.2.100', '10.0.0.1', 'fe80::a'].map(address);

    assert.equal(tieBreaker(all, 'ipv4'), '192.0.2.100');
    assert.equal(tieBreaker(all, 'ipv6'), 'fe80::a');
    assert.equal(tieBreaker(all.toReversed(), 'ipv4'), '192.0.2.100');
  });

  it('is missing where there is none of the family', () => {
    assert.equal(tieBreaker([], 'ipv4'), null);
    assert.equal(tieBreaker([address('fe80::1')], 'ipv4'), null);
  });
});

describe('who outranks us', () => {
  it('the higher priority, whatever the addresses', () => {
    assert.equal(outranksUs(viewOf({ effectivePriority: 101, primaryAddresses: [] }), US), true);
    assert.equal(outranksUs(viewOf({ effectivePriority: 99 }), US), false);
  });

  it('between equals the higher address; none is lower than any; and nobody outranks himself', () => {
    const same = { effectivePriority: 100 };
    assert.equal(outranksUs(viewOf({ ...same, primaryAddresses: [PEER] }), US), true);
    assert.equal(outranksUs(viewOf({ ...same, primaryAddresses: [OWN] }), US), false);
    assert.equal(outranksUs(viewOf({ ...same, primaryAddresses: [] }), US), false);
    const nameless = { ...US, address: null };
    assert.equal(outranksUs(viewOf({ ...same, primaryAddresses: [OWN] }), nameless), true);
    assert.equal(outranksUs(viewOf({ ...same, primaryAddresses: [] }), nameless), false);
  });

  it('not one that does not have this virtual router', () => {
    assert.equal(outranksUs(stranger(), US), false);
  });
});

describe('who could not add or keep its addresses just now', () => {
  it('by its cause, or by its priority where the cause is another one or not known', () => {
    assert.equal(isYielding(viewOf({})), false);
    assert.equal(isYielding(viewOf({ cause: cause({ reason: 'maintenance' }) })), false);
    assert.equal(isYielding(viewOf({ cause: cause({ reason: 'address-failed' }) })), true);
    assert.equal(isYielding(viewOf({ cause: cause({ reason: 'address-lost' }) })), true);
    assert.equal(isYielding(viewOf({ effectivePriority: 1 })), true);
    assert.equal(isYielding(stranger()), false, 'nothing is known of it');
  });
});

describe('the best candidate', () => {
  const better: Saying = { effectivePriority: 150 };

  it('is whom no other fit Backup outranks', () => {
    assert.equal(isBestCandidate([], US), true);
    assert.equal(isBestCandidate([stranger()], US), true);
    assert.equal(isBestCandidate([viewOf({ effectivePriority: 50 })], US), true);
    assert.equal(isBestCandidate([viewOf({ effectivePriority: 50 }), viewOf(better)], US), false);
  });

  it('is sound before it is high', () => {
    assert.equal(isBestCandidate([viewOf({ ...better, sound: false })], US), true);
    const unsound = { ...US, sound: false };
    assert.equal(isBestCandidate([viewOf({ effectivePriority: 50 })], unsound), false);
    assert.equal(isBestCandidate([viewOf({ ...better, sound: false })], unsound), false);
    assert.equal(isBestCandidate([viewOf({ effectivePriority: 50, sound: false })], unsound), true);
  });

  for (const saying of [
    { fit: false },
    { releasing: true },
    { state: 'Initialize' },
    { state: 'Active' },
  ] as const) {
    it(`is not kept from it by one that says ${JSON.stringify(saying)}`, () => {
      assert.equal(isBestCandidate([viewOf({ ...better, ...saying })], US), true);
    });
  }
});

describe('who holds, who leaves, who could follow', () => {
  const active = viewOf({ state: 'Active' });
  const leaving = viewOf({ state: 'Active', releasing: true });
  const backup = viewOf({});

  it('the holder is Active and wants to stay so', () => {
    assert.equal(holderAmong([backup, leaving, stranger(), active]), active);
    assert.equal(holderAmong([backup, leaving, stranger()]), null);
  });

  it('the leaver says so, Active or not any more', () => {
    const left = viewOf({ state: 'Initialize', releasing: true });

    assert.equal(leaverAmong([stranger(), active, backup, left], null), left);
    assert.equal(leaverAmong([active, leaving], null), leaving);
    assert.equal(leaverAmong([stranger(), active, backup], null), null);
  });

  it('the leaver is not one that lost the role to somebody else whom we hear', () => {
    assert.equal(leaverAmong([leaving], PEER), leaving);
    assert.equal(leaverAmong([leaving], address('192.0.2.77')), null);
  });

  it('the successor is fit, Backup and stays; sound when that is asked', () => {
    const unsound = viewOf({ sound: false });

    assert.equal(successorAmong([stranger(), active, unsound, backup], 'fit'), unsound);
    assert.equal(successorAmong([stranger(), active, unsound, backup], 'sound'), backup);
    assert.equal(successorAmong([viewOf({ fit: false }), leaving], 'fit'), null);
  });
});

describe('answers', () => {
  it('whom an operator sent away comes last, unless the role is asked back', () => {
    const away = viewOf({ effectivePriority: 150, standsBack: true });
    const sent = { ...US, standsBack: true };
    assert.equal(isBestCandidate([away], US), true);
    assert.equal(isBestCandidate([away], US, true), false, 'asked back');
    assert.equal(isBestCandidate([viewOf({ effectivePriority: 50 })], sent), false);
    assert.equal(isBestCandidate([viewOf({ effectivePriority: 50 })], sent, true), true);
    assert.equal(isBestCandidate([away], sent), false, 'both stand back: by rank');
    assert.equal(isBestCandidate([viewOf({ sound: false })], sent), true, 'sound goes first');
  });

  it('is not needed while somebody else could take it who does not stand back either', () => {
    const sent = { ...US, standsBack: true };
    assert.equal(isNotNeeded([viewOf({})], US), false);
    assert.equal(isNotNeeded([viewOf({})], sent), true);
    assert.equal(isNotNeeded([viewOf({ standsBack: true })], sent), false);
    assert.equal(isNotNeeded([viewOf({ fit: false })], sent), false);
    assert.equal(isNotNeeded([], sent), false);
  });

  it('priority 0 from the only Active that is known: next', () => {
    const active = viewOf({ state: 'Active' });

    assert.equal(isNextAfter([active], PEER, US), true);
    assert.equal(isNextAfter([active], address('192.0.2.77'), US), false, 'from somebody else');
    assert.equal(isNextAfter([], PEER, US), false, 'no pair is known');
    assert.equal(isNextAfter([stranger()], PEER, US), false);
    const away = viewOf({ effectivePriority: 150, standsBack: true }, 'third');
    const asks = viewOf({ state: 'Active', cause: cause({ reason: 'failover' }) });
    assert.equal(isNextAfter([active, away], PEER, US), true);
    assert.equal(isNextAfter([asks, away], PEER, US), false, 'asked back');
  });

  it('Active_Down_Timer: a healthy path on the link makes the difference', () => {
    const active = viewOf({ state: 'Active' });
    const [path] = active.peer.paths;
    assert.ok(path !== undefined);
    const split = { action: 'hold', cause: 'lan-split' };

    assert.deepEqual(whenActiveDown([]), { action: 'take-over' });
    assert.deepEqual(whenActiveDown([active]), split);
    assert.deepEqual(
      whenActiveDown([{ ...active, lanPath: { ...path, state: 'unhealthy' } }]),
      split,
    );
    assert.deepEqual(
      whenActiveDown([{ ...active, lanPath: { ...path, state: 'unknown' } }]),
      split,
    );
    assert.deepEqual(whenActiveDown([{ ...active, lanPath: { ...path, state: 'healthy' } }]), {
      action: 'hold',
      cause: 'adverts-lost',
    });
  });

  it('both Active: the better side of a split link, else the higher rank', () => {
    const [path] = viewOf({}).peer.paths;
    assert.ok(path !== undefined);
    const rival = (saying: Saying, state: 'healthy' | 'unhealthy'): PeerView => ({
      ...viewOf({ state: 'Active', ...saying }),
      lanPath: { ...path, state },
    });
    const lesser = { effectivePriority: 50 };
    const greater = { effectivePriority: 150 };

    assert.equal(isBetterRival(rival({ ...lesser, evidence: 8 }, 'unhealthy'), US, 4), true);
    assert.equal(isBetterRival(rival({ ...greater, evidence: 0 }, 'unhealthy'), US, 4), false);
    assert.equal(isBetterRival(rival({ ...greater, evidence: 4 }, 'unhealthy'), US, 4), true);
    assert.equal(isBetterRival(rival({ ...lesser, evidence: 4 }, 'unhealthy'), US, 4), false);
    assert.equal(isBetterRival(rival({ ...lesser, evidence: 8 }, 'healthy'), US, 4), false);
    assert.equal(isBetterRival(rival({ ...greater, evidence: 0 }, 'healthy'), US, 4), true);
    assert.equal(isBetterRival(stranger(), US, 4), false);
  });

  it('a deaf link: the Active is there, and should answer on a path that it does not use', () => {
    const active = viewOf({ state: 'Active' });
    const [path] = active.peer.paths;
    assert.ok(path !== undefined);

    assert.equal(isDeafLink([]), false);
    assert.equal(isDeafLink([active]), false, 'no path is known');
    assert.equal(isDeafLink([{ ...active, lanPath: { ...path, state: 'healthy' } }]), false);
    assert.equal(isDeafLink([{ ...active, lanPath: { ...path, state: 'unhealthy' } }]), true);
    const backup = viewOf({});
    assert.equal(isDeafLink([{ ...backup, lanPath: { ...path, state: 'unhealthy' } }]), false);
  });

  it('nobody took the role: left only when it is wanted, or is being taken', () => {
    const idle = [viewOf({}), stranger()];

    assert.equal(whenNobodyTook(idle, 'failover', true), 'stay');
    assert.equal(whenNobodyTook(idle, 'soft-fault', true), 'stay');
    assert.equal(whenNobodyTook(idle, 'lan-split', true), 'stay');
    assert.equal(whenNobodyTook(idle, 'maintenance', true), 'stay', 'it is over');
    assert.equal(whenNobodyTook(idle, 'maintenance', false), 'leave');
    assert.equal(whenNobodyTook(idle, 'mode-off', false), 'leave');
    assert.equal(whenNobodyTook(idle, 'group-moved', true), 'stay');
    assert.equal(whenNobodyTook([viewOf({ state: 'Active' })], 'failover', true), 'leave');
  });

  it('evidence: an answering gateway before none that is known, that before a silent one', () => {
    const [best, middle, least] = (['reachable', 'unknown', 'unreachable'] as const).map(
      evidenceOf,
    );

    assert.ok(best !== undefined && middle !== undefined && least !== undefined);
    assert.ok(best > middle && middle > least && least >= 0 && best <= 15);
  });
});
