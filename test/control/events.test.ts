// The stream of events over the control socket: what it hands out, when it ends, and what it bounds.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { createControlClient } from '../../src/control/client.js';
import type { ControlHandlers, ControlLimits } from '../../src/control/protocol.js';
import { startControlServer, type ControlServer } from '../../src/control/server.js';
import type { EventRecord } from '../../src/model/status.js';
import { eventAt, eventSource, untilFollowers, type EventSource } from './events.js';
import { eventOf, turn } from '../support/limits.js';

let folder = '';
let path = '';
let closers: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-events-'));
  path = join(folder, 'control.sock');
  closers = [];
});
afterEach(async () => {
  for (const close of closers) await close();
  rmSync(folder, { recursive: true });
});

async function start(
  source: EventSource,
  limits: Partial<ControlLimits> = {},
): Promise<ControlServer> {
  const server = await startControlServer({
    path,
    handlers: source.handlers as ControlHandlers,
    onError: (error) => assert.fail(String(error)),
    limits,
  });
  closers.push(() => server.close());
  return server;
}

const gather = async (since?: string): Promise<EventRecord[]> => {
  const records: EventRecord[] = [];
  await createControlClient(path).events({
    follow: false,
    onRecord: (record) => records.push(record),
    ...(since === undefined ? {} : { since }),
  });
  return records;
};

/**
 * The end of a stream that follows by now. One whose question this process reads later than the limit of the
 * server allows is cut off before it follows: its place is taken by the next.
 */
async function followed(source: EventSource): Promise<{ ended: Promise<void> }> {
  for (;;) {
    const ended = createControlClient(path).events({
      follow: true,
      onRecord: () => assert.fail('nothing has happened'),
    });
    const cutOff = ended.then(
      () => true,
      () => true,
    );
    if (!(await Promise.race([cutOff, untilFollowers(source, 1)]))) return { ended };
  }
}

describe('events over the control socket', () => {
  it('hands out what the agent keeps, oldest first, and ends', async () => {
    const kept = [eventAt(1), eventAt(2, { virtualRouter: 'lan', novelty: { is: 'kept' } })];
    await start(eventSource(kept));
    assert.deepEqual(await gather(), kept);
  });

  it('hands out nothing when nothing has happened', async () => {
    await start(eventSource());
    assert.deepEqual(await gather(), []);
  });

  it('leaves out what is not after the time that is given', async () => {
    const kept = [eventAt(1), eventAt(2), eventAt(3)];
    await start(eventSource(kept));
    assert.deepEqual(await gather(eventAt(2).time), [eventAt(3)]);
  });

  it('goes on with every event, each once, and lets go of the agent at the end', async () => {
    const source = eventSource([eventAt(1)]);
    await start(source);
    const seen: EventRecord[] = [];
    const stop = new AbortController();
    const following = createControlClient(path).events({
      follow: true,
      signal: stop.signal,
      onRecord: (record) => {
        seen.push(record);
        if (seen.length === 3) stop.abort();
      },
    });
    await untilFollowers(source, 1);
    source.record(eventAt(2));
    source.record(eventAt(3, { detail: 'é→' }));
    await following;
    assert.deepEqual(seen, [eventAt(1), eventAt(2), eventAt(3, { detail: 'é→' })]);
    await untilFollowers(source, 0);
  });

  it('says that it is connected before anything happens', async () => {
    await start(eventSource());
    const socket = connect(path);
    closers.push(() => socket.destroy());
    socket.setEncoding('utf8').write('GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n');
    const [head] = (await eventOf(socket, 'data')) as [string];
    assert.match(head, /^HTTP\/1\.1 200 OK\r\nContent-Type: application\/jsonl\r\n/);
  });

  it('outlives the time after which a silent connection is closed, and ends with the agent', async () => {
    const source = eventSource();
    const server = await start(source, { idleTimeoutMs: 60 });
    const following = await followed(source);
    // A connection made later is closed, which shows that the time has passed.
    await eventOf(connect(path).resume(), 'close');
    assert.equal(source.followers(), 1);
    await server.close();
    await following.ended;
  });

  it('drops a follower that does not read, and serves the others', async () => {
    const source = eventSource();
    await start(source, { followerBytes: 64 * 1024 });
    const lazy = connect(path);
    closers.push(() => lazy.destroy());
    lazy.write('GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n');
    lazy.pause();
    await untilFollowers(source, 1);
    const long = 'x'.repeat(16 * 1024);
    let sent = 0;
    for (; source.followers() === 1 && sent < 1_000; sent += 1) {
      source.record(eventAt(sent, { detail: long }));
      await turn();
    }
    assert.ok(sent < 200, `${sent} records of 16 KiB were taken for one that does not read`);
    assert.equal((await gather()).length, sent);
  });

  it('lets no more follow than it can bear', async () => {
    const source = eventSource();
    await start(source, { followers: 1 });
    const stop = new AbortController();
    const first = createControlClient(path).events({
      follow: true,
      signal: stop.signal,
      onRecord: () => undefined,
    });
    await untilFollowers(source, 1);
    const second = createControlClient(path).events({ follow: true, onRecord: () => undefined });
    await assert.rejects(second, { name: 'ControlRefusal', code: 'too-many-followers' });
    assert.deepEqual(await gather(), [], 'asking once is still possible');
    stop.abort();
    await first;
    await untilFollowers(source, 0);
    const third = new AbortController();
    const allowed = createControlClient(path).events({
      follow: true,
      signal: third.signal,
      onRecord: () => third.abort(),
    });
    await untilFollowers(source, 1);
    source.record(eventAt(1));
    await allowed;
  });

  it('refuses a time that is none', async () => {
    await start(eventSource());
    await assert.rejects(gather('yesterday'), { name: 'ControlRefusal', code: 'invalid-request' });
  });
});

describe('an event stream that is none', () => {
  const head = 'HTTP/1.1 200 OK\r\n\r\n';
  const line = `${JSON.stringify(eventAt(1))}\n`;
  const cases: readonly [title: string, bytes: string, name: string][] = [
    ['nothing', '', 'AgentNotReachable'],
    ['no HTTP', 'SSH-2.0\r\n\r\n', 'UnexpectedAnswer'],
    ['half a head', 'HTTP/1.1 200', 'UnexpectedAnswer'],
    ['no JSON', `${head}hello\n`, 'UnexpectedAnswer'],
    ['no event', `${head}{"time":1}\n`, 'UnexpectedAnswer'],
    ['half a line', `${head}${line}${line.slice(0, 20)}`, 'UnexpectedAnswer'],
    ['a line without end', `${head}${'x'.repeat(1024 * 1024 + 1)}`, 'UnexpectedAnswer'],
    ['a failure without words', 'HTTP/1.1 500 No\r\n\r\n{}', 'UnexpectedAnswer'],
  ];
  for (const [title, bytes, name] of cases) {
    it(`is told as such: ${title}`, async () => {
      const stranger = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(bytes));
      });
      stranger.listen(path);
      await eventOf(stranger, 'listening');
      closers.push(() => stranger.close());
      await assert.rejects(gather(), { name });
    });
  }

  it('is waited for only so long', async () => {
    const silent = createServer((socket) => closers.push(() => socket.destroy()));
    silent.listen(path);
    await eventOf(silent, 'listening');
    closers.push(() => silent.close());
    const call = createControlClient(path, { deadlineMs: 30 });
    for (const follow of [true, false]) {
      await assert.rejects(call.events({ follow, onRecord: () => undefined }), {
        name: 'AgentNotReachable',
        code: 'ETIMEDOUT',
      });
    }
  });
});
