// The control socket: what it answers, what it refuses, and what it bounds. Raw sockets where a
// well-behaved client would not do. The socket as a file: socket-file.test.ts.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { healthy } from '../cli/statuses.js';
import { eventOf } from '../support/limits.js';
import { describe, it } from '../support/test.js';
import { ControlBench, get, hear, post } from './server-bench.js';

const bench = new ControlBench();

const codeOf = (body: unknown): string => (body as { error: { code: string } }).error.code;

describe('what the control socket answers', () => {
  it('gives the status as it comes from the agent, and closes', async () => {
    await bench.start();
    const { status, head, body } = await bench.say(get('/v1/status'));
    assert.equal(status, 200);
    assert.match(head, /Connection: close/);
    assert.deepEqual(body, healthy);
  });

  it('answers the metrics as they are, at the path of scrapers', async () => {
    const bytes = Buffer.from('# HELP up ü\n# TYPE up gauge\nup 1\n');
    const type = 'text/plain; version=0.0.4; charset=utf-8';
    await bench.start({ metrics: () => Promise.resolve({ type, bytes }) });
    const socket = connect(bench.path);
    socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    const [head = '', body] = (await hear(socket)).split('\r\n\r\n');
    assert.match(head, /^HTTP\/1\.1 200 /);
    assert.ok(
      head.includes(`\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\n`),
      head,
    );
    assert.equal(body, bytes.toString('utf8'));
  });

  it('a scraper that never reads gets its answer once and is then let go, whoever else asks', async () => {
    const bytes = Buffer.from(`# HELP up ${'x'.repeat(4 << 20)}\n`);
    await bench.start({ metrics: () => Promise.resolve({ type: 'text/plain', bytes }) });
    const silent = connect(bench.path);
    silent.on('error', () => undefined);
    silent.pause();
    silent.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    const asked = await bench.say(`GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.equal(asked.status, 200);
    silent.resume();
    await eventOf(silent, 'close');
    assert.deepEqual(bench.errors, []);
  });

  it('hands setting and value to the agent', async () => {
    await bench.start();
    const { status, body } = await bench.say(post('/v1/set', '{"setting":"mode","value":"off"}'));
    assert.equal(status, 200);
    assert.equal((body as { value: string }).value, 'off');
  });

  it('answers refused settings with 422 and every error', async () => {
    const error = {
      path: 'ha',
      expected: 'a',
      found: 'b',
      remedy: 'c',
      code: 'wrong-type',
    } as const;
    await bench.start({
      reload: () => Promise.resolve({ ok: false, file: '/f', errors: [error] }),
    });
    const { status, body } = await bench.say(post('/v1/reload', ''));
    assert.equal(status, 422);
    assert.deepEqual((body as { errors: unknown }).errors, [error]);
  });

  it('hands command and argument to the agent', async () => {
    await bench.start();
    const orders: readonly [body: string, detail: string][] = [
      ['{"command":"failover"}', 'failover without argument'],
      ['{"command":"maintenance","argument":"on"}', 'maintenance on'],
      ['{"command":"maintenance","argument":"off"}', 'maintenance off'],
      ['{"command":"bypass","argument":"engage"}', 'bypass engage'],
      ['{"command":"bypass","argument":"release"}', 'bypass release'],
      ['{"command":"flaps","argument":"clear"}', 'flaps clear'],
    ];
    for (const [order, detail] of orders) {
      const { status, body } = await bench.say(post('/v1/command', order));
      assert.deepEqual([status, body], [200, { ok: true, detail }]);
    }
  });

  it('hands on that an operator insists, where there is something to insist on', async () => {
    const forced: boolean[] = [];
    await bench.start({
      command: (name, _argument, { force }) => {
        forced.push(force);
        return Promise.resolve({ ok: true, detail: name });
      },
    });
    const codes: number[] = [];
    for (const order of [
      '{"command":"failover","force":true}',
      '{"command":"failover"}',
      '{"command":"maintenance","argument":"on","force":true}',
      '{"command":"failover","force":"yes"}',
      '{"command":"flaps","argument":"clear","force":true}',
    ]) {
      codes.push((await bench.say(post('/v1/command', order))).status);
    }
    assert.deepEqual(codes, [200, 200, 200, 400, 400]);
    assert.deepEqual(forced, [true, false, true]);
  });

  it('answers a refused order with 409 and its reason', async () => {
    const error = { code: 'nobody-fit', message: 'no peer is fit', remedy: 'mend it' };
    await bench.start({ command: () => Promise.resolve({ ok: false, ...error }) });
    const { status, body } = await bench.say(post('/v1/command', '{"command":"failover"}'));
    assert.deepEqual([status, body], [409, { error }]);
  });

  it('takes any query, any header and chunks', async () => {
    await bench.start();
    assert.equal((await bench.say(get('/v1/status?pretty=1'))).status, 200);
    const body = '{"setting":"mode","value":"off"}';
    const chunked = `POST /v1/set HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    assert.equal((await bench.say(chunked)).status, 200);
  });
});

describe('one request a connection', () => {
  const order = post('/v1/command', '{"command":"failover"}');

  it('carries out the first of a thousand that come in one piece, answers it and closes', async () => {
    const orders: string[] = [];
    await bench.start({
      command: (name) => {
        orders.push(name);
        return Promise.resolve({ ok: true, detail: name });
      },
    });
    const { status, head } = await bench.say(order.repeat(1_000));
    assert.deepEqual([status, orders], [200, ['failover']]);
    assert.match(head, /Connection: close/);
  });

  it('carries out nothing that comes behind a stream of events', async () => {
    const orders: string[] = [];
    await bench.start({
      command: (name) => {
        orders.push(name);
        return Promise.resolve({ ok: true, detail: name });
      },
    });
    const socket = connect(bench.path);
    socket.on('error', () => undefined);
    socket.write(get('/v1/events?follow=1') + order.repeat(10));
    await eventOf(socket, 'data');
    // What a connection of its own orders comes after all that lay in the first one.
    assert.equal((await bench.say(order)).status, 200);
    assert.deepEqual(orders, ['failover']);
    socket.destroy();
  });
});

describe('what the control socket refuses', () => {
  const refusals: readonly [title: string, bytes: string, status: number, code: string][] = [
    ['an unknown path', get('/v1/nothing'), 404, 'unknown-path'],
    ['the root', get('/'), 404, 'unknown-path'],
    ['a wrong method', post('/v1/status', ''), 405, 'wrong-method'],
    ['malformed JSON', post('/v1/set', '{"setting":'), 400, 'malformed-json'],
    ['no body', post('/v1/set', ''), 400, 'malformed-json'],
    ['a list', post('/v1/set', '[]'), 400, 'invalid-request'],
    ['a missing value', post('/v1/set', '{"setting":"mode"}'), 400, 'invalid-request'],
    [
      'a value of another type',
      post('/v1/set', '{"setting":"mode","value":1}'),
      400,
      'invalid-request',
    ],
    [
      'an unknown key',
      post('/v1/set', '{"setting":"a","value":"b","x":1}'),
      400,
      'invalid-request',
    ],
    [
      'too long a value',
      post('/v1/set', JSON.stringify({ setting: 'a', value: 'v'.repeat(1001) })),
      400,
      'invalid-request',
    ],
    ['an unknown command', post('/v1/command', '{"command":"reboot"}'), 400, 'invalid-request'],
    [
      'an argument where there is none',
      post('/v1/command', '{"command":"failover","argument":"on"}'),
      400,
      'invalid-request',
    ],
    ['no argument', post('/v1/command', '{"command":"flaps"}'), 400, 'invalid-request'],
    [
      "another command's argument",
      post('/v1/command', '{"command":"flaps","argument":"on"}'),
      400,
      'invalid-request',
    ],
    ['a command that is no JSON', post('/v1/command', 'failover'), 400, 'malformed-json'],
    ['a body over 64 KiB', post('/v1/set', 'x'.repeat(64 * 1024 + 1)), 413, 'too-large'],
    [
      'a body that claims to be huge',
      'POST /v1/set HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n',
      413,
      'too-large',
    ],
    [
      'a chunk over 64 KiB',
      `POST /v1/set HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n${'x'.repeat(0x20000)}\r\n0\r\n\r\n`,
      413,
      'too-large',
    ],
    [
      'a header over 8 KiB',
      `GET /v1/status HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(9000)}\r\n\r\n`,
      431,
      'header-too-large',
    ],
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'malformed-http'],
  ];
  for (const [title, bytes, status, code] of refusals) {
    it(`${title}: ${status}`, async () => {
      await bench.start();
      const answer = await bench.say(bytes);
      assert.deepEqual([answer.status, codeOf(answer.body)], [status, code]);
      const { error } = answer.body as { error: { message: string; remedy: string } };
      assert.ok(error.message.length > 0 && error.remedy.length > 0);
      assert.deepEqual(bench.errors, []);
      assert.equal((await bench.say(get('/v1/status'))).status, 200, 'it still answers others');
    });
  }

  it('a wrong method: says which is right', async () => {
    await bench.start();
    assert.match((await bench.say(post('/v1/status', ''))).head, /Allow: GET/);
  });
});

describe('what the control socket bounds', () => {
  it('a header that never ends: 408', async () => {
    await bench.start({}, { headersTimeoutMs: 50 });
    const { status, body } = await bench.say('GET /v1/status HTTP/1.1\r\nHost:');
    assert.deepEqual([status, codeOf(body)], [408, 'too-slow']);
  });

  it('a body that never ends: 408', async () => {
    await bench.start({}, { headersTimeoutMs: 50, requestTimeoutMs: 60 });
    const bytes = 'POST /v1/set HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{';
    assert.equal((await bench.say(bytes)).status, 408);
  });

  it('a connection on which nothing is said', async () => {
    await bench.start({}, { headersTimeoutMs: 50, idleTimeoutMs: 60 });
    assert.ok(['', 'HTTP/1.1 408'].includes((await hear(connect(bench.path))).slice(0, 12)));
  });

  it('a handler that does not answer: 503', async () => {
    await bench.start({ reload: () => new Promise(() => undefined) }, { handlerTimeoutMs: 20 });
    const { status, body } = await bench.say(post('/v1/reload', ''));
    assert.deepEqual([status, codeOf(body)], [503, 'too-slow']);
  });

  it('the number of connections', async () => {
    await bench.start({}, { connections: 2 });
    const held = [connect(bench.path), connect(bench.path)];
    await Promise.all(held.map((socket) => eventOf(socket, 'connect')));
    assert.equal(await hear(connect(bench.path)), '', 'the third is closed without a word');
    for (const socket of held) socket.destroy();
    await Promise.all(held.map((socket) => eventOf(socket, 'close')));
  });

  it('a client that leaves in the middle of its request, of its answer', async () => {
    await bench.start();
    const leaving = connect(bench.path);
    leaving.write('POST /v1/set HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{', () =>
      leaving.destroy(),
    );
    await eventOf(leaving, 'close');
    const impatient = connect(bench.path);
    impatient.write(get('/v1/status'), () => impatient.destroy());
    await eventOf(impatient, 'close');
    assert.equal((await bench.say(get('/v1/status'))).status, 200);
    assert.deepEqual(bench.errors, []);
  });

  it('a handler that throws, or rejects: 500, and the agent is told', async () => {
    const fault = new Error('broken');
    await bench.start({
      status: () => {
        throw fault;
      },
      reload: () => Promise.reject(fault),
      command: () => Promise.reject(fault),
      events: () => {
        throw fault;
      },
    });
    assert.equal((await bench.say(get('/v1/status'))).status, 500);
    assert.equal((await bench.say(post('/v1/reload', ''))).status, 500);
    assert.equal((await bench.say(post('/v1/command', '{"command":"failover"}'))).status, 500);
    assert.equal((await bench.say(get('/v1/events?follow=1'))).status, 500);
    assert.deepEqual(bench.errors, [fault, fault, fault, fault]);
  });
});
