// The console's server over a made-up agent: what it serves, whom it lets in, and what it refuses. What it streams:
// streams.test.ts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConsoleOptions } from '../../src/console/server.js';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { Bench, TOKEN } from './bench.js';

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
