// The HA port: authenticated, fresh reports from and to the peers over several paths. No timers and
// no judgement: the driver says when to check, the core says what a report or its absence means.
// docs/HA-PROTOCOL.md describes the messages and what they withstand.
import { randomBytes } from 'node:crypto';
import { familyOf, parseAddress, type Family, type IpAddress } from '../model/address.js';
import { assert } from '../model/assert.js';
import type { PeerReport } from '../model/peer-report.js';
import type { Instant } from '../model/units.js';
import {
  decodePeerMessage,
  encodePeerMessage,
  encodePeerReport,
  inspectPeerMessage,
  NONCE_LENGTH,
  peekEcho,
  peekKeys,
  splitSigned,
  type EncodedReport,
  type PeerDiscardReason,
  type PeerHeader,
  type PeerMessage,
  type PeerMessageKind,
} from '../wire/peer-message.js';
import { formatDigest, sign, verifiedBy, type HaKey } from './ha-key.js';
import { HaPeer, type HaPath, type PeerKeys } from './ha-peer.js';
import { openHaSocket, type HaSocket, type OpenHaSocket } from './ha-socket.js';

export { HaPortError } from './ha-socket.js';

export interface HaPeerAddress {
  readonly name: string;
  /** The addresses the peer sends from; each is one path. Not link-local. */
  readonly addresses: readonly IpAddress[];
  /** Its HA port; default ours. For several agents on one host. */
  readonly port?: number;
}

export interface PeerArrival {
  /** Of the message that brought the report. */
  readonly kind: PeerMessageKind;
  /**
   * The first answer on this path to the latest `check`, measured from that call: a success of the
   * path. Null for everything else, late answers included.
   */
  readonly rttMs: number | null;
  readonly at: Instant;
  /** The peer has more virtual routers than fit: `routers` ends early. */
  readonly truncated: boolean;
}

export interface HaPortOptions {
  /** UDP, on all addresses of the families the peers need. */
  readonly port: number;
  /** At least one; what they all accept, the one that is preferred first. */
  readonly keys: readonly HaKey[];
  /** Our own name; every report must carry it. */
  readonly self: string;
  readonly peers: readonly HaPeerAddress[];
  /**
   * An authentic, fresh message came on `path`. `report` is always the newest of that peer: a
   * message that was overtaken by a later one proves its path and brings no news.
   */
  readonly onReport: (
    peer: string,
    path: IpAddress,
    report: PeerReport,
    arrival: PeerArrival,
  ) => void;
  /** Called for each datagram discarded: anyone can cause many, so limit what is logged. */
  readonly onDiscard: (reason: PeerDiscardReason, source: string, detail: string) => void;
  /** CLOCK_MONOTONIC; only for round trips and rate limits. */
  readonly now: () => Instant;
  /** The address to send from; null leaves it to the kernel. */
  readonly sourceFor: (destination: IpAddress) => IpAddress | null;
  /** UDP unless given. */
  readonly openSocket?: OpenHaSocket;
}

export interface HaPortCounters {
  readonly discarded: Readonly<Partial<Record<PeerDiscardReason, number>>>;
  /** Receiving refused by the kernel, by errno name. */
  readonly receiveErrors: Readonly<Record<string, number>>;
  readonly paths: readonly {
    readonly peer: string;
    readonly address: IpAddress;
    readonly sent: number;
    /** Authentic and fresh. */
    readonly received: number;
    /** When the last of those came; null before the first. */
    readonly receivedAt: Instant | null;
    /** What the kernel said to the last message, by errno name; null: sent. */
    readonly refusal: string | null;
    /** By errno name: ENETUNREACH, EHOSTUNREACH, … */
    readonly sendFailures: Readonly<Record<string, number>>;
  }[];
}

/** Sending never blocks and never throws. Before the first `setReport` nothing is sent at all. */
export interface HaPort {
  /** The report that requests and answers carry from now on. */
  setReport(report: PeerReport): void;
  /** Sends one request to the peer on every path. Answers to earlier checks are late from now on. */
  check(peer: string): void;
  /** A change: sends the report to all peers on all paths at once, and keeps it. */
  push(report: PeerReport): void;
  /** Other keys from now on. The session goes on: whoever has one of them notices nothing. */
  setKeys(keys: readonly HaKey[]): void;
  /** Which keys the peer is known to have. */
  keysOf(peer: string): PeerKeys;
  /** The last word before we stop, sent like a push; `close` may follow in the same breath. */
  bye(report: PeerReport): void;
  counters(): HaPortCounters;
  /** Resolves when the port is free again. */
  close(): Promise<void>;
}

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

class OpenHaPort implements HaPort {
  readonly #options: HaPortOptions;
  readonly #session = randomBytes(8).readBigUInt64BE();
  readonly #peers = new Map<string, HaPeer>();
  readonly #paths = new Map<string, HaPath>();
  readonly #sockets = new Map<Family, HaSocket>();
  readonly #discarded = new Map<PeerDiscardReason, number>();
  readonly #receiveErrors = new Map<string, number>();
  #keys: readonly HaKey[];
  #report: PeerReport | null = null;
  #encoded: EncodedReport | null = null;

  constructor(options: HaPortOptions) {
    this.#options = options;
    this.#keys = options.keys;
    for (const { name, addresses, port = options.port } of options.peers) {
      assert(name !== options.self, `peer ${name} has our own name`);
      const peer = new HaPeer(name, addresses, port, newNonce());
      this.#peers.set(name, peer);
      for (const path of peer.paths) {
        assert(!this.#paths.has(path.address), `${path.address} is the address of two peers`);
        this.#paths.set(path.address, path);
      }
    }
  }

  async open(): Promise<void> {
    const families = new Set([...this.#paths.values()].map(({ address }) => familyOf(address)));
    const { openSocket = openHaSocket } = this.#options;
    try {
      for (const family of families) {
        const socket = await openSocket(family, this.#options.port, {
          onDatagram: (datagram, source, port) => this.#receive(datagram, source, port),
          onError: (code) => count(this.#receiveErrors, code),
          sourceFor: this.#options.sourceFor,
        });
        this.#sockets.set(family, socket);
      }
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
    this.#encode();
  }

  keysOf(name: string): PeerKeys {
    return this.#peer(name).keys(this.#keys[0]);
  }

  check(name: string): void {
    const peer = this.#peer(name);
    peer.beginCheck(newNonce(), this.#options.now());
    this.#sendToAll(peer, 'request');
  }

  push(report: PeerReport): void {
    this.setReport(report);
    for (const peer of this.#peers.values()) this.#sendToAll(peer, 'push');
  }

  bye(report: PeerReport): void {
    this.setReport(report);
    for (const peer of this.#peers.values()) this.#sendToAll(peer, 'bye');
  }

  counters(): HaPortCounters {
    return {
      discarded: Object.fromEntries(this.#discarded),
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
    await Promise.all([...this.#sockets.values()].map((socket) => socket.close()));
  }

  #peer(name: string): HaPeer {
    const peer = this.#peers.get(name);
    assert(peer !== undefined, `${name} is a peer of the HA port`);
    return peer;
  }

  #encode(): void {
    const digests = this.#keys.map(({ digest }) => digest);
    this.#encoded = this.#report === null ? null : encodePeerReport(this.#report, digests);
  }

  #sendToAll(peer: HaPeer, kind: PeerMessageKind): void {
    const key = peer.keyFor(this.#keys);
    for (const path of peer.paths) {
      this.#send(path, peer.port, peer.nextHeader(kind, this.#session), key);
    }
  }

  #send(path: HaPath, port: number, header: PeerHeader, key: HaKey | undefined): void {
    if (this.#encoded === null || key === undefined) return;
    const { datagram, signed, mac } = encodePeerMessage(header, this.#encoded);
    mac.set(sign(key, signed));
    path.sent += 1;
    const socket = this.#sockets.get(familyOf(path.address));
    socket?.send(datagram, path.address, port, path.noteSent);
  }

  #receive(datagram: Uint8Array, from: string, port: number): void {
    // The kernel's spelling of an IPv6 address is not always the canonical one.
    const source = parseAddress(from) ?? from;
    const path = this.#paths.get(source);
    if (path === undefined) {
      this.#discard('unknownSender', source, 'this address is none of the peers');
      return;
    }
    const now = this.#options.now();
    const taken = this.#authenticate(datagram, path, now);
    if (taken !== null) this.#take(taken, path, port, now);
  }

  /** Cheap checks, then the HMAC, then the fields. @returns null when the datagram is discarded. */
  #authenticate(datagram: Uint8Array, path: HaPath, now: Instant): Authentic | null {
    const { peer, address } = path;
    const refusal = inspectPeerMessage(datagram);
    if (refusal !== null) return this.#discard(refusal.reason, address, refusal.detail);
    // Nobody who cannot read our messages can echo our nonce, so a flood of forged messages never
    // crowds out a peer that we are in touch with; all others share an allowance.
    const solicited = peer.freshness.checksSince(peekEcho(datagram)) !== null;
    if (!solicited && !path.admitUnsolicited(now)) return this.#discard('flood', address, '');
    const { signed, mac } = splitSigned(datagram);
    const key = verifiedBy(peer.likely(this.#keys), signed, mac);
    if (key === null) return this.#discard('authentic', address, this.#otherKey(datagram));
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
    return `it names key ${theirs.map(formatDigest).join(', ')}; here is ${ours.map(formatDigest).join(', ')}`;
  }

  /** An authentic message of the right peer: answers, if it asks, and hands over what is fresh. */
  #take({ message, key }: Authentic, path: HaPath, port: number, now: Instant): void {
    const { peer } = path;
    const { header, report, truncated, keys } = message;
    const freshness = peer.freshness.receive(header);
    peer.heardUnder(key, freshness, keys);
    if (freshness === 'replayed') {
      this.#discard('replayed', path.address, `number ${header.sequence}`);
      return;
    }
    // A stale request is answered too: from the answer the peer learns our nonce, without which
    // nothing it says can be fresh. The answer is worthless to anyone else. It is signed with the key of
    // the request, which whoever asks has, whatever we believe to know of its keys.
    if (header.kind === 'request') {
      this.#send(path, port, peer.nextHeader('answer', this.#session, header.nonce), key);
    }
    if (freshness === 'stale') {
      this.#discard('stale', path.address, header.kind);
      return;
    }
    path.received += 1;
    path.receivedAt = now;
    if (freshness === 'newest') peer.newest = { report, kind: header.kind, truncated };
    const rttMs = peer.roundTripOf(message, path, now);
    const newest = peer.newest ?? { report, kind: header.kind, truncated };
    this.#options.onReport(peer.name, path.address, newest.report, {
      kind: newest.kind,
      rttMs,
      at: now,
      truncated: newest.truncated,
    });
  }

  #discard(reason: PeerDiscardReason, source: string, detail: string): null {
    count(this.#discarded, reason);
    this.#options.onDiscard(reason, source, detail);
    return null;
  }
}

const newNonce = (): Uint8Array => randomBytes(NONCE_LENGTH);

function count<Key>(counters: Map<Key, number>, key: Key): void {
  counters.set(key, (counters.get(key) ?? 0) + 1);
}
