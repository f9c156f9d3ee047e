// Whether a web server gives the answer expected. One connection for each attempt, never kept; a
// redirect is an answer like any other.
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { tryRoutes, type SourceFor } from './own-sources.js';
import {
  attempt,
  explain,
  failure,
  formatMs,
  monotonicMs,
  oneLine,
  success,
  type Probe,
} from './probe.js';
import type { HttpCheckSettings } from './settings.js';

/** As far as a body is read to find the text expected. */
const MAXIMUM_BODY_BYTES = 1 << 20;
/** Bytes of the headers together; what curl takes for one of them, and more than any server sends. */
const MAXIMUM_HEADER_BYTES = 100 << 10;

export function createHttpProbe(settings: HttpCheckSettings, sourceFor: SourceFor): Probe {
  const secure = /^https:/i.test(settings.url);
  const start = secure ? requestHttps : requestHttp;
  const options: RequestOptions & { rejectUnauthorized?: boolean } = {
    method: 'GET',
    headers: { 'user-agent': 'understudy', accept: '*/*', ...settings.requestHeaders },
    // A connection of its own that is closed afterwards: what is checked includes accepting one.
    agent: false,
    // What is asked is whether the server answers, not whether it is neat: lines that end in LF, blanks
    // before a colon and the like are as good as they are to other clients. Nothing is passed on to anybody,
    // so what strictness protects from cannot happen.
    insecureHTTPParser: true,
    maxHeaderSize: MAXIMUM_HEADER_BYTES,
    ...(secure ? { rejectUnauthorized: settings.verifyTls } : {}),
  };
  return {
    run: (signal) =>
      attempt(settings.timeoutMs, signal, (settle) => {
        const startedAt = monotonicMs();
        // An IPv6 address stands in brackets there.
        const host = new URL(settings.url).hostname.replaceAll(/[[\]]/g, '');
        const fail = (error: Error): void => settle(failure(explainRequest(error, secure)));
        return tryRoutes(
          host,
          sourceFor,
          (route, refused) => {
            let connected = false;
            const request = start(settings.url, { ...options, ...route }, (response) => {
              judge(response, settings, (problem) => {
                const line = `status ${response.statusCode} in ${formatMs(monotonicMs() - startedAt)}`;
                settle(problem === null ? success(line) : failure(problem));
              });
            });
            request.on('socket', (socket) => socket.on('connect', () => (connected = true)));
            // Stays: an error after the result must not end the process.
            request.on('error', (error) => (connected ? fail(error) : refused(error)));
            // An answer that is none (101 unasked, for instance) ends without either.
            request.on('close', () => {
              if (connected) settle(failure('the connection was closed without an answer'));
            });
            request.end();
            return () => request.destroy();
          },
          fail,
        );
      }),
    close: () => undefined,
  };
}

/** Tells by `conclude` what is wrong with the response, or null when nothing is. */
function judge(
  response: IncomingMessage,
  settings: HttpCheckSettings,
  conclude: (problem: string | null) => void,
): void {
  response.on('error', (error) => conclude(explain(error)));
  const { expectBody } = settings;
  const problem = statusProblem(response, settings) ?? headerProblem(response, settings);
  if (problem !== null || expectBody === undefined) {
    conclude(problem);
    return;
  }
  searchBody(response, Buffer.from(expectBody), (found) => {
    conclude(found ? null : `the body does not contain "${oneLine(expectBody)}"`);
  });
}

function statusProblem(
  { statusCode = 0, headers }: IncomingMessage,
  { expectStatus: { minimum, maximum } }: HttpCheckSettings,
): string | null {
  if (statusCode >= minimum && statusCode <= maximum) return null;
  const expected = minimum === maximum ? `${minimum}` : `${minimum}..${maximum}`;
  const to = headers.location === undefined ? '' : `, redirect to ${oneLine(headers.location)}`;
  return `status ${expected} expected, ${statusCode} found${to}`;
}

function headerProblem(
  { headersDistinct }: IncomingMessage,
  { expectHeader }: HttpCheckSettings,
): string | null {
  if (expectHeader === undefined) return null;
  const { name, value } = expectHeader;
  const found = headersDistinct[name.toLowerCase()];
  if (found === undefined) return `header ${name} expected, none found`;
  if (value === undefined || found.some((text) => text.includes(value))) return null;
  return `header ${name} with "${value}" expected, "${oneLine(found.join(', '))}" found`;
}

/** Tells once whether `text` stands in the first part of the body; stops reading when it knows. */
function searchBody(
  response: IncomingMessage,
  text: Buffer,
  conclude: (found: boolean) => void,
): void {
  let seen = 0;
  // What a match may begin in: the end of the chunk before.
  let tail: Buffer = Buffer.alloc(0);
  response.on('data', (chunk: Buffer) => {
    const piece = Buffer.concat([tail, chunk]);
    seen += chunk.length;
    if (piece.includes(text)) conclude(true);
    else if (seen >= MAXIMUM_BODY_BYTES) conclude(false);
    tail = piece.subarray(Math.max(0, piece.length - text.length + 1));
  });
  response.on('end', () => conclude(text.length === 0));
}

function explainRequest(error: Error & { code?: string }, secure: boolean): string {
  const message = explain(error);
  if (error.code?.startsWith('HPE_') === true)
    return `an answer in HTTP expected: ${oneLine(message)}`;
  const untrusted = /certificate|CERT_|ALTNAME/i.test(message);
  return secure && untrusted
    ? `${message}: trust its authority (NODE_EXTRA_CA_CERTS), or set verifyTls: false`
    : message;
}
