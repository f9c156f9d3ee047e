// Sockets and facts from a kernel in memory: the primary address, lost sockets, the core's news.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { Network } from '../../src/agent/network.js';
import type { VirtualRouterSettings } from '../../src/config/settings.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import { address, FakeKernel } from '../support/fake-kernel.js';
import { SECOND } from './active-rig.js';
import { INDEX, routerSettings, settingsOf } from './rig.js';

const six = routerSettings({
  name: 'six',
  family: 'ipv6',
  addresses: [
    { address: address('fe80::51'), prefixLength: 64 },
    { address: address('2001:db8::51'), prefixLength: 64 },
  ],
});

function rig(routers: readonly VirtualRouterSettings[], before: (kernel: FakeKernel) => void) {
  const kernel = new FakeKernel();
  kernel.setLink({ index: INDEX, name: 'eth0' });
  before(kernel);
  const events: InstanceEvent[] = [];
  const failures: string[] = [];
  const removed: string[] = [];
  const network = new Network(kernel, () => undefined, {
    emit: (event) => void events.push(event),
    addressRemoved: (one) => void removed.push(one.address),
    addressAdded: () => undefined,
    resynchronized: () => undefined,
    socketFailed: ({ key }, code) => void failures.push(`${key} ${code}`),
    networkReadable: () => undefined,
  });
  network.configure(settingsOf(routers));
  return { kernel, network, events, failures, removed };
}

/** The primary address told last. */
const primary = (events: readonly InstanceEvent[]): string | null | undefined =>
  events.flatMap((event) => (event.kind === 'primary-address' ? [event.address] : [])).at(-1);

const open = (events: readonly InstanceEvent[]): boolean | undefined =>
  events.flatMap((event) => (event.kind === 'socket' ? [event.open] : [])).at(-1);

describe('the primary address', () => {
  const lan = routerSettings({});
  const cases: [string, VirtualRouterSettings, (kernel: FakeKernel) => void, string | null][] = [
    ['is the first of the interface', lan, add('10.99.0.1/24', '10.99.0.2/24'), '10.99.0.1'],
    ['is none without an address', lan, () => undefined, null],
    ['is never a virtual address', lan, add('10.99.0.100/24'), null],
    [
      'is not a virtual address that comes first, a leftover',
      lan,
      add('10.99.0.100/24', '10.99.0.1/24'),
      '10.99.0.1',
    ],
    [
      'of the owner is a virtual address',
      { ...lan, priority: 255 },
      add('10.99.0.100/24'),
      '10.99.0.100',
    ],
    [
      'is not a secondary one when there is another',
      lan,
      (kernel) => {
        kernel.addAddress(INDEX, '10.99.0.5/24', true);
        kernel.addAddress(INDEX, '10.99.0.1/24');
      },
      '10.99.0.1',
    ],
    [
      'is a secondary one when there is no other',
      lan,
      (kernel) => kernel.addAddress(INDEX, '10.99.0.5/24', true),
      '10.99.0.5',
    ],
    ['of IPv6 is link-local', six, add('2001:db8::1/64', 'fe80::1/64'), 'fe80::1'],
    ['of IPv6 is none with global ones only', six, add('2001:db8::1/64'), null],
    [
      'of IPv6 is never the virtual link-local one',
      six,
      add('fe80::51/64', 'fe80::1/64'),
      'fe80::1',
    ],
    ['is of the family', six, add('10.99.0.1/24'), null],
  ];
  for (const [what, router, before, expected] of cases) {
    it(what, () => {
      assert.equal(primary(rig([router], before).events), expected);
    });
  }

  it('is told again when it changes', () => {
    const { kernel, network, events } = rig([lan], add('10.99.0.1/24', '10.99.0.2/24'));
    kernel.removeAddress(INDEX, '10.99.0.1/24');
    network.drain(kernel.now());
    assert.equal(primary(events), '10.99.0.2');
  });

  it('is another router’s virtual address for neither of two on one interface', () => {
    const second = routerSettings({
      name: 'second',
      vrid: 52,
      addresses: [{ address: address('10.99.0.120'), prefixLength: 24 }],
    });
    const { events } = rig([lan, second], add('10.99.0.120/24', '10.99.0.100/24', '10.99.0.1/24'));
    const told = events.flatMap((event) =>
      event.kind === 'primary-address' ? [`${event.virtualRouter} ${event.address}`] : [],
    );
    assert.deepEqual(told, ['lan 10.99.0.1', 'second 10.99.0.1']);
  });
});

describe('a primary address that is missing', () => {
  const lan = routerSettings({});
  /** One that was there, and is not any more; the events are those since. */
  function missing(routers = [lan], before = add('10.99.0.1/24', 'fe80::1/64')) {
    const made = rig(routers, before);
    const { kernel, network, events } = made;
    events.length = 0;
    const drain = (): void => void network.drain(kernel.now());
    kernel.removeAddress(INDEX, '10.99.0.1/24');
    kernel.removeAddress(INDEX, 'fe80::1/64');
    drain();
    return { ...made, drain };
  }

  it('is advertised from for three seconds: whatever configures the network may put it back', () => {
    const { kernel, network, events, drain } = missing();
    const [port] = network.ports();
    assert.equal(port?.sources.usual, '10.99.0.1');
    assert.equal(network.dueAt, kernel.now() + 3 * SECOND);
    kernel.advance(3 * SECOND - 1);
    drain();
    assert.deepEqual(events, []);
    kernel.advance(1);
    drain();
    assert.equal(primary(events), null);
    assert.equal(port?.sources.usual, null);
  });

  it('is missing no more when it is there again, and has the same time the next time', () => {
    const { kernel, events, drain } = missing();
    kernel.advance(2 * SECOND);
    kernel.addAddress(INDEX, '10.99.0.1/24');
    drain();
    kernel.advance(2 * SECOND);
    kernel.removeAddress(INDEX, '10.99.0.1/24');
    drain();
    kernel.advance(3 * SECOND - 1);
    drain();
    assert.deepEqual(events, []);
    kernel.advance(1);
    drain();
    assert.equal(primary(events), null);
  });

  it('of IPv6 may be checked for a duplicate once more before it is missing', () => {
    const { kernel, events, drain } = missing([six]);
    kernel.addAddress(INDEX, 'fe80::1/64', false, false);
    kernel.advance(2 * SECOND);
    drain();
    kernel.setUsable(INDEX, 'fe80::1/64');
    drain();
    kernel.advance(9 * SECOND);
    drain();
    assert.deepEqual(events, []);
  });

  it('gives way at once to another one of the interface', () => {
    const { kernel, events, drain } = missing();
    kernel.addAddress(INDEX, '10.99.0.7/24');
    drain();
    assert.equal(primary(events), '10.99.0.7');
  });

  for (const [what, change] of [
    ['down', { up: false }],
    ['without carrier', { carrier: false }],
  ] as const) {
    it(`is missing at once on a link that is ${what}`, () => {
      const { kernel, events, drain } = missing();
      kernel.setLink({ index: INDEX, name: 'eth0', ...change });
      drain();
      assert.equal(primary(events), null);
    });
  }

  it('is missing at once on another interface of the name', () => {
    const { kernel, events, drain } = missing();
    kernel.removeLink(INDEX);
    kernel.setLink({ index: INDEX + 1, name: 'eth0' });
    drain();
    assert.equal(primary(events), null);
  });

  it('is none of what new settings begin with', () => {
    const { network, events } = missing();
    network.configure(settingsOf([lan]));
    assert.equal(primary(events), null);
  });
});

describe('the kernel’s lists', () => {
  it('are looked at every five seconds, and never waited for', () => {
    let looks = 0;
    const { kernel, network } = rig([routerSettings({})], (before) => {
      const openWatch = before.openNetworkWatch.bind(before);
      before.openNetworkWatch = (onReadable) => {
        const watch = openWatch(onReadable);
        return {
          ...watch,
          look: () => {
            looks += 1;
            watch.look();
          },
          resynchronize: () => assert.fail('whoever reads them at once waits for the kernel'),
        };
      };
    });
    kernel.unnoticed(() => kernel.setLink({ index: 7, name: 'eth7' }));
    for (const expected of [0, 1, 1, 2]) {
      network.drain(kernel.now());
      assert.equal(looks, expected);
      kernel.stall(expected === 0 ? 5 * SECOND : 2.5 * SECOND);
    }
    assert.equal(network.linkNamed('eth7')?.index, 7, 'what nobody had told of');
  });
});

describe('the sockets', () => {
  const lan = routerSettings({});
  const addressed = add('10.99.0.1/24', 'fe80::1/64');

  it('are one for an interface and family, however many virtual routers', () => {
    const { kernel } = rig([lan, routerSettings({ name: 'second', vrid: 52 }), six], addressed);
    assert.deepEqual(
      kernel.sockets.map(({ family, linkIndex }) => `${family} ${linkIndex}`),
      [`ipv4 ${INDEX}`, `ipv6 ${INDEX}`],
    );
  });

  it('stay open over a reload that still needs them, and are closed when none does', () => {
    const { kernel, network } = rig([lan, six], addressed);
    network.configure(settingsOf([lan]));
    assert.deepEqual(
      kernel.sockets.map((socket) => socket.open),
      [true, false],
    );
    assert.equal(kernel.sockets.length, 2);
  });

  it('one that is refused is told once, tried every second, and told when it is open', () => {
    const { kernel, network, events, failures } = rig([lan], (made) => {
      addressed(made);
      made.refuseSockets = 'EPERM';
    });
    const look = kernel.clock + 5 * SECOND;
    assert.deepEqual([open(events), failures], [false, ['eth0/ipv4 EPERM']]);
    assert.equal(network.dueAt, kernel.clock + SECOND);
    kernel.stall(SECOND - 1);
    network.drain(kernel.now());
    assert.equal(network.dueAt, kernel.clock + 1, 'not sooner');
    kernel.stall(1);
    network.drain(kernel.now());
    assert.deepEqual([network.dueAt, failures.length], [kernel.clock + SECOND, 1]);
    kernel.refuseSockets = null;
    kernel.stall(SECOND);
    network.drain(kernel.now());
    assert.deepEqual([open(events), network.dueAt], [true, look]);
  });

  it('one that fails for another reason is told again', () => {
    const { kernel, network, failures } = rig([lan], (made) => (made.refuseSockets = 'EPERM'));
    kernel.refuseSockets = 'EMFILE';
    kernel.stall(SECOND);
    network.drain(kernel.now());
    assert.deepEqual(failures, ['eth0/ipv4 EPERM', 'eth0/ipv4 EMFILE']);
  });

  it('one that dies while it is read is lost, and opened again', () => {
    const { kernel, network, events, failures } = rig([lan], addressed);
    for (const socket of kernel.sockets) socket.open = false;
    network.receive(() => undefined);
    assert.deepEqual([open(events), failures], [false, ['eth0/ipv4 ENODEV']]);
    assert.deepEqual(network.send('eth0/ipv4', [message, message]), [
      { index: 0, code: 'ENODEV' },
      { index: 1, code: 'ENODEV' },
    ]);
    kernel.stall(SECOND);
    network.drain(kernel.now());
    assert.equal(open(events), true);
    assert.deepEqual(network.send('eth0/ipv4', [message]), []);
  });

  it('of an interface made anew are opened on the new one', () => {
    const { kernel, network, events } = rig([lan], addressed);
    kernel.removeLink(INDEX);
    network.drain(kernel.now());
    assert.equal(open(events), false);
    kernel.setLink({ index: 9, name: 'eth0' });
    network.drain(kernel.now());
    assert.deepEqual([open(events), kernel.sockets.at(-1)?.linkIndex], [true, 9]);
  });

  it('nothing is sent on a port that nobody configured', () => {
    const { network } = rig([lan], addressed);
    assert.deepEqual(network.send('eth1/ipv4', [message]), [{ index: 0, code: 'ENODEV' }]);
  });
});

const message = {
  source: address('10.99.0.1'),
  destination: address('224.0.0.18'),
  message: Uint8Array.of(1),
};

function add(...texts: readonly string[]): (kernel: FakeKernel) => void {
  return (kernel) => {
    for (const text of texts) kernel.addAddress(INDEX, text);
  };
}
