// The farewell of an agent that is dead: what is sent, and until when the addresses are kept.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { sayFarewell } from '../../src/agent/farewell.js';
import type { VirtualRouterSettings } from '../../src/config/settings.js';
import type { ChecksumDialect } from '../../src/model/advertisement.js';
import { centiseconds } from '../../src/model/units.js';
import {
  decodeAdvertisement,
  encodeAdvertisement,
  VRRP_GROUP,
} from '../../src/wire/advertisement.js';
import { address, FakeKernel, type SentMessage } from '../support/fake-kernel.js';
import { INDEX, PEER, routerSettings, settingsOf, settle, VIRTUAL } from './rig.js';

/** Active_Down_Interval at priority 1 and 100 cs (RFC 9568 §6.1). */
const LONGEST = 3_996_093;

function kernelWithLan(): FakeKernel {
  const kernel = new FakeKernel();
  kernel.setLink({ index: INDEX, name: 'eth0' });
  kernel.addAddress(INDEX, '10.99.0.1/24');
  return kernel;
}

function advertisement(priority: number, vrid = 51, source = PEER) {
  const destination = VRRP_GROUP.ipv4;
  const content = {
    vrid,
    priority,
    maxAdvertiseInterval: centiseconds(100),
    addresses: [VIRTUAL],
  };
  const message = encodeAdvertisement(content, { source, destination, dialect: 'rfc9568' });
  return { family: 'ipv4' as const, linkIndex: INDEX, source, destination, hopLimit: 255, message };
}

const saidIn = ({ source, destination, family, message }: SentMessage) => {
  const decoded = decodeAdvertisement({ source, destination, family, hopLimit: 255, message });
  assert.ok(decoded.ok);
  const { vrid, priority } = decoded.advertisement;
  return { vrid, priority, source, destination, dialect: decoded.dialect };
};

/** Begins a farewell; what it has come to stands in `ended`. */
function begin(kernel: FakeKernel, routers: readonly VirtualRouterSettings[]) {
  const ended: string[] = [];
  const done = sayFarewell(kernel, settingsOf(routers), ({ name }) => name !== 'absent').then(
    (succession) => void ended.push(succession),
  );
  return { ended, done };
}

describe('farewell', () => {
  it('priority 0 from the own address, then the first advertisement of a successor ends it', async () => {
    const kernel = kernelWithLan();
    const { ended, done } = begin(kernel, [routerSettings({ checksum: 'rfc9568' })]);
    assert.deepEqual(kernel.sent.map(saidIn), [
      {
        vrid: 51,
        priority: 0,
        source: '10.99.0.1',
        destination: VRRP_GROUP.ipv4,
        dialect: 'rfc9568',
      },
    ]);
    kernel.deliver(advertisement(100));
    await done;
    assert.deepEqual(ended, ['taken']);
    assert.equal(kernel.armedFor, null, 'no timer is left');
    assert.ok(kernel.sockets.every(({ open }) => !open));
  });

  it('without a successor the longest Active_Down_Interval passes', async () => {
    const kernel = kernelWithLan();
    const { ended, done } = begin(kernel, [routerSettings({})]);
    kernel.advance(LONGEST - 1);
    await settle();
    assert.deepEqual(ended, []);
    kernel.advance(1);
    await done;
    assert.deepEqual(ended, ['time-over']);
  });

  it('what does not tell of a successor does not end it', async () => {
    const kernel = kernelWithLan();
    const { ended, done } = begin(kernel, [routerSettings({})]);
    const broken = advertisement(100);
    kernel.deliver(advertisement(0));
    kernel.deliver(advertisement(100, 52));
    kernel.deliver(advertisement(100, 51, address('10.99.0.1')));
    kernel.deliver({ ...broken, message: broken.message.with(6, 0) });
    kernel.setLink({ index: 9, name: 'eth9' });
    await settle();
    assert.deepEqual(ended, []);
    kernel.deliver(advertisement(1));
    await done;
    assert.deepEqual(ended, ['taken']);
  });

  it('waits for a successor of each virtual router, and speaks only for those that stand', async () => {
    const kernel = kernelWithLan();
    const { ended, done } = begin(kernel, [
      routerSettings({}),
      routerSettings({ name: 'second', vrid: 52, checksum: 'rfc5798' }),
      routerSettings({ name: 'absent', vrid: 53 }),
    ]);
    assert.deepEqual([...new Set(kernel.sent.map((one) => saidIn(one).vrid))], [51, 52]);
    kernel.deliver(advertisement(100));
    await settle();
    assert.deepEqual(ended, []);
    kernel.deliver(advertisement(100, 52));
    await done;
    assert.deepEqual(ended, ['taken']);
  });

  const dialects: [VirtualRouterSettings['checksum'], ChecksumDialect[]][] = [
    ['auto', ['rfc9568', 'rfc5798']],
    ['rfc9568', ['rfc9568']],
    ['rfc5798', ['rfc5798']],
  ];
  for (const [checksum, expected] of dialects) {
    it(`checksum ${checksum}: says it in ${expected.join(' and ')}`, async () => {
      const kernel = kernelWithLan();
      const { done } = begin(kernel, [routerSettings({ checksum })]);
      assert.deepEqual(
        kernel.sent.map((one) => saidIn(one).dialect),
        expected,
      );
      kernel.advance(LONGEST);
      await done;
    });
  }

  it('tells unicast peers, and hears them', async () => {
    const kernel = kernelWithLan();
    const unicast = routerSettings({ unicastPeers: [PEER], checksum: 'rfc9568' });
    const { ended, done } = begin(kernel, [unicast]);
    assert.deepEqual(
      kernel.sent.map(({ destination }) => destination),
      [PEER],
    );
    const destination = address('10.99.0.1');
    const { message } = advertisement(100);
    kernel.deliver({ ...advertisement(100), destination, message });
    await done;
    assert.deepEqual(ended, ['taken']);
  });

  const silent: [string, (kernel: FakeKernel) => void][] = [
    ['the interface is gone', (kernel) => kernel.removeLink(INDEX)],
    ['it has no address to speak from', (kernel) => kernel.removeAddress(INDEX, '10.99.0.1/24')],
    ['no socket is to be had', (kernel) => (kernel.refuseSockets = 'EPERM')],
    ['nothing can be sent', (kernel) => (kernel.refuseSends = 'ENETUNREACH')],
  ];
  for (const [what, breakIt] of silent) {
    it(`waits for nobody when ${what}`, async () => {
      const kernel = kernelWithLan();
      breakIt(kernel);
      const { ended, done } = begin(kernel, [routerSettings({})]);
      await done;
      assert.deepEqual(ended, ['nobody-to-tell']);
    });
  }
});
