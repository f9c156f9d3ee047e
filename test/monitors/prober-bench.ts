// A real prober process and what it reports, to wait for. No tests in here.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createReadStream, type ReadStream } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from '../support/test.js';
import type { MonitorStatus } from '../../src/model/monitor.js';
import {
  PROBER_COMMAND,
  startProber,
  type ProberProcess,
} from '../../src/monitors/prober-process.js';
import type {
  CheckSettings,
  HttpCheckSettings,
  ProberRole,
  ProberSettings,
  ScriptCheckSettings,
  TcpCheckSettings,
} from '../../src/monitors/settings.js';
import { temporaryFolder as folderOf } from '../support/folder.js';
import { WAIT_LIMIT_MS, within } from '../support/limits.js';

export const NOTHING: ProberSettings = {
  gateway: null,
  bandwidth: null,
  checks: [],
  witness: null,
  virtualAddresses: [],
};

export const temporaryFolder = (): string => folderOf('understudy-monitors-');

/** Waits for what is told; `notice` is called whenever something was, so nothing that passes is missed. */
export class Awaiting {
  readonly #describe: () => string;
  readonly #waiting = new Set<() => void>();

  constructor(describe: () => string) {
    this.#describe = describe;
  }

  notice(): void {
    for (const check of this.#waiting) check();
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const met = new Promise<void>((resolve, reject) => {
      const check = (): void => {
        try {
          if (!condition()) return;
          resolve();
        } catch (error) {
          reject(error);
        }
        this.#waiting.delete(check);
      };
      this.#waiting.add(check);
      check();
    });
    await within(what, met, this.#describe);
  }
}

export class ProberBench {
  readonly statuses = new Map<string, MonitorStatus>();
  /** Every state a monitor was in, in order. */
  readonly history = new Map<string, string[]>();
  reports = 0;
  readonly #prober: ProberProcess;
  readonly #awaiting = new Awaiting(() => JSON.stringify([...this.statuses.values()]));
  #revision = 0;
  #ended: string | null = null;

  /** @param prefix program and arguments that run the prober instead of Node's own. */
  constructor(t: TestContext, command: readonly string[] = PROBER_COMMAND) {
    this.#prober = startProber({
      command,
      onWitness: () => undefined,
      silenceLimitMs: WAIT_LIMIT_MS,
      onReport: ({ revision, statuses }) => {
        if (revision !== this.#revision) return;
        this.reports += 1;
        for (const status of statuses) this.#take(status);
        this.#awaiting.notice();
      },
      onEnd: (cause) => {
        this.#ended = cause;
        this.#awaiting.notice();
      },
    });
    t.after(() => this.end());
  }

  askGateway(): void {
    this.#prober.send({ kind: 'ask-gateway' });
  }

  configure(settings: Partial<ProberSettings>): void {
    this.#revision += 1;
    const all = { ...NOTHING, ...settings };
    this.#prober.send({ kind: 'configure', revision: this.#revision, settings: all });
  }

  setRole(role: ProberRole): void {
    this.#prober.send({ kind: 'role', role });
  }

  kill(signal: NodeJS.Signals): void {
    assert.ok(this.#prober.pid !== undefined);
    process.kill(this.#prober.pid, signal);
  }

  until(what: string, condition: () => boolean): Promise<void> {
    return this.#awaiting.until(what, condition);
  }

  /** Waits until the monitor is in `state` with a detail like `detail`; returns that detail. */
  async reaches(name: string, state: MonitorStatus['state'], detail = /./): Promise<string> {
    const reached = (): boolean => {
      const status = this.statuses.get(name);
      return status?.state === state && detail.test(status.detail);
    };
    await this.until(`${name} ${state} ${String(detail)}`, reached);
    return this.statuses.get(name)?.detail ?? '';
  }

  /** Waits until it is known how the monitor is; returns that first verdict. */
  async verdict(name: string): Promise<string | undefined> {
    const first = (): string | undefined =>
      this.history.get(name)?.find((state) => state !== 'unknown');
    await this.until(`a verdict on ${name}`, () => first() !== undefined);
    return first();
  }

  /** Ends the prober; returns why it ended. */
  async end(): Promise<string> {
    this.#prober.end();
    await this.until('the end of the prober', () => this.#ended !== null);
    return this.#ended ?? '';
  }

  #take(status: MonitorStatus): void {
    this.statuses.set(status.name, status);
    const states = this.history.get(status.name) ?? [];
    if (states.at(-1) !== status.state) states.push(status.state);
    this.history.set(status.name, states);
  }
}

const CHECK = { intervalMs: 40, timeoutMs: 5_000, failureThreshold: 3, recoveryThreshold: 2 };

export const httpCheck = (
  name: string,
  url: string,
  change: Partial<HttpCheckSettings> = {},
): CheckSettings => ({
  ...CHECK,
  type: 'http',
  name,
  url,
  expectStatus: { minimum: 200, maximum: 299 },
  verifyTls: true,
  ...change,
});

export const tcpCheck = (
  name: string,
  port: number,
  change: Partial<TcpCheckSettings> = {},
): CheckSettings => ({ ...CHECK, type: 'tcp', name, host: '127.0.0.1', port, ...change });

/** `script` for sh; its name is $UNDERSTUDY_CHECK. */
export const scriptCheck = (
  name: string,
  script: string,
  change: Partial<ScriptCheckSettings> = {},
): CheckSettings => ({
  ...CHECK,
  type: 'script',
  name,
  command: ['/bin/sh', '-c', script],
  ...change,
});

/**
 * A FIFO that processes hold open for writing: it tells when the first one has, and when the last
 * one that had is gone, however it went.
 */
export class Leash {
  readonly path = join(temporaryFolder(), 'fifo');
  readonly #held: Promise<unknown>;
  readonly #released: Promise<unknown>;
  /** What they write to it. */
  readonly stream: ReadStream;
  text = '';

  constructor() {
    execFileSync('mkfifo', [this.path]);
    // Opening waits for the first writer.
    this.stream = createReadStream(this.path, 'utf8');
    this.#held = once(this.stream, 'open');
    this.#released = once(this.stream, 'close');
    this.stream.on('data', (text) => {
      this.text += String(text);
    });
  }

  get held(): Promise<unknown> {
    return within(`somebody to hold ${this.path} open`, this.#held);
  }

  get released(): Promise<unknown> {
    return within(`nobody to hold ${this.path} open`, this.#released, () => this.text);
  }
}
