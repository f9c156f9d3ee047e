// How long each promise of DESIGN §1 may be broken, as formulas of the settings. Why they are what they
// are: docs/INVARIANTS.md. Nothing is measured here.
import { NONCES_KEPT } from './contact.js';
import { ADDRESS_PATIENCE } from '../../src/core/machine/states.js';
import { SCRIPT_PATIENCE } from '../../src/core/step.js';
import { LOOK, SCRIPT } from './kernel.js';
import { LATENCY } from './network.js';
import { THRESHOLDS, type Setting } from './settings.js';

/** Farewells, turns of the loop and whatever else is done at once. */
export const AT_ONCE = 2_000;

/**
 * So many leases may pass until somebody has the role: the one before ends, the one after it counts only after its whole
 * time where that end was not seen, and what is asked is late by a third.
 */
export const LEASES = 3.5;

/** All in microseconds. */
export interface Timing {
  /** Advertisement_Interval, the longest of all appliances. */
  readonly advertisement: number;
  /** peerCheckIntervalMs, likewise. */
  readonly check: number;
  /** A packet on its way. */
  readonly packet: number;
  /** From a decision to addresses that stand or are gone. */
  readonly script: number;
  /** An answer to a planned handover is awaited so long. */
  readonly handover: number;
  /** The longest Active_Down_Interval. */
  readonly down: number;
  /** Whether packets are lost at random. */
  readonly lossy: boolean;
  /** Of the witness; 0 without one. */
  readonly ttl: number;
}

export function timingOf(setting: Setting): Timing {
  const { interval, checkInterval, mismatch, quality, witness, virtualMac, late = 0 } = setting;
  const advertisement = interval * 10_000;
  const check = checkInterval * 1_000 * (mismatch === 'check interval' ? 2 : 1);
  return {
    advertisement,
    check,
    // A timer that wakes late is like a packet that is.
    packet: LATENCY + quality.jitter + late,
    // One script runs at a time: the decision may wait for the end of another one. Before each of the two a macvlan may
    // have to be made.
    script: (virtualMac === true ? 4 : 2) * SCRIPT.most + AT_ONCE,
    handover: Math.max(3 * check, 100_000),
    down: 4 * advertisement,
    lossy: quality.loss > 0,
    ttl: witness?.ttl ?? 0,
  };
}

/** What kernels and agents forget in a scenario. */
export interface Losses {
  /** Addresses go without a notice: found out at the next look. */
  readonly unnoticed: boolean;
  /** Orders to add them are lost: they are given again, and then the role is given up. */
  readonly forgotten: boolean;
}

export const NO_LOSSES: Losses = { unnoticed: false, forgotten: false };

export interface Bounds {
  readonly neverNobody: number;
  readonly neverBoth: {
    /** Both hear each other's advertisements. */
    readonly 'on the LAN': number;
    /** Only the HA port connects them. */
    readonly 'over the HA port': number;
    /** The executor of a dead agent holds beside its successor. */
    readonly 'with a will': number;
    /** Nothing connects them. */
    readonly 'with a witness': number;
    /** Nothing does since one was taking over from the other: each has its time. */
    readonly 'cut in a handover': number;
    /** One needed no lease for a third one that it was in touch with, and has its time since it was cut off from it. */
    readonly 'left by a third': number;
  };
  readonly nothingStale: number;
  /** The switch sends what is for the virtual MAC address to somebody else than the one who holds. */
  readonly switchAstray: number;
  /** Held by one that is to stay out: while its successor takes over. */
  readonly outOfElection: number;
  /** Told, or shown, and not so. */
  readonly noLie: number;
  /** Somebody said that it has the addresses, or spoke for them, and has lost them. */
  readonly heldAtMost: number;
  readonly peerShownHealthy: number;
  /** More than that for one that is heard and does not hear. */
  readonly echoes: number;
  /** Infinite where answers that are on their way may come further apart than a check tolerates. */
  readonly peerShownUnhealthy: number;
  /** Whoever has been able for so long is known to all, and has heard who is Active. */
  readonly ready: number;
}

export function boundsOf(timing: Timing, { unnoticed, forgotten }: Losses): Bounds {
  const { advertisement, check, packet, script, handover, down, lossy, ttl } = timing;
  const { failureThreshold, recoveryThreshold } = THRESHOLDS;
  const silence = (failureThreshold + 1) * check + 2 * packet;
  const recovery = (recoveryThreshold + 3) * check + 4 * packet;
  // A lost advertisement is made good by the next one; eight in a row are not lost.
  const heard = (lossy ? 8 : 1.5) * advertisement;
  const once = packet + script;
  // Question and answer may each be late by the jitter, and the answer before by nothing.
  const tolerated = Math.min(check / 2, 40_000);
  const isSteady = 2 * (packet - LATENCY) <= tolerated;
  const lost = (unnoticed ? LOOK : 0) + (forgotten ? 2 * ADDRESS_PATIENCE : 0);
  return {
    neverNobody: down + advertisement + silence + handover + 2 * once + lost + LEASES * ttl,
    neverBoth: {
      'on the LAN': heard + handover + once,
      'over the HA port': 4 * check + Math.min(check, 100_000) + 4 * packet + script,
      'with a will': down + once,
      'with a witness': script,
      'cut in a handover': ttl + script,
      'left by a third': ttl + script,
    },
    nothingStale: script,
    switchAstray: 1.5 * advertisement + once,
    // A successor that says it is Active is waited for until its script would have been ended.
    outOfElection: 2 * handover + once + (forgotten ? SCRIPT_PATIENCE : 0),
    noLie: script + lost,
    heldAtMost: packet + script + lost,
    peerShownHealthy: silence,
    echoes: (NONCES_KEPT + 1) * check,
    peerShownUnhealthy: isSteady ? recovery : Infinity,
    ready: down + recovery + once,
  };
}
