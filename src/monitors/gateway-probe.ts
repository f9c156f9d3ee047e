// Whether any of the gateways answers an echo request. The sockets are echo.ts; nothing is counted
// over time here.
import { familyOf, type Family, type IpAddress } from '../model/address.js';
import { openEcho, type Echo, type EchoOpening, type EchoOptions } from './echo.js';
import type { SourceFor } from './own-sources.js';
import {
  afterPendingInput,
  failure,
  formatMs,
  monotonicMs,
  success,
  unavailable,
  type Probe,
  type ProbeResult,
} from './probe.js';
import type { GatewaySettings } from './settings.js';

type Open = (family: Family, options: EchoOptions) => Promise<EchoOpening>;

/** One echo request to every gateway, and what came of it. */
interface Round {
  /** Sequence number of the request to the first gateway; the others follow, modulo 2^16. */
  readonly sequence: number;
  readonly startedAt: number;
  /** In the order of the settings; null while an answer may still come. */
  readonly results: (ProbeResult | null)[];
  replies: number;
  readonly onResult: () => void;
  /** So long after its requests it is judged, in ms. */
  timeoutMs: number;
  /** Judges it so many ms from now at the latest. */
  readonly shorten: (ms: number) => void;
}

/**
 * When a round is judged, in ms after its requests. A gateway that is lost right after an answer is
 * declared so after `failureThreshold` intervals and this time, so it is half an interval: 350 ms at
 * 100 ms and 3. That makes no slow gateway fail: an answer that comes later, but before the next
 * judgement, counts there. With a threshold of 1 there is no next one to make good for it.
 */
export const judgedAfterMs = ({ intervalMs, failureThreshold }: GatewaySettings): number =>
  failureThreshold === 1 ? intervalMs : Math.max(1, intervalMs / 2);

/**
 * A hasty round is judged when twice the slowest answer of late would have come, and not before this (ms).
 * With a threshold of 1 there is no haste: no later answer could make good for it.
 */
const HASTY_AT_LEAST_MS = 5;
/** What is left of the slowest answer when a faster one comes. */
const FORGETTING = 0.9;

/** When no socket could be opened, it is not tried more often than this. */
const REOPEN_MS = 1_000;
/** Replies waiting at the end of a round that are read before it is judged. */
const MAXIMUM_PENDING_REPLIES = 64;
const SEQUENCE_NUMBERS = 0x1_0000;

/**
 * Reachable while any gateway answers. Unavailable, with the reason, without a socket to ask with.
 * @param identifier 0..65535, of the echo requests: another one than other programs on this host.
 */
export function createGatewayProbe(
  settings: GatewaySettings,
  identifier: number,
  sourceFor: SourceFor,
  open: Open = openEcho,
): Probe {
  const probe = new GatewayProbe(settings, identifier, sourceFor, open);
  return {
    run: (signal, hasty) => probe.run(signal, hasty),
    hurry: () => probe.hurry(),
    close: () => probe.close(),
  };
}

class GatewayProbe {
  readonly #settings: GatewaySettings;
  readonly #identifier: number;
  readonly #sourceFor: SourceFor;
  readonly #open: Open;
  readonly #sockets = new Map<Family, Echo>();
  /** Why there is no socket of the family, and when to try again (monotonic milliseconds). */
  readonly #refusals = new Map<Family, { readonly reason: string; readonly until: number }>();
  #round: Round | null = null;
  /** The round judged last, and what has come since of the answers that it lacked. */
  #judged: { readonly round: Round; readonly late: (ProbeResult | null)[] } | null = null;
  #nextSequence = 0;
  /** Of the answers of late, the one that took longest. */
  #slowestMs = 0;
  #closed = false;

  constructor(settings: GatewaySettings, identifier: number, sourceFor: SourceFor, open: Open) {
    this.#settings = settings;
    this.#identifier = identifier;
    this.#sourceFor = sourceFor;
    this.#open = open;
  }

  async run(signal: AbortSignal, hasty = false): Promise<ProbeResult> {
    const { addresses } = this.#settings;
    const timeoutMs = hasty ? this.#hastyMs() : this.#unhurriedMs();
    for (const family of new Set(addresses.map(familyOf))) await this.#requireSocket(family);
    if (this.#closed || signal.aborted) return unavailable('given up');
    const round = await this.#ask(addresses, timeoutMs, signal);
    const late = this.#judged?.late ?? [];
    const results = round.results.map((result, index) => result ?? late[index] ?? null);
    this.#judged = { round, late: addresses.map(() => null) };
    this.#round = null;
    return conclude(addresses, results, round.timeoutMs);
  }

  hurry(): void {
    this.#round?.shorten(this.#hastyMs());
  }

  #unhurriedMs(): number {
    return this.#settings.timeoutMs ?? judgedAfterMs(this.#settings);
  }

  #hastyMs(): number {
    if (this.#settings.failureThreshold === 1) return this.#unhurriedMs();
    const usual = Math.max(HASTY_AT_LEAST_MS, Math.ceil(2 * this.#slowestMs));
    return Math.min(this.#unhurriedMs(), usual);
  }

  close(): void {
    this.#closed = true;
    for (const echo of this.#sockets.values()) echo.close();
    this.#sockets.clear();
  }

  async #requireSocket(family: Family): Promise<void> {
    if (this.#sockets.has(family)) return;
    const refusal = this.#refusals.get(family);
    if (refusal !== undefined && refusal.until > monotonicMs()) return;
    const opening = await this.#open(family, {
      identifier: this.#identifier,
      ...(this.#settings.interface === undefined ? {} : { interface: this.#settings.interface }),
      onReply: (sequence, source) => this.#receive(sequence, source),
      onError: (reason) => {
        this.#sockets.delete(family);
        this.#refuse(family, `the echo socket failed: ${reason}`);
      },
    });
    if (opening.kind === 'unavailable') {
      this.#refuse(family, opening.reason);
    } else if (this.#closed) {
      opening.echo.close();
    } else {
      this.#sockets.set(family, opening.echo);
    }
  }

  #refuse(family: Family, reason: string): void {
    this.#refusals.set(family, { reason, until: monotonicMs() + REOPEN_MS });
  }

  /** Resolves when nothing more can come, or the time is over. */
  #ask(addresses: readonly IpAddress[], timeoutMs: number, signal: AbortSignal): Promise<Round> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(deadline);
        signal.removeEventListener('abort', finish);
        resolve(round);
      };
      const round: Round = {
        sequence: this.#nextSequence,
        startedAt: monotonicMs(),
        results: addresses.map(() => null),
        replies: 0,
        onResult: () => {
          if (round.results.every((result) => result !== null)) finish();
        },
        timeoutMs,
        shorten: (ms) => {
          const at = monotonicMs() + ms - round.startedAt;
          if (at >= round.timeoutMs) return;
          round.timeoutMs = Math.ceil(at);
          clearTimeout(deadline);
          deadline = judgedIn(ms);
        },
      };
      const judgedIn = (ms: number): NodeJS.Timeout =>
        setTimeout(() => afterReplies(round, finish), ms);
      let deadline = judgedIn(timeoutMs);
      signal.addEventListener('abort', finish);
      this.#round = round;
      this.#nextSequence = (round.sequence + addresses.length) % SEQUENCE_NUMBERS;
      for (const [index, address] of addresses.entries()) {
        round.results[index] = this.#send(address, (round.sequence + index) % SEQUENCE_NUMBERS);
      }
      round.onResult();
    });
  }

  /** Null when the request is on its way. */
  #send(address: IpAddress, sequence: number): ProbeResult | null {
    const family = familyOf(address);
    const echo = this.#sockets.get(family);
    if (echo === undefined) {
      return unavailable(this.#refusals.get(family)?.reason ?? 'no echo socket');
    }
    const source = this.#sourceFor(address, this.#settings.interface);
    const sent = echo.send(address, sequence, undefined, source);
    return sent.ok ? null : failure(sent.reason);
  }

  #receive(sequence: number, source: IpAddress): void {
    const [round, judged] = [this.#round, this.#judged];
    if (round !== null) {
      round.replies += 1;
      const index = this.#indexOf(round, sequence, source);
      if (index !== null) {
        round.results[index] = this.#answerTo(round);
        round.onResult();
        return;
      }
    }
    if (judged === null) return;
    const index = this.#indexOf(judged.round, sequence, source);
    if (index === null || judged.round.results[index] !== null) return;
    judged.late[index] = this.#answerTo(judged.round);
  }

  #answerTo({ startedAt }: Round): ProbeResult {
    const tookMs = monotonicMs() - startedAt;
    this.#slowestMs = Math.max(tookMs, FORGETTING * this.#slowestMs);
    return success(`answered in ${formatMs(tookMs)}`);
  }

  /** Which gateway's answer to this round it is; null for any other, or from another host. */
  #indexOf(round: Round, sequence: number, source: IpAddress): number | null {
    const index = (sequence - round.sequence + SEQUENCE_NUMBERS) % SEQUENCE_NUMBERS;
    return this.#settings.addresses[index] === source ? index : null;
  }
}

/** A socket hands out one reply for each turn of the loop: as long as some come, more may wait. */
function afterReplies(round: Round, then: () => void, limit = MAXIMUM_PENDING_REPLIES): void {
  const before = round.replies;
  afterPendingInput(() => {
    if (round.replies === before || limit === 0) then();
    else afterReplies(round, then, limit - 1);
  });
}

function conclude(
  addresses: readonly IpAddress[],
  results: readonly (ProbeResult | null)[],
  timeoutMs: number,
): ProbeResult {
  const silence = failure(`no answer within ${timeoutMs} ms`);
  const found = addresses.map((address, index) => ({ address, ...(results[index] ?? silence) }));
  const line = found.map(({ address, measured }) => `${address} ${measured}`).join('; ');
  if (found.every(({ outcome }) => outcome === 'unavailable')) {
    return unavailable(found[0]?.measured ?? 'no gateway');
  }
  const answered = found.filter(({ outcome }) => outcome === 'success').length;
  const counted = found.length === 1 ? line : `${answered} of ${found.length} answered (${line})`;
  return answered > 0 ? success(counted) : failure(counted);
}
