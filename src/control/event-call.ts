// The command line's end of the event stream: JSON lines over the control socket, handed on one by
// one. No rendering, no second attempt.
import { connect, type Socket } from 'node:net';
import { isEventRecord, type EventRecord } from '../model/status.js';
import { AgentNotReachable, UnexpectedAnswer } from './client-errors.js';
import type { RawAnswer } from './http-call.js';
import { ENDPOINTS } from './protocol.js';

/** No record is longer. */
const LONGEST_LINE = 1024 * 1024;

export interface EventRequest {
  /** Only records after this time, ISO 8601. */
  readonly since?: string;
  /** Go on with every event until `signal` says stop or the agent closes. */
  readonly follow: boolean;
  readonly onRecord: (record: EventRecord) => void;
  readonly signal?: AbortSignal;
}

interface EventCall extends EventRequest {
  readonly socketPath: string;
  /** For the first byte; without `follow`, for every next one. */
  readonly deadlineMs: number;
}

/**
 * Hands every record on; resolves when there are no more.
 * @returns the answer of an agent that refused, else null.
 * @throws AgentNotReachable, or UnexpectedAnswer when what comes back is no event stream.
 */
export function callEvents(request: EventCall): Promise<RawAnswer | null> {
  return new Promise((resolve, reject) => {
    const { socketPath, deadlineMs, follow, signal } = request;
    const socket = connect({ path: socketPath });
    const reader = new Reader(request);
    const fail = (error: Error): void => {
      reject(error);
      socket.destroy();
    };
    const stop = (): void => void socket.destroy();
    signal?.addEventListener('abort', stop, { once: true });
    socket.setTimeout(deadlineMs, () =>
      fail(new AgentNotReachable('ETIMEDOUT', socketPath, deadlineMs)),
    );
    socket.setEncoding('utf8').on('data', (text: string) => {
      if (follow) socket.setTimeout(0);
      try {
        reader.take(text);
      } catch (error) {
        fail(error as Error);
      }
    });
    socket.once('error', (error) => {
      const code = 'code' in error ? String(error.code) : error.message;
      if (!reader.hasBegun) fail(new AgentNotReachable(code, socketPath));
    });
    socket.once('close', () => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted === true) return resolve(null);
      try {
        resolve(reader.end(socketPath));
      } catch (error) {
        reject(error);
      }
    });
    ask(socket, request);
  });
}

function ask(socket: Socket, { since, follow }: EventRequest): void {
  const query = new URLSearchParams({
    ...(since === undefined ? {} : { since }),
    ...(follow ? { follow: '1' } : {}),
  });
  const { method, path } = ENDPOINTS.events;
  socket.write(`${method} ${path}?${query.toString()} HTTP/1.0\r\nHost: understudy\r\n\r\n`);
}

/** Head, then lines; or, of a refusal, head and body. */
class Reader {
  readonly #request: EventRequest;
  #pending = '';
  #status: number | null = null;
  hasBegun = false;

  constructor(request: EventRequest) {
    this.#request = request;
  }

  take(text: string): void {
    this.hasBegun = true;
    this.#pending += text;
    if (this.#status === null) this.#readHead();
    if (this.#status === 200) this.#readLines();
    if (this.#pending.length > LONGEST_LINE)
      throw new UnexpectedAnswer('a line of more than 1 MiB');
  }

  /** @returns the refusal, or null after a stream that ended as it should. */
  end(socketPath: string): RawAnswer | null {
    if (!this.hasBegun) throw new AgentNotReachable('ECONNRESET', socketPath);
    if (this.#status === null) throw new UnexpectedAnswer('no HTTP');
    if (this.#status !== 200) return { status: this.#status, body: parse(this.#pending) };
    if (this.#pending !== '' && !this.#request.follow) {
      throw new UnexpectedAnswer('half a line: the agent broke off');
    }
    return null;
  }

  #readHead(): void {
    const end = this.#pending.indexOf('\r\n\r\n');
    if (end === -1) return;
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(this.#pending)?.[1];
    if (status === undefined) throw new UnexpectedAnswer('no HTTP');
    this.#status = Number(status);
    this.#pending = this.#pending.slice(end + 4);
  }

  #readLines(): void {
    const lines = this.#pending.split('\n');
    this.#pending = lines.pop() ?? '';
    for (const line of lines) {
      const record = parse(line);
      if (!isEventRecord(record)) throw new UnexpectedAnswer('a line that is no event');
      this.#request.onRecord(record);
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnexpectedAnswer('a line that is no JSON');
  }
}
