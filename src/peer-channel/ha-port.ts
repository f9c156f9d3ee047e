// The HA port: authenticated, fresh reports from and to the peers over several paths. No timers and
// no judgement: the driver says when to check, the core says what a report or its absence means.
// docs/HA-PROTOCOL.md describes the messages and what they withstand.
import { randomBytes, randomFillSync } from 'node:crypto';
import { bytesOf, type ArrivedDatagram } from '../kernel/datagram-socket.js';
import { familyOf, type Family } from '../model/address.js';
import { assert } from '../model/assert.js';
import type { PeerReport } from '../model/peer-report.js';
import type { AnnouncedVersion } from '../model/settings-version.js';
import { instant, type Instant } from '../model/units.js';
import {
  decodePeerMessage,
  encodePeerReport,
  inspectPeerMessage,
  kindOfRepetition,
  MAC_LENGTH,
  NONCE_LENGTH,
  PEER_FIELDS,
  peekEcho,
  peekKeys,
  type EncodedReport,
  type PeerDiscardReason,
  type PeerMessage,
  type PeerMessageKind,
} from '../wire/peer-message.js';
import { Confirmations } from './confirmations.js';
import { formatDigest, verifiedBy, type HaKey } from './ha-key.js';
import type { HaPath, HaPeer, NewestReport, PeerKeys } from './ha-peer.js';
import { openAddonChecks, openHaSocket, type HaSocket } from './ha-socket.js';
import { LeftChecks } from './left-checks.js';
import { sequenceAt, type Freshness } from './peer-freshness.js';

export { HaPortError } from './ha-socket.js';
export type {
  HaPeerAddress,
  HaPort,
  HaPortCounters,
  HaPortOptions,
  PeerArrival,
} from './ha-port-face.js';
import type { HaPort, HaPortCounters, HaPortOptions, PeerArrival } from './ha-port-face.js';

/**
 * Opens the port. Every opening is a new session: peers accept it after one round trip.
 * @throws HaPortError (rejects) with a remedy when the kernel refuses the port.
 */
export async function openHaPort(options: HaPortOptions): Promise<HaPort> {
  const port = new OpenHaPort(options);
  await port.open();
  return port;
}

/** A message, and the key that it was verified with. */
interface Authentic {
  readonly message: PeerMessage;
  readonly key: HaKey;
}

/** What is done with an authentic message, whether it was decoded or repeats one that was. */
interface Taken {
  kind: PeerMessageKind;
  freshness: Freshness;
  sequence: number;
  key: HaKey;
  /** How many checks ago its echo was drawn; null without one of ours. */
  age: number | null;
  port: number;
}

/** Nonces are drawn so many at a time. */
const NONCES_DRAWN = 64;

class OpenHaPort implements HaPort {
  readonly #options: HaPortOptions;
  readonly #session = randomBytes(8).readBigUInt64BE();
  readonly #confirmations: Confirmations;
  readonly #checks: LeftChecks;
  readonly #peers = new Map<string, HaPeer>();
  readonly #paths = new Map<string, HaPath>();
  readonly #sockets = new Map<Family, HaSocket>();
  readonly #discarded = new Map<PeerDiscardReason, number>();
  readonly #lastDiscarded = new Map<PeerDiscardReason, Instant>();
  readonly #since: Instant;
  readonly #receiveErrors = new Map<string, number>();
  readonly #nonces = new Uint8Array(NONCES_DRAWN * NONCE_LENGTH);
  /** Of the nonces drawn, those that were given out. */
  #given = NONCES_DRAWN;
  /** The same for every message, so that none makes one. */
  readonly #arrival: { -readonly [K in keyof PeerArrival]: PeerArrival[K] } = {
    kind: 'request',
    rttMs: null,
    at: instant(0),
    truncated: false,
  };
  readonly #receive = (datagram: ArrivedDatagram): void => this.#receiveOne(datagram);
  #keys: readonly HaKey[];
  #report: PeerReport | null = null;
  #encoded: EncodedReport | null = null;
  #version: AnnouncedVersion | null = null;

  constructor(options: HaPortOptions) {
    this.#options = options;
    this.#since = options.now();
    this.#keys = options.keys;
    const draw = (): Uint8Array => randomBytes(NONCE_LENGTH);
    this.#confirmations = new Confirmations(options.peers, options.port, draw);
    const { room, peers } = this.#confirmations;
    this.#checks = new LeftChecks(room, peers);
    for (const peer of peers) {
      assert(peer.name !== options.self, `peer ${peer.name} has our own name`);
      this.#peers.set(peer.name, peer);
      for (const path of peer.paths) {
        assert(!this.#paths.has(path.address), `${path.address} is the address of two peers`);
        this.#paths.set(path.address, path);
      }
    }
  }

  async open(): Promise<void> {
    const families = new Set([...this.#paths.values()].map(({ address }) => familyOf(address)));
    const { openSocket = openHaSocket, openCheckTimer = openAddonChecks } = this.#options;
    const { room } = this.#confirmations;
    const onReadable = (): void => {
      this.hear();
      this.#options.onHeard?.();
    };
    try {
      for (const family of families) {
        const socket = await openSocket(family, this.#options.port, {
          onReadable,
          onError: (code) => count(this.#receiveErrors, code),
        });
        socket.confirm?.(room);
        this.#sockets.set(family, socket);
      }
      const timer = openCheckTimer(room, [...this.#sockets.values()], onReadable);
      if (timer !== null) this.#checks.use(timer);
      this.setKeys(this.#keys);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  setReport(report: PeerReport): void {
    assert(report.name === this.#options.self, `a report of ${report.name}, not our own`);
    this.#report = report;
    this.#encode();
  }

  setKeys(keys: readonly HaKey[]): void {
    this.#keys = keys;
    this.#confirmations.setKeys(keys);
    for (const socket of this.#sockets.values()) socket.useKeys?.(keys);
    this.#encode();
  }

  keysOf(name: string): PeerKeys {
    return this.#peer(name).keys(this.#keys[0]);
  }

  setVersion(version: AnnouncedVersion | null): void {
    this.#version = version;
    if (this.#report !== null) this.push(this.#report);
  }

  check(...names: readonly string[]): void {
    this.#confirmations.gather();
    for (const name of names) {
      const peer = this.#peer(name);
      if (this.#given === NONCES_DRAWN) {
        randomFillSync(this.#nonces);
        this.#given = 0;
      }
      const now = this.#options.now();
      peer.beginCheck(this.#nonces, now, this.#given * NONCE_LENGTH);
      this.#given += 1;
      for (const path of peer.paths) path.beginCheck(now);
      this.#putToAll(peer, 'request');
    }
    this.#flush();
  }

  push(report: PeerReport): void {
    this.#tellAll(report, 'push');
  }

  bye(report: PeerReport): void {
    this.#tellAll(report, 'bye');
  }

  hear(): void {
    this.#confirmations.noteRefused();
    for (const socket of this.#sockets.values()) socket.receive(this.#receive);
    this.#flush();
  }

  get isAnyConfirmed(): boolean {
    return this.#confirmations.isAny;
  }

  confirmed(...[handler, onChecked]: Parameters<HaPort['confirmed']>): void {
    this.#confirmations.take(handler, onChecked);
  }

  trust(...[isKnown, doubts]: Parameters<HaPort['trust']>): void {
    this.#confirmations.trust(isKnown, doubts);
  }

  leaveChecks(plan: Parameters<HaPort['leaveChecks']>[0]): void {
    if (this.isAnyConfirmed) return this.#checks.takeBack();
    this.#checks.leave(plan, this.#keys, this.#options.sourceFor, this.#options.now());
  }

  get checksDueAt(): Instant | null {
    return this.#checks.dueAt;
  }

  forgetSources(): void {
    for (const path of this.#paths.values()) path.source = undefined;
  }

  counters(): HaPortCounters {
    return {
      since: this.#since,
      discarded: Object.fromEntries(this.#discarded),
      lastDiscarded: Object.fromEntries(this.#lastDiscarded),
      receiveErrors: Object.fromEntries(this.#receiveErrors),
      paths: [...this.#paths.values()].map(
        ({ peer, address, sent, received, receivedAt, refusal, sendFailures }) => ({
          peer: peer.name,
          address,
          sent,
          received,
          receivedAt,
          refusal,
          sendFailures: Object.fromEntries(sendFailures),
        }),
      ),
    };
  }

  async close(): Promise<void> {
    this.#checks.close();
    this.confirmed(this.#options.onReport, () => undefined);
    await Promise.all([...this.#sockets.values()].map((socket) => socket.close()));
  }

  #peer(name: string): HaPeer {
    const peer = this.#peers.get(name);
    assert(peer !== undefined, `${name} is a peer of the HA port`);
    return peer;
  }

  #encode(): void {
    const digests = this.#keys.map(({ digest }) => digest);
    this.#encoded =
      this.#report === null ? null : encodePeerReport(this.#report, digests, this.#version);
    this.#confirmations.answerWith(this.#encoded, this.#session);
  }

  #tellAll(report: PeerReport, kind: PeerMessageKind): void {
    this.setReport(report);
    for (const peer of this.#peers.values()) this.#putToAll(peer, kind);
    this.#flush();
  }

  #putToAll(peer: HaPeer, kind: PeerMessageKind): void {
    const key = peer.keyFor(this.#keys);
    if (key === undefined) return;
    const echo = peer.freshness.echo;
    for (const path of peer.paths) this.#put(path, peer.port, kind, key, echo, 0);
  }

  /** Puts one message among those that are sent next; the echo stands at `at` of `echo`. */
  #put(
    path: HaPath,
    port: number,
    kind: PeerMessageKind,
    key: HaKey,
    echo: Uint8Array | null,
    at: number,
  ): void {
    if (this.#encoded === null) return;
    const draft = path.peer.draft(path, this.#encoded, kind, this.#session, echo, at);
    key.sign(draft.bytes, draft.end);
    path.countSent();
    if (path.source === undefined) path.source = this.#options.sourceFor(path.address);
    const socket = this.#sockets.get(familyOf(path.address));
    socket?.put(draft.bytes, path.source, path.address, port, path.noteSent);
  }

  #flush(): void {
    for (const socket of this.#sockets.values()) socket.flush();
  }

  #receiveOne(datagram: ArrivedDatagram): void {
    const path = this.#paths.get(datagram.source);
    if (path === undefined) {
      this.#discard('unknownSender', datagram.source, 'this address is none of the peers');
      return;
    }
    const now = this.#options.now();
    if (this.#takeRepetition(datagram, path, now)) return;
    const taken = this.#authenticate(bytesOf(datagram), datagram.length, path, now);
    if (taken !== null) this.#take(taken, path, datagram.port, now);
  }

  /**
   * Takes a message that only confirms what is known, as nearly every one does: a request or an answer with the
   * report that its sender had before, the echo of a nonce of ours, and the HMAC of the key it used before.
   * It says no more than that; nothing is made for it. @returns false for any other, of which nothing is noted.
   */
  #takeRepetition(datagram: ArrivedDatagram, path: HaPath, now: Instant): boolean {
    const { bytes, view, start, length, port } = datagram;
    const { peer } = path;
    const { newest, lastReport } = peer;
    if (newest === null || lastReport.report?.report !== newest.report) return false;
    const kind = kindOfRepetition(bytes, view, start, length, lastReport);
    if (kind === null) return false;
    const age = peer.freshness.checksSince(bytes, start + PEER_FIELDS.echo);
    const key = age === null ? null : peer.lastUsed(this.#keys);
    if (age === null || key === null) return false;
    if (!key.verify(bytes, start, start + length - MAC_LENGTH)) return false;
    const freshness = peer.freshness.receiveAt(view, bytes, start, age);
    peer.heardUnder(key, freshness, lastReport.report.keys);
    if (freshness === 'newest') {
      peer.noteNewest(kind, lastReport.truncated === true, newest.report);
    }
    this.#confirmations.stir();
    const taken = { kind, freshness, sequence: sequenceAt(view, start), key, age, port };
    this.#follow(taken, path, bytes, start + PEER_FIELDS.nonce, newest, now);
    return true;
  }

  /** Cheap checks, then the HMAC, then the fields. @returns null when the datagram is discarded. */
  #authenticate(
    datagram: Uint8Array,
    length: number,
    path: HaPath,
    now: Instant,
  ): Authentic | null {
    const { peer, address } = path;
    const refusal = inspectPeerMessage(datagram, length);
    if (refusal !== null) return this.#discard(refusal.reason, address, refusal.detail);
    // Nobody who cannot read our messages can echo our nonce, so a flood of forged messages never
    // crowds out a peer that we are in touch with; all others share an allowance.
    const solicited = peer.freshness.checksSince(peekEcho(datagram)) !== null;
    if (!solicited && !path.admitUnsolicited(now)) return this.#discard('flood', address, '');
    const key = verifiedBy(peer.likely(this.#keys), datagram, 0, length - MAC_LENGTH);
    if (key === null) {
      peer.heardUnderNone();
      return this.#discard('authentic', address, this.#otherKey(datagram));
    }
    const message = decodePeerMessage(datagram, peer.lastReport);
    if (!message.ok) return this.#discard(message.reason, address, message.detail);
    const { name } = message.report;
    if (name === this.#options.self) {
      const detail = `it calls itself "${name}"; give one of the two another name, and its peers too`;
      return this.#discard('ownName', address, detail);
    }
    if (name === peer.name) return { message, key };
    const detail = `calls itself "${name}", configured as "${peer.name}"`;
    return this.#discard('unknownSender', address, detail);
  }

  /** What its sender says of its keys, which may be a lie; ours beside it. */
  #otherKey(datagram: Uint8Array): string {
    const theirs = peekKeys(datagram);
    if (theirs === null) return '';
    const ours = this.#keys.map(({ digest }) => digest);
    const text = `it names key ${theirs.map(formatDigest).join(', ')}; here is ${ours.map(formatDigest).join(', ')}`;
    return theirs.some((one) => ours.includes(one))
      ? text
      : `${text}: copy one key file to both, and reload`;
  }

  /** A message that was decoded, of the right peer. */
  #take({ message, key }: Authentic, path: HaPath, port: number, now: Instant): void {
    const { peer } = path;
    const { header, report, truncated, keys, version = null } = message;
    const { kind, sequence, nonce, echo } = header;
    const freshness = peer.freshness.receive(header);
    this.#confirmations.close(peer);
    peer.heardUnder(key, freshness, keys);
    const news = { report, kind, truncated };
    if (freshness === 'newest') {
      peer.noteNewest(kind, truncated, report);
      this.#noteVersion(peer, version);
    }
    const age = echo === null ? null : peer.freshness.checksSince(echo);
    const taken = { kind, freshness, sequence, key, age, port };
    this.#follow(taken, path, nonce, 0, peer.newest ?? news, now);
  }

  /** Only a message with a new report comes here, so that comparing costs nothing in ordinary times. */
  #noteVersion(peer: HaPeer, version: AnnouncedVersion | null): void {
    if (JSON.stringify(version) === JSON.stringify(peer.version)) return;
    peer.version = version;
    this.#options.onVersion?.(peer.name, version);
  }

  /** An authentic message of the right peer: answers, if it asks, and hands over what is fresh. */
  #follow(
    { kind, freshness, sequence, key, age, port }: Taken,
    path: HaPath,
    nonce: Uint8Array,
    nonceAt: number,
    news: NewestReport,
    now: Instant,
  ): void {
    const { peer } = path;
    if (freshness === 'replayed') {
      this.#discard('replayed', path.address, `number ${sequence}`);
      return;
    }
    // A stale request is answered too: from the answer the peer learns our nonce, without which
    // nothing it says can be fresh. The answer is worthless to anyone else. It is signed with the key of
    // the request, which whoever asks has, whatever we believe to know of its keys.
    if (kind === 'request') this.#put(path, port, 'answer', key, nonce, nonceAt);
    if (freshness === 'stale') {
      this.#discard('stale', path.address, kind);
      return;
    }
    path.countReceived(now);
    const arrival = this.#arrival;
    arrival.kind = news.kind;
    arrival.truncated = news.truncated;
    arrival.rttMs = peer.roundTrip(kind, age, path, now);
    arrival.at = now;
    this.#options.onReport(peer.name, path.address, news.report, arrival);
  }

  #discard(reason: PeerDiscardReason, source: string, detail: string): null {
    count(this.#discarded, reason);
    this.#lastDiscarded.set(reason, this.#options.now());
    this.#options.onDiscard(reason, source, detail);
    return null;
  }
}

function count<Key>(counters: Map<Key, number>, key: Key): void {
  counters.set(key, (counters.get(key) ?? 0) + 1);
}
