// The HA port in use: opened for the settings, opened anew when they change, and the events that its
// messages become. No decisions and no thresholds: those are the core's.
import type { Settings } from '../config/settings.js';
import { sourceTo } from '../kernel/datagram-socket.js';
import { familyOf, type IpAddress } from '../model/address.js';
import type { CheckPlan } from '../model/check-plan.js';
import type { LinkAddress } from '../model/link.js';
import { ownSource, virtualAddresses } from '../model/own-source.js';
import type { PeerReport } from '../model/peer-report.js';
import type { AnnouncedVersion } from '../model/settings-version.js';
import { between, microseconds, millisecondsToMicroseconds, type Instant } from '../model/units.js';
import type { KeyStatus, PeerKeyStatus } from '../model/status.js';
import { PEER_DISCARD_REASONS } from '../wire/peer-message.js';
import { formatDigest } from './ha-key.js';
import { openHaPort, type HaPort, type HaPortCounters } from './ha-port.js';
import type { Journal } from '../journal/journal.js';
import { KeyRing } from './key-ring.js';
import { readKeyFile } from '../host/peer-key.js';
import { KeyFileError } from '../host/secret-file.js';

/** A discarded message explains the silence of its sender for so long. */
const LATELY = microseconds(10_000_000);

/** An authentic, fresh message of a peer, from one of its addresses. */
export interface HeardReport {
  readonly kind: 'peer-report';
  readonly peer: string;
  readonly address: IpAddress;
  readonly report: PeerReport;
  /** An answer in time to the latest check. Any other message is a sign of life. */
  readonly answered: boolean;
}

/** Checks of a peer that were made, each when it was due, without anybody being told; the last at that time. */
export interface MadeCheck {
  readonly kind: 'checked';
  readonly peer: string;
  readonly at: Instant;
  readonly made: number;
}

interface PeerChannelOptions {
  readonly journal: Journal;
  readonly now: () => Instant;
  /** Takes what was heard; the same object for what says the same. */
  readonly deliver: (heard: HeardReport) => void;
  /** All that had arrived has been delivered, but for what `hear` was called for. */
  readonly onHeard?: () => void;
  /** What a peer says of its shared settings, whenever it says something new; null: it does not tell. */
  readonly onVersion?: (peer: string, version: AnnouncedVersion | null) => void;
  /** What keeps the HA port from working; null when nothing does. */
  readonly onProblem: (problem: string | null) => void;
  /** All addresses of this host, as the kernel last reported them. */
  readonly addresses: () => Iterable<LinkAddress>;
  /** The source that the kernel would choose; `sourceTo` unless a test looks on. */
  readonly chosenSource?: typeof sourceTo;
  /** What opens the port; `openHaPort` unless a test looks on. */
  readonly openPort?: typeof openHaPort;
}

export interface PeerChannel {
  /** Opens, closes or reopens the port for these settings; resolves when that is done. */
  configure(settings: Settings): Promise<void>;
  /** Asks these peers, all together. */
  check(...peers: readonly string[]): void;
  /** Delivers what has arrived already. */
  hear(): void;
  /** Hands over what was taken without anybody being told, in order, with the time when it came. */
  confirmed(take: (heard: HeardReport | MadeCheck, at: Instant) => void): void;
  /** Whether `confirmed` would hand over any. */
  readonly isAnyConfirmed: boolean;
  /**
   * From now on nobody is told of a message that, heard now, would change nothing but when its peer was heard.
   * @param isKnown whether it would. @param doubts whether that may have changed.
   */
  trust(isKnown: (heard: HeardReport) => boolean, doubts: boolean): void;
  /** From now on the checks of this plan are made without us: see `HaPort`. */
  leaveChecks(plan: () => CheckPlan | null): void;
  /** What the checks wait for that are left; null while none are. */
  readonly checksDueAt: Instant | null;
  /** Interfaces or addresses of this host have changed: sources are asked for again. */
  forgetSources(): void;
  /** Sends what has changed to all peers, and keeps it for requests and answers. */
  news(report: PeerReport): void;
  /** The version of our shared settings, for all peers; null: not told. */
  tellVersion(version: AnnouncedVersion | null): void;
  /** The last round trip on the path in milliseconds; null when there was none. */
  rttMs(peer: string, address: IpAddress): number | null;
  /** Why the path to this address of a peer is not healthy; null while the port does not know it. */
  problem(address: IpAddress): string | null;
  /** Null while the port is closed. */
  counters(): HaPortCounters | null;
  /** The keys in force, the one that is preferred first. */
  keys(): readonly KeyStatus[];
  /** Which of them the peer has; null while the port does not know it. */
  keysOf(peer: string): PeerKeyStatus | null;
  /** The last word, then the port is closed. */
  close(): Promise<void>;
}

export function createPeerChannel(options: PeerChannelOptions): PeerChannel {
  return new Channel(options);
}

class Channel implements PeerChannel {
  readonly #options: PeerChannelOptions;
  readonly #rtt = new Map<string, number>();
  /** The last from each address: without an answer to a check, and with one. */
  readonly #heard: Readonly<Record<'unanswered' | 'answered', Map<IpAddress, HeardReport>>> = {
    unanswered: new Map(),
    answered: new Map(),
  };
  /** The last one from each address of a peer; no stranger has an entry. */
  readonly #discards = new Map<string, { readonly text: string; readonly at: Instant }>();
  /** The last message from a virtual address of ours: no peer is known by one. */
  #fromVirtual: { readonly source: string; readonly at: Instant } | null = null;
  /** Those that are never our source: all but what the host has for itself (priority 255). */
  #virtual: ReadonlySet<IpAddress> = new Set();
  #port: HaPort | null = null;
  #opened = '';
  /** Whom the open port knows, ourselves first: after a reload the core is ahead of it for a moment. */
  #names: readonly string[] = [];
  readonly #ring = new KeyRing();
  /** Every peer speaks under our first key, and it has been told. */
  #settled = true;
  #keyProblem: string | null = null;
  #report: PeerReport | null = null;
  #version: AnnouncedVersion | null = null;
  /** One configure after the other. */
  #turn: Promise<void> = Promise.resolve();
  /** Whoever was heard so lately still sends: a path is judged in that time. */
  #stillSends = microseconds(0);

  constructor(options: PeerChannelOptions) {
    this.#options = options;
  }

  configure(settings: Settings): Promise<void> {
    this.#turn = this.#turn.then(() => this.#reopen(settings));
    return this.#turn;
  }

  check(...peers: readonly string[]): void {
    const known = peers.filter((peer) => this.#names.includes(peer, 1));
    if (known.length > 0) this.#port?.check(...known);
  }

  hear(): void {
    this.#port?.hear();
  }

  confirmed(take: (heard: HeardReport | MadeCheck, at: Instant) => void): void {
    this.#port?.confirmed(
      (peer, address, report, { rttMs, at }) =>
        take(this.#heardOf(peer, address, report, rttMs), at),
      (peer, at, made) => take({ kind: 'checked', peer, at, made }, at),
    );
  }

  get isAnyConfirmed(): boolean {
    return this.#port?.isAnyConfirmed === true;
  }

  trust(isKnown: (heard: HeardReport) => boolean, doubts: boolean): void {
    this.#port?.trust(
      // What settles the keys is looked at with each message.
      (...said) => this.#settled && isKnown(this.#heardFrom(...said, true)),
      doubts,
    );
  }

  leaveChecks(plan: () => CheckPlan | null): void {
    this.#port?.leaveChecks(plan);
  }

  get checksDueAt(): Instant | null {
    return this.#port?.checksDueAt ?? null;
  }

  forgetSources(): void {
    this.#port?.forgetSources();
  }

  news(report: PeerReport): void {
    this.#report = report;
    if (report.name === this.#names[0]) this.#port?.push(report);
  }

  tellVersion(version: AnnouncedVersion | null): void {
    this.#version = version;
    this.#port?.setVersion(version);
  }

  rttMs(peer: string, address: IpAddress): number | null {
    return this.#names.includes(peer, 1) ? (this.#rtt.get(address) ?? null) : null;
  }

  problem(address: IpAddress): string | null {
    const path = this.#port?.counters().paths.find((one) => one.address === address);
    if (path === undefined) return null;
    const since = (at: Instant): number => between(at, this.#options.now());
    const lately = (at: Instant): boolean => since(at) <= LATELY;
    const discard = this.#discards.get(address);
    if (discard !== undefined && lately(discard.at)) {
      return `what comes from ${address} is discarded: ${discard.text}`;
    }
    if (path.refusal !== null) return `the kernel refuses what goes to ${address}: ${path.refusal}`;
    if (path.receivedAt !== null && since(path.receivedAt) <= this.#stillSends) {
      return `the peer is heard from ${address}, but answers no check over it: what goes there does not arrive, or is answered from another address`;
    }
    const virtual = this.#fromVirtual;
    if (virtual !== null && lately(virtual.at)) {
      return `nothing comes from ${address}, but something from the virtual address ${virtual.source}: whoever sends it must send from an address of its own`;
    }
    return `nothing comes from ${address}`;
  }

  counters(): HaPortCounters | null {
    return this.#port?.counters() ?? null;
  }

  keys(): readonly KeyStatus[] {
    return this.#ring.statuses();
  }

  keysOf(peer: string): PeerKeyStatus | null {
    if (this.#port === null || !this.#names.includes(peer, 1)) return null;
    const { accepts, speaksUnder, settled } = this.#port.keysOf(peer);
    return {
      ...(accepts === null ? {} : { accepts: accepts.map(formatDigest) }),
      speaksUnder: speaksUnder === null ? null : formatDigest(speaksUnder),
      settled,
    };
  }

  async close(): Promise<void> {
    await this.#turn;
    if (this.#report?.name === this.#names[0] && this.#report) this.#port?.bye(this.#report);
    await this.#port?.close();
    this.#port = null;
  }

  async #reopen(settings: Settings): Promise<void> {
    const { name, ha } = settings;
    this.#virtual = virtualAddresses(settings);
    this.#stillSends = microseconds(
      millisecondsToMicroseconds(ha.peerCheckInterval) * ha.peerFailureThreshold,
    );
    if (ha.peers.length === 0 || ha.keyFile === null) {
      this.#ring.clear();
      await this.#shut();
      return this.#options.onProblem(null);
    }
    this.#refreshKeys(ha.keyFile);
    const wanted = JSON.stringify([name, ha.port, ha.peers]);
    const same = wanted === this.#opened && this.#port !== null;
    if (same || this.#ring.keys.length === 0) return this.#options.onProblem(this.#keyProblem);
    await this.#shut();
    this.#opened = wanted;
    try {
      this.#port = await this.#open(settings);
      this.#names = [name, ...ha.peers.map((peer) => peer.name)];
      if (this.#version !== null) this.#port.setVersion(this.#version);
      if (this.#report?.name === name) this.#port.setReport(this.#report);
      this.#options.onProblem(this.#keyProblem);
    } catch (error) {
      const problem = `HA port: ${(error as Error).message}`;
      this.#options.onProblem(problem);
      this.#tell('error', { event: 'ha-port-failed', reason: 'ha-port', detail: problem });
    }
  }

  /**
   * Reads the key file again: it may have been replaced, or mended. One that cannot be read leaves the keys
   * in force, so that a slip of the hand does not cost the second path between the two.
   */
  #refreshKeys(file: string): void {
    const before = this.#ring.keys;
    const first = before.length === 0;
    try {
      const differs = this.#ring.take(readKeyFile(file));
      this.#keyProblem = null;
      if (!differs) return;
      this.#settled = first && this.#ring.keys.length === 1;
      if (first) return;
      this.#port?.setKeys(this.#ring.keys);
      this.#tell('info', { event: 'ha-key', reason: 'replaced', detail: this.#inForce(file) });
    } catch (error) {
      const stays = first ? '' : 'the key in force stays: ';
      this.#keyProblem = `HA port: ${stays}${(error as Error).message}`;
      const reason = error instanceof KeyFileError ? error.problem : 'unreadable';
      this.#tell('error', { event: 'ha-key', reason, detail: this.#keyProblem });
    }
  }

  #inForce(file: string): string {
    const [key, ...others] = this.#ring.keys.map(({ digest }) => formatDigest(digest));
    const beside = others.length === 0 ? 'no other' : `beside it ${others.join(', ')}`;
    return `the HA port uses key ${key} of ${file} with every peer that has it, and accepts ${beside}`;
  }

  /** Lets the keys go that no file has any longer, once every peer speaks under the new one. */
  #settle(): void {
    const port = this.#port;
    if (this.#settled || port === null) return;
    if (!this.#names.slice(1).every((peer) => port.keysOf(peer).settled)) return;
    this.#settled = true;
    const gone = this.#ring.kept.map(({ digest }) => formatDigest(digest));
    this.#ring.letGo();
    port.setKeys(this.#ring.keys);
    const [key, ...former] = this.#ring.keys.map(({ digest }) => formatDigest(digest));
    const refused = gone.length === 0 ? '' : `; ${gone.join(', ')} is refused from now on`;
    const left =
      former.length === 0 ? '' : `; "understudy key retire" takes ${former.join(', ')} away`;
    const detail = `every peer speaks under key ${key}${refused}${left}`;
    this.#tell('info', { event: 'ha-key', reason: 'everywhere', detail });
  }

  #tell(...[severity, fields]: Parameters<Journal['record']>): void {
    this.#options.journal.record(severity, fields);
  }

  async #shut(): Promise<void> {
    const wasLeft = this.checksDueAt !== null;
    await this.#port?.close();
    this.#port = null;
    // Whoever left the checks to it has them again.
    if (wasLeft) this.#options.onHeard?.();
    this.#names = [];
    this.#rtt.clear();
    this.#heard.answered.clear();
    this.#heard.unanswered.clear();
    this.#discards.clear();
    this.#fromVirtual = null;
  }

  #sourceFor(destination: IpAddress): IpAddress | null {
    const { addresses, chosenSource = sourceTo } = this.#options;
    const chosen = chosenSource(familyOf(destination), destination);
    // Named too where it is well chosen: until we ask again, a virtual address may come to stand there.
    if (chosen === null || !this.#virtual.has(chosen)) return chosen;
    return ownSource(destination, chosen, this.#virtual, [...addresses()]);
  }

  #heardOf(
    peer: string,
    address: IpAddress,
    report: PeerReport,
    rttMs: number | null,
  ): HeardReport {
    this.#discards.delete(address);
    if (rttMs !== null) this.#rtt.set(address, rttMs);
    return this.#heardFrom(peer, address, report, rttMs !== null);
  }

  #heardFrom(peer: string, address: IpAddress, report: PeerReport, answered: boolean): HeardReport {
    const heard = this.#heard[answered ? 'answered' : 'unanswered'];
    const known = heard.get(address);
    if (known?.report === report && known.peer === peer) return known;
    const event: HeardReport = { kind: 'peer-report', peer, address, report, answered };
    heard.set(address, event);
    return event;
  }

  #open({ name, ha }: Settings): Promise<HaPort> {
    const addresses = new Set<string>(ha.peers.flatMap((peer) => peer.addresses));
    return (this.#options.openPort ?? openHaPort)({
      port: ha.port,
      keys: this.#ring.keys,
      self: name,
      peers: ha.peers,
      now: this.#options.now,
      sourceFor: (destination) => this.#sourceFor(destination),
      onReport: (peer, address, report, { rttMs }) => {
        this.#settle();
        this.#options.deliver(this.#heardOf(peer, address, report, rttMs));
      },
      onHeard: () => this.#options.onHeard?.(),
      onVersion: (peer, version) => this.#options.onVersion?.(peer, version),
      onDiscard: (reason, source, detail) => {
        // Every start of either side makes some of these: they are counted, not told.
        if (reason === 'stale') return;
        if (addresses.has(source)) {
          const text = `${PEER_DISCARD_REASONS[reason]}${detail === '' ? '' : ` (${detail})`}`;
          this.#discards.set(source, { text, at: this.#options.now() });
        } else if (this.#virtual.has(source as IpAddress)) {
          this.#fromVirtual = { source, at: this.#options.now() };
        }
        this.#options.journal.recordForeign('warn', `ha ${reason} ${source}`, {
          event: 'peer-message-discarded',
          // In the counters it is the name of the check that failed; nothing was authentic.
          reason: reason === 'authentic' ? 'not-authentic' : reason,
          detail: `from ${source}: ${PEER_DISCARD_REASONS[reason]}${detail === '' ? '' : ` (${detail})`}`,
          source,
        });
      },
    });
  }
}
