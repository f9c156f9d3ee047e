import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, test } from '../support/test.js';
import type { RawSocketModule, Socket } from 'raw-socket';
import { AssertionFailure } from '../../src/model/assert.js';
import type { Family } from '../../src/model/address.js';
import { ECHO_MAXIMUM_PAYLOAD, openEcho, type Echo } from '../../src/monitors/echo.js';
import { address } from '../support/address.js';

const GATEWAY = address('192.0.2.1');
/** An IPv4 header without options, then an echo reply: identifier 0x0102, sequence 34. */
const IP_HEADER = '4500001c000000004001f6cdc0000201c000020a';
const REPLY = `${IP_HEADER}0000fedb01020022`;

/** Stands for the package: what was sent, and a hand to inject messages and errors. */
class FakeSocket extends EventEmitter implements Socket {
  readonly sent: string[] = [];
  closed = 0;
  refusal: string | null = null;
  readonly wrap = {
    send: (buffer: Buffer, offset: number, length: number, destination: string): void => {
      if (this.refusal !== null) throw new Error(this.refusal);
      this.sent.push(`${destination} ${buffer.toString('hex', offset, offset + length)}`);
    },
  };
  setOption(): void {
    assert.equal(this.closed, 0);
  }
  close(): this {
    this.closed += 1;
    return this;
  }
}

const fakePackage = (socket: Socket): RawSocketModule => ({
  AddressFamily: { IPv4: 1, IPv6: 2 },
  Protocol: { ICMP: 1, ICMPv6: 58 },
  SocketLevel: { SOL_SOCKET: 1, IPPROTO_IP: 0, IPPROTO_IPV6: 41 },
  SocketOption: { SO_RCVBUF: 8, SO_BINDTODEVICE: 25, IP_HDRINCL: 3 },
  createSocket: () => socket,
  createChecksum: () => 0,
  writeChecksum: (buffer) => buffer,
});

interface Opened {
  readonly socket: FakeSocket;
  readonly echo: Echo;
  readonly replies: string[];
  readonly errors: string[];
}

async function openFake(family: Family = 'ipv4'): Promise<Opened> {
  const socket = new FakeSocket();
  const replies: string[] = [];
  const errors: string[] = [];
  const opening = await openEcho(
    family,
    {
      identifier: 0x0102,
      onReply: (sequence, source) => replies.push(`${sequence} ${source}`),
      onError: (reason) => errors.push(reason),
    },
    () => Promise.resolve({ default: fakePackage(socket) }),
  );
  assert.ok(opening.kind === 'open', JSON.stringify(opening));
  return { socket, echo: opening.echo, replies, errors };
}

const options = { identifier: 1, onReply: (): void => undefined, onError: (): void => undefined };

describe('echo', () => {
  test('a package that does not load is unavailable, with the reason', async () => {
    const missing = new Error("Cannot find package 'raw-socket'");
    const opening = await openEcho('ipv4', options, () => Promise.reject(missing));
    assert.deepEqual(opening, {
      kind: 'unavailable',
      reason: "no echo socket: Cannot find package 'raw-socket'",
    });
  });

  test('a missing privilege is unavailable, with the remedy', async () => {
    const refusing = {
      ...fakePackage(new FakeSocket()),
      createSocket: (): Socket => {
        throw new Error('Operation not permitted');
      },
    };
    const opening = await openEcho('ipv6', options, () => Promise.resolve({ default: refusing }));
    assert.ok(opening.kind === 'unavailable');
    assert.match(opening.reason, /CAP_NET_RAW/);
  });

  test('a socket whose options are refused is closed again', async () => {
    const socket = new FakeSocket();
    socket.setOption = (): void => {
      throw new Error('Protocol not available');
    };
    const load = (): Promise<{ default: RawSocketModule }> =>
      Promise.resolve({ default: fakePackage(socket) });
    const opening = await openEcho('ipv4', options, load);
    const reason = 'no echo socket: Protocol not available';
    assert.deepEqual(opening, { kind: 'unavailable', reason });
    assert.equal(socket.closed, 1);
  });

  test('requests carry type, identifier, sequence and payload, and leave at once', async () => {
    const { echo, socket } = await openFake();
    assert.ok(echo.send(GATEWAY, 0xabcd, Uint8Array.of(1, 2, 3)).ok);
    assert.ok(echo.send(GATEWAY, 1).ok);
    assert.deepEqual(socket.sent, [
      '192.0.2.1 080000000102abcd010203',
      '192.0.2.1 0800000001020001',
    ]);
    const six = await openFake('ipv6');
    assert.ok(six.echo.send(address('2001:db8::1'), 2).ok);
    assert.deepEqual(six.socket.sent, ['2001:db8::1 8000000001020002']);
  });

  test('a refusal of the kernel is an answer, and the socket stays open', async () => {
    const { echo, socket, errors } = await openFake();
    socket.refusal = 'Network is unreachable';
    assert.deepEqual(echo.send(GATEWAY, 1), { ok: false, reason: 'Network is unreachable' });
    socket.refusal = null;
    assert.ok(echo.send(GATEWAY, 2).ok);
    assert.deepEqual(errors, []);
  });

  test('only echo replies with our identifier count', async () => {
    const { socket, replies } = await openFake();
    const deliver = (hex: string): boolean =>
      socket.emit('message', Buffer.from(hex, 'hex'), '192.0.2.1');
    deliver(REPLY);
    assert.deepEqual(replies, ['34 192.0.2.1']);
    deliver(`${IP_HEADER}0000fedb01030022`);
    deliver(`${IP_HEADER}0800fedb01020022`);
    deliver(`${IP_HEADER}0001fedb01020022`);
    deliver(`${IP_HEADER}0000fedb010200`);
    deliver('45');
    deliver('');
    assert.deepEqual(replies, ['34 192.0.2.1']);
    // IP options move the reply back by four bytes.
    deliver(`46${IP_HEADER.slice(2)}010101010000fedb01020022`);
    assert.deepEqual(replies, ['34 192.0.2.1', '34 192.0.2.1']);
  });

  test('a spurious wake-up is no error; any other closes the socket and is told once', async () => {
    const { echo, socket, errors, replies } = await openFake();
    socket.emit('error', new Error('Resource temporarily unavailable'));
    assert.deepEqual([errors, socket.closed], [[], 0]);
    socket.emit('error', new Error('Network is down'));
    socket.emit('error', new Error('Network is down'));
    assert.deepEqual([errors, socket.closed], [['Network is down'], 1]);
    assert.deepEqual(echo.send(GATEWAY, 1), { ok: false, reason: 'the echo socket is closed' });
    socket.emit('message', Buffer.from(REPLY, 'hex'), '192.0.2.1');
    assert.deepEqual([socket.sent, replies], [[], []]);
  });

  test('closing twice closes once', async () => {
    const { echo, socket, errors } = await openFake();
    echo.close();
    echo.close();
    assert.deepEqual([errors, socket.closed], [[], 1]);
  });

  test('what no packet can carry is refused', async () => {
    const { echo } = await openFake();
    assert.throws(() => echo.send(GATEWAY, 0x1_0000), AssertionFailure);
    assert.throws(() => echo.send(GATEWAY, -1), AssertionFailure);
    assert.throws(() => echo.send(address('::1'), 1), AssertionFailure);
    const payload = new Uint8Array(ECHO_MAXIMUM_PAYLOAD + 1);
    assert.throws(() => echo.send(GATEWAY, 1, payload), AssertionFailure);
    await assert.rejects(openEcho('ipv4', { ...options, identifier: 70_000 }), AssertionFailure);
  });
});
