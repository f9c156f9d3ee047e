// The test's side of a server or client of TCP connections in a namespace of the lab. The process itself is
// talker-process.ts. No test cases.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../../scripts/lab/lab.js';
import type { NamespaceName } from '../../scripts/lab/network.js';
import { wordOf } from '../support/child.js';
import type { TalkerEvent, TalkerOrder, TalkerPlan, TalkerReport } from './talker-process.js';

/** The process in one namespace, with all the servers and clients there. It ends with the lab. */
class Company {
  readonly #child: ChildProcess;
  readonly #hearers: ((event: TalkerEvent) => void)[] = [];

  constructor(lab: Lab, where: NamespaceName) {
    const program = fileURLToPath(new URL('talker-process.js', import.meta.url));
    const [command = '', ...rest] = lab.network.inside(where, [process.execPath, program]);
    this.#child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
    if (this.#child.stdout === null) throw new Error('a pipe from the talkers expected');
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const { id, event } = JSON.parse(line) as TalkerReport;
      this.#hearers[id]?.(event);
    });
  }

  /** The number of one more, whose events `hear` gets. */
  join(hear: (event: TalkerEvent) => void): number {
    return this.#hearers.push(hear) - 1;
  }

  /** What one of them has to say. @throws Error when the process ends instead. */
  word<T>(expected: string, word: Promise<T>, lastSeen: () => unknown): Promise<T> {
    return wordOf(this.#child, expected, word, lastSeen);
  }

  order(order: TalkerOrder): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }
}

const companies = new WeakMap<Lab, Map<NamespaceName, Company>>();

/** Started with the first who talks there. */
function companyOf(lab: Lab, where: NamespaceName): Company {
  const ofLab = companies.get(lab) ?? new Map<NamespaceName, Company>();
  companies.set(lab, ofLab);
  const company = ofLab.get(where) ?? new Company(lab, where);
  ofLab.set(where, company);
  return company;
}

export class Talker {
  readonly events: TalkerEvent[] = [];
  readonly #company: Company;
  readonly #id: number;
  readonly #listeners = new Set<() => void>();
  #seen = 0;

  private constructor(company: Company) {
    this.#company = company;
    this.#id = company.join((event) => {
      this.events.push(event);
      for (const listener of this.#listeners) listener();
    });
  }

  /** Resolves when the server listens, or the client's connection is open. */
  static async start(lab: Lab, where: NamespaceName, plan: TalkerPlan): Promise<Talker> {
    const talker = new Talker(companyOf(lab, where));
    talker.#company.order({ id: talker.#id, plan });
    const event = await talker.next();
    assert.equal(
      event.kind,
      plan.kind === 'server' ? 'listening' : 'opened',
      JSON.stringify(event),
    );
    return talker;
  }

  say(text: string): void {
    this.#company.order({ id: this.#id, say: text });
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

  /** Closes it with all its connections; resolves when they are. */
  async close(): Promise<void> {
    this.#company.order({ id: this.#id, close: true });
    for (;;) {
      const { kind } = await this.next();
      if (kind === 'closed') return;
    }
  }

  #event(index: number): Promise<TalkerEvent> {
    const next = new Promise<TalkerEvent>((resolve) => {
      const look = (): void => {
        const event = this.events[index];
        if (event === undefined) return;
        this.#listeners.delete(look);
        resolve(event);
      };
      this.#listeners.add(look);
      look();
    });
    return this.#company.word('another event', next, () => this.events.slice(-3));
  }
}
