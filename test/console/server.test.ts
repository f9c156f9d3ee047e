// The console's server over a made-up agent: what it serves, whom it lets in, and what it refuses.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { ConsoleOptions } from '../../src/console/server.js';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { healthy } from '../cli/statuses.js';
import { eventOf, until } from '../support/limits.js';
import { Bench, TOKEN, type OpenStream } from './bench.js';

let bench: Bench;
beforeEach(async () => {
  bench = new Bench();
  await bench.startAgent();
});
afterEach(() => bench.close());

describe('a unix socket', () => {
  const unixAt = (path: string): Partial<ConsoleOptions> => ({ listen: { kind: 'unix', path } });

  it('that an earlier console has left is replaced', async () => {
    const path = join(bench.folder, 'console.sock');
    const dead =
      "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
    spawnSync(process.execPath, ['-e', dead, path]);
    assert.ok(lstatSync(path).isSocket());
    await bench.startConsole(unixAt(path));
  });

  it('is not put in the place of a file', async () => {
    const path = join(bench.folder, 'precious');
    writeFileSync(path, 'kept');
    await assert.rejects(bench.startConsole(unixAt(path)), { code: 'EADDRINUSE' });
    assert.equal(readFileSync(path, 'utf8'), 'kept');
  });
});

describe('the page', () => {
  it('comes with a policy that lets nothing in from elsewhere, nothing inline, and no frame', async () => {
    await bench.startConsole();
    const { status, headers, text } = await bench.ask('/');
    assert.equal(status, 200);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /^default-src 'none'; script-src 'self'; /);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.doesNotMatch(text, /<script>|style=| on\w+=/);
  });

  it('has all its files on board, in at most 40 kB as they are sent, with what it is told of the settings', async () => {
    await bench.startConsole();
    const cookie = await bench.signIn();
    const seen = new Set<string>();
    let sent = 0;
    const load = async (path: string): Promise<void> => {
      if (seen.has(path)) return;
      seen.add(path);
      const zipped = await bench.ask(path, { headers: { 'Accept-Encoding': 'gzip' }, cookie });
      assert.equal(zipped.headers['content-encoding'], 'gzip', path);
      sent += Number(zipped.headers['content-length']);
      const { status, text } = await bench.ask(path, { cookie });
      assert.equal(status, 200, path);
      const parts = [
        ...text.matchAll(/(?:src|href|from)[= ]["']\.?\/?([\w.]+\.(?:js|css|svg))["']/g),
      ];
      for (const [, name = ''] of parts) await load(`/${name}`);
    };
    await load('/');
    await load('/api/fields');
    assert.ok(seen.has('/preact.js') && seen.has('/screen.js'), [...seen].join(' '));
    assert.ok(sent <= 40_000, `${sent} bytes in ${seen.size} files`);
  });

  it('answers neither another path nor another method', async () => {
    await bench.startConsole();
    assert.equal((await bench.ask('/../package.json')).status, 404);
    assert.equal((await bench.ask('/%2e%2e/package.json')).status, 404);
    assert.equal((await bench.ask('/', { body: {} })).status, 405);
    assert.equal(
      (await bench.ask('/', { method: 'DELETE', headers: { Origin: `http://${bench.host}` } }))
        .status,
      405,
    );
  });
});

describe('whoever is not signed in', () => {
  it('sees nothing of the agent and orders nothing', async () => {
    await bench.startConsole();
    for (const path of ['/api/stream', '/api/fields']) {
      assert.equal((await bench.ask(path)).status, 401, path);
    }
    for (const path of [
      '/api/order',
      '/api/change',
      '/api/reload',
      '/api/sync',
      '/api/pull',
      '/api/push',
    ]) {
      const cookie = 'understudy-session=x';
      assert.equal(
        (await bench.ask(path, { body: { command: 'failover' }, cookie })).status,
        401,
        path,
      );
    }
    assert.deepEqual(bench.calls, {});
    assert.deepEqual((await bench.ask('/api/session')).json(), { signedIn: false });
  });

  it('signs in with the token of the file, for a cookie that no script reads', async () => {
    await bench.startConsole();
    const { status, headers } = await bench.ask('/api/sign-in', { body: { token: `${TOKEN}\n` } });
    assert.equal(status, 200);
    assert.match(
      String(headers['set-cookie']?.[0]),
      /; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/,
    );
    const cookie = await bench.signIn();
    assert.deepEqual((await bench.ask('/api/session', { cookie })).json(), { signedIn: true });
    await bench.ask('/api/sign-out', { body: {}, cookie });
    assert.deepEqual((await bench.ask('/api/session', { cookie })).json(), { signedIn: false });
  });

  it('behind TLS has a cookie that never goes out in the clear', async () => {
    await bench.startConsole({ behindProxy: true });
    const headers = { Origin: `https://${bench.host}` };
    const answer = await bench.ask('/api/sign-in', { body: { token: TOKEN }, headers });
    assert.match(String(answer.headers['set-cookie']?.[0]), /; Secure$/);
  });

  it('guesses five times, of a thousand, and then waits; so does the right token', async () => {
    await bench.startConsole();
    const found = new Map<number, number>();
    for (let guess = 0; guess < 1_000; guess += 1) {
      const { status } = await bench.ask('/api/sign-in', {
        body: { token: `guess-number-${guess}` },
      });
      found.set(status, (found.get(status) ?? 0) + 1);
    }
    assert.deepEqual(
      [...found],
      [
        [403, 5],
        [429, 995],
      ],
    );
    const right = await bench.ask('/api/sign-in', { body: { token: TOKEN } });
    assert.equal(right.status, 429);
    assert.equal(right.headers['retry-after'], '10');
    bench.time += 10_000;
    assert.equal((await bench.ask('/api/sign-in', { body: { token: TOKEN } })).status, 200);
  });
});

describe('a session', () => {
  it('ends half an hour after its last use', async () => {
    await bench.startConsole();
    const cookie = await bench.signIn();
    bench.time += 29 * 60_000;
    assert.equal((await bench.ask('/api/fields', { cookie })).status, 200);
    bench.time += 31 * 60_000;
    assert.equal((await bench.ask('/api/fields', { cookie })).status, 401);
  });

  it('ends after twelve hours however much it is used, and its stream with it', async () => {
    await bench.startConsole();
    const cookie = await bench.signIn();
    const stream = await bench.stream(cookie);
    await stream.hear('a status', ({ event }) => event === 'state');
    for (let hour = 0; hour < 24; hour += 1) {
      bench.time += 1_700_000;
      await bench.ask('/api/session', { cookie });
    }
    assert.equal((await bench.ask('/api/fields', { cookie })).status, 200);
    bench.time += 12 * 3_600_000 - 24 * 1_700_000 + 1;
    await stream.hear('the end of the session', ({ event }) => event === 'over');
    assert.equal((await bench.ask('/api/fields', { cookie })).status, 401);
  });
});

describe('a request from elsewhere', () => {
  it('under a name that is not ours is turned away, whatever it asks', async () => {
    await bench.startConsole({ names: ['Dallas-1.example.com'] });
    for (const host of [
      'evil.example',
      '6.6.6.6',
      'localhost.evil.example',
      'a@127.0.0.1',
      '[::ffff:6.6.6.6]',
    ]) {
      assert.equal((await bench.ask('/', { headers: { Host: host } })).status, 421, host);
    }
    for (const host of ['localhost:7180', 'dallas-1.example.com', `127.0.0.1:${bench.port}`]) {
      assert.equal((await bench.ask('/', { headers: { Host: host } })).status, 200, host);
    }
  });

  it('of another site orders nothing, though it has the cookie', async () => {
    await bench.startConsole();
    const cookie = await bench.signIn();
    const body = { command: 'failover' };
    const strange: Record<string, string>[] = [
      { Origin: 'http://evil.example' },
      { Origin: 'null' },
      { Origin: '' },
      { Origin: `https://${bench.host}` },
      { Origin: `http://127.0.0.1:${bench.port + 1}` },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
    ];
    for (const headers of strange) {
      const { status } = await bench.ask('/api/order', { body, cookie, headers });
      assert.equal(status, 403, JSON.stringify(headers));
    }
    const form = { 'Content-Type': 'text/plain' };
    assert.equal((await bench.ask('/api/order', { body, cookie, headers: form })).status, 415);
    assert.deepEqual(bench.calls, {});
  });

  it('by GET orders nothing', async () => {
    await bench.startConsole();
    const cookie = await bench.signIn();
    for (const path of [
      '/api/order?command=failover',
      '/api/change',
      '/api/reload',
      '/api/sync',
      '/api/pull?peer=b',
      '/api/push',
      '/api/sign-out',
    ]) {
      assert.equal((await bench.ask(path, { cookie })).status, 405, path);
    }
    assert.deepEqual(bench.calls, {});
  });

  it('of 10 MB is refused before it is read, announced or not', async () => {
    await bench.startConsole();
    const cookie = await bench.signIn();
    const body = JSON.stringify({ command: 'x'.repeat(10_000_000) });
    const announced = await bench.ask('/api/order', {
      body,
      cookie,
      headers: { 'Content-Length': String(body.length) },
    });
    assert.equal(announced.status, 413);
    const unannounced = await bench.ask('/api/order', {
      body,
      cookie,
      headers: { 'Transfer-Encoding': 'chunked' },
    });
    assert.equal(unannounced.status, 413);
    assert.deepEqual(bench.calls, {});
  });

  it('that is no JSON, or no order, is told so', async () => {
    await bench.startConsole();
    const cookie = await bench.signIn();
    assert.equal((await bench.ask('/api/order', { body: '{', cookie })).status, 400);
    assert.equal(
      (await bench.ask('/api/order', { body: { command: 'reboot' }, cookie })).status,
      400,
    );
    assert.equal((await bench.ask('/api/change', { body: { base: 1 }, cookie })).status, 400);
  });
});

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
