// The console's server over a made-up agent: what its pages are told of the agent, how many may be open, and what it says
// while the agent is gone.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { healthy } from '../cli/statuses.js';
import { eventOf, until } from '../support/limits.js';
import { Bench, type OpenStream } from './bench.js';

let bench: Bench;
beforeEach(async () => {
  bench = new Bench();
  await bench.startAgent();
});
afterEach(() => bench.close());

describe('many pages', () => {
  it('fifty stream what one client sees: one look for all, one follower', async () => {
    await bench.startConsole();
    const cookie = await bench.signIn();
    const streams: OpenStream[] = [];
    for (let page = 0; page < 50; page += 1) streams.push(await bench.stream(cookie));
    for (const stream of streams) {
      assert.equal(stream.status, 200);
      await stream.hear(
        'a status',
        ({ event, data }) => event === 'state' && data['status'] !== null,
      );
    }
    await until('the stream of events', () => bench.calls['follow']);
    bench.events.record({
      time: '2026-01-01T00:00:00.000Z',
      event: 'transition',
      reason: 'failover',
      detail: 'x',
    });
    for (const stream of streams) {
      await stream.hear(
        'the event',
        ({ event, data }) => event === 'events' && JSON.stringify(data).includes('"transition"'),
      );
    }
    assert.equal(bench.calls['follow'], 1);
    // A look asks for both, and one may be under way.
    await until(
      'as many questions for the settings as for the status',
      () => [bench.calls['status'], bench.calls['settings']],
      ([status, settings]) => status === settings,
    );
    const looks = bench.calls['status'] ?? 0;
    const heard = streams[0]?.told.filter(({ event }) => event === 'state').length ?? 0;
    assert.ok(looks <= heard + 1, `${looks} looks, and the first page was told ${heard} times`);
  });

  it('more than there is room for are told so, and harm nobody', async () => {
    await bench.startConsole();
    const cookie = await bench.signIn();
    const found = new Map<number, number>();
    for (let page = 0; page < 500; page += 1) {
      const { status } = await bench.stream(cookie);
      found.set(status, (found.get(status) ?? 0) + 1);
    }
    assert.deepEqual(
      [...found],
      [
        [200, 64],
        [503, 436],
      ],
    );
    assert.equal((await bench.ask('/api/fields', { cookie })).status, 200);
  });

  it('five hundred connections that say nothing keep nobody out', async () => {
    await bench.startConsole();
    const idle: Socket[] = [];
    try {
      for (let count = 0; count < 500; count += 1) {
        const socket = connect({ host: '127.0.0.1', port: bench.port });
        socket.on('error', () => undefined);
        await eventOf(socket, 'connect');
        idle.push(socket);
      }
      const cookie = await bench.signIn();
      const stream = await bench.stream(cookie);
      await stream.hear(
        'a status',
        ({ event, data }) => event === 'state' && data['status'] !== null,
      );
    } finally {
      for (const socket of idle) socket.destroy();
    }
  });

  it('one that comes when the last one has left is told all: status, settings, events', async () => {
    await bench.startConsole();
    const cookie = await bench.signIn();
    bench.events.record({
      time: '2026-01-01T00:00:00.000Z',
      event: 'transition',
      reason: 'failover',
      detail: 'x',
    });
    for (let visit = 0; visit < 3; visit += 1) {
      const stream = await bench.stream(cookie);
      await stream.hear(
        'a status',
        ({ event, data }) => event === 'state' && data['status'] !== null,
      );
      await stream.hear('the settings', ({ event }) => event === 'settings');
      await stream.hear('an event', ({ event }) => event === 'events');
      stream.close();
      await until(
        'nobody follows',
        () => bench.events.followers(),
        (count) => count === 0,
      );
    }
  });

  it('that are closed leave the agent alone', async () => {
    await bench.startConsole();
    const stream = await bench.stream(await bench.signIn());
    await stream.hear(
      'a status',
      ({ event, data }) => event === 'state' && data['status'] !== null,
    );
    await until(
      'the stream of events',
      () => bench.events.followers(),
      (count) => count === 1,
    );
    stream.close();
    await until(
      'nobody follows',
      () => bench.events.followers(),
      (count) => count === 0,
    );
  });
});

describe('what the agent says', () => {
  it('reaches the page as text, whatever stands in it', async () => {
    const name = '</script><img src=x onerror=alert(1)>';
    await bench.stopAgent();
    await bench.startAgent({ status: () => ({ ...healthy, name }) });
    await bench.startConsole();
    const stream = await bench.stream(await bench.signIn());
    const told = await stream.hear(
      'a status',
      ({ event, data }) => event === 'state' && data['status'] !== null,
    );
    assert.equal((told.data['status'] as { name: string }).name, name);
  });

  it('is said to be missing when it is gone, with how old the last is, and comes back by itself', async () => {
    await bench.startConsole();
    const cookie = await bench.signIn();
    const stream = await bench.stream(cookie);
    await stream.hear(
      'a status',
      ({ event, data }) => event === 'state' && data['status'] !== null,
    );
    await bench.stopAgent();
    bench.time += 7_000;
    // It may have been missed before the seven seconds were over.
    const gone = await stream.hear(
      'the agent is gone, and what it said last is 7 s old',
      ({ data }) =>
        data['problem'] !== null &&
        data['problem'] !== undefined &&
        Number(data['now']) - Number(data['at']) === 7_000,
    );
    assert.match(JSON.stringify(gone.data['problem']), /not reachable/);
    const order = await bench.ask('/api/order', { body: { command: 'failover' }, cookie });
    assert.equal(order.status, 502);
    assert.match(order.text, /agent-not-reachable/);
    await bench.startAgent();
    const before = stream.told.length;
    await until('a status again', () =>
      stream.told.slice(before).some(({ data }) => data['problem'] === null),
    );
  });

  it('is what comes of an order, a refusal too', async () => {
    await bench.stopAgent();
    await bench.startAgent({
      command: (name, argument) =>
        Promise.resolve(
          name === 'failover'
            ? { ok: false, code: 'refused', message: 'nobody is fit', remedy: 'mend it' }
            : { ok: true, detail: `${name} is ${argument}` },
        ),
    });
    await bench.startConsole();
    const cookie = await bench.signIn();
    const done = await bench.ask('/api/order', {
      body: { command: 'maintenance', argument: 'on' },
      cookie,
    });
    assert.deepEqual([done.status, done.json()], [200, { ok: true, detail: 'maintenance is on' }]);
    const refused = await bench.ask('/api/order', { body: { command: 'failover' }, cookie });
    assert.equal(refused.status, 200);
    assert.match(refused.text, /"error":.*nobody is fit/);
  });

  it('of settings that peers have goes out in words, of headers the names alone', async () => {
    const sync = { mode: 'offer', generation: 3, author: 'b', digest: 'd', peers: [] } as const;
    const theirs = { Authorization: 'secret-of-b' };
    const differences = [
      { setting: 'checks[web].requestHeaders', theirs, changed: 'there' },
      { setting: 'ha.port', base: 1, mine: 1, theirs: 2, changed: 'there' },
    ] as const;
    const asked: unknown[] = [];
    await bench.stopAgent();
    await bench.startAgent({
      sync: (order) => {
        asked.push(order);
        if (order.kind === 'view') {
          return Promise.resolve({ sync, peers: [{ name: 'b', differences }, { name: 'c' }] });
        }
        return Promise.resolve(
          order.kind === 'pull'
            ? { ok: true, detail: 'taken from b' }
            : { ok: false, code: 'refused', message: 'b refuses', remedy: 'see', errors: [] },
        );
      },
    });
    await bench.startConsole();
    const cookie = await bench.signIn();
    const shown = await bench.ask('/api/sync', { body: {}, cookie });
    assert.doesNotMatch(shown.text, /secret-of-b/);
    assert.deepEqual(shown.json(), {
      sync,
      peers: [
        {
          name: 'b',
          differences: [
            {
              setting: 'checks[web].requestHeaders',
              changed: 'there',
              base: '-',
              mine: '-',
              theirs: 'Authorization',
            },
            { setting: 'ha.port', changed: 'there', base: '1', mine: '1', theirs: '2' },
          ],
        },
        { name: 'c' },
      ],
    });
    const pulled = await bench.ask('/api/pull', { body: { peer: 'b' }, cookie });
    assert.deepEqual(pulled.json(), { ok: true, detail: 'taken from b' });
    const pushed = await bench.ask('/api/push', { body: { peer: 'b' }, cookie });
    assert.deepEqual(
      [pushed.status, pushed.json()],
      [200, { error: { code: 'refused', message: 'b refuses', remedy: 'see' }, errors: [] }],
    );
    assert.deepEqual(asked, [
      { kind: 'view' },
      { kind: 'pull', peer: 'b' },
      { kind: 'push', peers: ['b'] },
    ]);
    for (const body of [{}, { peer: 1 }, { peer: 'b', more: true }]) {
      for (const path of ['/api/pull', '/api/push']) {
        assert.equal((await bench.ask(path, { body, cookie })).status, 400, JSON.stringify(body));
      }
    }
  });

  it('where no settings are shared is that, and no fault of the page', async () => {
    await bench.startConsole();
    const cookie = await bench.signIn();
    const { status, text } = await bench.ask('/api/sync', { body: {}, cookie });
    assert.equal(status, 200);
    assert.match(text, /"code":"sync-off"/);
  });

  it('metrics are answered without a token where they are asked for, and nowhere else', async () => {
    await bench.startConsole();
    assert.equal((await bench.ask('/metrics')).status, 404);
    const other = new Bench();
    await other.startAgent();
    await other.startConsole({ metrics: true });
    const { status, text, headers } = await other.ask('/metrics');
    await other.close();
    assert.deepEqual([status, text], [200, '# HELP x y\n']);
    assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
  });
});
