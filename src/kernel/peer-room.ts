// The memory of an HA port that addon and JavaScript share: what is known of peers and paths, and the messages that only
// confirmed it. No system calls, and no judgement: who writes what is said in native/addon/confirmations.h.
import { addressBytes, familyOf, type IpAddress } from '../model/address.js';
import { instant, microseconds, type Instant, type Microseconds } from '../model/units.js';
import { LastNotes } from './last-notes.js';

/** struct peer_room. */
const ROOM = {
  noted: 0,
  messageLength: 4,
  message: 8,
  messageSize: 1200,
  plan: 1208,
  planned: 1256,
  notes: 1264,
} as const;
/** What checks need that are made without us: numbers of 64 bits from `ROOM.plan` on. */
const PLAN = {
  due: 0,
  until: 1,
  interval: 2,
  failAfter: 3,
  nearlySilentAfter: 4,
  tolerance: 5,
} as const;
const NOTES = 1024;
const NOTE_SIZE = 16;
const ROOM_SIZE = ROOM.notes + NOTES * NOTE_SIZE;
/** struct peer_place: numbers of 64 bits, words of 32, bytes. */
const PEER = {
  size: 1472,
  words: 40,
  echo: 88,
  nonces: 104,
  report: 360,
  reportSize: 1112,
} as const;
const PEER_NUMBER = { highest: 0, drawn: 1, drawnAtChange: 2, sequence: 3, nextCheck: 4 } as const;
const PEER_WORD = {
  sessionHigh: 0,
  sessionLow: 1,
  receivedHigh: 2,
  receivedLow: 3,
  hasSession: 4,
  hasEcho: 5,
  newestKind: 6,
  truncated: 7,
  length: 8,
  key: 9,
  port: 10,
  signsWith: 11,
} as const;
/** struct path_place. */
const PATH = { size: 96, words: 40, address: 64, source: 80 } as const;
const PATH_NUMBER = { receivedAt: 0, sent: 1, received: 2, failAt: 3, nearlySilentAt: 4 } as const;
const PATH_WORD = { open: 0, peer: 1, family: 2, answered: 3, refused: 4, refusal: 5 } as const;

const NONCE_LENGTH = 16;
const NONCES_KEPT = 16;
const VERSION = { ipv4: 4, ipv6: 6 } as const;

/** Of a note that is of a check: its place is that of the peer. */
export const CHECK_MADE = 0;

/** A message that confirmed what is known, or a check that was made. */
export interface Confirmation {
  readonly at: Instant;
  /** The place of its path; of a check, that of the peer. */
  readonly path: number;
  /** Of the newest message of its peer, as on the wire; CHECK_MADE for a check. */
  readonly kind: number;
  /** The first answer on this path to the latest check. */
  readonly answered: boolean;
}

/** One that says all that was noted before it of its path, or of the checks of its peer. */
export interface LastConfirmation extends Confirmation {
  /** Of a check, how many were made, this one with them; else 0. */
  readonly made: number;
  /** Of an answer, when the check was made that it answers; null for one that was made before all this. */
  readonly askedAt: Instant | null;
}

/** What is known of one peer, by the fields of struct peer_place. */
export class PeerPlace {
  readonly numbers: Float64Array;
  readonly words: Uint32Array;
  /** The peer's latest nonce. */
  readonly echo: Uint8Array;
  /** Ours for it: a ring. */
  readonly nonces: Uint8Array;
  readonly #report: Uint8Array;

  /** Without a room: memory of its own, for one that nobody shares. */
  constructor(buffer = new ArrayBuffer(PEER.size), start = 0) {
    this.numbers = new Float64Array(buffer, start, 5);
    this.words = new Uint32Array(buffer, start + PEER.words, 12);
    this.echo = new Uint8Array(buffer, start + PEER.echo, NONCE_LENGTH);
    this.nonces = new Uint8Array(buffer, start + PEER.nonces, NONCES_KEPT * NONCE_LENGTH);
    this.#report = new Uint8Array(buffer, start + PEER.report, PEER.reportSize);
  }

  /** The report that a message has to repeat. */
  knowReport(bytes: Uint8Array): void {
    this.#report.set(bytes);
    this.words[PEER_WORD.length] = bytes.length;
  }

  get report(): Uint8Array {
    return this.#report.subarray(0, this.words[PEER_WORD.length]);
  }
}

/** One way to a peer, by the fields of struct path_place. */
export class PathPlace {
  readonly numbers: Float64Array;
  readonly words: Uint32Array;
  /** Of the peer; null without a room. */
  readonly address: IpAddress | null;
  readonly #source: Uint8Array;

  /** Without a room: memory of its own, for one that nobody shares. */
  constructor(buffer = new ArrayBuffer(PATH.size), start = 0, address: IpAddress | null = null) {
    this.address = address;
    this.numbers = new Float64Array(buffer, start, 5);
    this.words = new Uint32Array(buffer, start + PATH.words, 6);
    this.#source = new Uint8Array(buffer, start + PATH.source, 16);
    this.numbers[PATH_NUMBER.receivedAt] = -1;
  }

  /** @param source null leaves it to the kernel. */
  setSource(source: IpAddress | null): void {
    this.#source.fill(0);
    if (source !== null) this.#source.set(addressBytes(source));
  }
}

/** The numbers of a plan that are the port's; those of peers and paths stand at their places. */
export interface RoomPlan {
  /** From then on a check is ours. */
  readonly until: Instant | null;
  readonly interval: Microseconds;
  readonly failAfter: Microseconds;
  readonly nearlySilentAfter: Microseconds;
  /** A check that is later is ours. */
  readonly tolerance: Microseconds;
}

export { PATH_NUMBER, PATH_WORD, PEER_NUMBER, PEER_WORD };

export class PeerRoom {
  readonly buffer: ArrayBuffer;
  readonly peers: readonly PeerPlace[];
  readonly paths: readonly PathPlace[];
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  readonly #times: Float64Array;
  readonly #message: Uint8Array;
  readonly #last: LastNotes;

  /** @param paths the address of each, and the place of its peer. */
  constructor(
    peers: number,
    paths: readonly { readonly address: IpAddress; readonly peer: number }[],
  ) {
    const behind = ROOM_SIZE + peers * PEER.size;
    this.buffer = new ArrayBuffer(behind + paths.length * PATH.size);
    this.#words = new Uint32Array(this.buffer);
    this.#halves = new Uint16Array(this.buffer);
    this.#times = new Float64Array(this.buffer);
    this.#message = new Uint8Array(this.buffer, ROOM.message, ROOM.messageSize);
    this.peers = Array.from(
      { length: peers },
      (_, index) => new PeerPlace(this.buffer, ROOM_SIZE + index * PEER.size),
    );
    this.paths = paths.map(({ address, peer }, index) => {
      const start = behind + index * PATH.size;
      const place = new PathPlace(this.buffer, start, address);
      place.words[PATH_WORD.peer] = peer;
      place.words[PATH_WORD.family] = VERSION[familyOf(address)];
      new Uint8Array(this.buffer, start + PATH.address, 16).set(addressBytes(address));
      return place;
    });
    this.#last = new LastNotes(
      peers,
      paths.map(({ peer }) => peer),
    );
  }

  /** What all answers have in common; null: there is nothing to answer with. */
  setMessage(bytes: Uint8Array | null): void {
    if (bytes !== null) this.#message.set(bytes);
    this.#words[ROOM.messageLength / 4] = bytes?.length ?? 0;
  }

  get message(): Uint8Array {
    return this.#message.subarray(0, this.#words[ROOM.messageLength / 4]);
  }

  /** Leaves the checks to the addon by this plan, once its timer is armed; null: they are ours. */
  setPlan(plan: RoomPlan | null): void {
    this.#words[ROOM.planned / 4] = plan === null ? 0 : 1;
    if (plan === null) return;
    this.#setNumber('until', plan.until ?? Infinity);
    this.#setNumber('interval', plan.interval);
    this.#setNumber('failAfter', plan.failAfter);
    this.#setNumber('nearlySilentAfter', plan.nearlySilentAfter);
    this.#setNumber('tolerance', plan.tolerance);
  }

  get plan(): RoomPlan | null {
    if (this.#words[ROOM.planned / 4] === 0) return null;
    const until = this.#number('until');
    return {
      until: until === Infinity ? null : instant(until),
      interval: microseconds(this.#number('interval')),
      failAfter: microseconds(this.#number('failAfter')),
      nearlySilentAfter: microseconds(this.#number('nearlySilentAfter')),
      tolerance: microseconds(this.#number('tolerance')),
    };
  }

  /** What the checks that are left to the addon wait for; null while they are ours. */
  get dueAt(): Instant | null {
    if (this.#words[ROOM.planned / 4] === 0) return null;
    return instant(this.#number('due'));
  }

  /** Whoever makes the checks waits until then. */
  setDue(at: Instant): void {
    this.#setNumber('due', at);
  }

  #number(name: keyof typeof PLAN): number {
    return this.#times[ROOM.plan / 8 + PLAN[name]] ?? 0;
  }

  #setNumber(name: keyof typeof PLAN, value: number): void {
    this.#times[ROOM.plan / 8 + PLAN[name]] = value;
  }

  /** How many wait to be taken. */
  get noted(): number {
    return this.#words[ROOM.noted / 4] ?? 0;
  }

  /** No more can be noted before they are taken. */
  get isFull(): boolean {
    return this.noted >= NOTES;
  }

  note({ at, path, kind, answered }: Confirmation): void {
    const start = ROOM.notes + this.noted * NOTE_SIZE;
    this.#times[start / 8] = at;
    this.#words[start / 4 + 2] = path;
    this.#halves[start / 2 + 6] = kind;
    this.#halves[start / 2 + 7] = answered ? 1 : 0;
    this.#words[ROOM.noted / 4] = this.noted + 1;
  }

  /**
   * Hands over the last of what was noted, in order: of each peer the last check, of each path the last message and the last
   * answer. Those before them only put off what these put off further. Nothing is noted any longer.
   */
  take(handler: (confirmation: LastConfirmation) => void): void {
    const { noted } = this;
    this.#words[ROOM.noted / 4] = 0;
    const last = this.#last;
    last.begin();
    for (let index = 0; index < noted; index += 1) {
      const start = ROOM.notes + index * NOTE_SIZE;
      const place = this.#words[start / 4 + 2] ?? 0;
      const at = this.#times[start / 8] ?? 0;
      if (this.#halves[start / 2 + 6] === CHECK_MADE) last.check(index, place, at);
      else last.message(index, place, this.#halves[start / 2 + 7] !== 0);
    }
    for (const index of last.indexes()) handler(this.#noteAt(index));
  }

  #noteAt(index: number): LastConfirmation {
    const start = ROOM.notes + index * NOTE_SIZE;
    const path = this.#words[start / 4 + 2] ?? 0;
    const kind = this.#halves[start / 2 + 6] ?? 0;
    const answered = this.#halves[start / 2 + 7] !== 0;
    return {
      at: instant(this.#times[start / 8] ?? 0),
      path,
      kind,
      answered,
      made: kind === CHECK_MADE ? this.#last.madeFor(path) : 0,
      askedAt: answered ? this.#last.askedAt(path) : null,
    };
  }
}
