// The state machine of one virtual router, RFC 9568 §6. No input or output, no clock, no timers, no
// priority tracking, no knowledge of other virtual routers.
//
// Same parameters, state, event and instant give the same state and effects. A deadline is data in
// the state that waits for it. The order of the effects is contract.
import { compareAddresses, type IpAddress } from '../model/address.js';
import { assert } from '../model/assert.js';
import type { TransitionReason, VirtualRouterState } from '../model/reasons.js';
import {
  after,
  centisecondsToMicroseconds,
  earlier,
  instant,
  microseconds,
  type Centiseconds,
  type Instant,
} from '../model/units.js';
import {
  announceAt,
  awaitingAddresses,
  firstRound,
  rivalOutvoted,
  roundDue,
  type Announcements,
} from './announcements.js';
import { activeDownInterval, skewTime } from './timing.js';

/** RFC 9568 §6.1, as they stand at the moment of the step. */
export interface Parameters {
  /** Effective priority: 255 for the address owner, 1..254 otherwise. */
  readonly priority: number;
  /** Preempt_Mode. */
  readonly preempt: boolean;
  /** Advertisement_Interval. */
  readonly advertisementInterval: Centiseconds;
  /** The address advertisements are sent from; decides between equal priorities. */
  readonly primaryAddress: IpAddress;
}

export type TakeoverReason = Extract<
  TransitionReason,
  'owner' | 'no-response' | 'priority' | 'priority-zero'
>;

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
      /** Whether this Active has advertised itself yet: see becomeActive. */
      readonly claimed: boolean;
      /** Rivals are not answered before this instant. */
      readonly answerFrom: Instant;
      readonly announcements: Announcements;
    };

type Initialize = Extract<State, { kind: 'Initialize' }>;
type Backup = Extract<State, { kind: 'Backup' }>;
type Active = Extract<State, { kind: 'Active' }>;

export type Event =
  | { readonly kind: 'startup'; readonly reason: TransitionReason }
  /** `farewell`: the interface can still carry the advertisement of priority 0. */
  | { readonly kind: 'shutdown'; readonly reason: TransitionReason; readonly farewell: boolean }
  /** Give the role up and stay in the election. */
  | { readonly kind: 'yield'; readonly reason: TransitionReason }
  /** An advertisement that passed every check of §7.1, not our own. */
  | {
      readonly kind: 'advertisement';
      readonly priority: number;
      readonly interval: Centiseconds;
      readonly source: IpAddress;
    }
  /** The virtual addresses stand on the interface. */
  | { readonly kind: 'addresses-present' }
  /** Some of them do not stand there, though they should. */
  | { readonly kind: 'addresses-missing' }
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

/** An Active answers rivals at most this often: two may answer each other for ever. */
const ANSWER_GAP = microseconds(10_000);

export const initialState: Initialize = { kind: 'Initialize' };

/** The next instant at which a `deadline` event would do something; null for none. */
export function nextDeadline(state: State): Instant | null {
  switch (state.kind) {
    case 'Initialize':
      return null;
    case 'Backup':
      return state.activeDownAt;
    case 'Active':
      return earlier(state.adverAt, announceAt(state.announcements));
  }
}

/**
 * One step of the machine. `parameters` are those in force at `now`.
 * @throws AssertionFailure when the priority is outside 1..255.
 */
export function step(parameters: Parameters, state: State, event: Event, now: Instant): Step {
  assert(
    parameters.priority >= 1 && parameters.priority <= 255,
    `priority 1..255, not ${parameters.priority}`,
  );
  switch (state.kind) {
    case 'Initialize':
      return stepInitialize(parameters, state, event, now);
    case 'Backup':
      return stepBackup(parameters, state, event, now);
    case 'Active':
      return stepActive(parameters, state, event, now);
  }
}

const stay = (state: State): Step => ({ state, effects: [] });

/** §6.4.1. */
function stepInitialize(
  parameters: Parameters,
  state: Initialize,
  event: Event,
  now: Instant,
): Step {
  switch (event.kind) {
    case 'startup':
      return parameters.priority === 255
        ? becomeActive(parameters, state, 'owner', now)
        : becomeBackup(parameters, state, event.reason, parameters.advertisementInterval, now);
    case 'shutdown':
    case 'yield':
    case 'advertisement':
    case 'addresses-present':
    case 'addresses-missing':
    case 'parameters-changed':
    case 'deadline':
      return stay(state);
  }
}

/** §6.4.2. */
function stepBackup(parameters: Parameters, state: Backup, event: Event, now: Instant): Step {
  switch (event.kind) {
    case 'shutdown':
      return {
        state: initialState,
        effects: [{ kind: 'transition', from: 'Backup', to: 'Initialize', reason: event.reason }],
      };
    case 'advertisement':
      return stay(backupHears(parameters, state, event, now));
    case 'parameters-changed': {
      const activeDownAt = reskewed(parameters, state, event.previousPriority);
      // The new end may have passed already: then the timer fires now, not in the past.
      return stay({ ...state, activeDownAt: instant(Math.max(activeDownAt, now)) });
    }
    case 'deadline':
      return now < state.activeDownAt
        ? stay(state)
        : becomeActive(parameters, state, state.takeoverReason, now);
    case 'startup':
    case 'yield':
    case 'addresses-present':
    case 'addresses-missing':
      return stay(state);
  }
}

function backupHears(
  parameters: Parameters,
  state: Backup,
  advertisement: Extract<Event, { kind: 'advertisement' }>,
  now: Instant,
): Backup {
  if (advertisement.priority === 0) {
    // The interval of this advertisement is not learned: its sender is leaving.
    const activeDownAt = after(now, skewTime(parameters.priority, state.activeAdverInterval));
    return { ...state, activeDownAt, takeoverReason: 'priority-zero' };
  }
  if (parameters.preempt && advertisement.priority < parameters.priority) {
    // Discarded, and the timer keeps running: this is how preemption happens.
    return { ...state, takeoverReason: 'priority' };
  }
  return {
    kind: 'Backup',
    activeAdverInterval: advertisement.interval,
    activeDownAt: after(now, activeDownInterval(parameters.priority, advertisement.interval)),
    takeoverReason: 'no-response',
  };
}

/** The Active_Down_Timer with the Skew_Time of the new priority in place of the old one's. */
function reskewed(parameters: Parameters, state: Backup, previousPriority: number): Instant {
  const previous = skewTime(previousPriority, state.activeAdverInterval);
  const current = skewTime(parameters.priority, state.activeAdverInterval);
  return instant(state.activeDownAt - previous + current);
}

/** §6.4.3. */
function stepActive(parameters: Parameters, state: Active, event: Event, now: Instant): Step {
  switch (event.kind) {
    case 'shutdown':
      return leaveActive(initialState, event.reason, event.farewell);
    case 'yield': {
      const backup = backupState(parameters, parameters.advertisementInterval, now);
      return leaveActive(backup, event.reason, true);
    }
    case 'advertisement':
      return activeHears(parameters, state, event, now);
    case 'addresses-present':
      return addressesPresent(parameters, state, now);
    case 'addresses-missing':
      // Nothing is announced that the interface would not answer for (§8.1.2, §8.2.2).
      return {
        state: { ...state, announcements: awaitingAddresses },
        effects: [{ kind: 'set-addresses', present: true }],
      };
    case 'parameters-changed': {
      const soonest = after(now, centisecondsToMicroseconds(parameters.advertisementInterval));
      return stay({ ...state, adverAt: instant(Math.min(state.adverAt, soonest)) });
    }
    case 'deadline':
      return activeDeadline(parameters, state, now);
    case 'startup':
      return stay(state);
  }
}

function activeHears(
  parameters: Parameters,
  state: Active,
  advertisement: Extract<Event, { kind: 'advertisement' }>,
  now: Instant,
): Step {
  if (advertisement.priority !== 0 && outranks(advertisement, parameters)) {
    const backup = backupState(parameters, advertisement.interval, now);
    return {
      state: backup,
      effects: [
        { kind: 'set-addresses', present: false },
        { kind: 'transition', from: 'Active', to: 'Backup', reason: 'preempted' },
      ],
    };
  }
  return advertisement.priority === 0
    ? answer(parameters, state, now)
    : outvote(
        parameters,
        { ...state, announcements: rivalOutvoted(state.announcements, now) },
        now,
      );
}

/** A rival may go on for a while, and a rival may be our equal: it is answered at most so often. */
const outvote = (parameters: Parameters, state: Active, now: Instant): Step =>
  now < state.answerFrom || !state.claimed ? stay(state) : answer(parameters, state, now);

/** At once and always after priority 0: the Backups that heard it count down their Skew_Time. */
const answer = (parameters: Parameters, state: Active, now: Instant): Step => ({
  state: {
    ...state,
    adverAt: after(now, centisecondsToMicroseconds(parameters.advertisementInterval)),
    claimed: true,
    answerFrom: after(now, ANSWER_GAP),
  },
  effects: [{ kind: 'send-advertisement', priority: parameters.priority }],
});

/** Higher priority, or equal priority and higher address: the sender stays Active, we do not. */
const outranks = (
  advertisement: { readonly priority: number; readonly source: IpAddress },
  parameters: Parameters,
): boolean =>
  advertisement.priority > parameters.priority ||
  (advertisement.priority === parameters.priority &&
    compareAddresses(advertisement.source, parameters.primaryAddress) > 0);

/** The claim that waited for the addresses, then the announcements that wait for them always. */
function addressesPresent(parameters: Parameters, state: Active, now: Instant): Step {
  const announcements = firstRound(now);
  const announce: Effect = { kind: 'announce' };
  if (state.claimed) return { state: { ...state, announcements }, effects: [announce] };
  const adverAt = after(now, centisecondsToMicroseconds(parameters.advertisementInterval));
  return {
    state: { ...state, adverAt, claimed: true, announcements },
    effects: [{ kind: 'send-advertisement', priority: parameters.priority }, announce],
  };
}

function activeDeadline(parameters: Parameters, state: Active, now: Instant): Step {
  const effects: Effect[] = [];
  let { adverAt, claimed, announcements } = state;
  if (now >= adverAt) {
    effects.push({ kind: 'send-advertisement', priority: parameters.priority });
    adverAt = followingAdverAt(parameters, adverAt, now);
    claimed = true;
  }
  const announced = roundDue(announcements, now);
  if (announced !== null) {
    effects.push({ kind: 'announce' });
    announcements = announced;
  }
  return { state: { ...state, adverAt, claimed, announcements }, effects };
}

/** Counted from the last deadline, so that lateness does not add up; never in the past. */
function followingAdverAt(parameters: Parameters, adverAt: Instant, now: Instant): Instant {
  const interval = centisecondsToMicroseconds(parameters.advertisementInterval);
  const following = after(adverAt, interval);
  return following > now ? following : after(now, interval);
}

const backupState = (parameters: Parameters, interval: Centiseconds, now: Instant): Backup => ({
  kind: 'Backup',
  activeAdverInterval: interval,
  activeDownAt: after(now, activeDownInterval(parameters.priority, interval)),
  takeoverReason: 'no-response',
});

function becomeBackup(
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

/**
 * Announcements wait until the addresses are reported present (§8.1.2, §8.2.2). So does the first
 * advertisement when the one before us still answers for the addresses: it lets go of them when it
 * hears us, and until ours are in place that would leave them to nobody. It waits no longer than one
 * Advertisement_Interval. After a silence there is nobody to wait for, but other Backups to tell.
 */
function becomeActive(
  parameters: Parameters,
  from: Initialize | Backup,
  reason: TakeoverReason,
  now: Instant,
): Step {
  const claimed = reason === 'owner' || reason === 'no-response';
  const effects: Effect[] = [{ kind: 'set-addresses', present: true }];
  if (claimed) effects.push({ kind: 'send-advertisement', priority: parameters.priority });
  effects.push({ kind: 'transition', from: from.kind, to: 'Active', reason });
  return {
    state: {
      kind: 'Active',
      adverAt: after(now, centisecondsToMicroseconds(parameters.advertisementInterval)),
      claimed,
      answerFrom: now,
      announcements: awaitingAddresses,
    },
    effects,
  };
}

function leaveActive(
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
