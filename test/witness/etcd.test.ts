// What is asked of an etcd, and what is made of its answers: those that are right, those that are not, and none.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Etcd } from '../../src/witness/etcd.js';
import { WitnessAway } from '../../src/witness/witness.js';
import { SELF_SIGNED } from '../monitors/self-signed.js';
import { eventOf, until } from '../support/limits.js';
import { describe, it, type TestContext } from '../support/test.js';
import { EtcdServer } from './etcd-server.js';

const NOTHING = {
  caFile: null,
  certificateFile: null,
  privateKeyFile: null,
  user: null,
  passwordFile: null,
};

const OWNER = 'a boot-1';
const FOR_EVER = new AbortController().signal;

function clientOf(t: TestContext, endpoints: readonly string[], more: object = {}): Etcd {
  const etcd = new Etcd({ endpoints, key: '/understudy', ...NOTHING, ...more });
  t.after(() => etcd.close());
  return etcd;
}

async function bench(t: TestContext): Promise<{ server: EtcdServer; etcd: Etcd }> {
  const server = await EtcdServer.start(t);
  return { server, etcd: clientOf(t, [`http://${server.place}`]) };
}

/** Why it is away. */
async function away(asking: Promise<unknown>): Promise<string> {
  try {
    assert.fail(`expected no answer that counts, found ${JSON.stringify(await asking)}`);
  } catch (error) {
    if (error instanceof WitnessAway) return error.message;
    throw error;
  }
}

/** Closes each connection with what it has read first, or with what it has not: then the other end is told of a reset. */
async function closing(t: TestContext, how: 'end' | 'reset'): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => (how === 'end' ? socket.end() : socket.resetAndDestroy()));
  });
  server.listen(0, '127.0.0.1');
  await eventOf(server, 'listening');
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function file(t: TestContext, text: string, mode: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-witness-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'file');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('an etcd as witness', () => {
  it('acquires, renews, reads and releases one key on one lease, over one connection', async (t) => {
    const { server, etcd } = await bench(t);
    assert.deepEqual(await etcd.read(FOR_EVER), { kind: 'free', generation: 0 });
    const ours = {
      kind: 'held',
      generation: 0,
      owner: OWNER,
      token: '00000000000000ab',
      ttlMs: 6_000,
      atLeastMs: 6_000,
    };
    assert.deepEqual(await etcd.acquire(OWNER, 6, FOR_EVER), ours);
    assert.equal(server.key?.value, OWNER);
    assert.deepEqual(await etcd.renew(OWNER, ours.token, FOR_EVER), ours);
    assert.deepEqual(await etcd.read(FOR_EVER), { ...ours, atLeastMs: 3_000 });
    assert.deepEqual(await etcd.acquire('b boot-2', 6, FOR_EVER), { ...ours, atLeastMs: 3_000 });
    await etcd.release(ours.token, FOR_EVER);
    assert.deepEqual(await etcd.read(FOR_EVER), { kind: 'free', generation: 0 });
    assert.equal(server.connections, 1);
    for (const { path, body } of server.asked) {
      // A serializable read is answered by a member alone.
      if (path === '/v3/kv/range') assert.deepEqual(Object.keys(body), ['key']);
    }
  });

  it('a tenure that was lost is not taken again by renewing it', async (t) => {
    const { server, etcd } = await bench(t);
    assert.deepEqual(await etcd.renew(OWNER, 'ab', FOR_EVER), { kind: 'free', generation: 0 });
    server.key = { value: 'b boot-2', lease: '9' };
    const reading = await etcd.renew(OWNER, 'ab', FOR_EVER);
    assert.ok(reading.kind === 'held');
    assert.equal(reading.owner, 'b boot-2');
    assert.ok(!server.paths().includes('kv/txn'));
  });

  it('a lease of ours that was granted for another time, by former settings, is replaced: the key is never gone', async (t) => {
    const { server, etcd } = await bench(t);
    server.key = { value: OWNER, lease: '9' };
    // Granted for 6 s, as the server says.
    const found = await etcd.acquire(OWNER, 6, FOR_EVER);
    assert.ok(found.kind === 'held' && found.token === '0000000000000009');
    const taken = await etcd.acquire(OWNER, 30, FOR_EVER);
    assert.ok(taken.kind === 'held' && taken.token === '00000000000000ab');
    assert.equal(taken.atLeastMs, 30_000);
    assert.deepEqual(server.key, { value: OWNER, lease: '171' });
    const orders = server.paths().filter((path) => /txn|revoke/.test(path));
    assert.deepEqual(orders, ['kv/txn', 'lease/revoke']);
    // That of another boot is not ours.
    server.key = { value: 'a boot-0', lease: '9' };
    assert.ok((await etcd.acquire(OWNER, 30, FOR_EVER)).kind === 'held');
    assert.deepEqual(server.key, { value: 'a boot-0', lease: '9' });
  });

  it('a lease that another took meanwhile is given back', async (t) => {
    const { server, etcd } = await bench(t);
    server.answer = (path) => {
      if (path === '/v3/lease/grant') server.key = { value: 'b boot-2', lease: '9' };
      return undefined;
    };
    const reading = await etcd.acquire(OWNER, 6, FOR_EVER);
    assert.ok(reading.kind === 'held');
    assert.equal(reading.owner, 'b boot-2');
    assert.ok(
      server.asked.some(({ path, body }) => path.endsWith('revoke') && body['ID'] === '171'),
    );
  });

  it('a keepalive counts only when no leader was chosen around it', async (t) => {
    const { server, etcd } = await bench(t);
    await etcd.acquire(OWNER, 6, FOR_EVER);
    server.asked.length = 0;
    let kept = 0;
    server.answer = (path) => {
      // The member that was cut off answers, and learns of its successor before it reads.
      if (path === '/v3/lease/keepalive' && (kept += 1) === 1) {
        const answer = { result: { ...server.header(), ID: '171', TTL: '6' } };
        server.term += 1;
        return { body: answer };
      }
      return undefined;
    };
    assert.equal((await etcd.renew(OWNER, 'ab', FOR_EVER)).kind, 'held');
    const twice = ['lease/keepalive', 'kv/range', 'lease/keepalive', 'kv/range'];
    assert.deepEqual(server.paths(), twice);
    server.answer = (path) => {
      if (path === '/v3/lease/keepalive') server.term += 1;
      return undefined;
    };
    assert.match(await away(etcd.renew(OWNER, 'ab', FOR_EVER)), /leader changes again and again/);
  });

  for (const [what, change] of [
    ['its leaders are counted anew', (server: EtcdServer) => (server.term = 1)],
    ['its content is older', (server: EtcdServer) => (server.revision = 1)],
    ['it is another cluster', (server: EtcdServer) => (server.clusterId = '7')],
  ] as const) {
    it(`one that has lost what it knew is told from before, and nothing is taken: ${what}`, async (t) => {
      const { server, etcd } = await bench(t);
      await etcd.read(FOR_EVER);
      change(server);
      assert.deepEqual(await etcd.acquire(OWNER, 6, FOR_EVER), { kind: 'free', generation: 1 });
      assert.ok(!server.paths().includes('lease/grant'));
    });
  }

  it('goes to the next endpoint, and has a new connection after each failure', async (t) => {
    const { server } = await bench(t);
    const place = `http://${server.place}`;
    const etcd = clientOf(t, ['http://127.0.0.1:1', place]);
    assert.equal((await etcd.read(FOR_EVER)).kind, 'free');
    assert.equal((await etcd.read(FOR_EVER)).kind, 'free');
    assert.equal(server.connections, 1);
    server.answer = () => ({ status: 503, body: 'busy' });
    const why = await away(etcd.read(FOR_EVER));
    assert.match(why, new RegExp(`${server.place}: .*status 503; 127.0.0.1:1: .*ECONNREFUSED`));
    server.answer = () => undefined;
    assert.equal((await etcd.read(FOR_EVER)).kind, 'free');
    assert.equal(server.connections, 2);
  });

  it('waits no longer than it is told, and says when there is no leader', async (t) => {
    const { server, etcd } = await bench(t);
    server.leader = '0';
    const none = (path: string): null | undefined =>
      path === '/v3/maintenance/status' ? undefined : null;
    server.answer = none;
    const short = (): AbortSignal => AbortSignal.timeout(50);
    assert.match(await away(etcd.read(short())), /no answer in time/);
    await until(
      'why it does not answer',
      () => away(etcd.read(short())),
      (why) => why.includes('it answers, but has no leader'),
    );
    server.answer = () => undefined;
    assert.equal((await etcd.read(FOR_EVER)).kind, 'free');
  });

  it('a user signs in with his password, and again when etcd has forgotten him', async (t) => {
    const { server } = await bench(t);
    const passwordFile = file(t, 'secret\n', 0o600);
    const etcd = clientOf(t, [`http://${server.place}`], { user: 'u', passwordFile });
    assert.equal((await etcd.read(FOR_EVER)).kind, 'free');
    assert.deepEqual(server.asked[0]?.body, { name: 'u', password: 'secret' });
    assert.equal(server.asked[1]?.user, 'token-1');
    const unknown = 'etcdserver: invalid auth token';
    server.answer = () => ({ status: 401, body: { error: unknown, message: unknown, code: 16 } });
    assert.match(await away(etcd.read(FOR_EVER)), /invalid auth token/);
    server.answer = () => undefined;
    server.asked.length = 0;
    assert.equal((await etcd.read(FOR_EVER)).kind, 'free');
    assert.deepEqual(server.paths(), ['auth/authenticate', 'kv/range']);
  });

  for (const refusal of [
    'etcdserver: invalid auth token',
    'auth: revision of auth store is old',
    'etcdserver: revision of auth store is old',
  ]) {
    it(`a token that counts no longer costs no question: ${refusal}`, async (t) => {
      const { server } = await bench(t);
      const passwordFile = file(t, 'secret\n', 0o600);
      const etcd = clientOf(t, [`http://${server.place}`], { user: 'u', passwordFile });
      await etcd.read(FOR_EVER);
      server.asked.length = 0;
      let refused = 0;
      server.answer = (path) =>
        path.startsWith('/v3/auth') || (refused += 1) > 1
          ? undefined
          : { status: 401, body: { error: refusal, message: refusal, code: 16 } };
      assert.equal((await etcd.read(FOR_EVER)).kind, 'free');
      assert.deepEqual(server.paths(), ['kv/range', 'auth/authenticate', 'kv/range']);
      assert.equal(server.connections, 1);
    });
  }

  it('a password that others may read is not used, nor one that is not there', async (t) => {
    const { server } = await bench(t);
    const readWith = (passwordFile: string): Promise<string> =>
      away(clientOf(t, [`http://${server.place}`], { user: 'u', passwordFile }).read(FOR_EVER));
    assert.match(
      await readWith(file(t, 'secret', 0o644)),
      /expected mode 0600 or 0640, found 0644; "chmod 0600/,
    );
    assert.match(
      await readWith('/nosuch/file'),
      /passwordFile \/nosuch\/file: cannot be read \(ENOENT\)/,
    );
    assert.match(await readWith(tmpdir()), /expected a regular file/);
    assert.match(await readWith(file(t, '\n', 0o600)), /expected a password, found nothing/);
    assert.match(await readWith(file(t, 'x'.repeat(300_000), 0o600)), /expected at most/);
    assert.deepEqual(server.asked, []);
  });

  it('speaks TLS with a server that its authority knows, and with no other', async (t) => {
    const server = await EtcdServer.start(t, SELF_SIGNED);
    const place = `https://${server.place}`;
    const caFile = file(t, SELF_SIGNED.cert, 0o644);
    assert.equal((await clientOf(t, [place], { caFile }).read(FOR_EVER)).kind, 'free');
    assert.match(await away(clientOf(t, [place]).read(FOR_EVER)), /self-signed certificate/);
    const plain = clientOf(t, [`http://${server.place}`]);
    assert.match(await away(plain.read(FOR_EVER)), /127\.0\.0\.1:\d+: /);
    const privateKeyFile = file(t, SELF_SIGNED.key, 0o644);
    const known = clientOf(t, [place], { caFile, certificateFile: caFile, privateKeyFile });
    assert.match(await away(known.read(FOR_EVER)), /privateKeyFile .*found 0644/);
  });

  for (const how of ['end', 'reset'] as const) {
    it(`what is closed early, by ${how}, may speak TLS, or not: it is told what to write`, async (t) => {
      const place = await closing(t, how);
      const plain = clientOf(t, [`http://${place}`]);
      assert.match(await away(plain.read(FOR_EVER)), /if it speaks TLS, write https:\/\//);
      const safe = clientOf(t, [`https://${place}`]);
      assert.match(await away(safe.read(FOR_EVER)), /if it speaks no TLS, write http:\/\//);
    });
  }

  it('what has answered before speaks as we do', async (t) => {
    const { server, etcd } = await bench(t);
    await etcd.read(FOR_EVER);
    server.reset();
    const said = await away(etcd.read(FOR_EVER));
    assert.match(said, /ECONNRESET|socket hang up/);
    assert.doesNotMatch(said, /write http/);
  });

  it('a server that is no etcd, and answers of another shape, are told by what was expected', async (t) => {
    const { server, etcd } = await bench(t);
    const says = async (status: number, body: object | string): Promise<string> => {
      server.answer = () => ({ status, body });
      return away(etcd.read(FOR_EVER));
    };
    assert.match(
      await says(404, '<html>nginx</html>'),
      /expected an etcd of 3\.4 or later.*status 404/,
    );
    assert.match(await says(200, '{}'), /with a header, found nothing/);
    assert.match(await says(200, '[]'), /expected an answer of etcd, found \[\]/);
    const header = { cluster_id: '1', raft_term: '1', revision: '1' };
    assert.match(
      await says(200, { header: { ...header, raft_term: 'x' } }),
      /whole number in raft_term/,
    );
    assert.match(await says(200, { header: { raft_term: '1' } }), /the cluster_id of an etcd/);
    assert.match(await says(200, { header, kvs: [{}, {}] }), /one key at most/);
    assert.match(await says(200, { header, kvs: [{ value: 7 }] }), /a value in base64, found 7/);
    assert.match(await says(200, 'x'.repeat(100_000)), /found more than 65536 bytes/);
    assert.match(
      await says(403, { error: 'etcdserver: permission denied', code: 7 }),
      /permission denied; give the user of etcd the right/,
    );
    assert.match(
      await says(400, { error: { message: 'etcdserver: user name is empty' } }),
      /user name is empty; set witness\.user/,
    );
  });

  it('a lease shorter than asked for, and a key that never ends, are no lease to rely on', async (t) => {
    const { server, etcd } = await bench(t);
    server.answer = (path) =>
      path === '/v3/lease/grant'
        ? { body: { ...server.header(), ID: '171', TTL: '2' } }
        : undefined;
    assert.match(
      await away(etcd.acquire(OWNER, 6, FOR_EVER)),
      /expected a lease of 6 s, found one of 2 s/,
    );
    assert.equal(server.key, null);
    server.key = { value: 'me', lease: '0' };
    assert.match(await away(etcd.read(FOR_EVER)), /has no lease.*etcdctl del \/understudy/);
    server.key = { value: 'me', lease: '171' };
    for (const [TTL, grantedTTL] of [
      ['4', '0'],
      ['5', '-1'],
      ['1', '99999999999999999999'],
    ] as const) {
      server.answer = (path) =>
        path === '/v3/lease/timetolive'
          ? { body: { ...server.header(), TTL, grantedTTL } }
          : undefined;
      assert.match(await away(etcd.read(FOR_EVER)), /expected what is left of a lease, found/);
    }
  });
});
