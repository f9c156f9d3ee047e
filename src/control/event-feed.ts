// The stream of events to whoever asks: JSON lines, the last ones first, then each as it happens. No
// events are made or kept here; a reader that does not read is dropped.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventRecord } from '../model/status.js';
import { failure, type Answer } from './answers.js';
import type { ControlHandlers, ControlLimits } from './protocol.js';

export interface EventFeed {
  /** Starts the stream and answers null, or answers why not. */
  serve(request: IncomingMessage, response: ServerResponse): Answer | null;
}

export function createEventFeed(
  handlers: Pick<ControlHandlers, 'events' | 'follow'>,
  { followers: most, followerBytes }: ControlLimits,
): EventFeed {
  let followers = 0;

  /** What is written is kept by Node until it is read: that is the queue, and this its bound. */
  const goOn = (request: IncomingMessage, response: ServerResponse): void => {
    followers += 1;
    // An hour without events is no reason to leave.
    request.socket.setTimeout(0);
    const leave = handlers.follow((record) => {
      if (response.destroyed) return;
      if (response.writableLength > followerBytes) response.destroy();
      else response.write(line(record));
    });
    response.once('close', () => {
      followers -= 1;
      leave();
    });
  };

  return {
    serve: (request, response) => {
      const query = new URL(request.url ?? '', 'http://agent').searchParams;
      const since = query.get('since');
      const after = since === null ? null : Date.parse(since);
      if (Number.isNaN(after)) return invalidTime(since ?? '');
      const follows = query.get('follow') === '1';
      if (follows && followers >= most) return tooManyFollowers(most);
      // A reader that is gone already would never leave.
      if (response.destroyed) return null;
      const records = handlers
        .events()
        .filter(({ time }) => after === null || Date.parse(time) > after);
      response.writeHead(200, { 'Content-Type': 'application/jsonl', Connection: 'close' });
      // Even without any record the reader must see that it is connected.
      response.flushHeaders();
      for (const record of records) response.write(line(record));
      request.resume();
      if (follows) goOn(request, response);
      else response.end();
      return null;
    },
  };
}

const line = (record: EventRecord): string => `${JSON.stringify(record)}\n`;

const invalidTime = (found: string): Answer =>
  failure(
    400,
    'invalid-request',
    `expected since as an ISO 8601 time, found ${JSON.stringify(found.slice(0, 60))}`,
    'send it as the time of an event, such as since=2026-01-01T00:00:00.000Z',
  );

const tooManyFollowers = (most: number): Answer =>
  failure(
    503,
    'too-many-followers',
    `${most} connections follow the events already`,
    'end one of them, or ask without follow=1',
  );
