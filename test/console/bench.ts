// A console over a control socket whose agent a test makes up, and requests to it as any program could send them. No
// expectations: the tests have those.
import { mkdtempSync, rmSync } from 'node:fs';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startConsole, type ConsoleOptions, type ConsoleServer } from '../../src/console/server.js';
import { createControlClient } from '../../src/control/client.js';
import type { ControlHandlers } from '../../src/control/protocol.js';
import { startControlServer, type ControlServer } from '../../src/control/server.js';
import { healthy } from '../cli/statuses.js';
import { eventSource } from '../control/events.js';
import { notSeen, until, within } from '../support/limits.js';

export const TOKEN = 'a-token-of-this-test';

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Of a body that is JSON. */
  readonly json: () => Record<string, unknown>;
}

export interface Asking {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** A session, as `signIn` gives it. */
  readonly cookie?: string;
}

/** One message of a stream. */
export interface Told {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export interface OpenStream {
  readonly status: number;
  readonly told: readonly Told[];
  /** The first message that fits, once it has come. */
  hear(expected: string, fits: (told: Told) => boolean): Promise<Told>;
  readonly isOver: () => boolean;
  close(): void;
}

export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'understudy-console-'));
  readonly socketPath: string;
  readonly events = eventSource();
  readonly errors: unknown[] = [];
  /** How often each handler of the agent was called. */
  readonly calls: Record<string, number> = {};
  /** Wall time of the console; a test moves it. */
  time = 1_000_000;
  #agent: ControlServer | null = null;
  #console: ConsoleServer | null = null;
  readonly #streams: OpenStream[] = [];

  /** `socketPath`: of the control socket, where it is to be another one than in the bench's folder. */
  constructor(socketPath?: string) {
    this.socketPath = socketPath ?? join(this.folder, 'control.sock');
  }

  async startAgent(changed: Partial<ControlHandlers> = {}): Promise<void> {
    const handlers: ControlHandlers = {
      status: () => healthy,
      metrics: () => Promise.resolve({ type: 'text/plain', bytes: Buffer.from('# HELP x y\n') }),
      settings: () => ({ file: '/f', digest: '0123456789abcdef', settings: [] }),
      set: () => Promise.reject(new Error('nobody sets')),
      change: () =>
        Promise.resolve({
          ok: true,
          applied: true,
          file: '/f',
          changes: [],
          plan: [],
          warnings: [],
        }),
      reload: () => Promise.resolve({ ok: true, file: '/f', changes: [], warnings: [] }),
      command: (name, argument) =>
        Promise.resolve({ ok: true, detail: `${name} ${argument ?? ''}` }),
      ...this.events.handlers,
      ...changed,
    };
    const counted = Object.fromEntries(
      Object.entries(handlers).map(([name, handler]) => [
        name,
        (...words: never[]): unknown => {
          this.calls[name] = (this.calls[name] ?? 0) + 1;
          return (handler as (...words: never[]) => unknown)(...words);
        },
      ]),
    ) as unknown as ControlHandlers;
    this.#agent = await startControlServer({
      path: this.socketPath,
      handlers: counted,
      onError: (error) => this.errors.push(error),
    });
  }

  async stopAgent(): Promise<void> {
    await this.#agent?.close();
    this.#agent = null;
  }

  async startConsole(changed: Partial<ConsoleOptions> = {}): Promise<void> {
    this.#console = await startConsole({
      client: createControlClient(this.socketPath),
      // Port 0 is no setting: the kernel chooses one that is free.
      listen: { kind: 'tcp', host: '127.0.0.1', port: 0, loopback: true },
      tls: null,
      behindProxy: false,
      names: [],
      metrics: false,
      token: () => TOKEN,
      now: () => this.time,
      onError: (error) => this.errors.push(error),
      ...changed,
    });
  }

  async stopConsole(): Promise<void> {
    await this.#console?.close();
    this.#console = null;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get port(): number {
    return this.#console?.port ?? 0;
  }

  async ask(path: string, asking: Asking = {}): Promise<Answered> {
    return within(`an answer to ${path}`, this.#exchange(path, asking));
  }

  #exchange(path: string, asking: Asking): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const call = this.#request(path, asking);
      let answered = false;
      call.once('response', (response: IncomingMessage) => {
        answered = true;
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        const done = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: () => JSON.parse(text) as Record<string, unknown>,
          });
        response.once('end', done).once('error', done);
      });
      // A server that has refused closes while it is still being sent to.
      call.on('error', (error) => {
        if (!answered) reject(error);
      });
      const { body } = asking;
      call.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  #request(path: string, { method, body, headers, cookie }: Asking): ReturnType<typeof request> {
    const changes = body !== undefined;
    return request({
      host: '127.0.0.1',
      port: this.port,
      path,
      method: method ?? (changes ? 'POST' : 'GET'),
      agent: false,
      headers: {
        Host: this.host,
        ...(changes ? { 'Content-Type': 'application/json', Origin: `http://${this.host}` } : {}),
        ...(cookie === undefined ? {} : { Cookie: cookie }),
        ...headers,
      },
    });
  }

  /** The cookie of a new session. */
  async signIn(): Promise<string> {
    const { headers, text } = await this.ask('/api/sign-in', { body: { token: TOKEN } });
    const [cookie] = headers['set-cookie']?.[0]?.split(';') ?? [];
    if (cookie === undefined) throw notSeen('a cookie', text);
    return cookie;
  }

  async stream(cookie: string): Promise<OpenStream> {
    const call = this.#request('/api/stream', { cookie });
    const told: Told[] = [];
    let over = false;
    let status = 0;
    let text = '';
    call.once('response', (response) => {
      status = response.statusCode ?? 0;
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const parts = `${text}${chunk}`.split('\n\n');
        text = parts.pop() ?? '';
        if (status === 200) told.push(...parts.map(messageOf));
      });
      response.once('close', () => (over = true)).on('error', () => undefined);
    });
    call.on('error', () => (over = true)).end();
    await until('an answer to the stream', () => status !== 0 || over);
    const stream: OpenStream = {
      status,
      told,
      hear: async (expected, fits) => {
        await until(expected, () => told.some(fits), Boolean);
        return told.find(fits) as Told;
      },
      isOver: () => over,
      close: () => call.destroy(),
    };
    this.#streams.push(stream);
    return stream;
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) stream.close();
    await this.#console?.close();
    await this.stopAgent();
    rmSync(this.folder, { recursive: true });
  }
}

function messageOf(text: string): Told {
  const [, event = '', data = '{}'] = /^event: (\w+)\ndata: (.*)$/s.exec(text) ?? [];
  return { event, data: JSON.parse(data) as Record<string, unknown> };
}
