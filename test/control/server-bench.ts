// A control server on a socket in a folder of the test, and a client that says any bytes. No tests in here.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlHandlers, ControlLimits } from '../../src/control/protocol.js';
import { startControlServer, type ControlServer } from '../../src/control/server.js';
import { healthy } from '../cli/statuses.js';
import { eventOf } from '../support/limits.js';
import { afterEach, beforeEach } from '../support/test.js';
import { eventSource } from './events.js';

export const handlers: ControlHandlers = {
  status: () => healthy,
  metrics: () => Promise.resolve({ type: 'text/plain', bytes: Buffer.from('# HELP x y\n') }),
  settings: () => ({ file: '/f', settings: [] }),
  set: (setting, value) =>
    Promise.resolve({
      ok: true,
      setting,
      value,
      previous: null,
      changed: true,
      file: '/f',
      warnings: [],
    }),
  change: ({ apply }) =>
    Promise.resolve({
      ok: true,
      applied: apply,
      file: '/f',
      changes: [],
      plan: [],
      warnings: [],
    }),
  reload: () => Promise.resolve({ ok: true, file: '/f', changes: [], warnings: [] }),
  command: (name, argument) =>
    Promise.resolve({ ok: true, detail: [name, argument ?? 'without argument'].join(' ') }),
  ...eventSource().handlers,
};

/** Status code, head and body of an answer. */
interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: unknown;
}

/** What each test of a file has: a folder, and at most one server. Once in a file, outside of any suite. */
export class ControlBench {
  folder = '';
  path = '';
  server: ControlServer | null = null;
  errors: unknown[] = [];

  constructor() {
    beforeEach(() => {
      this.folder = mkdtempSync(join(tmpdir(), 'understudy-control-'));
      this.path = join(this.folder, 'control.sock');
      this.errors = [];
    });
    afterEach(async () => {
      await this.close();
      rmSync(this.folder, { recursive: true });
    });
  }

  async start(
    changed: Partial<ControlHandlers> = {},
    limits: Partial<ControlLimits> = {},
  ): Promise<void> {
    this.server = await startControlServer({
      path: this.path,
      handlers: { ...handlers, ...changed },
      onError: (error) => this.errors.push(error),
      limits,
    });
  }

  async close(): Promise<void> {
    await this.server?.close();
    this.server = null;
  }

  /** Sends the bytes. */
  async say(bytes: string): Promise<Answer> {
    const socket = connect(this.path);
    socket.write(bytes);
    const said = await hear(socket);
    const [head = '', body = ''] = said.split('\r\n\r\n');
    return {
      status: Number(head.split(' ')[1]),
      head,
      body: body === '' ? null : JSON.parse(body),
    };
  }
}

/** Everything the server says until it closes the connection. */
export async function hear(socket: Socket): Promise<string> {
  let said = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  socket.on('error', () => undefined);
  await eventOf(socket, 'close');
  return said;
}

export const post = (target: string, body: string): string =>
  `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

export const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;
