// TLS with a pre-shared key between a server and a caller of this process, on loopback: who is answered, and what is
// sent away. What is answered: keeper.test.ts.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { describe, it, type TestContext } from '../support/test.js';
import {
  encodeFrame,
  MESSAGE_MAXIMUM,
  type PeerAnswer,
  type PeerRequest,
} from '../../src/sync-service/exchange.js';
import { callPeer, PeerUnanswered } from '../../src/sync-service/peer-call.js';
import {
  openPeerServer,
  type PeerServer,
  type PeerServerOptions,
} from '../../src/sync-service/peer-server.js';
import { syncKeys, TLS_OPTIONS, type SyncKey } from '../../src/sync-service/secret.js';
import { digestOf, sorted } from '../../src/sync/shared.js';
import { firstVersion } from '../../src/sync/version.js';
import { freePort } from '../peer-channel/ha-port-rig.js';
import { eventOf, until } from '../support/limits.js';

const key = (fill: number): Buffer => Buffer.alloc(32, fill);
const [KEY] = syncKeys({ key: key(1), former: null });
assert.ok(KEY);

const document = sorted([['ha.port', 7113]]);
const written = { lineage: firstVersion('there', digestOf(document)), document };

interface Rig {
  readonly port: number;
  readonly refused: string[];
  readonly asked: PeerRequest[];
}

/** The port is free for datagrams; where a connection of somebody else has it, the next one is taken. */
async function listening(
  options: Omit<PeerServerOptions, 'port'>,
): Promise<{ server: PeerServer; port: number }> {
  for (;;) {
    const port = await freePort();
    try {
      return { server: await openPeerServer({ ...options, port }), port };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

async function serve(
  t: TestContext,
  keys: readonly SyncKey[],
  answer: () => Promise<PeerAnswer> = () => Promise.resolve({ kind: 'has', written }),
  peer: string | null = 'here',
): Promise<Rig> {
  const refused: string[] = [];
  const asked: PeerRequest[] = [];
  const { server, port } = await listening({
    keys,
    peerAt: (address) => (address === '127.0.0.1' ? peer : null),
    answer: (_, request) => {
      asked.push(request);
      return answer();
    },
    onRefused: (address, detail) => refused.push(`${address}: ${detail}`),
  });
  t.after(() => server.close());
  return { port, refused, asked };
}

const place = (port: number) => ({ addresses: ['127.0.0.1'], port });

describe('a peer with the key', () => {
  it('is answered, over TLS 1.2 with an ephemeral key and AEAD', async (t) => {
    const { port, asked } = await serve(t, [KEY]);
    assert.deepEqual(await callPeer(place(port), [KEY], { kind: 'get' }), { kind: 'has', written });
    assert.deepEqual(asked, [{ kind: 'get' }]);
    const socket = await open(port);
    assert.equal(socket.getProtocol(), 'TLSv1.2');
    assert.equal(socket.getCipher().standardName, 'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256');
    socket.destroy();
  });

  it('is answered under either key during a rotation, whoever has which', async (t) => {
    const both = syncKeys({ key: key(2), former: key(1) });
    const { port } = await serve(t, both);
    for (const keys of [both, [KEY], syncKeys({ key: key(2), former: null })]) {
      assert.equal((await callPeer(place(port), keys, { kind: 'get' })).kind, 'has');
    }
    const { port: old } = await serve(t, [KEY]);
    assert.equal((await callPeer(place(old), both, { kind: 'get' })).kind, 'has');
  });

  it('is answered at its second address when the first is silent', async (t) => {
    const { port } = await serve(t, [KEY]);
    const two = { addresses: ['127.0.0.9', '127.0.0.1'], port };
    // The server takes 127.0.0.9 for a stranger: only the source address counts.
    assert.equal((await callPeer(two, [KEY], { kind: 'get' })).kind, 'has');
  });

  it('sends a document as large as there may be, and no larger one', async (t) => {
    const { port } = await serve(t, [KEY], () => Promise.resolve({ kind: 'conflict' }));
    const large = sorted([['checks[w].expectBody', 'x'.repeat(250_000)]]);
    const lineage = firstVersion('here', digestOf(large));
    const request = {
      kind: 'offer',
      written: { lineage, document: large },
      byOperator: true,
    } as const;
    assert.deepEqual(await callPeer(place(port), [KEY], request), { kind: 'conflict' });
    const larger = sorted([['a', 'x'.repeat(300_000)]]);
    const tooMuch = { ...request, written: { lineage, document: larger } };
    await assert.rejects(callPeer(place(port), [KEY], tooMuch), /at most/);
  });
});

describe('whoever has not the key, or is no peer', () => {
  it('with another key is not answered, and is told of', async (t) => {
    const { port, refused, asked } = await serve(t, [KEY]);
    const error = await callPeer(place(port), syncKeys({ key: key(9), former: null }), {
      kind: 'get',
    }).catch((reason: unknown) => reason);
    assert.ok(error instanceof PeerUnanswered, String(error));
    assert.match(error.message, /no TLS with our key/);
    await until(
      'the refusal',
      () => refused,
      (all) => all.length > 0,
    );
    assert.match(refused[0] ?? '', /^127\.0\.0\.1: no TLS with our key/);
    assert.deepEqual(asked, []);
  });

  it('with another address is sent away before a byte is read', async (t) => {
    const { port, refused, asked } = await serve(t, [KEY], undefined, null);
    await assert.rejects(callPeer(place(port), [KEY], { kind: 'get' }), PeerUnanswered);
    assert.equal(refused[0], '127.0.0.1: none of the peers');
    assert.deepEqual(asked, []);
  });

  it('that opens more than six connections loses the others', async (t) => {
    const { port, refused } = await serve(t, [KEY]);
    const sockets = [1, 2, 3, 4, 5, 6, 7].map(() => connectTcp(port, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => undefined);
    t.after(() => sockets.forEach((socket) => socket.destroy()));
    await until(
      'one of seven sent away',
      () => refused,
      (all) => all.length === 1,
    );
    assert.equal(refused[0], '127.0.0.1: too many connections at a time');
  });
});

describe('what is no request', () => {
  const cases: [string, Buffer, RegExp][] = [
    ['garbage', frame(Buffer.from('garbage')), /expected a request/],
    ['100 MB', Buffer.from([0x06, 0x40, 0, 0, 1]), /at most \d+ bytes, found 104857600/],
    ['an unknown request', frame(Buffer.from('{"kind":"later"}')), /expected a request/],
    [
      'a document that is not that of its version',
      encodeFrame({
        kind: 'offer',
        byOperator: true,
        written: { ...written, document: sorted([['ha.port', 1]]) },
      }),
      /expected a request/,
    ],
    [
      'two requests',
      Buffer.concat([encodeFrame({ kind: 'get' }), encodeFrame({ kind: 'get' })]),
      /more than one/,
    ],
  ];
  for (const [what, bytes, words] of cases) {
    it(`${what} is sent away, and nobody is asked`, async (t) => {
      const { port, refused, asked } = await serve(t, [KEY]);
      const socket = await open(port);
      socket.write(bytes);
      await eventOf(socket, 'close');
      assert.match(refused[0] ?? '', words);
      assert.deepEqual(asked, []);
    });
  }

  it('half a document is sent away when its sender ends', async (t) => {
    const { port, refused, asked } = await serve(t, [KEY]);
    const whole = encodeFrame({ kind: 'offer', byOperator: true, written });
    for (const cut of [1, 4, 5, whole.length - 1]) {
      const socket = await open(port);
      socket.end(whole.subarray(0, cut));
      await eventOf(socket, 'close');
    }
    assert.equal(refused.length, 4);
    assert.match(refused[0] ?? '', /ended within the request/);
    assert.deepEqual(asked, []);
  });
});

describe('what is no answer', () => {
  const answering = async (
    t: TestContext,
    answer: (socket: TLSSocket) => void,
  ): Promise<number> => {
    const server = createServer({
      ...TLS_OPTIONS,
      pskCallback: (_, identity) => (identity === KEY.identity ? KEY.secret : null),
    });
    const sockets: TLSSocket[] = [];
    server.on('secureConnection', (socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => answer(socket));
    });
    server.listen(0, '127.0.0.1');
    await eventOf(server, 'listening');
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  };
  const whole = encodeFrame({ kind: 'has', written });
  const cases: [string, (socket: TLSSocket) => void, RegExp][] = [
    [
      'garbage',
      (socket) => socket.end(frame(Buffer.from('garbage'))),
      /an answer of another form than expected/,
    ],
    [
      '100 MB',
      (socket) => socket.write(Buffer.from([0x06, 0x40, 0, 0, 1])),
      /at most \d+ bytes, found 104857600/,
    ],
    [
      'half a document',
      (socket) => socket.end(whole.subarray(0, whole.length / 2)),
      /the connection ended before the answer/,
    ],
    [
      'a document that is not that of its version',
      (socket) =>
        socket.end(
          encodeFrame({ kind: 'has', written: { ...written, document: sorted([['ha.port', 1]]) } }),
        ),
      /an answer of another form than expected/,
    ],
    ['two answers', (socket) => socket.end(Buffer.concat([whole, whole])), /more than one message/],
    ['nothing', (socket) => socket.end(), /the connection ended before the answer/],
    ['silence', () => undefined, /too slow/],
  ];
  for (const [what, answer, words] of cases) {
    it(`${what} is none, and whoever has asked is told why`, async (t) => {
      const port = await answering(t, answer);
      // Of silence alone this is the whole wait.
      const limit = what === 'silence' ? 300 : undefined;
      const error = await callPeer(place(port), [KEY], { kind: 'get' }, limit).catch(
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof Error, String(error));
      // Whoever is there and says nothing may do what it was asked.
      const mayDo = ['silence', 'nothing', 'half a document'].includes(what);
      assert.equal(error.name, mayDo ? 'PeerSlow' : 'PeerUnanswered');
      assert.match(error.message, words);
    });
  }
});

describe('more settings than a message may have', () => {
  const large = sorted([['ha.ofTomorrow', 'x'.repeat(MESSAGE_MAXIMUM)]]);
  const much = { lineage: firstVersion('there', digestOf(large)), document: large };
  const words = /shared settings of \d+ bytes; at most \d+ are sent/;

  it('are not given, which is said, and the next one is answered', async (t) => {
    let times = 0;
    const has = () =>
      Promise.resolve({ kind: 'has', written: (times += 1) === 1 ? much : written });
    const { port } = await serve(t, [KEY], has as () => Promise<PeerAnswer>);
    const answer = await callPeer(place(port), [KEY], { kind: 'get' });
    assert.ok(answer.kind === 'unwilling', JSON.stringify(answer).slice(0, 200));
    assert.match(answer.detail, words);
    assert.equal((await callPeer(place(port), [KEY], { kind: 'get' })).kind, 'has');
  });

  it('are not offered, which is said', async (t) => {
    const { port, asked } = await serve(t, [KEY]);
    const offer = { kind: 'offer', written: much, byOperator: true } as const;
    await assert.rejects(callPeer(place(port), [KEY], offer), words);
    assert.deepEqual(asked, []);
  });
});

describe('the keys of the connections', () => {
  it('are derived: another one for each key of the HA port, and none of them is that key', () => {
    const [one, other] = syncKeys({ key: key(1), former: key(2) });
    assert.ok(one && other);
    assert.notDeepEqual(one.secret, key(1));
    assert.notDeepEqual(one.secret, other.secret);
    assert.match(one.identity, /^[\da-f]{16}$/);
    assert.notEqual(one.identity, createHash('sha256').update(key(1)).digest('hex').slice(0, 16));
    assert.deepEqual(syncKeys({ key: key(1), former: null }), [one]);
  });
});

function frame(text: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text]);
}

async function open(port: number): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    ...TLS_OPTIONS,
    pskCallback: () => ({ psk: KEY?.secret ?? Buffer.alloc(0), identity: KEY?.identity ?? '' }),
    checkServerIdentity: () => undefined,
  });
  socket.on('error', () => undefined);
  await eventOf(socket, 'secureConnect');
  socket.resume();
  return socket;
}
