// What the addon does with checks that are left to it (native/addon/checks.c), for networks in memory: the same memory, the
// same judgement of what is an ordinary check. test/native/checks.c has the addon's own.
import { randomBytes } from 'node:crypto';
import type { CheckTimer } from '../../src/kernel/datagram-socket.js';
import {
  CHECK_MADE,
  PATH_NUMBER,
  PATH_WORD,
  PEER_NUMBER,
  PEER_WORD,
  type PathPlace,
  type PeerPlace,
  type PeerRoom,
  type RoomPlan,
} from '../../src/kernel/peer-room.js';
import { instant, type Instant } from '../../src/model/units.js';
import type { Confirmer } from './confirmer.js';

const NONCE = 16;
const NONCES = 16;

interface Calls {
  /** Has the port's sockets heard; false when more has come than what confirms. */
  readonly isHeard: () => boolean;
  readonly onChecked: () => void;
  readonly onDue: () => void;
}

export class Checker implements CheckTimer {
  readonly #room: PeerRoom;
  readonly #confirmer: Confirmer;
  readonly #now: () => Instant;
  readonly #calls: Calls;
  /** When `pass` is to be called. */
  armedFor: number | null = null;

  constructor(room: PeerRoom, confirmer: Confirmer, now: () => Instant, calls: Calls) {
    this.#room = room;
    this.#confirmer = confirmer;
    this.#now = now;
    this.#calls = calls;
  }

  /** @returns whether the checks are left to us. */
  arm(): boolean {
    if (this.#room.plan === null) return false;
    this.armedFor = Math.min(this.#nextCheck, this.#nextDoubt);
    this.#room.setDue(instant(this.armedFor));
    return true;
  }

  close(): void {
    this.armedFor = null;
  }

  /** The time has come; `pass` follows as soon as the process runs. */
  expire(): void {
    this.armedFor = null;
  }

  pass(): void {
    const { plan } = this.#room;
    if (plan === null) return;
    if (!this.#isOrdinary(plan)) this.#calls.onDue();
    this.arm();
  }

  #isOrdinary(plan: RoomPlan): boolean {
    const now = this.#now();
    if ((!this.#isWell || this.#nextDoubt <= now) && !this.#calls.isHeard()) return false;
    if (this.#nextDoubt <= now) return false;
    const next = this.#nextCheck;
    if (next > now) return true;
    if (now - next > plan.tolerance || now >= (plan.until ?? Infinity)) return false;
    if (!this.#isWell || this.#room.isFull || this.#room.message.length === 0) return false;
    this.#room.peers.forEach((peer, at) => {
      if ((peer.numbers[PEER_NUMBER.nextCheck] ?? 0) <= now) this.#check(peer, at, now, plan);
    });
    return true;
  }

  #check(peer: PeerPlace, at: number, now: Instant, { interval }: RoomPlan): void {
    const { numbers, words } = peer;
    const drawn = numbers[PEER_NUMBER.drawn] ?? 0;
    numbers[PEER_NUMBER.drawn] = drawn + 1;
    peer.nonces.set(randomBytes(NONCE), (drawn % NONCES) * NONCE);
    const following = (numbers[PEER_NUMBER.nextCheck] ?? 0) + interval;
    numbers[PEER_NUMBER.nextCheck] = following > now ? following : now + interval;
    this.#room.note({ at: now, path: at, kind: CHECK_MADE, answered: false });
    const key = this.#confirmer.keys[words[PEER_WORD.signsWith] ?? 0];
    for (const path of this.#room.paths) {
      if (path.words[PATH_WORD.peer] !== at || key === undefined) continue;
      path.words[PATH_WORD.answered] = 0;
      this.#confirmer.lay(path, peer, 'request', key, peer.echo, words[PEER_WORD.port] ?? 0);
    }
    this.#calls.onChecked();
  }

  get #nextCheck(): number {
    return Math.min(...this.#room.peers.map(({ numbers }) => numbers[PEER_NUMBER.nextCheck] ?? 0));
  }

  get #nextDoubt(): number {
    const doubt = ({ numbers }: PathPlace): number =>
      Math.min(numbers[PATH_NUMBER.failAt] ?? 0, numbers[PATH_NUMBER.nearlySilentAt] ?? 0);
    return Math.min(...this.#room.paths.map(doubt));
  }

  get #isWell(): boolean {
    return this.#room.paths.every(
      ({ words }) => words[PATH_WORD.open] !== 0 && words[PATH_WORD.answered] !== 0,
    );
  }
}
