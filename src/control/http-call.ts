// One HTTP request over a unix socket, spoken by hand: loading and starting node:http's client takes
// longer than the whole answer (measured: 8 ms of a 50 ms start), and this side needs no more of
// HTTP than a status line and a body. HTTP/1.0, so that the answer is never chunked.
import { connect } from 'node:net';
import { AgentNotReachable, UnexpectedAnswer } from './client-errors.js';

/** 1024 virtual routers of 255 addresses, with room to spare. */
const LARGEST_ANSWER_BYTES = 32 * 1024 * 1024;

interface CallRequest {
  readonly socketPath: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Sent as JSON; nothing when undefined. */
  readonly body?: unknown;
  readonly deadlineMs: number;
}

export interface RawAnswer {
  /** HTTP status. */
  readonly status: number;
  readonly body: unknown;
}

/** @throws AgentNotReachable, or UnexpectedAnswer when what comes back is no HTTP and JSON. */
export async function call(request: CallRequest): Promise<RawAnswer> {
  const { status, text } = parseAnswer(await exchange(request), request.socketPath);
  try {
    return { status, body: JSON.parse(text) };
  } catch {
    throw new UnexpectedAnswer(`HTTP status ${status}, and a body that is no JSON`);
  }
}

/** What answers with text, not with JSON; its refusals are JSON all the same. */
export async function callForText(
  request: CallRequest,
): Promise<{ readonly status: number; readonly text: string }> {
  return parseAnswer(await exchange(request), request.socketPath);
}

/** Sends the request and gathers all bytes until the agent closes. */
function exchange({ socketPath, deadlineMs, ...request }: CallRequest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath });
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
      socket.destroy();
    };
    const timer = setTimeout(
      () => fail(new AgentNotReachable('ETIMEDOUT', socketPath, deadlineMs)),
      deadlineMs,
    );
    socket.on('data', (chunk) => {
      size += chunk.length;
      if (size > LARGEST_ANSWER_BYTES) fail(new UnexpectedAnswer('more than 32 MiB'));
      else chunks.push(chunk);
    });
    socket.once('error', (error) => {
      // An agent that refuses early closes before it has read all: what it said still counts.
      const code = 'code' in error ? String(error.code) : error.message;
      if (size === 0) fail(new AgentNotReachable(code, socketPath));
    });
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
    socket.write(requestText(request));
  });
}

function requestText({
  method,
  path,
  body,
}: Pick<CallRequest, 'method' | 'path' | 'body'>): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  return (
    `${method} ${path} HTTP/1.0\r\nHost: understudy\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
  );
}

function parseAnswer(bytes: Buffer, socketPath: string): { status: number; text: string } {
  if (bytes.length === 0) throw new AgentNotReachable('ECONNRESET', socketPath);
  const end = bytes.indexOf('\r\n\r\n');
  const head = bytes.subarray(0, Math.max(end, 0)).toString('latin1');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  if (status === undefined) throw new UnexpectedAnswer('no HTTP');
  const body = bytes.subarray(end + 4);
  const announced = /^content-length: *(\d+)$/im.exec(head.replaceAll('\r', ''))?.[1];
  if (announced !== undefined && Number(announced) !== body.length) {
    throw new UnexpectedAnswer(`${body.length} bytes of ${announced}: the agent broke off`);
  }
  return { status: Number(status), text: body.toString('utf8') };
}
