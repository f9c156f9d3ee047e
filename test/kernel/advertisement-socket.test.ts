// The advertisement socket between two real network namespaces. Nothing about VRRP: the messages are
// arbitrary bytes.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from '../support/test.js';
import type { AdvertisementSocket, ReceivedPacket } from '../../src/kernel/kernel.js';
import { openKernel } from '../../src/kernel/native.js';
import type { Family } from '../../src/model/address.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { capture, noTcpdump } from './capture.js';
import { ipv4Frame, ipv6Frame } from './frames.js';
import { Inbox } from './inbox.js';
import { linkNamed } from './links.js';
import { Peer } from './peer.js';
import { until, untilAtOnce } from '../support/limits.js';
import { address } from '../support/address.js';
import { microseconds } from '../../src/model/units.js';

const skip = enterNamespace(import.meta.url);
const MAC = [0x02, 0, 0, 0, 0, 0x01];
const FAMILIES = {
  ipv4: {
    group: address('224.0.0.18'),
    groupMac: [0x01, 0, 0x5e, 0, 0, 0x12],
    otherGroup: address('224.0.0.1'),
    otherGroupMac: [0x01, 0, 0x5e, 0, 0, 0x01],
    self: address('192.0.2.1'),
    peer: address('192.0.2.2'),
    frame: ipv4Frame,
  },
  ipv6: {
    group: address('ff02::12'),
    groupMac: [0x33, 0x33, 0, 0, 0, 0x12],
    otherGroup: address('ff02::1'),
    otherGroupMac: [0x33, 0x33, 0, 0, 0, 0x01],
    self: address('fe80::1'),
    peer: address('fe80::2'),
    frame: ipv6Frame,
  },
} as const;

for (const family of ['ipv4', 'ipv6'] as const satisfies Family[]) {
  describe(`advertisement socket, ${family}`, { skip }, () => {
    const { group, groupMac, self, peer: peerAddress, frame } = FAMILIES[family];
    const kernel = skip === false ? openKernel() : null;
    let peer: Peer;
    let socket: AdvertisementSocket;
    let packets: Inbox<ReceivedPacket>;
    /** When not null, the socket is left unread. */
    let onReadable: (() => void) | null;

    const open = (): AdvertisementSocket => {
      assert.ok(kernel !== null);
      return kernel.openAdvertisementSocket(family, linkNamed(kernel, 'lan'), () => {
        if (onReadable === null) drain();
        else onReadable();
      });
    };
    const drain = (): void => {
      socket.receive((packet) => {
        packets.put({ ...packet, message: packet.message.slice() });
      }, 1000);
    };
    const message = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

    before(async () => {
      if (family === 'ipv4') joinPeer();
      peer = await Peer.start();
    });
    after(() => peer.stop());
    beforeEach(() => {
      onReadable = null;
      packets = new Inbox();
      socket = open();
    });
    afterEach(() => socket.close());

    it('receives what the peer sends to the group, with source, destination, hop limit', async () => {
      assert.ok(kernel !== null);
      const earliest = kernel.now();
      await peer.send({ source: peerAddress, destination: group, message: message(1, 2, 3) });
      const latest = kernel.now();
      const { arrivedAt, ...packet } = await packets.take();
      assert.deepEqual(packet, {
        family,
        linkIndex: linkNamed(kernel, 'lan').index,
        source: peerAddress,
        destination: group,
        hopLimit: 255,
        message: message(1, 2, 3),
      });
      // Two clocks are read one after the other and each is cut to microseconds.
      assert.ok(arrivedAt >= earliest - 1000, `${arrivedAt} arrived before ${earliest}`);
      assert.ok(arrivedAt <= latest + 1000, `${arrivedAt} arrived after ${latest}`);
    });

    it('stamps the arrival, not the reading', async () => {
      assert.ok(kernel !== null);
      onReadable = () => {};
      await peer.send({ source: peerAddress, destination: group, message: message(1) });
      const afterArrival = kernel.now();
      const clock = (): number => openKernel().now();
      untilAtOnce('20 ms later', clock, (now) => now >= afterArrival + 20_000);
      drain();
      assert.ok((await packets.take()).arrivedAt <= afterArrival + 1000);
    });

    it('sends to the group and to one router, and hears nothing of it itself', async () => {
      const failures = socket.send([
        { source: self, destination: group, message: message(1) },
        { source: self, destination: peerAddress, message: message(2) },
      ]);
      assert.deepEqual(failures, []);
      const first = await peer.packets.take();
      const second = await peer.packets.take();
      assert.deepEqual(
        [first, second].map((packet) => [packet.source, packet.destination, packet.hopLimit]),
        [
          [self, group, 255],
          [self, peerAddress, 255],
        ],
      );
      assert.deepEqual([...first.message, ...second.message], [1, 2]);
      // The peer's answer comes after whatever was looped back.
      await peer.send({ source: peerAddress, destination: group, message: message(3) });
      assert.deepEqual([...(await packets.take()).message], [3]);
    });

    it('sends nothing after the instant given, by the clock that goes on while the machine is suspended', async () => {
      assert.ok(kernel !== null);
      const batch = [{ source: self, destination: group, message: message(1) }];
      const now = kernel.now() + kernel.suspended();
      assert.deepEqual(socket.send([...batch, ...batch], microseconds(now - 1)), [
        { index: 0, code: 'ETIMEDOUT' },
        { index: 1, code: 'ETIMEDOUT' },
      ]);
      const later = [{ source: self, destination: group, message: message(2) }];
      assert.deepEqual(socket.send(later, microseconds(now + 600_000_000)), []);
      assert.deepEqual([...(await peer.packets.take()).message], [2]);
    });

    it('sets the header fields', { skip: noTcpdump() }, async () => {
      const [sent] = await capture(1, () => {
        socket.send([{ source: self, destination: group, message: message(9, 9) }]);
      });
      assert.deepEqual([...(await peer.packets.take()).message], [9, 9]);
      assert.ok(sent !== undefined);
      assert.deepEqual([...sent.subarray(0, 6)], groupMac);
      if (family === 'ipv4') {
        assert.equal(sent[15], 0xc0, 'TOS');
        assert.equal(sent.readUInt16BE(20), 0, 'neither DF nor a fragment');
        assert.equal(sent[22], 255, 'TTL');
        assert.equal(sent[23], 112, 'protocol');
      } else {
        assert.equal(sent.readUInt32BE(14), 0x6c00_0000, 'version 6, class 0xC0, no flow label');
        assert.equal(sent[20], 112, 'next header');
        assert.equal(sent[21], 255, 'hop limit');
      }
    });

    it('reports which messages of a batch failed and sends the others', async () => {
      const foreign = family === 'ipv4' ? address('198.51.100.1') : address('fe80::99');
      const batch = Array.from({ length: 70 }, (_, index) => ({
        source: index % 7 === 3 ? foreign : self,
        destination: group,
        message: message(index),
      }));
      const failures = socket.send(batch);
      assert.deepEqual(
        failures.map(({ index }) => index),
        batch.flatMap(({ source }, index) => (source === foreign ? [index] : [])),
      );
      const codes = new Set(failures.map(({ code }) => code));
      assert.deepEqual([...codes], [family === 'ipv4' ? 'ENETUNREACH' : 'EINVAL']);
      for (const { source, message: sent } of batch) {
        if (source === self) assert.deepEqual((await peer.packets.take()).message, sent);
      }
    });

    it('hands over at most the limit, and nothing when it is empty', async () => {
      onReadable = () => {};
      await peer.send(
        ...Array.from({ length: 70 }, (_, index) => ({
          source: peerAddress,
          destination: group,
          message: message(index),
        })),
      );
      const seen: number[] = [];
      const take = (packet: ReceivedPacket): void => void seen.push(packet.message[0] ?? -1);
      assert.equal(socket.receive(take, 10), 10);
      assert.equal(socket.receive(take, 40), 40);
      assert.equal(socket.receive(take, 100), 20);
      assert.equal(socket.receive(take, 100), 0);
      assert.deepEqual(
        seen,
        Array.from({ length: 70 }, (_, index) => index),
      );
    });

    it('hands over a datagram without a byte, and goes on', async () => {
      await peer.sendFrames(
        frame(groupMac, { source: peerAddress, destination: group, message: message() }),
        frame(groupMac, { source: peerAddress, destination: group, message: message(7) }),
      );
      assert.equal((await packets.take()).message.length, 0);
      assert.deepEqual([...(await packets.take()).message], [7]);
    });

    it('hands over the hop limit as it arrived', async () => {
      const packet = { source: peerAddress, destination: group, message: message(1), ttl: 254 };
      await peer.sendFrames(frame(groupMac, packet));
      assert.equal((await packets.take()).hopLimit, 254);
    });

    it('hands over what is addressed to us alone or to all hosts, for the counters', async () => {
      const { otherGroup, otherGroupMac } = FAMILIES[family];
      await peer.sendFrames(
        frame(MAC, { source: peerAddress, destination: self, message: message(1) }),
      );
      assert.equal((await packets.take()).destination, self);
      if (family === 'ipv6') {
        await peer.sendFrames(
          frame(otherGroupMac, {
            source: peerAddress,
            destination: otherGroup,
            message: message(2),
          }),
        );
        assert.equal((await packets.take()).destination, otherGroup);
      }
    });

    it('takes the longest message there is', async () => {
      const longest = new Uint8Array(family === 'ipv4' ? 8 + 4 * 255 : 8 + 16 * 255).fill(0xa5);
      await peer.send({ source: peerAddress, destination: group, message: longest });
      assert.deepEqual((await packets.take()).message, longest);
      socket.send([{ source: self, destination: group, message: longest }]);
      assert.deepEqual((await peer.packets.take()).message, longest);
    });

    it('cuts a message that is longer than any', async () => {
      const tooLong = new Uint8Array(8000).fill(0xa5);
      await peer.send({ source: peerAddress, destination: group, message: tooLong });
      const { message: received } = await packets.take();
      assert.ok(received.length >= 4096 && received.length < tooLong.length, `${received.length}`);
    });

    it('what repeats a packet that is known is counted and wakes nobody, until another comes in its place', async () => {
      const from = { source: peerAddress, destination: group };
      const [known, other] = [message(0x31, 51, 100, 7), message(0x31, 51, 0, 7)];
      const heard: [number, number][] = [];
      let last = 0;
      const look = (): void =>
        socket.repetitions((place, count, at) => {
          assert.ok(at >= last, 'they are dated');
          last = at;
          heard.push([place, count]);
        });
      const seen: number[][] = [];
      let wakes = 0;
      onReadable = () => {
        wakes += 1;
        look();
        socket.receive((packet) => {
          seen.push([...packet.message]);
          if (!socket.isKnown(51)) socket.know();
        }, 100);
      };
      const told = async (expected: string, is: () => boolean): Promise<void> =>
        void (await until(expected, () => [seen, heard, wakes], is));
      await peer.send({ ...from, message: known });
      await told('the first', () => seen.length === 1);
      assert.equal(socket.isKnown(51), true);
      for (let times = 0; times < 3; times += 1) {
        await peer.send(...Array.from({ length: 40 }, () => ({ ...from, message: known })));
      }
      const counted = (): number => heard.reduce((sum, [, count]) => sum + count, 0);
      const all = (count: number) => (): boolean => {
        look();
        return counted() === count;
      };
      await told('120 that repeat it', all(120));
      assert.deepEqual([wakes, seen.length], [1, 1]);
      // What comes after one that differs is handed over after it.
      await peer.send(...[known, other, known].map((one) => ({ ...from, message: one })));
      await told('both behind the one that is counted', () => seen.length === 3);
      assert.deepEqual([counted(), seen.slice(1)], [121, [[...other], [...known]]]);
      // Known again: the one that came first of the two.
      await peer.send({ ...from, message: other });
      await told('the other, counted now', all(122));
      socket.forget(51);
      await peer.send({ ...from, message: other });
      await told('one that is known no longer', () => seen.length === 4);
      socket.forgetAll();
      assert.equal(socket.isKnown(51), false);
      const long = Uint8Array.from({ length: 129 }, () => 51);
      await peer.send({ ...from, message: long }, { ...from, message: long });
      await told('a message that is too long to be known', () => seen.length === 6);
      assert.equal(socket.isKnown(51), false);
    });

    it('may be closed by the handler of a packet: the rest is not handed over', async () => {
      onReadable = () => {};
      await peer.send(
        { source: peerAddress, destination: group, message: message(1) },
        { source: peerAddress, destination: group, message: message(2) },
      );
      const seen: number[] = [];
      const count = socket.receive((packet) => {
        seen.push(packet.message[0] ?? -1);
        socket.close();
      }, 10);
      assert.deepEqual([count, seen], [1, [1]]);
    });

    it('may be closed by its own callback, and closed again', async () => {
      const closed = new Inbox<null>();
      onReadable = () => {
        socket.close();
        socket.close();
        closed.put(null);
      };
      await peer.send({ source: peerAddress, destination: group, message: message(1) });
      await closed.take('the socket to be readable');
      assert.throws(() => socket.receive(() => {}, 1), { code: 'EBADF', message: /closed before/ });
      assert.throws(() => socket.send([]), { code: 'EBADF' });
    });

    it('refuses to receive from its own handler', async () => {
      onReadable = () => {};
      await peer.send({ source: peerAddress, destination: group, message: message(1) });
      assert.throws(
        () => socket.receive(() => void socket.receive(() => {}, 1), 1),
        /from its own handler/,
      );
      assert.equal(
        socket.receive(() => {}, 1),
        0,
        'usable again',
      );
    });
  });
}

describe('advertisement socket, IPv4 alone', { skip }, () => {
  it('takes off the IP header with its options', async () => {
    const kernel = openKernel();
    const peer = await Peer.start();
    const packets = new Inbox<ReceivedPacket>();
    const socket = kernel.openAdvertisementSocket('ipv4', linkNamed(kernel, 'lan'), () => {
      socket.receive((packet) => {
        packets.put({ ...packet, message: packet.message.slice() });
      }, 10);
    });
    const { group, groupMac, peer: source } = FAMILIES.ipv4;
    await peer.sendFrames(
      ipv4Frame(groupMac, {
        source,
        destination: group,
        message: Uint8Array.of(1, 2, 3),
        options: [0x94, 0x04, 0, 0, 1, 1, 1, 0], // router alert, three no-operations, end
      }),
    );
    const packet = await packets.take();
    assert.deepEqual([...packet.message], [1, 2, 3]);
    assert.equal(packet.source, source);
    socket.close();
    await peer.stop();
  });

  it('does not hear another interface', async () => {
    const kernel = openKernel();
    const peer = await Peer.start();
    ip('link add other type veth peer name otherend');
    ip('link set other up');
    const socket = kernel.openAdvertisementSocket('ipv4', linkNamed(kernel, 'other'), () => {});
    const { group, peer: source } = FAMILIES.ipv4;
    await peer.send({ source, destination: group, message: Uint8Array.of(1) });
    assert.equal(
      socket.receive(() => {}, 10),
      0,
    );
    socket.close();
    await peer.stop();
    ip('link delete other');
  });
});
