// The prober's tcp and http checks against servers on the loopback of a namespace of our own.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer as createWebServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { describe, test, type TestContext } from '../support/test.js';
import { enterNamespace } from '../support/namespace.js';
import { httpCheck, ProberBench, tcpCheck } from './prober-bench.js';
import { SELF_SIGNED } from './self-signed.js';
import { eventOf } from '../support/limits.js';

const skip = enterNamespace(import.meta.url);

async function listen(t: TestContext, server: TcpServer | Server, port = 0): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  server.listen(port, '127.0.0.1');
  await eventOf(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const web = async (t: TestContext, handler: RequestListener): Promise<string> =>
  `http://127.0.0.1:${await listen(t, createWebServer(handler))}`;

/** A server that speaks no HTTP of its own accord. */
const raw = async (t: TestContext, onSocket: (socket: Socket) => void): Promise<number> =>
  listen(t, createServer(onSocket));

describe('tcp checks', { skip }, () => {
  test('ok while somebody listens, failed when nobody does, ok again', async (t) => {
    const bench = new ProberBench(t);
    const server = createServer((socket) => socket.destroy());
    const port = await listen(t, server);
    bench.configure({ checks: [tcpCheck('db', port)] });
    assert.match(
      await bench.reaches('db', 'ok'),
      /^connected in .* ms; limit 3 failures in a row$/,
    );
    server.close();
    const detail = await bench.reaches('db', 'failed');
    assert.match(detail, /ECONNREFUSED.*; 0 of 2 successes in a row to recover$/);
    const again = createServer((socket) => socket.destroy());
    await listen(t, again, port);
    await bench.reaches('db', 'ok');
    assert.deepEqual(bench.history.get('db'), ['unknown', 'ok', 'failed', 'ok']);
  });

  test('a host without a name is a failure that says so', async (t) => {
    const bench = new ProberBench(t);
    bench.configure({ checks: [tcpCheck('named', 1, { host: 'nowhere.invalid' })] });
    assert.match(await bench.reaches('named', 'failed'), /getaddrinfo .* nowhere\.invalid/);
  });

  test('an ephemeral port nobody listens on is never ours', async (t) => {
    // Every port the kernel may choose is this one, so that a connection to itself is certain.
    writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', '40001 40001');
    t.after(() => writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', '32768 60999'));
    const bench = new ProberBench(t);
    // The first attempt alone: the port then rests (TIME-WAIT).
    const first = { failureThreshold: 1, intervalMs: 600_000 };
    bench.configure({ checks: [tcpCheck('self', 40_001, first)] });
    assert.match(await bench.reaches('self', 'failed'), /nobody listens on 127\.0\.0\.1:40001/);
  });
});

// Each has a prober and servers of its own, and mostly waits.
describe('http checks', { skip, concurrency: 3 }, () => {
  test('ok, failed and ok again by status, with the weight given', async (t) => {
    let status = 200;
    const url = await web(t, (_, response) => response.writeHead(status).end());
    const bench = new ProberBench(t);
    bench.configure({
      checks: [
        httpCheck('up', url, { weight: 30 }),
        httpCheck('soft', url),
        httpCheck('none', url, { weight: 0 }),
      ],
    });
    assert.match(
      await bench.reaches('up', 'ok'),
      /^status 200 in .* ms; limit 3 failures in a row$/,
    );
    status = 503;
    const detail = await bench.reaches('up', 'failed');
    assert.match(detail, /^status 200\.\.299 expected, 503 found; 0 of 2 successes/);
    await bench.reaches('soft', 'failed');
    assert.equal(bench.statuses.get('up')?.weight, 30);
    assert.equal(bench.statuses.get('soft')?.weight, 'soft');
    assert.equal(bench.statuses.get('none')?.weight, 0);
    status = 299;
    await bench.reaches('up', 'ok');
  });

  test('each attempt is a connection of its own, closed afterwards', async (t) => {
    let attempts = 0;
    const connections = new Set<Socket>();
    const keepAlive: (string | undefined)[] = [];
    const server = createWebServer((request, response) => {
      attempts += 1;
      keepAlive.push(request.headers.connection);
      response.end('hello');
    });
    server.keepAliveTimeout = 60_000;
    server.on('connection', (socket: Socket) => {
      assert.equal(connections.size, 0, 'the connection before is closed');
      connections.add(socket);
      socket.on('close', () => connections.delete(socket));
    });
    const url = `http://127.0.0.1:${await listen(t, server)}`;
    const bench = new ProberBench(t);
    bench.configure({ checks: [httpCheck('up', url, { expectBody: 'hello' })] });
    await bench.until('five attempts', () => attempts >= 5);
    assert.deepEqual([...new Set(keepAlive)], ['close']);
  });

  test('body: text across chunks is found, absent text is named', async (t) => {
    const url = await web(t, (_, response) => {
      response.write('all sys');
      setImmediate(() => response.end('tems go'));
    });
    const bench = new ProberBench(t);
    bench.configure({
      checks: [
        httpCheck('split', url, { expectBody: 'systems' }),
        httpCheck('other', url, { expectBody: 'degraded' }),
      ],
    });
    await bench.reaches('split', 'ok');
    assert.match(await bench.reaches('other', 'failed'), /the body does not contain "degraded"/);
  });

  test('body: one that does not end is read for a MiB, not for ever', async (t) => {
    const url = await web(t, (_, response) => {
      const pump = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', pump);
      pump();
    });
    const bench = new ProberBench(t);
    const limits = { failureThreshold: 1 };
    bench.configure({ checks: [httpCheck('endless', url, { expectBody: 'y', ...limits })] });
    assert.match(await bench.reaches('endless', 'failed'), /the body does not contain "y"/);
  });

  test('header: present, with a value, absent', async (t) => {
    const url = await web(t, (_, response) => response.setHeader('X-Role', 'primary, ready').end());
    const bench = new ProberBench(t);
    const expecting = (name: string, header: { name: string; value?: string }) =>
      httpCheck(name, url, { expectHeader: header });
    bench.configure({
      checks: [
        expecting('present', { name: 'x-role' }),
        expecting('value', { name: 'X-Role', value: 'ready' }),
        expecting('other', { name: 'X-Role', value: 'asleep' }),
        expecting('absent', { name: 'X-Health' }),
      ],
    });
    await bench.reaches('present', 'ok');
    await bench.reaches('value', 'ok');
    assert.match(
      await bench.reaches('other', 'failed'),
      /header X-Role with "asleep" expected, "primary, ready" found/,
    );
    assert.match(await bench.reaches('absent', 'failed'), /header X-Health expected, none found/);
  });

  test('request headers are sent, Host too', async (t) => {
    const seen = new Set<string | undefined>();
    const url = await web(t, (request, response) => {
      seen.add(request.headers.host);
      response.end();
    });
    const bench = new ProberBench(t);
    const requestHeaders = { Host: 'shop.example' };
    bench.configure({ checks: [httpCheck('up', url, { requestHeaders })] });
    await bench.reaches('up', 'ok');
    assert.deepEqual([...seen], ['shop.example']);
  });

  test('a redirect is an answer, and is not followed', async (t) => {
    const paths: (string | undefined)[] = [];
    const url = await web(t, (request, response) => {
      paths.push(request.url);
      response.writeHead(request.url === '/' ? 302 : 200, { location: '/target' }).end();
    });
    const bench = new ProberBench(t);
    const expectStatus = { minimum: 302, maximum: 302 };
    bench.configure({
      checks: [httpCheck('wants-200', url), httpCheck('wants-302', url, { expectStatus })],
    });
    await bench.reaches('wants-302', 'ok');
    const detail = await bench.reaches('wants-200', 'failed');
    assert.match(detail, /status 200\.\.299 expected, 302 found, redirect to \/target/);
    assert.ok(paths.every((path) => path === '/'));
  });

  test('self-signed: refused, and accepted when told so', async (t) => {
    const server = createSecureServer(SELF_SIGNED, (_, response) => response.end('hello'));
    server.on('tlsClientError', () => undefined);
    const url = `https://127.0.0.1:${await listen(t, server)}`;
    const bench = new ProberBench(t);
    bench.configure({
      checks: [
        httpCheck('verified', url),
        httpCheck('trusting', url, { verifyTls: false, expectBody: 'hello' }),
      ],
    });
    await bench.reaches('trusting', 'ok');
    const detail = await bench.reaches('verified', 'failed');
    assert.match(detail, /self-signed certificate.*set verifyTls: false/);
  });

  test('servers that never answer, or never end, fail at their deadline', async (t) => {
    const silent = await raw(t, () => undefined);
    const half = await raw(t, (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nbeginning'));
    const bench = new ProberBench(t);
    const short = { timeoutMs: 60, failureThreshold: 2 };
    bench.configure({
      checks: [
        httpCheck('silent', `http://127.0.0.1:${silent}`, short),
        httpCheck('secure', `https://127.0.0.1:${silent}`, short),
        httpCheck('half', `http://127.0.0.1:${half}`, { ...short, expectBody: 'end' }),
        // The status is all that is asked for, and it has come.
        httpCheck('status-only', `http://127.0.0.1:${half}`),
      ],
    });
    for (const name of ['silent', 'secure', 'half']) {
      assert.match(await bench.reaches(name, 'failed'), /no answer within 60 ms; 0 of 2/);
    }
    await bench.reaches('status-only', 'ok');
  });

  test('servers that answer nonsense, cut off, switch protocols or flood headers fail', async (t) => {
    const answers: Readonly<Record<string, string>> = {
      nonsense: 'SSH-2.0-OpenSSH_9.2\r\n',
      nothing: '',
      cut: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort',
      switching: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
      headers: `HTTP/1.1 200 OK\r\n${'X-Flood: yes\r\n'.repeat(10_000)}`,
    };
    const checks = [];
    for (const [name, answer] of Object.entries(answers)) {
      const port = await raw(t, (socket) => {
        socket.once('data', () => socket.end(answer));
      });
      checks.push(httpCheck(name, `http://127.0.0.1:${port}`, { expectBody: 'never' }));
    }
    const bench = new ProberBench(t);
    bench.configure({ checks });
    for (const name of Object.keys(answers)) {
      assert.doesNotMatch(await bench.reaches(name, 'failed'), /no answer within/);
    }
  });

  test('a check that cannot be tried is unknown, and the others go on', async (t) => {
    const url = await web(t, (_, response) => response.end());
    const bench = new ProberBench(t);
    bench.configure({ checks: [httpCheck('broken', 'http://['), httpCheck('up', url)] });
    await bench.reaches('up', 'ok');
    assert.match(await bench.reaches('broken', 'unknown', /failed/), /Invalid URL/);
  });
});

describe('settings that change', { skip, concurrency: 3 }, () => {
  test('an unchanged check goes on counting, a changed one begins anew', async (t) => {
    const url = await web(t, (_, response) => response.writeHead(500).end());
    const bench = new ProberBench(t);
    const endless = { intervalMs: 20, failureThreshold: 1_000_000 };
    const failures = (name: string): number =>
      Number(/(\d+) of \d+ failures/.exec(bench.statuses.get(name)?.detail ?? '')?.[1] ?? 0);
    const kept = httpCheck('kept', url, endless);
    bench.configure({ checks: [kept, httpCheck('changed', url, endless)] });
    await bench.until('30 failures', () => failures('kept') > 30 && failures('changed') > 30);
    const before = failures('kept');
    const recoveryThreshold = 7;
    const changed = httpCheck('changed', url, { ...endless, recoveryThreshold });
    const reports = bench.reports;
    bench.configure({ checks: [changed, httpCheck('new', url, endless), kept] });
    await bench.until('the report after', () => bench.reports > reports);
    assert.ok(failures('kept') >= before, `${failures('kept')} after ${before}`);
    assert.equal(failures('changed'), 0);
    assert.equal(bench.statuses.get('new')?.detail, 'waiting for the first result');
  });

  test('what has not changed is not told again', async (t) => {
    const url = await web(t, (_, response) => response.writeHead(500).end());
    const bench = new ProberBench(t);
    const stable = httpCheck('stable', url, { failureThreshold: 1 });
    bench.configure({ checks: [stable] });
    await bench.reaches('stable', 'failed');
    bench.statuses.clear();
    const { reports } = bench;
    await bench.until('two more reports', () => bench.reports >= reports + 2);
    assert.equal(bench.statuses.size, 0);
  });
});
