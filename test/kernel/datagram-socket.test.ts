// Datagrams in batches over the addon, on the loopback: how many calls they take, and what a refusal of one
// does to the others.
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { it, type TestContext } from '../support/test.js';
import { loadAddon } from '../../src/kernel/addon.js';
import {
  bytesOf,
  openDatagramSocket,
  type DatagramSocket,
} from '../../src/kernel/datagram-socket.js';
import { address } from '../support/fake-kernel.js';
import { eventOf, until, within } from '../support/limits.js';

const LOOPBACK = address('127.0.0.1');

/** How often a function of the addon is called from now on. */
function calls(t: TestContext, name: 'sendBatch' | 'receivePackets'): () => number {
  const addon = loadAddon();
  const real = addon[name];
  let count = 0;
  const counted = (...given: unknown[]): number => {
    count += 1;
    return (real as (...given: unknown[]) => number)(...given);
  };
  Object.assign(addon, { [name]: counted });
  t.after(() => void Object.assign(addon, { [name]: real }));
  return () => count;
}

async function client(t: TestContext): Promise<{ socket: Socket; port: number; heard: string[] }> {
  const socket = createSocket('udp4');
  socket.bind(0, LOOPBACK);
  await eventOf(socket, 'listening');
  t.after(() => void socket.close());
  const heard: string[] = [];
  socket.on('message', (bytes) => heard.push(bytes.toString()));
  return { socket, port: socket.address().port, heard };
}

/** Ours, on a port that is free. */
async function open(t: TestContext) {
  const free = createSocket('udp4');
  free.bind(0);
  await eventOf(free, 'listening');
  const { port } = free.address();
  free.close();
  await eventOf(free, 'close');
  const socket = openDatagramSocket('ipv4', port, () => undefined);
  t.after(() => socket.close());
  return { socket, port };
}

const taken = (socket: DatagramSocket): [string, number, string][] => {
  const all: [string, number, string][] = [];
  socket.receive((one) => {
    all.push([bytesOf(one).toString(), one.length, one.source]);
  }, 64);
  return all;
};

const bytes = (text: string): Uint8Array => Buffer.from(text);

it('what goes to several takes one call', async (t) => {
  const { socket } = await open(t);
  const [b, c] = [await client(t), await client(t)];
  const sends = calls(t, 'sendBatch');
  socket.put(bytes('first'), null, LOOPBACK, b.port);
  socket.put(bytes('second'), LOOPBACK, LOOPBACK, c.port);
  socket.put(bytes('third'), null, LOOPBACK, b.port);
  assert.deepEqual(socket.flush(), []);
  assert.deepEqual(socket.flush(), [], 'nothing is left');
  assert.equal(sends(), 1);
  await until(
    'three',
    () => b.heard.length + c.heard.length,
    (count) => count === 3,
  );
  assert.deepEqual([b.heard, c.heard], [['first', 'third'], ['second']]);
});

it('what has arrived from several takes one call, and of what is too long the length is told', async (t) => {
  const { socket, port } = await open(t);
  const [b, c] = [await client(t), await client(t)];
  const received = calls(t, 'receivePackets');
  const long = 'x'.repeat(3_000);
  for (const [one, text] of [
    [b, 'of b'],
    [c, 'of c'],
    [b, long],
  ] as const) {
    const sent = new Promise((resolve) => {
      one.socket.send(text, port, LOOPBACK, resolve);
    });
    await within(`${text.length} bytes sent`, sent, () => 'no word of the kernel');
  }
  assert.deepEqual(taken(socket), [
    ['of b', 4, '127.0.0.1'],
    ['of c', 4, '127.0.0.1'],
    [long.slice(0, 1216), 3_000, '127.0.0.1'],
  ]);
  assert.equal(received(), 1);
});

it('one that the kernel refuses does not keep the others', async (t) => {
  const { socket } = await open(t);
  const b = await client(t);
  socket.put(bytes('before'), null, LOOPBACK, b.port);
  socket.put(bytes('no such source'), address('192.0.2.77'), LOOPBACK, b.port);
  socket.put(bytes('after'), null, LOOPBACK, b.port);
  const [refused, ...others] = socket.flush();
  assert.deepEqual([refused?.index, others], [1, []]);
  assert.ok(['EINVAL', 'ENETUNREACH'].includes(refused?.code ?? ''), refused?.code);
  await until(
    'two',
    () => b.heard.length,
    (count) => count === 2,
  );
  assert.deepEqual(b.heard, ['before', 'after']);
});

it('a batch is full, and takes more when it was sent', async (t) => {
  const { socket } = await open(t);
  const b = await client(t);
  for (let count = 0; count < 32; count += 1) {
    assert.equal(socket.isFull, false);
    socket.put(new Uint8Array(1_216), null, LOOPBACK, b.port);
  }
  assert.equal(socket.isFull, true);
  assert.deepEqual(socket.flush(), []);
  assert.equal(socket.isFull, false);
});

it('the port is free when it is closed, and taken as long as it is not', async (t) => {
  const { socket, port } = await open(t);
  assert.throws(() => openDatagramSocket('ipv4', port, () => undefined), { code: 'EADDRINUSE' });
  socket.close();
  socket.close();
  openDatagramSocket('ipv4', port, () => undefined).close();
});
