// The client of a witness at a real etcd: TLS that is right and TLS that fails, users and their passwords, tokens that
// end. What a pair makes of it: test/net/witness.test.ts. In CI alone.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Etcd } from '../../src/witness/etcd.js';
import { WitnessAway } from '../../src/witness/witness.js';
import { Authority } from '../support/certificates.js';
import { temporaryFolder } from '../support/folder.js';
import { atLeast, until } from '../support/limits.js';
import { enterNamespace } from '../support/namespace.js';
import { RealEtcd } from '../support/real-etcd.js';
import { describe, it, type TestContext } from '../support/test.js';

const skip =
  process.env['CI'] === 'true' ? enterNamespace(import.meta.url) : 'a real etcd: in CI alone';

const OWNER = 'a boot-1';
const FOR_EVER = new AbortController().signal;
const NOTHING = {
  caFile: null,
  certificateFile: null,
  privateKeyFile: null,
  user: null,
  passwordFile: null,
};

let ports = 2_379;

class Bench {
  readonly folder = temporaryFolder('understudy-etcd-');
  readonly etcd: RealEtcd;
  readonly #t: TestContext;

  /** Each has ports of its own. */
  constructor(t: TestContext, scheme: 'http' | 'https', words: readonly string[] = []) {
    this.#t = t;
    const port = (ports += 2);
    this.etcd = new RealEtcd({
      name: 'w',
      directory: join(this.folder, 'data'),
      clientUrl: `${scheme}://127.0.0.1:${port}`,
      peerUrl: `http://127.0.0.1:${port + 1}`,
      cluster: `w=http://127.0.0.1:${port + 1}`,
      words,
    });
    this.etcd.start();
    t.after(() => this.etcd.kill());
  }

  client(more: object = {}, endpoint = this.etcd.plan.clientUrl): Etcd {
    const etcd = new Etcd({ endpoints: [endpoint], key: '/understudy', ...NOTHING, ...more });
    this.#t.after(() => etcd.close());
    return etcd;
  }

  /** Why it is away: it has to be up first, and says so by any answer but a refused connection. */
  async away(client: Etcd): Promise<string> {
    return until(
      'an answer',
      () => whyAway(client.read(FOR_EVER)),
      (why) => !why.includes('ECONNREFUSED'),
    );
  }

  /** Until it answers as it should. */
  async seen(client: Etcd): Promise<void> {
    await until(
      'the witness',
      () => whyAway(client.read(FOR_EVER)),
      (why) => why === 'seen',
    );
  }

  file(name: string, text: string, mode = 0o600): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }
}

async function whyAway(asking: Promise<unknown>): Promise<string> {
  try {
    await asking;
    return 'seen';
  } catch (error) {
    if (error instanceof WitnessAway) return error.message;
    throw error;
  }
}

describe('a real etcd with TLS', { skip, concurrency: 4 }, () => {
  const folder = temporaryFolder('understudy-tls-');
  const serving = ({
    certificateFile,
    privateKeyFile,
  }: ReturnType<Authority['sign']>): string[] => [
    '--cert-file',
    certificateFile,
    '--key-file',
    privateKeyFile,
  ];
  const ca = skip === false ? new Authority(folder, 'ca') : null;
  const other = skip === false ? new Authority(folder, 'other') : null;

  it('whose authority we know, and that knows ours, is acquired, renewed and released', async (t) => {
    assert.ok(ca !== null && other !== null);
    const server = ca.sign('server', 'IP:127.0.0.1');
    const words = [...serving(server), '--client-cert-auth', '--trusted-ca-file', ca.caFile];
    const bench = new Bench(t, 'https', words);
    const ours = ca.sign('a', 'DNS:a');
    const client = bench.client({ caFile: ca.caFile, ...ours });
    await bench.seen(client);
    const taken = await client.acquire(OWNER, 6, FOR_EVER);
    assert.ok(taken.kind === 'held' && taken.owner === OWNER);
    const renewed = await client.renew(OWNER, taken.token, FOR_EVER);
    assert.ok(renewed.kind === 'held' && renewed.atLeastMs === 6_000);
    await client.release(taken.token, FOR_EVER);
    assert.equal((await client.read(FOR_EVER)).kind, 'free');
    const wants = /etcd wants a certificate of ours that its authority has signed/;
    assert.match(await bench.away(bench.client({ caFile: ca.caFile })), wants, 'none of ours');
    const strange = other.sign('a', 'DNS:a');
    const stranger = bench.client({ caFile: ca.caFile, ...strange });
    assert.match(await bench.away(stranger), wants, 'of another authority');
    const over = ca.sign('over', 'DNS:a', true);
    assert.match(await bench.away(bench.client({ caFile: ca.caFile, ...over })), wants, 'over');
    await bench.seen(client);
  });

  it('whose certificate another authority has signed, or that speaks none, is away and says why', async (t) => {
    assert.ok(ca !== null && other !== null);
    const bench = new Bench(t, 'https', serving(other.sign('server', 'IP:127.0.0.1')));
    await bench.seen(bench.client({ caFile: other.caFile }));
    assert.match(
      await bench.away(bench.client({ caFile: ca.caFile })),
      /witness\.caFile must be the certificate that has signed that of etcd/,
    );
    assert.match(await bench.away(bench.client()), /witness\.caFile must be/);
    const notOne = bench.file('ca', 'no certificate\n', 0o644);
    assert.match(await bench.away(bench.client({ caFile: notOne })), /expected a certificate/);
    const plain = bench.etcd.plan.clientUrl.replace('https', 'http');
    assert.match(await bench.away(bench.client({}, plain)), /write https:\/\//);
    const unsafe = new Bench(t, 'http');
    await unsafe.seen(unsafe.client());
    const safe = unsafe.etcd.plan.clientUrl.replace('http', 'https');
    assert.match(
      await unsafe.away(unsafe.client({}, safe)),
      /if it speaks no TLS, write http:\/\//,
    );
  });

  it('whose certificate is over, or for another host, is away and says why', async (t) => {
    assert.ok(ca !== null);
    const over = new Bench(t, 'https', serving(ca.sign('old', 'IP:127.0.0.1', true)));
    assert.match(
      await over.away(over.client({ caFile: ca.caFile })),
      /certificate has expired.*the certificate of etcd is over: give it a new one/,
    );
    const named = new Bench(t, 'https', serving(ca.sign('named', 'DNS:witness.example')));
    assert.match(
      await named.away(named.client({ caFile: ca.caFile })),
      /127\.0\.0\.1.*name the endpoint as its certificate does/,
    );
  });
});

describe('a real etcd', { skip, concurrency: 4 }, () => {
  it('lets a lease be replaced by one of another length, and nobody in between', async (t) => {
    const bench = new Bench(t, 'http');
    const client = bench.client();
    await bench.seen(client);
    const short = await client.acquire(OWNER, 6, FOR_EVER);
    const long = await client.acquire(OWNER, 30, FOR_EVER);
    assert.ok(short.kind === 'held' && long.kind === 'held' && short.token !== long.token);
    assert.equal(long.ttlMs, 30_000);
    const read = await client.read(FOR_EVER);
    assert.ok(read.kind === 'held' && read.token === long.token);
    const gone = await client.renew(OWNER, short.token, FOR_EVER);
    assert.ok(gone.kind === 'held' && gone.token === long.token, 'the former one has ended');
    const other = await client.acquire('b boot-2', 6, FOR_EVER);
    assert.ok(other.kind === 'held' && other.owner === OWNER);
  });
});

describe('a real etcd with users', { skip, concurrency: 4 }, () => {
  /** A root, the user of the settings with the password `secret`, and one that may nothing. */
  async function withUsers(t: TestContext, words: readonly string[] = []): Promise<Bench> {
    // Passwords are not what is tested: they are digested as fast as can be.
    const bench = new Bench(t, 'http', ['--bcrypt-cost', '4', ...words]);
    await bench.seen(bench.client());
    for (const line of [
      'user add root:root',
      'user grant-role root root',
      'user add understudy:secret',
      'user add nobody:secret',
      'role add understudy',
      'role grant-permission understudy readwrite /understudy',
      'user grant-role understudy understudy',
      'auth enable',
    ]) {
      bench.etcd.ctl(...line.split(' '));
    }
    return bench;
  }

  const known = (bench: Bench): { readonly user: string; readonly passwordFile: string } => ({
    user: 'understudy',
    passwordFile: bench.file('password', 'secret\n'),
  });

  it('knows its user, and says of each other what to do', async (t) => {
    const bench = await withUsers(t);
    const client = bench.client(known(bench));
    const taken = await client.acquire(OWNER, 6, FOR_EVER);
    assert.ok(taken.kind === 'held' && taken.owner === OWNER);
    assert.equal((await client.renew(OWNER, taken.token, FOR_EVER)).kind, 'held');
    await client.release(taken.token, FOR_EVER);
    assert.match(
      await bench.away(bench.client()),
      /set witness\.user and witness\.passwordFile/,
      'nobody at all',
    );
    const wrong = { user: 'understudy', passwordFile: bench.file('wrong', 'guessed') };
    const passwords = /check witness\.user, and what witness\.passwordFile holds/;
    assert.match(await bench.away(bench.client(wrong)), passwords, 'a wrong password');
    assert.match(
      await bench.away(bench.client({ ...known(bench), user: 'x' })),
      passwords,
      'a stranger',
    );
    assert.match(
      await bench.away(bench.client({ ...known(bench), user: 'nobody' })),
      /permission denied; give the user of etcd the right/,
    );
  });

  it('a password file that others may read is not used until they may not, without a restart', async (t) => {
    const bench = await withUsers(t);
    const settings = known(bench);
    chmodSync(settings.passwordFile, 0o644);
    const client = bench.client(settings);
    assert.match(await bench.away(client), /expected mode 0600 or 0640, found 0644/);
    chmodSync(settings.passwordFile, 0o600);
    await bench.seen(client);
    bench.etcd.ctl('--user', 'root:root', 'user', 'delete', 'understudy');
    assert.match(await bench.away(client), /witness\.passwordFile/);
  });

  it('a token that has ended is asked for anew, and so is one from before its users changed', async (t) => {
    const keys = temporaryFolder('understudy-jwt-');
    const [own, open] = [join(keys, 'key'), join(keys, 'open')];
    const rsa = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'];
    for (const words of [
      ['genpkey', '-quiet', ...rsa, '-out', own],
      ['pkey', '-in', own, '-pubout', '-out', open],
    ]) {
      execFileSync('openssl', words, { stdio: 'pipe' });
    }
    const lasts = 3;
    const tokens = `jwt,pub-key=${open},priv-key=${own},sign-method=RS256,ttl=${lasts}s`;
    const bench = await withUsers(t, ['--auth-token', tokens]);
    const client = bench.client(known(bench));
    const taken = await client.acquire(OWNER, 60, FOR_EVER);
    assert.ok(taken.kind === 'held');
    const renewed = (): Promise<string> =>
      until(
        'the lease renewed',
        () => whyAway(client.renew(OWNER, taken.token, FOR_EVER)),
        (why) => why === 'seen',
      );
    await atLeast(lasts * 1_000 + 100);
    await renewed();
    bench.etcd.ctl('--user', 'root:root', 'user', 'add', 'another:one');
    await renewed();
  });

  it('started anew it has forgotten its tokens: the lease is renewed all the same', async (t) => {
    const bench = await withUsers(t);
    const client = bench.client(known(bench));
    const taken = await client.acquire(OWNER, 60, FOR_EVER);
    assert.ok(taken.kind === 'held');
    await bench.etcd.stop();
    bench.etcd.start();
    await until(
      'the lease renewed',
      () => whyAway(client.renew(OWNER, taken.token, FOR_EVER)),
      (why) => why === 'seen',
    );
  });
});
