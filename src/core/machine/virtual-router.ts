// The state machine of one virtual router, RFC 9568 §6. No input or output, no clock, no timers, no priority tracking.
// It knows nothing of other virtual routers, nor of peers.
//
// The same parameters, state, event and instant give the same state and effects. A deadline is part of the state that
// waits for it. The order of the effects is contract.
import { assert } from '../../model/assert.js';
import { after, centisecondsToMicroseconds, instant, type Instant } from '../../model/units.js';
import { activeDeadlineAt, stepActive } from './active.js';
import {
  backupState,
  becomeActive,
  becomeBackup,
  initialState,
  stay,
  type Backup,
  type Event,
  type Initialize,
  type Parameters,
  type State,
  type Step,
} from './states.js';
import { activeDownInterval, skewTime } from './timing.js';

export {
  initialState,
  type Effect,
  type Event,
  type Parameters,
  type State,
  type Step,
  type TakeoverReason,
} from './states.js';

/** The next instant at which a `deadline` event would do something; null for none. */
export function nextDeadline(state: State): Instant | null {
  switch (state.kind) {
    case 'Initialize':
      return null;
    case 'Backup':
      return state.activeDownAt;
    case 'Active':
      return activeDeadlineAt(state);
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

/** §6.4.1. */
function stepInitialize(
  parameters: Parameters,
  state: Initialize,
  event: Event,
  now: Instant,
): Step {
  switch (event.kind) {
    case 'startup':
      return parameters.priority === 255 && event.waits !== true
        ? becomeActive(parameters, state, 'owner', now)
        : becomeBackup(parameters, state, event.reason, parameters.advertisementInterval, now);
    case 'shutdown':
    case 'yield':
    case 'take-over':
    case 'leaving':
    case 'hold':
    case 'defer':
    case 'release':
    case 'await':
    case 'keep':
    case 'outvoted':
    case 'rival-gone':
    case 'successor':
    case 'stalled':
    case 'revoked':
    case 'advertisement':
    case 'addresses-present':
    case 'addresses-missing':
    case 'addresses-changed':
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
      // The new end may have passed already. Then the timer fires now.
      return stay({ ...state, activeDownAt: instant(Math.max(activeDownAt, now)) });
    }
    case 'deadline':
      return now < state.activeDownAt
        ? stay(state)
        : becomeActive(parameters, state, state.takeoverReason, now);
    case 'take-over':
      return becomeActive(parameters, state, event.reason, now, event.grantedUntil);
    case 'leaving':
      return stay(afterLeaver(parameters, state, now));
    case 'hold':
      return stay(backupState(parameters, state.activeAdverInterval, now));
    case 'defer': {
      const inTurn = after(now, skewTime(event.priority, state.activeAdverInterval));
      return stay({ ...state, activeDownAt: inTurn });
    }
    case 'stalled':
    case 'revoked':
      return stay(listening(parameters, state, now));
    case 'startup':
    case 'yield':
    case 'release':
    case 'await':
    case 'keep':
    case 'outvoted':
    case 'rival-gone':
    case 'successor':
    case 'addresses-present':
    case 'addresses-missing':
    case 'addresses-changed':
      return stay(state);
  }
}

/** A peer says this again and again; the first time counts. */
function afterLeaver(parameters: Parameters, state: Backup, now: Instant): Backup {
  const inTurn = after(now, skewTime(parameters.priority, state.activeAdverInterval));
  if (inTurn >= state.activeDownAt) return state;
  return { ...state, activeDownAt: inTurn, takeoverReason: 'peer-released' };
}

/** After a stall the Active gets one interval to be heard, and Skew_Time keeps the order. */
function listening(parameters: Parameters, state: Backup, now: Instant): Backup {
  const { activeAdverInterval } = state;
  const interval = after(now, centisecondsToMicroseconds(activeAdverInterval));
  const soonest = after(interval, skewTime(parameters.priority, activeAdverInterval));
  return { ...state, activeDownAt: instant(Math.max(state.activeDownAt, soonest)) };
}

function backupHears(
  parameters: Parameters,
  state: Backup,
  advertisement: Extract<Event, { kind: 'advertisement' }>,
  now: Instant,
): Backup {
  if (advertisement.priority === 0) {
    // The interval of this advertisement is not learned, since its sender is leaving.
    const activeDownAt = after(now, skewTime(parameters.priority, state.activeAdverInterval));
    return { ...state, activeDownAt, takeoverReason: 'priority-zero' };
  }
  if (parameters.preempt && advertisement.priority < parameters.priority) {
    // It is discarded and the timer keeps running: this is how preemption works.
    return { ...state, takeoverReason: 'priority' };
  }
  if (advertisement.leaving === true && state.takeoverReason === 'peer-released') {
    // Those before us let their turn pass. An Active that waits for a successor does not wait a second time.
    return { ...state, activeAdverInterval: advertisement.interval };
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
