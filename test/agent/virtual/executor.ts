// The executor (native/executor/duty.c, will.c, renewal.c) as a model in virtual time:
// runs scripts, holds the last will, watches the lease, renews lifetimes. The real one has its own tests.
import type { ExecutorExit, ExecutorProcess } from '../../../src/executor/process.js';
import type { LastWill, RunRequest, RunResult } from '../../../src/executor/executor.js';
import type { Family, IpAddress } from '../../../src/model/address.js';
import type { VirtualLease } from './lease.js';
import { VirtualProcess } from './process.js';

/** As in duty.c, in microseconds. */
const AFTER_FAREWELL = 3_000;
const AFTER_SILENCE = 500_000;

/** An advertisement that arrived at an interface. */
export interface Heard {
  readonly linkIndex: number;
  readonly family: Family;
  readonly vrid: number;
  readonly priority: number;
}

/** A script that runs; `cancel` kills it, and nobody hears of it again. */
export interface Running {
  cancel(): void;
}

export interface ExecutorSurroundings {
  now(): number;
  readonly lease: VirtualLease;
  /** Whoever started it. */
  readonly agent: VirtualProcess;
  /** Starts a script, whose effect comes with its end. */
  script(request: RunRequest, done: (outcome: RunResult['outcome']) => void): Running;
  send(linkIndex: number, frame: Uint8Array): void;
  /** Gives what stands of these another lifetime in seconds; 0: for ever. */
  renew(addresses: LastWill['addresses'], lifetime: number): void;
  /** Takes off what stands of these, by the interface's index. */
  remove(addresses: LastWill['addresses']): void;
  tell(what: string): void;
  onRevoked(): void;
  onExit(exit: ExecutorExit): void;
}

interface Run {
  readonly request: RunRequest;
  readonly resolve: (result: RunResult) => void;
  running: Running | null;
}

let lastPid = 100;

export class VirtualExecutor implements ExecutorProcess {
  readonly pid = (lastPid += 1);
  readonly version = 'virtual';
  readonly process = new VirtualProcess();
  readonly #around: ExecutorSurroundings;
  #phase: 'serving' | 'keeping' | 'releasing' | 'done' = 'serving';
  #silence: 'held' | 'listening' | 'lapsed' | 'clearing' = 'held';
  #will: LastWill | null = null;
  #killAfter = 0;
  readonly #seen = new Set<string>();
  readonly #announced = new Set<IpAddress>();
  #hearing = false;
  #keepUntil = Infinity;
  #succeededAt: number | null = null;
  #farewellSent = false;
  #renewedAt = 0;
  /** What this process has last seen in the lease, and since when it counts the agent as silent. */
  #seenWord: number | null = null;
  #silentSince: number | null = null;
  #stoppedAt: number | null = null;
  #runs: Run[] = [];
  #release: Running | null = null;
  #exit = { expected: false, message: 'the executor was killed by SIGKILL' };
  #finished: (() => void)[] = [];

  constructor(around: ExecutorSurroundings) {
    this.#around = around;
    around.lease.executorSilentSince = null;
    around.agent.onDeath(() => this.process.enter(() => this.#endService(true)));
    this.process.onDeath(() => this.#ended());
  }

  // --- what the agent asks -------------------------------------------------------------------------

  run(request: RunRequest): Promise<RunResult> {
    if (this.process.dead) return Promise.resolve(result(failed(this.#exit.message)));
    return new Promise((resolve) => {
      const run: Run = { request, resolve, running: null };
      this.#runs.push(run);
      this.process.enter(() => this.#startQueued());
    });
  }

  setWill(will: LastWill | null): void {
    this.process.enter(() => this.#replaceWill(will));
  }

  setStandby(): void {
    // A program that stands by is faster; nothing else is different.
  }

  holdUntil(): void {
    // No pair here has a witness.
  }

  finish({ farewellSent }: { readonly farewellSent: boolean }): Promise<void> {
    if (this.process.dead) return Promise.resolve();
    this.#exit = { expected: true, message: 'finished' };
    return new Promise((resolve) => {
      this.#finished.push(resolve);
      this.process.enter(() => this.#endService(!farewellSent));
    });
  }

  kill(reason: string): void {
    this.#exit = { expected: false, message: reason };
    this.process.kill();
  }

  // --- what befalls it -----------------------------------------------------------------------------

  stop(): void {
    if (!this.process.running) return;
    this.process.stop();
    this.#stoppedAt = this.#around.now();
    this.#around.lease.executorSilentSince = this.#stoppedAt;
  }

  /** What it was late itself is not counted as the agent's silence. */
  thaw(): void {
    const since = this.#stoppedAt;
    if (since === null || this.process.dead) return;
    this.#stoppedAt = null;
    this.#around.lease.executorSilentSince = null;
    const now = this.#around.now();
    this.#look();
    if (this.#silentSince !== null) {
      this.#silentSince = Math.min(now, this.#silentSince + now - since);
    }
    this.process.thaw();
  }

  /** The filter decides when a frame comes, not when it is read. */
  hear(heard: Heard): void {
    if (!this.#hearing || heard.priority === 0) return;
    this.process.enter(() => this.#seen.add(keyOf(heard)));
  }

  /** Gratuitous ARP, or a neighbor advertisement, of somebody else. */
  hearAnnouncement(address: IpAddress): void {
    if (this.#hearing) this.process.enter(() => this.#announced.add(address));
  }

  /** The next instant at which it has something to do; null for none. */
  dueAt(): number | null {
    if (!this.process.running) return null;
    this.#look();
    const due: number[] = [];
    if (this.#phase === 'serving') due.push(...this.#silenceDue());
    if (this.#phase === 'keeping' || this.#silence === 'lapsed') due.push(this.#releaseAt());
    if (this.#will !== null && (this.#phase === 'serving' || this.#phase === 'keeping')) {
      due.push(this.#renewalDue(this.#will));
    }
    const next = Math.min(...due);
    return Number.isFinite(next) ? next : null;
  }

  /** Does what is due. */
  attend(): void {
    if (!this.process.running) return;
    const now = this.#around.now();
    this.#look();
    if (this.#phase === 'serving') this.#attendAgent(now);
    else if (this.#phase === 'keeping') this.#releaseWhenDue(now);
    const will = this.#will;
    if (will !== null && (this.#phase === 'serving' || this.#phase === 'keeping')) {
      if (now >= this.#renewalDue(will)) {
        this.#renewedAt = now;
        this.#around.renew(will.addresses, will.lifetime);
      }
    }
  }

  // --- scripts -------------------------------------------------------------------------------------

  #startQueued(): void {
    if (this.#phase !== 'serving' || this.#silence === 'clearing') return;
    for (const run of this.#runs) {
      run.running ??= this.#around.script(run.request, (outcome) =>
        this.process.enter(() => this.#answer(run, outcome)),
      );
    }
  }

  #answer(run: Run, outcome: RunResult['outcome']): void {
    this.#runs = this.#runs.filter((one) => one !== run);
    this.#around.agent.enter(() => run.resolve(result(outcome)));
  }

  #killScripts(): void {
    for (const run of this.#runs) {
      run.running?.cancel();
      this.#answer(run, { kind: 'signalled', signal: 9 });
    }
  }

  // --- the will ------------------------------------------------------------------------------------

  #replaceWill(next: LastWill | null): void {
    if (this.#silence === 'listening' || this.#silence === 'lapsed') {
      this.#hear(false);
      this.#silence = 'held';
    }
    const former = this.#will?.lifetime ?? 0;
    if (next !== null && next.lifetime !== former) this.#renewedAt = -next.lifetime * 1_000_000;
    this.#will = next;
    this.#farewellSent = false;
    this.#killAfter = (next?.lease?.killAfter ?? 0) * 1_000;
  }

  #endService(sendFarewell: boolean): void {
    if (this.#phase !== 'serving') return;
    if (this.#silence === 'clearing') {
      this.#phase = 'releasing';
      return;
    }
    this.#killScripts();
    if (this.#will === null) return this.process.kill();
    this.#phase = 'keeping';
    this.#keepUntil = this.#around.now() + this.#will.keepAtMost * 1_000;
    this.#succeededAt = null;
    this.#hear(true);
    if (sendFarewell && !this.#farewellSent) this.#sayFarewell(this.#will);
  }

  #sayFarewell(will: LastWill): void {
    for (const { linkIndex, frame } of will.farewell) {
      const family = frame[12] === 0x86 ? 'ipv6' : 'ipv4';
      const vrid = frame[14 + (family === 'ipv4' ? 20 : 40) + 1] ?? 0;
      if (!this.#seen.has(keyOf({ linkIndex, family, vrid }))) this.#around.send(linkIndex, frame);
    }
  }

  #hear(open: boolean): void {
    this.#hearing = open;
    if (open) return;
    this.#seen.clear();
    this.#announced.clear();
  }

  #releaseAt(): number {
    const now = this.#around.now();
    const successors = this.#will?.successors ?? [];
    if (successors.length === 0) return now;
    if (!successors.every((one) => this.#seen.has(keyOf(one)))) return this.#keepUntil;
    this.#succeededAt ??= now;
    const addresses = this.#will?.addresses ?? [];
    const announced =
      addresses.length > 0 && addresses.every(({ address }) => this.#announced.has(address));
    const silence = announced ? 0 : AFTER_SILENCE;
    const grace = this.#phase === 'keeping' ? AFTER_FAREWELL : silence;
    return Math.min(this.#succeededAt + grace, this.#keepUntil);
  }

  #releaseWhenDue(now: number): void {
    if (now < this.#releaseAt() || this.#will === null) return;
    this.#phase = 'releasing';
    this.#startRelease(this.#will);
  }

  #startRelease({ release, addresses }: LastWill): void {
    this.#release = this.#around.script(release, (outcome) => {
      this.#release = null;
      this.process.enter(() => this.#released(outcome, addresses));
    });
  }

  #released(outcome: RunResult['outcome'], addresses: LastWill['addresses']): void {
    this.#around.remove(addresses);
    if (outcome.kind === 'timed-out') this.#around.tell('release: killed at its deadline');
    this.#silence = 'held';
    if (this.#phase === 'releasing') this.process.kill();
    else this.#startQueued();
  }

  // --- a silent agent ------------------------------------------------------------------------------

  #look(): void {
    const { word } = this.#around.lease;
    if (word === 'not held') this.#silentSince = null;
    else if (typeof word === 'number' && word !== this.#seenWord) this.#silentSince = word;
    this.#seenWord = typeof word === 'number' ? word : null;
  }

  #silenceDue(): number[] {
    const since = this.#silentSince;
    if (since === null) return [];
    const due: number[] = [];
    if (this.#killAfter !== 0) due.push(this.#stillSince(since) + this.#killAfter);
    const lease = this.#will?.lease ?? null;
    if (lease === null) return due;
    if (this.#silence === 'held') due.push(since + lease.listenAfter * 1_000);
    if (this.#silence === 'listening') {
      if (this.#seen.size > 0) due.push(this.#around.now());
      if (!this.#farewellSent) due.push(since + lease.farewellAfter * 1_000);
    }
    return due;
  }

  #attendAgent(now: number): void {
    const since = this.#silentSince;
    const will = this.#will;
    const lease = will?.lease ?? null;
    if (this.#silence === 'lapsed') this.#clearWhenDue(now);
    else if (will !== null && lease !== null && this.#silence === 'listening') {
      this.#listenOn(now, will, lease);
    } else if (lease !== null && since !== null && this.#silence === 'held') {
      if (now - since >= lease.listenAfter * 1_000) {
        this.#silence = 'listening';
        this.#hear(true);
      }
    }
    this.#killAgent(now);
  }

  #listenOn(now: number, will: LastWill, lease: NonNullable<LastWill['lease']>): void {
    const since = this.#silentSince;
    if (since === null || now - since < lease.listenAfter * 1_000) {
      this.#hear(false);
      this.#silence = 'held';
      this.#farewellSent = false;
    } else if (this.#seen.size > 0) {
      this.#lapse(now, will);
    } else if (!this.#farewellSent && now - since >= lease.farewellAfter * 1_000) {
      this.#farewellSent = true;
      this.#around.tell('farewell sent; the addresses stay');
      this.#sayFarewell(will);
    }
  }

  #lapse(now: number, will: LastWill): void {
    if (!this.#around.lease.revoke(this.#seenWord)) return;
    this.#around.tell('lease revoked');
    this.#silence = 'lapsed';
    this.#farewellSent = true;
    this.#keepUntil = now + will.keepAtMost * 1_000;
    this.#succeededAt = null;
    this.#around.agent.enter(() => this.#around.onRevoked());
    this.#killScripts();
    this.#sayFarewell(will);
  }

  #clearWhenDue(now: number): void {
    const lapsed = this.#will;
    if (lapsed === null || now < this.#releaseAt()) return;
    this.#silence = 'clearing';
    this.#will = null;
    this.#hear(false);
    this.#startRelease(lapsed);
  }

  /** Who gets on does not hang. */
  #stillSince(since: number): number {
    return Math.max(since, this.#around.lease.steppedAt);
  }

  #killAgent(now: number): void {
    const since = this.#silentSince;
    if (this.#killAfter === 0 || since === null) return;
    if (now - this.#stillSince(since) < this.#killAfter) return;
    this.#killAfter = 0;
    this.#around.tell('killed by its executor');
    this.#around.agent.kill();
  }

  #renewalDue({ lifetime }: LastWill): number {
    if (lifetime === 0) return Infinity;
    const busy = this.#runs.length > 0 || this.#release !== null;
    return this.#renewedAt + (lifetime * 1_000_000 * (busy ? 2 : 1)) / 3;
  }

  #ended(): void {
    this.#phase = 'done';
    this.#release?.cancel();
    const { agent } = this.#around;
    for (const run of this.#runs) {
      run.running?.cancel();
      agent.enter(() => run.resolve(result(failed(this.#exit.message))));
    }
    this.#runs = [];
    agent.enter(() => this.#around.onExit(this.#exit));
    for (const resolve of this.#finished) agent.enter(resolve);
  }
}

const keyOf = ({ linkIndex, family, vrid }: Pick<Heard, 'linkIndex' | 'family' | 'vrid'>): string =>
  `${linkIndex} ${family} ${vrid}`;

const failed = (message: string): RunResult['outcome'] => ({ kind: 'failed', message });

const result = (outcome: RunResult['outcome']): RunResult => ({ outcome, stdout: '', stderr: '' });
