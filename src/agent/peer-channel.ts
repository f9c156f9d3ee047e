// The HA port in use: opened for the settings, opened anew when they change, and the events that its
// messages become. No decisions and no thresholds: those are the core's.
import type { Settings } from '../config/settings.js';
import type { InstanceEvent } from '../core/interface.js';
import type { IpAddress } from '../model/address.js';
import type { PeerReport } from '../model/peer-report.js';
import type { Instant } from '../model/units.js';
import { openHaPort, type HaPort, type HaPortCounters } from './ha-port.js';
import type { Journal } from './journal.js';
import { readKey } from './peer-key.js';

export interface PeerChannelOptions {
  readonly journal: Journal;
  readonly now: () => Instant;
  /** Gives the core an event. */
  readonly deliver: (event: InstanceEvent) => void;
  /** What keeps the HA port from working; null when nothing does. */
  readonly onProblem: (problem: string | null) => void;
}

export interface PeerChannel {
  /** Opens, closes or reopens the port for these settings; resolves when that is done. */
  configure(settings: Settings): Promise<void>;
  check(peer: string): void;
  /** Sends what has changed to all peers, and keeps it for requests and answers. */
  news(report: PeerReport): void;
  /** The last round trip on the path in milliseconds; null when there was none. */
  rttMs(peer: string, address: IpAddress): number | null;
  counters(): HaPortCounters | null;
  /** The last word, then the port is closed. */
  close(): Promise<void>;
}

export function createPeerChannel(options: PeerChannelOptions): PeerChannel {
  return new Channel(options);
}

class Channel implements PeerChannel {
  readonly #options: PeerChannelOptions;
  readonly #rtt = new Map<string, number>();
  #port: HaPort | null = null;
  #opened = '';
  #report: PeerReport | null = null;
  /** One configure after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: PeerChannelOptions) {
    this.#options = options;
  }

  configure(settings: Settings): Promise<void> {
    this.#turn = this.#turn.then(() => this.#reopen(settings));
    return this.#turn;
  }

  check(peer: string): void {
    this.#port?.check(peer);
  }

  news(report: PeerReport): void {
    this.#report = report;
    this.#port?.push(report);
  }

  rttMs(peer: string, address: IpAddress): number | null {
    return this.#rtt.get(`${peer} ${address}`) ?? null;
  }

  counters(): HaPortCounters | null {
    return this.#port?.counters() ?? null;
  }

  async close(): Promise<void> {
    await this.#turn;
    if (this.#port !== null && this.#report !== null) this.#port.bye(this.#report);
    await this.#port?.close();
    this.#port = null;
  }

  async #reopen(settings: Settings): Promise<void> {
    const { name, ha } = settings;
    const wanted = JSON.stringify([name, ha.port, ha.keyFile, ha.peers]);
    // A key may have been mended in its file: what failed is tried again.
    if (wanted === this.#opened && this.#port !== null) return;
    this.#opened = wanted;
    await this.#port?.close();
    this.#port = null;
    this.#rtt.clear();
    if (ha.peers.length === 0 || ha.keyFile === null) return this.#options.onProblem(null);
    try {
      this.#port = await this.#open(settings, readKey(ha.keyFile));
      if (this.#report !== null) this.#port.setReport(this.#report);
      this.#options.onProblem(null);
    } catch (error) {
      const problem = `HA port: ${(error as Error).message}`;
      this.#options.onProblem(problem);
      this.#options.journal.record('error', {
        event: 'ha-port-failed',
        reason: 'ha-port',
        detail: problem,
      });
    }
  }

  #open({ name, ha }: Settings, key: Uint8Array): Promise<HaPort> {
    return openHaPort({
      port: ha.port,
      key,
      self: name,
      peers: ha.peers,
      now: this.#options.now,
      onReport: (peer, address, report, { rttMs }) => {
        if (rttMs !== null) this.#rtt.set(`${peer} ${address}`, rttMs);
        const answered = rttMs !== null;
        this.#options.deliver({ kind: 'peer-report', peer, address, report, answered });
      },
      onDiscard: (reason, source, detail) => {
        // Every start of either side makes some of these: they are counted, not told.
        if (reason === 'stale') return;
        this.#options.journal.recordLimited('warn', `ha ${reason} ${source}`, {
          event: 'peer-message-discarded',
          reason,
          detail,
          source,
        });
      },
    });
  }
}
