// What is seen of the agent, as server-sent events to each page that is open. One text for all of them; a page that
// does not read is dropped. No looking: see watch.ts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse, SAFE_HEADERS, type Answer } from './answer.js';
import type { Session, Sessions } from './sessions.js';
import type { Sight, Watch } from './watch.js';

const STREAM_LIMITS = {
  /** More pages than this are told to wait. */
  streams: 64,
  /** What may wait for a page that does not read. */
  bytes: 2 * 1024 * 1024,
} as const;

export class Streams {
  readonly #watch: Watch;
  readonly #sessions: Sessions;
  readonly #now: () => number;
  readonly #texts = new WeakMap<Sight, { readonly text: string; readonly now: number }>();
  readonly #open = new Set<ServerResponse>();

  constructor(watch: Watch, sessions: Sessions, now: () => number) {
    this.#watch = watch;
    this.#sessions = sessions;
    this.#now = now;
  }

  /** Starts the stream and answers null, or answers why not. */
  serve(request: IncomingMessage, response: ServerResponse, session: Session): Answer | null {
    if (this.#open.size >= STREAM_LIMITS.streams) {
      return refuse(
        503,
        'too-many-pages',
        `${STREAM_LIMITS.streams} pages are open already`,
        'close one of them',
        { 'Retry-After': '10' },
      );
    }
    request.socket.setTimeout(0);
    response.writeHead(200, {
      ...SAFE_HEADERS,
      'Content-Type': 'text/event-stream; charset=utf-8',
      Connection: 'close',
    });
    this.#open.add(response);
    const leave = this.#watch.join((sight) => this.#send(response, session, sight));
    response.once('close', () => {
      this.#open.delete(response);
      leave();
    });
    return null;
  }

  endAll(): void {
    for (const response of this.#open) response.destroy();
  }

  #send(response: ServerResponse, session: Session, sight: Sight): void {
    const now = this.#now();
    if (response.destroyed) return;
    if (this.#sessions.isOver(session, now)) {
      response.end('event: over\ndata: {}\n\n');
      return;
    }
    session.used = now;
    if (response.writableLength > STREAM_LIMITS.bytes) response.destroy();
    else response.write(this.#textOf(sight, now));
  }

  /** One text for all pages that are told at the same time. */
  #textOf(sight: Sight, now: number): string {
    const known = this.#texts.get(sight);
    if (known !== undefined && (sight.kind !== 'state' || now - known.now < 100)) return known.text;
    // How old it is by the clock of this side: the browser's may be another.
    const value = sight.kind === 'state' ? { ...sight, now } : sight;
    const text = `event: ${sight.kind}\ndata: ${JSON.stringify(value)}\n\n`;
    this.#texts.set(sight, { text, now });
    return text;
  }
}
