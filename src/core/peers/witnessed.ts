// What is known of the witness and of the contact with each peer, as plain data, and how facts change it. A contact is
// as good as a lease: a peer that answered a check does not take the role for a ttl, whatever the witness says to it.
// What follows is decided in decisions/witness.ts.
import type { WitnessFact, WitnessOrder, WitnessWord } from '../../model/witness.js';
import {
  after,
  instant,
  microseconds,
  type Instant,
  type Microseconds,
} from '../../model/units.js';
import { silenceDue, type PeerCheckParameters } from './peer-check.js';

/** What is left of a time after 1 % for clocks that run apart. */
export const sureOf = (duration: Microseconds): Microseconds =>
  microseconds(Math.floor(duration * 0.99));

export interface Contact {
  /** When the last check was sent that the peer has answered; null before the first. */
  readonly askedAt: Instant | null;
  /** Our word of the witness that the peer is known to have heard; null: none. */
  readonly toldWord: WitnessWord | null;
  /** Both have last said that the witness is away: silence is judged as if there were none. */
  readonly without: boolean;
}

export interface Witnessed {
  /** What it said last; null before the first word. */
  readonly fact: WitnessFact | null;
  /** What we tell the peers, and since when. */
  readonly word: WitnessWord;
  readonly wordSince: Instant;
  /** Until when the lease is ours, as last granted; null when it is not. */
  readonly oursUntil: Instant | null;
  /** Until when another's lease lasts, as last read; null when there is none. */
  readonly othersUntil: Instant | null;
  /** A lease of ours counts from then on: before, the one that was granted before it may still be counted on. */
  readonly countsFrom: Instant;
  readonly startedAt: Instant;
  readonly contacts: Readonly<Record<string, Contact>>;
  /** The last order to the client, and when it was given; null before the first. */
  readonly order: WitnessOrder | null;
  readonly orderedAt: Instant;
  /** Until when addresses may be kept, as last told; null: for ever. */
  readonly holdUntil: Instant | null;
  /** That we hold the role without a witness was reported. */
  readonly saidWithout: boolean;
}

export const nothingWitnessed = (now: Instant): Witnessed => ({
  fact: null,
  word: 'away',
  wordSince: now,
  oursUntil: null,
  othersUntil: null,
  countsFrom: now,
  startedAt: now,
  contacts: {},
  order: null,
  orderedAt: now,
  holdUntil: null,
  saidWithout: false,
});

const NO_CONTACT: Contact = { askedAt: null, toldWord: null, without: false };

export const contactWith = ({ contacts }: Witnessed, peer: string): Contact =>
  contacts[peer] ?? NO_CONTACT;

/** Whether the peer has answered a check lately. One that is silent is out of touch before it counts as silent. */
export function isInTouch({ askedAt }: Contact, check: PeerCheckParameters, now: Instant): boolean {
  return askedAt !== null && now < silenceDue(check, askedAt);
}

/**
 * Takes what the witness says. A lease that ended before its time, or was not seen to end, may have been forgotten by
 * the witness while its owner still counts on it: then the next one counts only after a whole ttl.
 */
export function withFact(
  before: Witnessed,
  fact: WitnessFact,
  ttl: Microseconds,
  now: Instant,
): Witnessed {
  const word: WitnessWord = fact.kind === 'away' ? 'away' : 'seen';
  const wordSince = word === before.word ? before.wordSince : now;
  const known = { ...before, fact, word, wordSince };
  switch (fact.kind) {
    case 'away':
      return known;
    case 'others':
      return { ...known, oursUntil: null, othersUntil: surelyUntil(fact.expiresIn, ttl, now) };
    case 'free':
    case 'ours': {
      const isNew = before.oursUntil === null || now >= before.oursUntil;
      return {
        ...known,
        oursUntil: fact.kind === 'ours' ? fact.until : null,
        othersUntil: null,
        countsFrom: isNew && isDoubtful(before, now) ? after(now, ttl) : before.countsFrom,
      };
    }
  }
}

/** It was read a while ago, and clocks run apart: an end that is sooner by a little is in time. */
const surelyUntil = (expiresIn: Microseconds, ttl: Microseconds, now: Instant): Instant =>
  instant(now + expiresIn - Math.floor(ttl / 12));

/** Whether the lease before this one may have ended otherwise than by its time. */
const isDoubtful = ({ fact, othersUntil }: Witnessed, now: Instant): boolean =>
  fact === null || fact.kind === 'away' || (othersUntil !== null && now < othersUntil);

/** Whoever is told by the witness is no longer without one, towards the peers that are out of touch. */
export function notWithout(before: Witnessed, isOut: (contact: Contact) => boolean): Witnessed {
  const contacts = Object.fromEntries(
    Object.entries(before.contacts).map(([name, contact]) => [
      name,
      isOut(contact) ? { ...contact, without: false } : contact,
    ]),
  );
  return { ...before, contacts };
}

/** The machine was suspended: what was counted by other clocks is over so much sooner by ours. */
export function suspended(before: Witnessed, by: Microseconds): Witnessed {
  const sooner = (at: Instant): Instant => instant(at - by);
  const contacts = Object.fromEntries(
    Object.entries(before.contacts).map(([name, contact]) => [
      name,
      { ...contact, askedAt: contact.askedAt === null ? null : sooner(contact.askedAt) },
    ]),
  );
  const oursUntil = before.oursUntil === null ? null : sooner(before.oursUntil);
  return { ...before, contacts, oursUntil };
}

/**
 * Takes a message of a peer. Our word counts as told when a check was answered that was sent after it: every check
 * carries it.
 */
export function withMessage(
  before: Witnessed,
  peer: string,
  {
    answered,
    askedAt,
    word,
  }: {
    readonly answered: boolean;
    /** When the latest check was sent. */
    readonly askedAt: Instant;
    /** The peer's; undefined: it says none. */
    readonly word: WitnessWord | undefined;
  },
): Witnessed {
  const known = contactWith(before, peer);
  const isTold = answered && askedAt > before.wordSince;
  const toldWord = isTold ? before.word : known.toldWord;
  const without = before.word === 'away' && toldWord === 'away' && word !== 'seen';
  const contact: Contact = { askedAt: answered ? askedAt : known.askedAt, toldWord, without };
  return { ...before, contacts: { ...before.contacts, [peer]: contact } };
}
