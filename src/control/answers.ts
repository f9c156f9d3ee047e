// What the server answers when it refuses, as values. No sockets, no handlers.
import type { ErrorAnswer } from './protocol.js';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Media type of a body of bytes, sent as they are; without it the body is JSON. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const tooLarge = (limit: number): Answer =>
  failure(413, 'too-large', `a request has at most ${limit} bytes`, 'send a shorter one');

export function failure(
  status: number,
  code: string,
  message: string,
  remedy: string,
): Answer & { body: ErrorAnswer } {
  return { status, body: { error: { code, message, remedy } } };
}

/** Status, phrase and answer for the code of a `clientError`. */
export function unreadable(code: string | undefined): [number, string, Answer] {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const late = failure(408, 'too-slow', 'the request was not whole in time', 'send it at once');
    return [408, 'Request Timeout', late];
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    const large = failure(431, 'header-too-large', 'the header is too large', 'send fewer headers');
    return [431, 'Request Header Fields Too Large', large];
  }
  const malformed = failure(400, 'malformed-http', 'this is not HTTP', 'send an HTTP/1.1 request');
  return [400, 'Bad Request', malformed];
}
