// The lab's side of the probing client: starts it in namespace `c` and asks it about windows. The
// probing itself is prober-process.ts.
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { now } from './clock.js';
import type { Network } from './network.js';
import { realtime, realtimeNode } from './realtime.js';
import type { ProbeReport } from './probe-record.js';
import type { ProbePlan, ProberMessage, ProberRequest, ProbeTarget } from './prober-process.js';

export interface ProberOptions {
  readonly targets: readonly ProbeTarget[];
  /** Time between two probes of one target; 1 by default. */
  readonly periodMs?: number;
  /** A probe not answered within this is lost; 500 by default. */
  readonly timeoutMs?: number;
  /** Runs the client under SCHED_FIFO; needs root. What it is unless given is the lab's choice. */
  readonly realtime?: boolean;
}

/** A stretch of time under observation. */
export interface ProbeWindow {
  readonly openedAt: number;
  /** Ends the window, waits until its last probe is answered or lost, and sums up, by target. */
  close(): Promise<Readonly<Record<string, ProbeReport>>>;
}

/** The probe's process must answer a question within its timeout and this: only to end a hang. */
const ANSWER_DEADLINE_MS = 60_000;

export class Prober {
  readonly #child: ChildProcess;
  readonly #timeoutMs: number;
  #windows = 0;
  /** What it said last, and when. */
  #said = { what: 'nothing', at: now() };

  private constructor(child: ChildProcess, timeoutMs: number) {
    this.#child = child;
    this.#timeoutMs = timeoutMs;
    child.on('message', (message: ProberMessage) => {
      const window = 'window' in message ? ` of window ${message.window}` : '';
      this.#said = { what: `"${message.kind}"${window}`, at: now() };
    });
  }

  /** Resolves when probes are being sent. */
  static async start(
    network: Network,
    options: ProberOptions,
    onTrouble: (text: string) => void,
  ): Promise<Prober> {
    const { realtime: first = false, ...wanted } = options;
    const plan: ProbePlan = { periodMs: 1, timeoutMs: 500, ...wanted };
    const program = fileURLToPath(new URL('prober-process.js', import.meta.url));
    const scheduling = first ? realtime(1) : [];
    const client = [...realtimeNode, program, JSON.stringify(plan)];
    const argv = network.inside('c', [...scheduling, ...client]);
    const [command = '', ...rest] = argv;
    const child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const prober = new Prober(child, plan.timeoutMs);
    child.on('message', (message: ProberMessage) => {
      if (message.kind === 'trouble') onTrouble(`probe of ${message.target}: ${message.message}`);
    });
    await prober.#answer('"ready"', (message) => (message.kind === 'ready' ? message : null));
    return prober;
  }

  async open(): Promise<ProbeWindow> {
    this.#windows += 1;
    const window = this.#windows;
    const opened = this.#answer(`"opened" of window ${window}`, (message) =>
      message.kind === 'opened' && message.window === window ? message : null,
    );
    this.#ask({ kind: 'open', window });
    const { at } = await opened;
    return {
      openedAt: at,
      close: async () => {
        const report = this.#answer(`"report" of window ${window}`, (message) =>
          message.kind === 'report' && message.window === window ? message : null,
        );
        this.#ask({ kind: 'close', window });
        return (await report).reports;
      },
    };
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  #ask(request: ProberRequest): void {
    this.#child.send(request);
  }

  /** @param expected for the text of the error when it does not come. */
  #answer<T>(expected: string, select: (message: ProberMessage) => T | null): Promise<T> {
    const deadlineMs = ANSWER_DEADLINE_MS + this.#timeoutMs;
    const failure = (lastSeen: string): Error =>
      new Error(`prober: expected within ${deadlineMs} ms: ${expected}; last seen: ${lastSeen}`);
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#child.off('message', onMessage);
        this.#child.off('exit', onExit);
        act();
      };
      const onMessage = (message: ProberMessage): void => {
        const selected = select(message);
        if (selected !== null) settle(() => resolve(selected));
      };
      const onExit = (code: number | null): void =>
        settle(() => reject(failure(`it ended (${code})`)));
      const timer = setTimeout(() => {
        const { what, at } = this.#said;
        settle(() => reject(failure(`${what}, ${Math.round(now() - at)} ms ago`)));
      }, deadlineMs);
      this.#child.on('message', onMessage).once('exit', onExit);
    });
  }
}
