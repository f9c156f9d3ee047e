// The vocabulary of the virtual router's machine (RFC 9568 §6): parameters, states, events, effects, and the
// transitions between its states. When a transition happens is in virtual-router.ts and active.ts.
import type { IpAddress } from '../../model/address.js';
import type { TransitionReason, VirtualRouterState } from '../../model/reasons.js';
import {
  after,
  centisecondsToMicroseconds,
  microseconds,
  type Centiseconds,
  type Instant,
} from '../../model/units.js';
import { awaitingAddresses, type Announcements } from './announcements.js';
import { activeDownInterval } from './timing.js';

/** The parameters of RFC 9568 §6.1 at the moment of the step. */
export interface Parameters {
  /** Effective priority: 255 for the address owner, 1..254 otherwise. */
  readonly priority: number;
  /** Preempt_Mode. */
  readonly preempt: boolean;
  /** Advertisement_Interval. */
  readonly advertisementInterval: Centiseconds;
  /** The address that advertisements are sent from. It decides between equal priorities. */
  readonly primaryAddress: IpAddress;
}

export type TakeoverReason = Extract<
  TransitionReason,
  | 'owner'
  | 'no-response'
  | 'priority'
  | 'priority-zero'
  | 'peer-released'
  | 'peer-dead'
  | 'witness-granted'
  | 'better-placed'
>;

/** A planned handover under way: the addresses stay until a successor is there, or the time is over. */
export interface Releasing {
  readonly reason: TransitionReason;
  readonly until: Instant;
  /** The longest that we wait for a successor whose addresses do not stand yet. */
  readonly atMost: Instant;
}

/** An Active waits for its addresses. */
export interface Lacking {
  readonly since: Instant;
  /** Then it asks for them once more. The second time it gives the role up. */
  readonly until: Instant;
  readonly askedAgain: boolean;
  /** They stood once and are gone: another Active has addresses, and this one has none. */
  readonly lost: boolean;
}

/** Whether an Active has claimed the role by an advertisement: see becomeActive. */
export type Claim =
  | {
      readonly kind: 'withheld';
      /**
       * The router before us has agreed to the handover. What it sends does not outrank us until it hears us, or until
       * then at the latest. Null when nobody has agreed.
       */
      readonly agreedUntil: Instant | null;
    }
  | {
      readonly kind: 'made';
      /** A better advertisement is obeyed from then on. What came earlier was sent before we were heard. */
      readonly obeysFrom: Instant;
    };

/** What an Active is doing, apart from its addresses. */
export type Doing =
  | { readonly kind: 'holding' }
  /** After a stall: until then we believe any other Active and send nothing. */
  | { readonly kind: 'listening'; readonly until: Instant }
  /** Others are being asked to take over. After a stall meanwhile it listens, too. */
  | {
      readonly kind: 'releasing';
      readonly releasing: Releasing;
      readonly listenUntil: Instant | null;
    };

const HOLDING: Doing = { kind: 'holding' };

/** What an Active does after it was silent: it listens, and goes on with its handover if there is one. */
export const alsoListening = (doing: Doing, until: Instant): Doing =>
  doing.kind === 'releasing' ? { ...doing, listenUntil: until } : { kind: 'listening', until };

/** What an Active does when it asks for a successor. The first request counts. */
export const nowReleasing = (doing: Doing, releasing: Releasing): Doing =>
  doing.kind === 'releasing'
    ? doing
    : { kind: 'releasing', releasing, listenUntil: listenUntilOf(doing) };

/** What an Active does when it no longer asks for a successor. */
export function noLongerReleasing(doing: Doing): Doing {
  const until = listenUntilOf(doing);
  return until === null ? HOLDING : { kind: 'listening', until };
}

/** Until when an Active listens, or has listened, after its last stall; null when there was none. */
function listenUntilOf(doing: Doing): Instant | null {
  switch (doing.kind) {
    case 'holding':
      return null;
    case 'listening':
      return doing.until;
    case 'releasing':
      return doing.listenUntil;
  }
}

/** Until when an Active listens; null when it does not. */
export function listensUntil({ doing }: Active, now: Instant): Instant | null {
  const until = listenUntilOf(doing);
  return until !== null && now < until ? until : null;
}

/** The handover under way; null when there is none. */
export const releasingOf = ({ doing }: Active): Releasing | null =>
  doing.kind === 'releasing' ? doing.releasing : null;

export type State =
  | { readonly kind: 'Initialize' }
  | {
      readonly kind: 'Backup';
      /** Active_Adver_Interval, learned from the Active. */
      readonly activeAdverInterval: Centiseconds;
      /** When the Active_Down_Timer fires. */
      readonly activeDownAt: Instant;
      /** Why this router becomes Active if the timer fires now. */
      readonly takeoverReason: TakeoverReason;
    }
  | {
      readonly kind: 'Active';
      /** When the Adver_Timer fires. */
      readonly adverAt: Instant;
      readonly claim: Claim;
      readonly doing: Doing;
      /** Rivals are not answered before this instant. */
      readonly answerFrom: Instant;
      /** The addresses do not stand as far as is known; null when they do. */
      readonly lacking: Lacking | null;
      readonly announcements: Announcements;
    };

export type Initialize = Extract<State, { kind: 'Initialize' }>;
export type Backup = Extract<State, { kind: 'Backup' }>;
export type Active = Extract<State, { kind: 'Active' }>;

export type Event =
  /** `waits`: the address owner, too, begins as a Backup. */
  | { readonly kind: 'startup'; readonly reason: TransitionReason; readonly waits?: boolean }
  /** `farewell`: the interface can still carry the advertisement of priority 0. */
  | { readonly kind: 'shutdown'; readonly reason: TransitionReason; readonly farewell: boolean }
  /** Give the role up and stay in the election. */
  | { readonly kind: 'yield'; readonly reason: TransitionReason }
  /** Take the role now, before the timer says so. */
  | {
      readonly kind: 'take-over';
      readonly reason: TakeoverReason;
      /** Until when the one before us, who has agreed, is not to be obeyed; null without one. */
      readonly grantedUntil: Instant | null;
    }
  /** The Active is leaving, but others come first: Skew_Time keeps the order, as after priority 0. */
  | { readonly kind: 'leaving' }
  /** The Active is known to be there although it is not heard: wait for another Active_Down_Interval. */
  | { readonly kind: 'hold' }
  /** The Active is gone, but a better candidate is known. Let it go first, for the Skew_Time of `priority`. */
  | { readonly kind: 'defer'; readonly priority: number }
  /** Make before break: keep the addresses until a successor is there. */
  | { readonly kind: 'release'; readonly releasing: Releasing }
  /** A successor is putting its addresses in place. */
  | { readonly kind: 'await'; readonly until: Instant }
  /** No successor came: the role is kept. */
  | { readonly kind: 'keep' }
  /** There is an Active of lower rank that we do not hear on the link. It may have announced itself. */
  | { readonly kind: 'outvoted' }
  /** Such a rival has let go of the addresses. What it announced must be corrected. */
  | { readonly kind: 'rival-gone' }
  /** Another router is Active and its addresses stand. */
  | { readonly kind: 'successor'; readonly reason: TransitionReason }
  /** This process was silent for longer than Active_Down_Interval. */
  | { readonly kind: 'stalled' }
  /** The lease on the addresses lapsed during such a silence: another router is Active. */
  | { readonly kind: 'revoked' }
  /** An advertisement that passed every check of §7.1, not our own. */
  | {
      readonly kind: 'advertisement';
      readonly priority: number;
      readonly interval: Centiseconds;
      readonly source: IpAddress;
      /** Its sender gives the role up, and goes on advertising until somebody has it. */
      readonly leaving?: boolean;
    }
  /** The virtual addresses stand on the interface. */
  | { readonly kind: 'addresses-present' }
  /** Some of them no longer stand there, although they should. */
  | { readonly kind: 'addresses-missing' }
  /** The settings list others. */
  | { readonly kind: 'addresses-changed' }
  /** The parameters differ from those of the last step. */
  | { readonly kind: 'parameters-changed'; readonly previousPriority: number }
  /** The clock reached `now`. */
  | { readonly kind: 'deadline' };

export type Effect =
  | { readonly kind: 'set-addresses'; readonly present: boolean }
  | { readonly kind: 'send-advertisement'; readonly priority: number }
  | { readonly kind: 'announce' }
  | {
      readonly kind: 'transition';
      readonly from: VirtualRouterState;
      readonly to: VirtualRouterState;
      readonly reason: TransitionReason;
    };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export const initialState: Initialize = { kind: 'Initialize' };

export const stay = (state: State): Step => ({ state, effects: [] });

export const backupState = (
  parameters: Parameters,
  interval: Centiseconds,
  now: Instant,
): Backup => ({
  kind: 'Backup',
  activeAdverInterval: interval,
  activeDownAt: after(now, activeDownInterval(parameters.priority, interval)),
  takeoverReason: 'no-response',
});

/** The Active_Down_Timer begins anew: the Active has said what it said before. */
export const rearmed = (
  { activeAdverInterval, takeoverReason }: Backup,
  priority: number,
  now: Instant,
): Backup => ({
  kind: 'Backup',
  activeAdverInterval,
  activeDownAt: after(now, activeDownInterval(priority, activeAdverInterval)),
  takeoverReason,
});

export function becomeBackup(
  parameters: Parameters,
  from: Initialize,
  reason: TransitionReason,
  interval: Centiseconds,
  now: Instant,
): Step {
  return {
    state: backupState(parameters, interval, now),
    effects: [{ kind: 'transition', from: from.kind, to: 'Backup', reason }],
  };
}

/** Reasons for taking over from a router that keeps the addresses until it hears us. */
const STILL_ANSWERED: ReadonlySet<TakeoverReason> = new Set([
  'priority',
  'priority-zero',
  'peer-released',
  'better-placed',
]);

/**
 * Longer than a script may take, which is ended after 5 s. If nothing has been heard of the addresses for so long,
 * nothing will be: the order was lost, or its result.
 */
export const ADDRESS_PATIENCE = microseconds(6_000_000);

/** The state of waiting for the addresses from now on. */
export const lackingFrom = (now: Instant, lost: boolean): Lacking => ({
  since: now,
  until: after(now, ADDRESS_PATIENCE),
  askedAgain: false,
  lost,
});

/**
 * Announcements wait until the addresses are reported present (§8.1.2, §8.2.2). The first advertisement waits, too,
 * when the router before us still answers for the addresses: it lets go of them when it hears us, and nobody would have
 * them until ours are in place, which may take long on a busy machine. After a silence there is nobody to wait for,
 * but there are other Backups to tell.
 */
export function becomeActive(
  parameters: Parameters,
  from: Initialize | Backup,
  reason: TakeoverReason,
  now: Instant,
  grantedUntil: Instant | null = null,
): Step {
  const waits = STILL_ANSWERED.has(reason);
  const interval = centisecondsToMicroseconds(parameters.advertisementInterval);
  const effects: Effect[] = [{ kind: 'set-addresses', present: true }];
  if (!waits) effects.push({ kind: 'send-advertisement', priority: parameters.priority });
  effects.push({ kind: 'transition', from: from.kind, to: 'Active', reason });
  return {
    state: {
      kind: 'Active',
      adverAt: after(now, interval),
      claim: waits
        ? { kind: 'withheld', agreedUntil: grantedUntil }
        : { kind: 'made', obeysFrom: now },
      doing: HOLDING,
      answerFrom: now,
      lacking: lackingFrom(now, false),
      announcements: awaitingAddresses,
    },
    effects,
  };
}

export function leaveActive(
  state: Exclude<State, Active>,
  reason: TransitionReason,
  farewell: boolean,
): Step {
  const effects: Effect[] = [
    { kind: 'set-addresses', present: false },
    { kind: 'transition', from: 'Active', to: state.kind, reason },
  ];
  if (farewell) effects.unshift({ kind: 'send-advertisement', priority: 0 });
  return { state, effects };
}
