// The test's side of a server or client of TCP connections in a namespace of the lab. The process itself is
// talker-process.ts. No test cases.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../../scripts/lab/lab.js';
import type { NamespaceName } from '../../scripts/lab/network.js';
import { WAIT_LIMIT_MS } from '../support/limits.js';
import type { TalkerEvent, TalkerPlan } from './talker-process.js';

export class Talker {
  readonly events: TalkerEvent[] = [];
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();
  #seen = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null) throw new Error('a pipe from the talker expected');
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.events.push(JSON.parse(line) as TalkerEvent);
      for (const listener of this.#listeners) listener();
    });
  }

  /** Resolves when the server listens, or the client's connection is open. */
  static async start(lab: Lab, where: NamespaceName, plan: TalkerPlan): Promise<Talker> {
    const program = fileURLToPath(new URL('talker-process.js', import.meta.url));
    const argv = lab.network.inside(where, [process.execPath, program, JSON.stringify(plan)]);
    const [command = '', ...rest] = argv;
    const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    const talker = new Talker(child);
    const event = await talker.next();
    assert.equal(
      event.kind,
      plan.kind === 'server' ? 'listening' : 'opened',
      JSON.stringify(event),
    );
    return talker;
  }

  say(text: string): void {
    this.#child.stdin?.write(`${text}\n`);
  }

  /** The next event that was not asked for yet. @throws Error when none comes. */
  async next(): Promise<TalkerEvent> {
    const event = await this.#event(this.#seen);
    this.#seen += 1;
    return event;
  }

  /** Says it and returns the answer, or how the connection ended. */
  async asked(text: string): Promise<string> {
    this.say(text);
    const event = await this.next();
    if (event.kind === 'line') return event.text;
    return event.kind === 'failed' ? event.code : event.kind;
  }

  /** Everything until the connection ends: the lines, then `ended` or the error's code. */
  async rest(): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const event = await this.next();
      lines.push(event.kind === 'line' ? event.text : event.kind);
      if (event.kind === 'failed') lines.push(event.code);
      if (event.kind !== 'line') return lines;
    }
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }

  #event(index: number): Promise<TalkerEvent> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const event = this.events[index];
        if (event === undefined) return;
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve(event);
      };
      const timer = setTimeout(() => {
        this.#listeners.delete(look);
        const found = JSON.stringify(this.events.slice(-3));
        reject(
          new Error(`expected within ${WAIT_LIMIT_MS} ms: another event; last seen: ${found}`),
        );
      }, WAIT_LIMIT_MS);
      this.#listeners.add(look);
      look();
    });
  }
}
