// What the addon does with messages of peers that only confirm what is known (native/addon/confirmations.c), for networks
// in memory: the same memory, the same judgement. test/peer-channel/confirmations.test.ts holds both against the HA port.
import type { ArrivedDatagram } from '../../src/kernel/datagram-socket.js';
import {
  PATH_NUMBER,
  PATH_WORD,
  PEER_NUMBER,
  PEER_WORD,
  type PathPlace,
  type PeerPlace,
  type PeerRoom,
} from '../../src/kernel/peer-room.js';
import type { IpAddress } from '../../src/model/address.js';
import type { Instant } from '../../src/model/units.js';
import type { HaKey } from '../../src/peer-channel/ha-key.js';
import { kindOfRepetition, MAC_LENGTH, PEER_FIELDS } from '../../src/wire/peer-message.js';

const NONCE = 16;
const NONCES = 16;
const WINDOW = 64n;
const ANSWER = 2;

type Send = (message: Uint8Array, to: IpAddress, port: number) => void;

export class Confirmer {
  readonly #room: PeerRoom;
  readonly #now: () => Instant;
  readonly #send: Send;
  keys: readonly HaKey[] = [];
  #answered = false;

  constructor(room: PeerRoom, now: () => Instant, send: Send) {
    this.#room = room;
    this.#now = now;
    this.#send = send;
  }

  /** @returns whether it was taken: otherwise it is the port's, and nothing is noted of it. */
  take(datagram: ArrivedDatagram): boolean {
    const { bytes, view, start, length, source, port } = datagram;
    const on = this.#room.paths.findIndex(({ address }) => address === source);
    const path = this.#room.paths[on];
    if (path === undefined || path.words[PATH_WORD.open] === 0 || this.#room.isFull) return false;
    const peer = this.#room.peers[path.words[PATH_WORD.peer] ?? 0];
    if (peer === undefined) return false;
    const known = { bytes: peer.report, report: null, truncated: wordOf(peer, 'truncated') !== 0 };
    const kind = kindOfRepetition(bytes, view, start, length, known);
    if (kind === null || (kind === 'request' && this.#room.message.length === 0)) return false;
    const age = ageOf(peer, bytes.subarray(start + PEER_FIELDS.echo).subarray(0, NONCE));
    const number = numberOf(peer, view, start);
    if (age < 0 || number === null || isSeen(peer, number)) return false;
    const key = this.keys[wordOf(peer, 'key')];
    if (key?.verify(bytes, start, start + length - MAC_LENGTH) !== true) return false;
    const nonce = bytes.subarray(start + PEER_FIELDS.nonce).subarray(0, NONCE);
    if (kind === 'request') this.lay(path, peer, 'answer', key, nonce, port);
    if (take(peer, number)) {
      peer.echo.set(nonce);
      peer.words[PEER_WORD.hasEcho] = 1;
      peer.words[PEER_WORD.newestKind] = kind === 'request' ? 1 : ANSWER;
    }
    this.#note(on, path, peer, kind === 'answer' && age === 0);
    return true;
  }

  /** Whether the last answer to a check came since it was last asked: then the port is told all the same. */
  isAllAnswered(): boolean {
    const waits = ({ words }: PathPlace): boolean =>
      words[PATH_WORD.open] !== 0 && words[PATH_WORD.answered] === 0;
    if (!this.#answered || this.#room.paths.some(waits)) return false;
    this.#answered = false;
    return true;
  }

  #note(on: number, path: PathPlace, peer: PeerPlace, inTime: boolean): void {
    const at = this.#now();
    const answered = inTime && path.words[PATH_WORD.answered] === 0;
    const plan = this.#room.plan;
    if (answered) path.words[PATH_WORD.answered] = 1;
    if (answered) path.numbers[PATH_NUMBER.failAt] = at + (plan?.failAfter ?? 0);
    path.numbers[PATH_NUMBER.nearlySilentAt] = at + (plan?.nearlySilentAfter ?? 0);
    this.#answered ||= answered;
    path.numbers[PATH_NUMBER.received] = (path.numbers[PATH_NUMBER.received] ?? 0) + 1;
    path.numbers[PATH_NUMBER.receivedAt] = at;
    this.#room.note({ at, path: on, kind: wordOf(peer, 'newestKind'), answered });
  }

  /** Sends the next message to this peer on this path. */
  lay(
    path: PathPlace,
    peer: PeerPlace,
    kind: 'request' | 'answer',
    key: HaKey,
    echo: Uint8Array,
    port: number,
  ): void {
    const message = this.#room.message.slice();
    const view = new DataView(message.buffer);
    const sequence = (peer.numbers[PEER_NUMBER.sequence] ?? 0) + 1;
    peer.numbers[PEER_NUMBER.sequence] = sequence;
    message[PEER_FIELDS.kind] = kind === 'request' ? 1 : ANSWER;
    view.setBigUint64(PEER_FIELDS.sequence, BigInt(sequence));
    const drawn = peer.numbers[PEER_NUMBER.drawn] ?? 0;
    const at = ((drawn - 1) % NONCES) * NONCE;
    message.set(peer.nonces.subarray(at, at + NONCE), PEER_FIELDS.nonce);
    message.set(echo, PEER_FIELDS.echo);
    key.sign(message, message.length - MAC_LENGTH);
    path.numbers[PATH_NUMBER.sent] = (path.numbers[PATH_NUMBER.sent] ?? 0) + 1;
    if (path.address !== null) this.#send(message, path.address, port);
  }
}

const wordOf = ({ words }: PeerPlace, name: keyof typeof PEER_WORD): number =>
  words[PEER_WORD[name]] ?? 0;

/** In checks; -1 for a nonce that is none of ours. */
function ageOf({ numbers, nonces }: PeerPlace, echo: Uint8Array): number {
  const drawn = numbers[PEER_NUMBER.drawn] ?? 0;
  for (let age = 0; age < Math.min(drawn, NONCES); age += 1) {
    const at = ((drawn - 1 - age) % NONCES) * NONCE;
    if (Buffer.compare(nonces.subarray(at, at + NONCE), echo) === 0) return age;
  }
  return -1;
}

/** null in another session. */
function numberOf(peer: PeerPlace, view: DataView, start: number): bigint | null {
  const isSame =
    wordOf(peer, 'hasSession') !== 0 &&
    wordOf(peer, 'sessionHigh') === view.getUint32(start + PEER_FIELDS.session) &&
    wordOf(peer, 'sessionLow') === view.getUint32(start + PEER_FIELDS.session + 4);
  return isSame ? view.getBigUint64(start + PEER_FIELDS.sequence) : null;
}

const highestOf = ({ numbers }: PeerPlace): bigint => BigInt(numbers[PEER_NUMBER.highest] ?? 0);

const receivedOf = (peer: PeerPlace): bigint =>
  (BigInt(wordOf(peer, 'receivedHigh')) << 32n) | BigInt(wordOf(peer, 'receivedLow'));

function isSeen(peer: PeerPlace, number: bigint): boolean {
  const back = highestOf(peer) - number;
  return back >= 0n && (back >= WINDOW || ((receivedOf(peer) >> back) & 1n) === 1n);
}

/** @returns whether it is the newest. */
function take(peer: PeerPlace, number: bigint): boolean {
  const ahead = number - highestOf(peer);
  const before = receivedOf(peer);
  const received =
    ahead > 0n
      ? BigInt.asUintN(64, (ahead < WINDOW ? before << ahead : 0n) | 1n)
      : before | (1n << -ahead);
  if (ahead > 0n) peer.numbers[PEER_NUMBER.highest] = Number(number);
  peer.words[PEER_WORD.receivedHigh] = Number(received >> 32n);
  peer.words[PEER_WORD.receivedLow] = Number(received & 0xffff_ffffn);
  return ahead > 0n;
}
