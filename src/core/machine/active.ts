// What an Active does (RFC 9568 §6.4.3), and how it gives the role away. The other states are virtual-router.ts.
import { compareAddresses, type IpAddress } from '../../model/address.js';
import type { TransitionReason } from '../../model/reasons.js';
import {
  after,
  centisecondsToMicroseconds,
  earlier,
  instant,
  microseconds,
  type Centiseconds,
  type Instant,
} from '../../model/units.js';
import {
  announceAt,
  awaitingAddresses,
  firstRound,
  rivalGone,
  rivalOutvoted,
  roundDue,
  roundsFrom,
  silentUntil,
} from './announcements.js';
import {
  alsoListening,
  backupState,
  initialState,
  lackingFrom,
  leaveActive,
  listensUntil,
  noLongerReleasing,
  nowReleasing,
  releasingOf,
  stay,
  type Active,
  type Claim,
  type Doing,
  type Effect,
  type Event,
  type Lacking,
  type Parameters,
  type Step,
} from './states.js';
import { overdueInterval } from './timing.js';

/** An Active answers rivals at most this often, since two may answer each other for ever. */
const ANSWER_GAP = microseconds(10_000);

/**
 * By then everything has arrived that the router before us sent before it heard our claim (the kernel says when it
 * arrived, however late we read it). On a busy host that one may have waited for the processor between the look at its
 * sockets and the sending of what was due: 70 ms have been seen, and to obey then left the role with nobody. What comes
 * later it may have sent to preempt us, and is obeyed again.
 */
const IN_FLIGHT = microseconds(200_000);

/** The next instant at which the clock alone makes an Active do something. */
export function activeDeadlineAt(state: Active): Instant | null {
  const timers = earlier(adverAtOf(state), releasingOf(state)?.until ?? null);
  return earlier(earlier(timers, state.lacking?.until ?? null), announceAt(state.announcements));
}

/** An Active without its addresses does not advertise, unless it did so before it could know. */
const adverAtOf = ({ adverAt, claim, lacking }: Active): Instant | null =>
  claim.kind === 'made' || lacking === null ? adverAt : null;

/** Whether this Active has waited for its addresses for longer than a script may take. */
export const isLackDue = (
  state: Active,
  now: Instant,
): state is Active & { readonly lacking: Lacking } =>
  state.lacking !== null && now >= state.lacking.until;

/** §6.4.3. */
export function stepActive(
  parameters: Parameters,
  state: Active,
  event: Event,
  now: Instant,
): Step {
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
      return wantAnew(lostAddresses(state, now));
    case 'addresses-changed':
      return wantAnew({ ...state, lacking: state.lacking ?? lackingFrom(now, false) });
    case 'parameters-changed': {
      const soonest = after(now, centisecondsToMicroseconds(parameters.advertisementInterval));
      return stay({ ...state, adverAt: instant(Math.min(state.adverAt, soonest)) });
    }
    case 'release':
      return stay({ ...state, doing: nowReleasing(state.doing, event.releasing) });
    case 'await':
      return stay({ ...state, doing: awaiting(state.doing, event.until) });
    case 'keep':
      return stay({ ...state, doing: noLongerReleasing(state.doing) });
    case 'outvoted':
      return stay({ ...state, announcements: rivalOutvoted(state.announcements, now) });
    case 'rival-gone':
      return stay({ ...state, announcements: rivalGone(state.announcements, now) });
    case 'successor':
      return giveWay(parameters, event.reason, parameters.advertisementInterval, now);
    case 'revoked':
      return giveWay(parameters, 'lease-lapsed', parameters.advertisementInterval, now);
    case 'stalled':
      return stay(listening(parameters, state, now));
    case 'deadline':
      return activeDeadline(parameters, state, now);
    case 'startup':
    case 'take-over':
    case 'leaving':
    case 'hold':
    case 'defer':
      return stay(state);
  }
}

/** Asks for the addresses again. Nothing is announced that the interface would not answer for (§8.1.2, §8.2.2). */
const wantAnew = (state: Active): Step => ({
  state: { ...state, announcements: awaitingAddresses },
  effects: [{ kind: 'set-addresses', present: true }],
});

/**
 * The role is not claimed either: a Backup that hears nothing for Active_Down_Interval takes over, as it should, and
 * we obey it.
 */
const lostAddresses = (state: Active, now: Instant): Active => ({
  ...state,
  claim: { kind: 'withheld', agreedUntil: null },
  lacking: lackingFrom(now, true),
});

function activeHears(
  parameters: Parameters,
  state: Active,
  advertisement: Extract<Event, { kind: 'advertisement' }>,
  now: Instant,
): Step {
  const { priority, interval } = advertisement;
  if (priority !== 0) {
    const releasing = releasingOf(state);
    if (releasing !== null) return giveWay(parameters, releasing.reason, interval, now);
    if (isListening(state, now)) return giveWay(parameters, 'stalled', interval, now);
    if (state.lacking?.lost === true) return giveWay(parameters, 'addresses-gone', interval, now);
    if (!isAgreed(state.claim, now) && outranks(advertisement, parameters)) {
      return giveWay(parameters, 'preempted', interval, now);
    }
  }
  // A router that leaves by agreement keeps the addresses until it hears us, and we speak once ours are in place.
  if (priority === 0 && state.claim.kind === 'withheld' && isAgreed(state.claim, now)) {
    return stay(state);
  }
  if (isListening(state, now)) return stay(state);
  return priority === 0
    ? answer(parameters, state, now)
    : outvote(
        parameters,
        { ...state, announcements: rivalOutvoted(state.announcements, now) },
        now,
      );
}

/** Whether the router before us has agreed and may not have heard us yet. It cannot before we have spoken. */
const isAgreed = (claim: Claim, now: Instant): boolean =>
  claim.kind === 'withheld' ? claim.agreedUntil !== null : now < claim.obeysFrom;

/** There is another Active: nothing is sent, and the addresses go. */
function giveWay(
  parameters: Parameters,
  reason: TransitionReason,
  interval: Centiseconds,
  now: Instant,
): Step {
  return leaveActive(backupState(parameters, interval, now), reason, false);
}

/**
 * After a stall somebody may have taken over, and the packets that say so must come first. For one interval and a half
 * we believe any Active; only then do we send the next advertisement.
 */
function listening(parameters: Parameters, state: Active, now: Instant): Active {
  const listenUntil = after(now, overdueInterval(parameters.advertisementInterval));
  const announcements = silentUntil(state.announcements, listenUntil);
  const doing = alsoListening(state.doing, listenUntil);
  return { ...state, doing, adverAt: listenUntil, announcements };
}

const isListening = (state: Active, now: Instant): boolean => listensUntil(state, now) !== null;

/** What an Active does whose successor is putting its addresses in place: it waits until then. */
const awaiting = (doing: Doing, until: Instant): Doing =>
  doing.kind === 'releasing' ? { ...doing, releasing: { ...doing.releasing, until } } : doing;

/** A rival may go on for a while, and may be our equal, so it is answered only now and then. */
const outvote = (parameters: Parameters, state: Active, now: Instant): Step =>
  now < state.answerFrom || state.claim.kind === 'withheld'
    ? stay(state)
    : answer(parameters, state, now);

/** An Active has claimed the role with its first advertisement. */
function claimed(state: Active, now: Instant): Active {
  if (state.claim.kind === 'made') return state;
  const { agreedUntil } = state.claim;
  const inFlight = after(now, IN_FLIGHT);
  const obeysFrom = agreedUntil === null ? now : instant(Math.min(agreedUntil, inFlight));
  return { ...state, claim: { kind: 'made', obeysFrom } };
}

/** Always at once after priority 0: the Backups that heard it count down their Skew_Time. */
const answer = (parameters: Parameters, state: Active, now: Instant): Step => ({
  state: {
    ...claimed(state, now),
    adverAt: after(now, centisecondsToMicroseconds(parameters.advertisementInterval)),
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

/**
 * Sends the announcements, and then the claim if it waited for the addresses. The claim comes last: the router before
 * us lets go when it hears it, and hosts that still speak to that router would get no answer.
 */
function addressesPresent(parameters: Parameters, before: Active, now: Instant): Step {
  const state: Active = { ...before, lacking: null };
  const listenUntil = listensUntil(state, now);
  if (listenUntil !== null) return stay({ ...state, announcements: roundsFrom(listenUntil) });
  const announcements = firstRound(now);
  const announce: Effect = { kind: 'announce' };
  if (state.claim.kind === 'made')
    return { state: { ...state, announcements }, effects: [announce] };
  const adverAt = after(now, centisecondsToMicroseconds(parameters.advertisementInterval));
  return {
    state: { ...claimed(state, now), adverAt, announcements },
    effects: [announce, { kind: 'send-advertisement', priority: parameters.priority }],
  };
}

function activeDeadline(parameters: Parameters, state: Active, now: Instant): Step {
  const releasing = releasingOf(state);
  if (releasing !== null && now >= releasing.until) {
    // Nobody came: the advertisement of priority 0 is the last thing it sends (RFC 9568 §6.4.3).
    const backup = backupState(parameters, parameters.advertisementInterval, now);
    return leaveActive(backup, releasing.reason, true);
  }
  const effects: Effect[] = [];
  let next = state;
  let { adverAt, announcements } = state;
  if (isLackDue(state, now)) {
    effects.push({ kind: 'set-addresses', present: true });
    const { lost } = state.lacking;
    next = { ...next, lacking: { ...lackingFrom(now, lost), askedAgain: true } };
  }
  if (adverAtOf(state) !== null && now >= adverAt) {
    effects.push({ kind: 'send-advertisement', priority: parameters.priority });
    adverAt = followingAdverAt(parameters, adverAt, now);
    next = claimed(next, now);
  }
  const announced = roundDue(announcements, now);
  if (announced !== null) {
    effects.push({ kind: 'announce' });
    announcements = announced;
  }
  return { state: { ...next, adverAt, announcements }, effects };
}

/** The next one is counted from the last deadline, so that lateness does not add up. It is never in the past. */
function followingAdverAt(parameters: Parameters, adverAt: Instant, now: Instant): Instant {
  const interval = centisecondsToMicroseconds(parameters.advertisementInterval);
  const following = after(adverAt, interval);
  return following > now ? following : after(now, interval);
}
