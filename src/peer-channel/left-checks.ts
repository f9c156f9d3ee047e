// The checks that are left to the addon: whether they may be, and what it has to know. What is due, and what follows from
// an answer that is missing, is the core's (src/core/check-plan.ts); native/addon/checks.c makes them.
import type { CheckTimer } from '../kernel/datagram-socket.js';
import { PATH_NUMBER, PEER_NUMBER, PEER_WORD, type PeerRoom } from '../kernel/peer-room.js';
import type { IpAddress } from '../model/address.js';
import type { CheckPlan } from '../model/check-plan.js';
import { earlier, microseconds, type Instant } from '../model/units.js';
import type { HaKey } from './ha-key.js';
import type { HaPeer } from './ha-peer.js';

type PeerPlan = CheckPlan['peers'][number];

export class LeftChecks {
  readonly #room: PeerRoom;
  readonly #peers: readonly HaPeer[];
  #timer: CheckTimer | null = null;

  /** @param peers in the order of their places in the room. */
  constructor(room: PeerRoom, peers: readonly HaPeer[]) {
    this.#room = room;
    this.#peers = peers;
  }

  /** From now on they may be left, to whoever has this timer. */
  use(timer: CheckTimer): void {
    this.#timer = timer;
  }

  /** What they wait for; null while they are not left to anybody. */
  get dueAt(): Instant | null {
    return this.#room.dueAt;
  }

  /**
   * Leaves them by this plan as it stands now, or takes them back.
   * @param plan is asked where all paths are trusted; null where more may follow from a check than that it is sent.
   */
  leave(
    plan: () => CheckPlan | null,
    keys: readonly HaKey[],
    sourceFor: (destination: IpAddress) => IpAddress | null,
    now: Instant,
  ): void {
    const wanted = this.#timer !== null && this.#isAllTrusted() ? plan() : null;
    if (wanted === null || !this.#lay(wanted, keys)) return this.takeBack();
    let until = wanted.until;
    for (const { paths } of this.#peers) {
      for (const path of paths) until = earlier(until, path.refreshSource(sourceFor, now));
    }
    const tolerance = microseconds(wanted.failAfter - wanted.interval);
    this.#room.setPlan({ ...wanted, until, tolerance });
    this.#timer?.arm();
  }

  /** Whoever makes them otherwise does so again. */
  takeBack(): void {
    this.#room.setPlan(null);
  }

  close(): void {
    this.takeBack();
    this.#timer?.close();
    this.#timer = null;
  }

  /** What was noted has to be taken first: the plan is of what is known then. */
  #isAllTrusted(): boolean {
    if (this.#room.noted > 0 || this.#room.message.length === 0) return false;
    return this.#peers.every(({ paths }) => paths.every(({ isOpen }) => isOpen));
  }

  /** @returns false when the plan is not of exactly these peers and paths, or one of them cannot be asked. */
  #lay(plan: CheckPlan, keys: readonly HaKey[]): boolean {
    if (plan.peers.length !== this.#peers.length) return false;
    return this.#peers.every((peer, at) => {
      const planned = plan.peers.find(({ name }) => name === peer.name);
      const place = this.#room.peers[at];
      const key = peer.keyFor(keys);
      if (planned === undefined || place === undefined || key === undefined) return false;
      place.words[PEER_WORD.signsWith] = keys.indexOf(key);
      place.words[PEER_WORD.port] = peer.port;
      place.numbers[PEER_NUMBER.nextCheck] = planned.nextCheckAt;
      return layPaths(peer, planned);
    });
  }
}

function layPaths({ paths }: HaPeer, planned: PeerPlan): boolean {
  if (planned.paths.length !== paths.length) return false;
  return paths.every(({ address, place: { numbers } }) => {
    const path = planned.paths.find((one) => one.address === address);
    if (path === undefined) return false;
    numbers[PATH_NUMBER.failAt] = path.failAt;
    numbers[PATH_NUMBER.nearlySilentAt] = path.nearlySilentAt;
    return true;
  });
}
