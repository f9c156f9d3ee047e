// When a move is over, by the words of the peers and of the kernel: a core that says what the test has it say.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { Moves } from '../../src/agent/moves.js';
import type { TransitionEffect } from '../../src/agent/records.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import type { Journal } from '../../src/journal/journal.js';
import type { VirtualRouterState } from '../../src/model/reasons.js';
import type { PeerSight } from '../../src/model/status.js';

/** Only its kind is looked at. */
const REPORT = { kind: 'peer-report' } as InstanceEvent;
const PRESENT: InstanceEvent = { kind: 'addresses-present', virtualRouter: 'lan' };

function bench() {
  const told: string[] = [];
  const known: { sights: PeerSight[]; heldMs: number | null } = { sights: [], heldMs: null };
  const journal = {
    now: () => `at ${told.length}`,
    tail: () => [],
    record: (_severity: string, event: object) => told.push(JSON.stringify(event)),
  } as unknown as Journal;
  const moves = new Moves(journal, {
    peerSights: () => known.sights,
    nobodyHeld: () => (known.heldMs === null ? null : ((known.heldMs * 1_000) as never)),
  });
  const moved = (from: VirtualRouterState, to: VirtualRouterState): void => {
    const effect: TransitionEffect = {
      kind: 'transition',
      virtualRouter: 'lan',
      from,
      to,
      reason: 'failover',
      because: '',
      effectivePriority: 100,
    };
    moves.transition(effect, 'noticed');
  };
  const peer = (state: VirtualRouterState, addressesPresent: boolean): void => {
    known.sights = [{ peer: 'b', state, addressesPresent }];
  };
  return { moves, moved, peer, told, known };
}

describe('a move', () => {
  it('to a peer is over once that is Active and has the addresses, by its own word, and not before', () => {
    const { moves, moved, peer, told } = bench();
    moved('Active', 'Backup');
    for (const [state, present] of [
      ['Backup', true],
      ['Active', false],
    ] as const) {
      peer(state, present);
      assert.equal(moves.handled(REPORT), false, state);
      assert.equal(moves.lastOf('lan')?.stoodAt, null);
    }
    peer('Active', true);
    assert.equal(moves.handled(REPORT), true);
    assert.equal(moves.lastOf('lan')?.stoodAt, 'at 0');
    assert.equal(moves.handled(REPORT), false, 'once');
    assert.deepEqual(told, [], 'the other one tells of it');
  });

  it('to us is over, and told once, when the addresses stand, whatever the peers say', () => {
    const { moves, moved, peer, told, known } = bench();
    moved('Backup', 'Active');
    peer('Active', true);
    assert.equal(moves.handled(REPORT), false);
    assert.equal(moves.handled({ kind: 'addresses-removed', virtualRouter: 'lan' }), false);
    known.heldMs = 1.5;
    assert.equal(moves.handled(PRESENT), true);
    assert.equal(moves.handled(PRESENT), false);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /"event":"move".*nobody had them for at most 2 ms/);
  });

  it('between two other states is none', () => {
    const { moves, moved } = bench();
    moved('Initialize', 'Backup');
    assert.equal(moves.handled(PRESENT), false);
    assert.equal(moves.lastOf('lan'), undefined);
  });
});
