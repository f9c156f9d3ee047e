// The last move of each virtual router, for status, and the event `move` once one to Active is over. No decisions.
// What an earlier agent has recorded counts until there is one of this agent's own.
import type { Instance } from '../core/instance.js';
import type { InstanceEvent } from '../core/interface.js';
import { TRANSITION_REASONS } from '../model/reasons.js';
import type { MoveStatus, PeerSight } from '../model/status.js';
import type { Journal } from '../journal/journal.js';
import { earlierMoves } from './earlier-moves.js';
import type { TransitionEffect } from './records.js';

/** What the core knows of a move beside its transition. */
type Witness = Pick<Instance, 'peerSights' | 'nobodyHeld'>;

export class Moves {
  readonly #journal: Journal;
  readonly #witness: Witness;
  readonly #last: Map<string, MoveStatus>;
  /** Those whose addresses are not known to stand yet: here after one to Active, else at a peer. */
  readonly #open = new Map<string, MoveStatus['way']>();

  constructor(journal: Journal, witness: Witness) {
    this.#journal = journal;
    this.#witness = witness;
    this.#last = earlierMoves(journal.tail());
  }

  /** @param noticedAt time of its record, ISO 8601. */
  transition(effect: TransitionEffect, noticedAt: string): void {
    const { virtualRouter, from, to, reason, because, orderedBy } = effect;
    if (from !== 'Active' && to !== 'Active') return;
    const way = to === 'Active' ? 'taken' : 'given';
    this.#open.set(virtualRouter, way);
    this.#last.set(virtualRouter, {
      way,
      reason,
      ...(because === '' ? {} : { because }),
      ...(orderedBy === undefined ? {} : { orderedBy }),
      noticedAt,
      stoodAt: null,
      nobodyHeldAtMostMs: null,
      peerSaw: [],
    });
  }

  /** The core has taken this event, and its effects are done. @returns whether a move is over by it. */
  handled(event: InstanceEvent): boolean {
    if (this.#open.size === 0) return false;
    if (event.kind === 'addresses-present') return this.#stoodHere(event.virtualRouter);
    if (event.kind !== 'peer-report') return false;
    let over = false;
    for (const [name, way] of this.#open)
      if (way === 'given' && this.#stoodThere(name)) over = true;
    return over;
  }

  /** Undefined before the first. */
  lastOf(virtualRouter: string): MoveStatus | undefined {
    return this.#last.get(virtualRouter);
  }

  /** Forgets virtual routers that the settings name no longer. */
  keepOnly(isKnown: (virtualRouter: string) => boolean): void {
    for (const name of this.#last.keys()) {
      if (isKnown(name)) continue;
      this.#last.delete(name);
      this.#open.delete(name);
    }
  }

  #stoodHere(virtualRouter: string): boolean {
    const move = this.#last.get(virtualRouter);
    if (move === undefined || this.#open.get(virtualRouter) !== 'taken') return false;
    this.#open.delete(virtualRouter);
    const held = this.#witness.nobodyHeld(virtualRouter);
    const over: MoveStatus = {
      ...move,
      stoodAt: this.#journal.now(),
      nobodyHeldAtMostMs: held === null ? null : Math.ceil(held / 1_000),
      peerSaw: this.#witness.peerSights(virtualRouter),
    };
    this.#last.set(virtualRouter, over);
    this.#journal.record('info', { event: 'move', virtualRouter, ...over, detail: inWords(over) });
    return true;
  }

  #stoodThere(virtualRouter: string): boolean {
    const move = this.#last.get(virtualRouter);
    const peerSaw = this.#witness.peerSights(virtualRouter);
    const stands = peerSaw.some((one) => one.state === 'Active' && one.addressesPresent);
    if (move === undefined || !stands) return false;
    this.#open.delete(virtualRouter);
    this.#last.set(virtualRouter, { ...move, stoodAt: this.#journal.now(), peerSaw });
    return true;
  }
}

/** `taken 12 ms after it was noticed; nobody had the addresses for at most 3 ms; …`. */
function inWords({ reason, because, ...move }: MoveStatus): string {
  const { orderedBy, noticedAt, stoodAt, nobodyHeldAtMostMs: held, peerSaw } = move;
  // The wall clock may have been set meanwhile.
  const took = Math.max(0, Date.parse(stoodAt ?? noticedAt) - Date.parse(noticedAt));
  return [
    TRANSITION_REASONS[reason] + (because === undefined ? '' : ` (${because})`),
    ...(orderedBy === undefined ? [] : [`ordered by ${orderedBy}`]),
    `the addresses stand here ${took} ms after it was noticed`,
    heldInWords(held),
    ...peerSaw.map(sightInWords),
  ].join('; ');
}

function heldInWords(atMost: number | null): string {
  if (atMost === null) return 'nobody is known to have had them before';
  return atMost === 0 ? 'somebody had them throughout' : `nobody had them for at most ${atMost} ms`;
}

const sightInWords = ({ peer, state, addressesPresent }: PeerSight): string =>
  `${peer} says ${state}, ${addressesPresent ? 'with' : 'without'} the addresses`;
