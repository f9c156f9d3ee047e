// Messages that only confirm what is known, where the addon takes them: when it may, and what it has taken: the last on each
// path, since what came before it adds nothing. What makes a message one of those is said twice, here and in
// native/addon/confirmations.c; a test compares the two.
import { CHECK_MADE, PeerRoom, type LastConfirmation } from '../kernel/peer-room.js';
import { assert } from '../model/assert.js';
import type { IpAddress } from '../model/address.js';
import type { PeerReport } from '../model/peer-report.js';
import type { Instant } from '../model/units.js';
import { PEER_MESSAGE_KINDS, PeerMessageDraft, type EncodedReport } from '../wire/peer-message.js';
import type { HaKey } from './ha-key.js';
import { HaPeer, type HaPath } from './ha-peer.js';
import type { HaPeerAddress, PeerArrival } from './ha-port-face.js';

type Report = (peer: string, path: IpAddress, report: PeerReport, arrival: PeerArrival) => void;
type Checked = (peer: string, at: Instant, made: number) => void;

/** A message, or a check that was made. */
type Gathered =
  | { readonly said: Parameters<Report> }
  | { readonly said: null; readonly checked: Parameters<Checked> };

export class Confirmations {
  readonly room: PeerRoom;
  readonly peers: readonly HaPeer[];
  /** In the order of their places. */
  readonly #paths: readonly HaPath[];
  /** What answers have in common. */
  readonly #draft = new PeerMessageDraft();
  #keys: readonly HaKey[] = [];
  readonly #gathered: Gathered[] = [];
  /** Something has been closed, or heard, since it was last asked what may be open. */
  #stirred = true;

  /** @param nonce draws the first for a peer. */
  constructor(peers: readonly HaPeerAddress[], port: number, nonce: () => Uint8Array) {
    const addresses = peers.flatMap((peer, index) =>
      peer.addresses.map((address) => ({ address, peer: index })),
    );
    this.room = new PeerRoom(peers.length, addresses);
    this.peers = peers.map((peer, index) => {
      const paths = this.room.paths.filter((_, at) => addresses[at]?.peer === index);
      const place = this.room.peers[index];
      return new HaPeer(peer.name, peer.addresses, peer.port ?? port, nonce(), place, paths);
    });
    this.#paths = this.peers.flatMap((peer) => peer.paths);
  }

  /** What answers say from now on; null: nothing yet. */
  answerWith(report: EncodedReport | null, session: bigint): void {
    if (report === null) return this.room.setMessage(null);
    this.#draft.lay(report, 'answer', session, 1);
    this.room.setMessage(this.#draft.bytes);
  }

  setKeys(keys: readonly HaKey[]): void {
    this.#keys = keys;
    for (const peer of this.peers) this.close(peer);
  }

  /** What comes from this peer may say more than is known; what came before does not. */
  close(peer: HaPeer): void {
    this.gather();
    peer.close();
    this.#stirred = true;
  }

  /** A message was taken here that the addon might have taken. */
  stir(): void {
    this.#stirred = true;
  }

  /**
   * Leaves to the addon what may be left to it.
   * @param isKnown whether a message with this report, heard now, would change nothing but when the peer was heard.
   * @param doubts whether the answer may differ from the last one.
   */
  trust(
    isKnown: (peer: string, path: IpAddress, report: PeerReport) => boolean,
    doubts: boolean,
  ): void {
    if (!doubts && !this.#stirred) return;
    this.#stirred = false;
    for (const peer of this.peers) {
      const report = peer.knowRepetition(this.#keys) ? peer.newest?.report : undefined;
      for (const path of peer.paths) {
        const isSending = path.source !== undefined && path.refusal === null;
        if (report !== undefined && isSending && isKnown(peer.name, path.address, report)) {
          path.open();
        } else path.close();
      }
    }
  }

  /** Whether `take` would hand over any. */
  get isAny(): boolean {
    return this.#gathered.length > 0 || this.room.noted > 0;
  }

  /**
   * Hands over the last of what the addon has taken since the last call, as if it had come here, and of the checks it made
   * meanwhile.
   */
  take(handler: Report, onChecked: Checked): void {
    if (!this.isAny) return;
    this.gather();
    for (const one of this.#gathered.splice(0)) {
      if (one.said === null) onChecked(...one.checked);
      else handler(...one.said);
    }
  }

  /** What was noted until now is of what is known now: before a check begins, or another report comes. */
  gather(): void {
    if (this.room.noted === 0) return;
    this.room.take((one) =>
      this.#gathered.push(one.kind === CHECK_MADE ? this.#checkOf(one) : this.#reportOf(one)),
    );
  }

  #checkOf({ at, path: place, made }: LastConfirmation): Gathered {
    const peer = this.peers[place];
    assert(peer !== undefined, `peer ${place} is known`);
    peer.checksBegun(made, at);
    return { said: null, checked: [peer.name, at, made] };
  }

  #reportOf(one: LastConfirmation): Gathered {
    const { at, path: place, kind: number, answered, askedAt } = one;
    const path = this.#paths[place];
    const kind = PEER_MESSAGE_KINDS[number - 1];
    const newest = path?.peer.newest;
    assert(path !== undefined && kind !== undefined, `path ${place} and kind ${number} are known`);
    assert(newest !== undefined && newest !== null, `${path.peer.name} was heard before`);
    const rttMs = answered ? path.peer.sinceCheck(at, askedAt) : null;
    const { report, truncated } = newest;
    return { said: [path.peer.name, path.address, report, { kind, truncated, rttMs, at }] };
  }

  /** Takes note of messages that the kernel refused to the addon. */
  noteRefused(): void {
    for (const path of this.#paths) if (path.noteRefused()) this.#stirred = true;
  }
}
