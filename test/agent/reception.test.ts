// From packets to events: what repeats the last one is the same event, without a look at anything but its bytes; and
// what another reader of the same bytes would discard is discarded then, too.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import { portsOf, type Port } from '../../src/agent/ports.js';
import { Reception } from '../../src/agent/reception.js';
import type { Network } from '../../src/agent/network.js';
import type { Journal } from '../../src/journal/journal.js';
import type { ReceivedPacket } from '../../src/kernel/kernel.js';
import { centiseconds, instant, type Instant } from '../../src/model/units.js';
import { encodeAdvertisement, VRRP_GROUP } from '../../src/wire/advertisement.js';
import { address } from '../support/fake-kernel.js';
import { INDEX, PEER, routerSettings, settingsOf, VIRTUAL } from './rig.js';

type Heard = Extract<InstanceEvent, { kind: 'advertisement' }>;

const packet = (change: Partial<ReceivedPacket> = {}, priority = 200): ReceivedPacket => ({
  family: 'ipv4',
  linkIndex: INDEX,
  source: PEER,
  destination: VRRP_GROUP.ipv4,
  hopLimit: 255,
  message: encodeAdvertisement(
    { vrid: 51, priority, maxAdvertiseInterval: centiseconds(100), addresses: [VIRTUAL] },
    { source: PEER, destination: VRRP_GROUP.ipv4, dialect: 'rfc9568' },
  ),
  arrivedAt: instant(0),
  ...change,
});

/** Its packets come in one object, as the kernel's do. */
function bench(options: { readonly sources?: 'any' | 'peers' } = {}) {
  const settings = settingsOf([routerSettings({ sources: options.sources ?? 'any' })]);
  const [port] = portsOf(settings).values();
  assert.ok(port !== undefined);
  let stranger = false;
  const journal = { recordForeign: () => undefined } as unknown as Journal;
  const reception = new Reception({ journal, signing: { doubt: () => null } }, () => stranger);
  const hear = (...arrived: readonly (readonly [Port, ReceivedPacket])[]): Heard[] => {
    const heard: { event: Heard; at: Instant }[] = [];
    const shared = {} as ReceivedPacket;
    const network = {
      receive: (handler: (on: Port, one: ReceivedPacket) => void) => {
        for (const [on, one] of arrived) handler(on, Object.assign(shared, one));
      },
    };
    reception.receive(network as Network, (event, at) => {
      if (event.kind === 'advertisement') heard.push({ event, at });
    });
    const times = heard.map(({ at }) => at);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    return heard.map(({ event }) => event);
  };
  return { reception, port, hear, unmask: () => (stranger = true) };
}

describe('a packet that repeats the last one of its VRID', () => {
  it('is the same event; another byte, source or destination makes another', () => {
    const { port, hear } = bench();
    const other = address('10.99.0.3');
    const [first, second, third] = hear(
      [port, packet()],
      [port, packet()],
      [port, packet({}, 150)],
    );
    assert.equal(second, first);
    assert.notEqual(third, first);
    assert.equal(third?.advertisement.priority, 150);
    const [theirs] = hear([port, packet({ source: other }, 150)]);
    assert.equal(theirs?.source, other);
  });

  it('is discarded when it has come through a router', () => {
    const { port, hear, reception } = bench();
    assert.equal(hear([port, packet()], [port, packet({ hopLimit: 254 })]).length, 1);
    assert.deepEqual(reception.byRouter.countsOf('lan'), { hopLimit: 1 });
  });

  it('is discarded when its source has become an address of ours', () => {
    const { port, hear, reception } = bench();
    assert.equal(hear([port, packet()]).length, 1);
    port.scope = { ...port.scope, ownSources: new Set([PEER]) };
    assert.equal(hear([port, packet()]).length, 0);
    assert.deepEqual(reception.byRouter.countsOf('lan'), { ownPacket: 1 });
  });

  it('is discarded when its source is known by now to be no peer, and peers alone count', () => {
    const { port, hear, unmask, reception } = bench({ sources: 'peers' });
    assert.equal(hear([port, packet()]).length, 1);
    unmask();
    assert.equal(hear([port, packet()]).length, 0);
    assert.deepEqual(reception.byRouter.countsOf('lan'), { stranger: 1 });
  });
});

describe('what has arrived', () => {
  it('of several ports is handed over in the order of its arrival, what came together in the order of the ports', () => {
    const { port, hear } = bench();
    const [other] = portsOf(
      settingsOf([routerSettings({ name: 'dmz', interface: 'dmz' })]),
    ).values();
    assert.ok(other !== undefined);
    const at = (time: number): ReceivedPacket => packet({ arrivedAt: instant(time) });
    const names = hear([port, at(20)], [port, at(40)], [other, at(10)], [other, at(40)]);
    assert.deepEqual(
      names.map(({ virtualRouter }) => virtualRouter),
      ['dmz', 'lan', 'lan', 'dmz'],
    );
    assert.equal(hear([port, at(50)]).length, 1);
  });
});
