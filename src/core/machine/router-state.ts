// What an instance knows of a virtual router in one state only, beside its machine of RFC 9568. Such a fact begins with
// the state and ends with it, so nothing is ever reset. What holds in every state is router.ts.
import { assert } from '../../model/assert.js';
import type { IpAddress } from '../../model/address.js';
import type { Instant, Microseconds } from '../../model/units.js';
import type { Active, Backup, Initialize, State } from './states.js';

/** Why a Backup that hears nothing waits: multicast does not reach it, or its link reaches nobody. */
export type HoldCause = 'adverts-lost' | 'lan-split';

interface InitializeState {
  readonly kind: 'Initialize';
  readonly machine: Initialize;
  /** Gave the role up, and knows of nobody who has it since. */
  vacated: boolean;
}

export interface BackupState {
  readonly kind: 'Backup';
  machine: Backup;
  /** Gave the role up, and knows of nobody who has it since. */
  vacated: boolean;
  /** Where the advertisements of the Active come from; null before the first, and after a farewell. */
  activeAddress: IpAddress | null;
  /** The Active heard last is at least our equal. */
  followsSuperior: boolean;
  /**
   * Why the Active is not heard although it is there; null when it is heard, or not known to be there. As long as there
   * is a cause, we ask the Active to send to our own address, too.
   */
  unheard: HoldCause | null;
  /** Whether it has let a better candidate go first since the last advertisement. It does so once. */
  deferred: boolean;
  /** When the Active was last asked on the link whether it is there (silence.ts). */
  askedAt: Instant | null;
  /** Waits for the lease of the witness, since it has nothing but silence to go by. */
  asks: boolean;
}

export interface ActiveState {
  readonly kind: 'Active';
  machine: Active;
  /** Took the role from a peer that an operator ordered to leave, and has not had the addresses yet. */
  ordered: boolean;
  /** Since when a peer has been Active beside us; null when none is. */
  dualSince: Instant | null;
  /** When we last reported that another one is Active, too. */
  dualSaidAt: Instant | null;
  /** The router of lower rank that was heard last. */
  rivalAddress: IpAddress | null;
  /** For how long nobody had the addresses before us, at most; `awaited` until ours stand. Null: not known. */
  nobodyHeld: Microseconds | 'awaited' | null;
}

export type RouterState = InitializeState | BackupState | ActiveState;

/** The state of a virtual router that has not taken part yet. */
export const notStarted = (machine: Initialize): InitializeState => ({
  kind: 'Initialize',
  machine,
  vacated: false,
});

/** Takes over the new machine if it is still in the same state. @returns whether it is. */
export function advance(state: RouterState, machine: State): boolean {
  if (state.kind === 'Backup' && machine.kind === 'Backup') state.machine = machine;
  else if (state.kind === 'Active' && machine.kind === 'Active') state.machine = machine;
  else return state.kind === machine.kind;
  return true;
}

/** The state that `machine` has entered. `vacates`: an Active has left although there is no other Active. */
export function entered(machine: State, before: RouterState, vacates: boolean): RouterState {
  const vacated = before.kind === 'Active' ? vacates : before.vacated;
  switch (machine.kind) {
    case 'Initialize':
      return { kind: 'Initialize', machine, vacated };
    case 'Backup':
      return {
        kind: 'Backup',
        machine,
        vacated,
        activeAddress: null,
        followsSuperior: false,
        unheard: null,
        deferred: false,
        askedAt: null,
        asks: false,
      };
    case 'Active':
      return {
        kind: 'Active',
        machine,
        ordered: false,
        dualSince: null,
        dualSaidAt: null,
        rivalAddress: null,
        nobodyHeld: 'awaited',
      };
  }
}

/** The state of a virtual router that is known to be a Backup. */
export function backupOf({ state }: { readonly state: RouterState }): BackupState {
  assert(state.kind === 'Backup', 'it is a Backup');
  return state;
}

/** The state of a virtual router that is known to be Active. */
export function activeOf({ state }: { readonly state: RouterState }): ActiveState {
  assert(state.kind === 'Active', 'it is Active');
  return state;
}

/** Gave the role up, and knows of nobody who has it since. */
export const isVacated = (state: RouterState): boolean => state.kind !== 'Active' && state.vacated;

/** Where the Active that a Backup hears advertises from; null when there is none. */
export const activeAddressOf = (state: RouterState): IpAddress | null =>
  state.kind === 'Backup' ? state.activeAddress : null;

/** Active, and the addresses stand as far as is known. */
export const hasAddresses = ({ machine }: RouterState): boolean =>
  machine.kind === 'Active' && machine.lacking === null;
