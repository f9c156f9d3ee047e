// What becomes of the sockets when their interface goes down, is deleted, comes back.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from '../support/test.js';
import type { AdvertisementSocket, ReceivedPacket } from '../../src/kernel/kernel.js';
import { openKernel } from '../../src/kernel/native.js';
import type { Link } from '../../src/model/link.js';
import { addLinkLocals, enterNamespace, ip, joinPeer, layCable } from '../support/namespace.js';
import { capture, noTcpdump } from './capture.js';
import { Inbox } from './inbox.js';
import { linkNamed } from './links.js';
import { Peer } from './peer.js';
import { turn } from '../support/limits.js';
import { address } from '../support/address.js';

const skip = enterNamespace(import.meta.url);
const ROUTERS = {
  ipv4: {
    group: address('224.0.0.18'),
    self: address('192.0.2.1'),
    peer: address('192.0.2.2'),
  },
  ipv6: {
    group: address('ff02::12'),
    self: address('fe80::1'),
    peer: address('fe80::2'),
  },
} as const;

for (const family of ['ipv4', 'ipv6'] as const) {
  describe(`life of an advertisement socket, ${family}`, { skip }, () => {
    const { group, self, peer: peerAddress } = ROUTERS[family];
    const kernel = skip === false ? openKernel() : null;
    const one = Uint8Array.of(1);
    let socket: AdvertisementSocket;
    let packets: Inbox<ReceivedPacket>;

    const open = (link: Pick<Link, 'index' | 'name'>): AdvertisementSocket => {
      assert.ok(kernel !== null);
      const opened = kernel.openAdvertisementSocket(family, link, () => {
        opened.receive((packet) => {
          packets.put({ ...packet, message: packet.message.slice() });
        }, 100);
      });
      return opened;
    };
    const hearPeer = async (): Promise<void> => {
      const peer = await Peer.start();
      await peer.send({ source: peerAddress, destination: group, message: one });
      assert.deepEqual((await packets.take()).message, one);
      await peer.stop();
    };

    before(() => {
      if (family === 'ipv4') joinPeer();
    });
    beforeEach(() => {
      assert.ok(kernel !== null);
      packets = new Inbox();
      socket = open(linkNamed(kernel, 'lan'));
    });
    afterEach(() => socket.close());

    it('hears the peer again after the interface was down: the membership stays', async () => {
      await hearPeer();
      ip('link set lan down');
      assert.equal(
        socket.receive(() => {}, 10),
        0,
        'down is not dead',
      );
      const failures = socket.send([{ source: self, destination: group, message: one }]);
      assert.equal(failures.length, 1);
      assert.equal(
        socket.receive(() => {}, 10),
        0,
        'a failed send leaves nothing behind',
      );
      ip('link set lan up');
      addLinkLocals();
      await hearPeer();
      assert.deepEqual(socket.send([{ source: self, destination: group, message: one }]), []);
    });

    it('is dead when the interface is deleted; a new one works when it is back', async () => {
      ip('link delete lan');
      assert.throws(() => socket.receive(() => {}, 10), {
        code: 'ENODEV',
        syscall: 'recvmmsg',
        message: /on lan: .*\(the interface is gone/,
      });
      assert.deepEqual(socket.send([{ source: self, destination: group, message: one }]), [
        { index: 0, code: 'ENODEV' },
      ]);
      layCable();
      assert.throws(() => socket.receive(() => {}, 10), { code: 'ENODEV' }, 'still dead');
      assert.ok(kernel !== null);
      const again = open(linkNamed(kernel, 'lan'));
      await hearPeer();
      again.close();
    });

    it('does not keep the event loop busy when dead', async () => {
      assert.ok(kernel !== null);
      let wakeUps = 0;
      const mortal = kernel.openAdvertisementSocket(family, linkNamed(kernel, 'lan'), () => {
        wakeUps += 1;
      });
      ip('link delete lan');
      for (let count = 0; count < 100; count += 1) await turn();
      assert.equal(wakeUps, 0);
      mortal.close();
      layCable();
    });

    it('cannot be opened on an interface that is gone or was renamed', () => {
      assert.throws(() => open({ index: 4711, name: 'nowhere' }), {
        code: 'ENODEV',
        syscall: 'setsockopt(SO_BINDTODEVICE)',
        message: new RegExp(`opening an ${family} advertisement socket on nowhere`),
      });
      assert.throws(() => open({ index: 4711, name: 'lan' }), { code: 'ENODEV' });
    });
  });
}

describe('announcer', { skip }, () => {
  const arp = Uint8Array.from([...Array.from<number>({ length: 6 }).fill(0xff), 2, 0, 0, 0, 0, 1])
    .toString()
    .split(',')
    .map(Number)
    .concat([8, 6, 0, 1, 8, 0, 6, 4, 0, 1], Array.from<number>({ length: 20 }).fill(7));

  it('sends frames as they are', { skip: noTcpdump() }, async () => {
    const kernel = openKernel();
    const { index } = linkNamed(kernel, 'lan');
    const announcer = kernel.openAnnouncer();
    const frame = Uint8Array.from(arp);
    let failures: unknown = null;
    const frames = await capture(2, () => {
      failures = announcer.send([
        { linkIndex: index, frame },
        { linkIndex: index, frame: frame.subarray(0, 10) },
        { linkIndex: index + 1000, frame },
        { linkIndex: index, frame },
      ]);
    });
    assert.deepEqual(failures, [
      { index: 1, code: 'EINVAL' },
      { index: 2, code: 'ENXIO' },
    ]);
    assert.deepEqual(
      frames.map((sent) => [...sent]),
      [arp, arp],
    );
    announcer.close();
    announcer.close();
    assert.throws(() => announcer.send([]), { code: 'EBADF' });
  });

  it('works again after its interface was down', () => {
    const kernel = openKernel();
    const { index } = linkNamed(kernel, 'lan');
    const announcer = kernel.openAnnouncer();
    const frame = Uint8Array.from(arp);
    ip('link set lan down');
    assert.deepEqual(announcer.send([{ linkIndex: index, frame }]), [
      { index: 0, code: 'ENETDOWN' },
    ]);
    ip('link set lan up');
    assert.deepEqual(announcer.send([{ linkIndex: index, frame }]), []);
    announcer.close();
  });

  after(() => ip('link delete lan'));
});
