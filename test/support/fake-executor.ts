// An executor in memory: applies `ip -batch` address lines to a fake kernel. Same interface, no process.
import type {
  Executor,
  LastWill,
  Program,
  RunRequest,
  RunResult,
} from '../../src/executor/executor.js';
import type { Microseconds } from '../../src/model/units.js';
import type { FakeKernel } from './fake-kernel.js';

export const exited = (code: number, stderr = ''): RunResult => ({
  outcome: { kind: 'exited', code },
  stdout: '',
  stderr,
});

export class FakeExecutor implements Executor {
  readonly requests: RunRequest[] = [];
  readonly wills: (LastWill | null)[] = [];
  readonly standbys: (Program | null)[] = [];
  finished: { farewellSent: boolean } | null = null;
  /** Answers the next runs instead of doing them, one each. */
  readonly answers: RunResult[] = [];
  /** Addresses that are added are not in service yet: the kernel still checks them (IPv6). */
  tentative = false;
  /** Interfaces that are macvlans: one that is made on them stands on the interface under them. */
  readonly macvlans = new Set<string>();
  /** While true, runs wait until `proceed` is called. */
  held = false;
  readonly #kernel: FakeKernel;
  #waiting: (() => void)[] = [];
  readonly #grouped = new Set<number>();
  #nextIndex = 100;

  constructor(kernel: FakeKernel) {
    this.#kernel = kernel;
  }

  get will(): LastWill | null {
    return this.wills.at(-1) ?? null;
  }

  async run(request: RunRequest): Promise<RunResult> {
    this.requests.push(request);
    this.#kernel.trace.add({ kind: 'script', request });
    if (this.held) {
      const mayGoOn = new Promise<void>((resolve) => this.#waiting.push(resolve));
      await mayGoOn;
    }
    const answer = this.answers.shift();
    if (answer !== undefined) return answer;
    for (const line of request.input.split('\n')) this.#apply(line);
    return exited(0);
  }

  proceed(): void {
    this.held = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  setWill(will: LastWill | null): void {
    this.wills.push(will);
    this.#kernel.trace.add({ kind: 'will', will });
  }

  setStandby(program: Program | null): void {
    this.standbys.push(program);
    this.#kernel.trace.add({ kind: 'standby', program });
  }

  holdUntil(until: Microseconds | null): void {
    this.#kernel.trace.add({ kind: 'hold-until', until });
  }

  finish(options: { readonly farewellSent: boolean }): Promise<void> {
    this.finished = options;
    this.#kernel.trace.add({ kind: 'finish' });
    return Promise.resolve();
  }

  /** What `scripts/vip` does with our macvlans. */
  #applyLink(words: readonly string[]): void {
    const kernel = this.#kernel;
    if (words[1] === 'add') {
      const [lower, name = '', macAddress = ''] = [words[3] ?? '', words[5], words[7]];
      const index = this.#nextIndex++;
      const parent = kernel.indexOf(lower);
      if (parent === undefined) return;
      const under = this.macvlans.has(lower) ? (kernel.link(parent)?.lower ?? parent) : parent;
      kernel.setLink({ index, name, macAddress, lower: under, up: false, carrier: false });
      return;
    }
    if (words[1] === 'del') {
      for (const index of this.#grouped) if (kernel.link(index)) kernel.removeLink(index);
      this.#grouped.clear();
      return;
    }
    const index = kernel.indexOf(words[3] ?? '');
    const link = index === undefined ? undefined : kernel.link(index);
    if (index === undefined || link === undefined) return;
    if (words[4] === 'group') this.#grouped.add(index);
    if (words[4] === 'up') kernel.setLink({ ...link, up: true, carrier: true });
    if (words[4] === 'down') kernel.setLink({ ...link, up: false, carrier: false });
  }

  #apply(line: string): void {
    if (line.startsWith('link ')) return this.#applyLink(line.split(' '));
    const [, verb = '', address = '', , device = ''] = line.split(' ');
    const index = this.#kernel.indexOf(device);
    if (index === undefined) return;
    if (verb === 'replace' && !this.#kernel.has(index, address)) {
      const [, seconds] = / valid_lft (\d+)/.exec(line) ?? [];
      const lifetime = seconds === undefined ? null : Number(seconds);
      this.#kernel.addAddress(index, address, false, !this.tentative, lifetime);
    }
    if (verb === 'del') this.#kernel.removeAddress(index, address);
  }
}

export const failedRun = (stderr: string): RunResult => exited(1, stderr);
