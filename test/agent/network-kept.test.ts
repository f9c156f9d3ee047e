// What the notices of a kernel in memory leave of the picture, beside one that is read anew: any sequence of changes, told
// of, lost or unheard of, ends in the same. And what a notice costs, in questions to the kernel's picture.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from '../support/test.js';
import { Network } from '../../src/agent/network.js';
import type { VirtualRouterSettings } from '../../src/config/settings.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import { familyOf, formatAddressWithPrefix, type IpAddress } from '../../src/model/address.js';
import { address, FakeKernel } from '../support/fake-kernel.js';
import { SECOND } from './active-rig.js';
import { routerSettings, settingsOf } from './rig.js';

const RUNS = process.env['CI'] === 'true' ? 1_000 : 50;

const virtual = (text: string, prefixLength: number) => ({ address: address(text), prefixLength });

const ROUTERS: readonly VirtualRouterSettings[] = [
  routerSettings({ addresses: [virtual('10.99.0.100', 24), virtual('10.99.0.2', 32)] }),
  routerSettings({
    name: 'six',
    family: 'ipv6',
    addresses: [virtual('fe80::51', 64), virtual('2001:db8::51', 64)],
  }),
  routerSettings({
    name: 'owner',
    interface: 'eth1',
    vrid: 52,
    priority: 255,
    addresses: [virtual('10.98.0.100', 24)],
  }),
];
const PEERS = [
  { name: 'b', addresses: [address('10.99.0.2'), address('10.98.0.2'), address('2001:db8::2')] },
];
const ADDRESSES = [
  '10.99.0.1/24',
  '10.99.0.7/24',
  '10.99.0.100/24',
  '10.99.0.100/32',
  '10.99.0.2/32',
  '10.98.0.1/24',
  '10.98.0.100/24',
  'fe80::1/64',
  'fe80::51/64',
  '2001:db8::51/64',
  '2001:db8::1/64',
];
const LINKS = [2, 3, 4];
const NAMES = ['eth0', 'eth1', 'old'];

type Change =
  | { readonly kind: 'add'; readonly link: number; readonly text: string; readonly usable: boolean }
  | { readonly kind: 'remove' | 'detected'; readonly link: number; readonly text: string }
  | {
      readonly kind: 'link';
      readonly link: number;
      readonly name: string;
      readonly carrier: boolean;
    }
  | { readonly kind: 'unlink'; readonly link: number }
  | { readonly kind: 'look'; readonly after: number };

/** How the reader learns of a change: by its notice, by ENOBUFS, or not before it looks for itself. */
type Way = 'told' | 'lost' | 'unheard';

const link = fc.constantFrom(...LINKS);
const text = fc.constantFrom(...ADDRESSES);
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('add'), link, text, usable: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('remove', 'detected'), link, text }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('link'),
      link,
      name: fc.constantFrom(...NAMES),
      carrier: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unlink'), link }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('look'),
      after: fc.constantFrom(0, SECOND, 6 * SECOND),
    }),
  },
);
const learned = fc.constantFrom<Way>('told', 'told', 'told', 'lost', 'unheard');
const story = fc.array(fc.tuple(change, learned), { maxLength: 40 });

/** The kernel does as it is told, where a kernel would. */
function make(kernel: FakeKernel, one: Exclude<Change, { kind: 'look' }>): void {
  const there = kernel.link(one.link) !== undefined;
  switch (one.kind) {
    case 'add': {
      const alike = familyOf(one.text.replace(/\/.*/, '') as IpAddress) === 'ipv6';
      const stands = kernel.has(one.link, one.text);
      if (there && !stands) kernel.addAddress(one.link, one.text, false, !alike || one.usable);
      return;
    }
    case 'remove':
      kernel.removeAddress(one.link, one.text);
      return;
    case 'detected':
      if (kernel.has(one.link, one.text)) kernel.setUsable(one.link, one.text);
      return;
    case 'link': {
      const holder = kernel.indexOf(one.name);
      if (holder !== undefined && holder !== one.link) return;
      kernel.setLink({ index: one.link, name: one.name, carrier: one.carrier });
      return;
    }
    case 'unlink':
      if (there) kernel.removeLink(one.link);
  }
}

interface Reader {
  readonly network: Network;
  /** What the core was told last, by what it is about. */
  readonly told: Map<string, unknown>;
}

function readerOf(kernel: FakeKernel, routers = ROUTERS): Reader {
  const told = new Map<string, unknown>();
  const network = new Network(kernel, () => undefined, {
    emit: (event) => tell(told, event),
    addressRemoved: () => undefined,
    addressAdded: () => undefined,
    resynchronized: () => undefined,
    socketFailed: () => undefined,
    networkReadable: () => undefined,
  });
  const settings = settingsOf(routers);
  network.configure({ ...settings, ha: { ...settings.ha, peers: PEERS } });
  return { network, told };
}

function tell(told: Map<string, unknown>, event: InstanceEvent): void {
  if (event.kind === 'path-interface') told.set(`path ${event.address}`, event.interface);
  else if (event.kind === 'socket') told.set(`socket ${event.virtualRouter}`, event.open);
  else if (event.kind === 'primary-address') {
    told.set(`primary ${event.virtualRouter}`, event.address);
  } else {
    assert.equal(event.kind, 'monitor', 'a fact of the network');
    // Whether a name that is missing was another's before is known to who was there before.
    if (event.kind === 'monitor') told.set(event.status.name, event.status.state);
  }
}

/** Everything that can be asked, in words. */
function pictureOf({ network, told }: Reader): object {
  const texts = (all: Iterable<{ address: IpAddress; prefixLength: number }>): string[] =>
    [...all].map(formatAddressWithPrefix).toSorted();
  const interfaces = NAMES.map((name) => {
    const standing = network.standingOn(name);
    return {
      name,
      link: network.linkNamed(name),
      all: texts(network.addressesOn(name)),
      usable: texts(network.addressesOn(name).filter((one) => one.usable)),
      found: ADDRESSES.filter((one) => standing.get(one) !== undefined),
      alike: ADDRESSES.map((one) => texts(standing.with(address(one.replace(/\/.*/, ''))))),
    };
  });
  const ports = [...network.ports()]
    .filter((port) => network.linkNamed(port.interface) !== undefined)
    .map((port) => ({
      key: port.key,
      socket: port.linkIndex,
      own: [...port.scope.ownSources].toSorted(),
      here: ADDRESSES.filter((one) =>
        port.scope.ownAddresses.has(address(one.replace(/\/.*/, ''))),
      ),
      peers: [...port.scope.unicastPeers].toSorted(),
      networks: texts(port.scope.networks),
      // Which of several is the first depends on which came first; that there is one does not.
      source: port.sources.usual !== null && port.scope.ownSources.has(port.sources.usual),
    }));
  const toldOf = (what: string): string[] =>
    [...told]
      .filter(([about]) => about.startsWith(what))
      .map(([about, value]) => `${about}: ${String(value)}`)
      .toSorted();
  return { interfaces, ports, paths: toldOf('path '), links: toldOf('link ') };
}

/** What it was told of each virtual router is what its port has. */
function assertTold({ network, told }: Reader): void {
  for (const port of network.ports()) {
    for (const { name } of port.routers.values()) {
      assert.equal(told.get(`socket ${name}`), port.socket !== null, `socket of ${name}`);
      assert.equal(told.get(`primary ${name}`), port.sources.usual, `primary of ${name}`);
    }
  }
}

function run(changes: readonly (readonly [Change, Way])[]): void {
  const kernel = new FakeKernel();
  kernel.setLink({ index: 2, name: 'eth0' });
  kernel.setLink({ index: 3, name: 'eth1' });
  kernel.addAddress(2, '10.99.0.1/24');
  const kept = readerOf(kernel);
  const drain = (): void => void kept.network.drain(kernel.now());
  for (const [one, way] of changes) {
    if (one.kind === 'look') {
      kernel.stall(one.after);
      drain();
    } else if (way === 'told') make(kernel, one);
    else if (way === 'lost') kernel.overrun(() => make(kernel, one));
    else kernel.unnoticed(() => make(kernel, one));
  }
  // It looks for itself every five seconds; what it then misses it waits three seconds for.
  for (const _ of [1, 2]) {
    kernel.stall(6 * SECOND);
    drain();
  }
  assertTold(kept);
  assert.deepEqual(pictureOf(kept), pictureOf(readerOf(kernel)));
}

describe('the network as its notices leave it', () => {
  it('is the network as it is read anew, after any sequence of changes', () => {
    fc.assert(fc.property(story, run), { numRuns: RUNS });
  });

  it('is told to the core only where a port or a path is another one', () => {
    const kernel = new FakeKernel();
    kernel.setLink({ index: 2, name: 'eth0' });
    kernel.setLink({ index: 9, name: 'us51v4' });
    kernel.addAddress(2, '10.99.0.1/24');
    const { network, told } = readerOf(kernel);
    const toldBy = (act: () => void): string[] => {
      told.clear();
      act();
      network.drain(kernel.now());
      return [...told].map(([what, value]) => `${what}: ${String(value)}`);
    };
    assert.deepEqual(
      toldBy(() => kernel.addAddress(2, '10.99.0.100/24')),
      [],
    );
    assert.deepEqual(
      toldBy(() => kernel.removeAddress(2, '10.99.0.100/24')),
      [],
    );
    assert.deepEqual(
      toldBy(() => kernel.addAddress(9, '10.98.0.9/24')),
      [],
    );
    assert.deepEqual(
      toldBy(() => kernel.addAddress(2, '10.98.0.9/24')),
      ['path 10.98.0.2: eth0'],
    );
    assert.deepEqual(
      toldBy(() => kernel.removeAddress(2, '10.99.0.1/24')),
      ['path 10.99.0.2: null', 'primary lan: 10.98.0.9'],
    );
    // A virtual address may be the only one that reaches a peer.
    assert.deepEqual(
      toldBy(() => kernel.addAddress(2, '10.99.0.100/24')),
      ['path 10.99.0.2: eth0'],
    );
  });
});

describe('what a notice costs', () => {
  /** How often addresses of a link are listed, and looked at, while `count` virtual ones come and go, one by one. */
  function walks(count: number): number[] {
    const addresses = Array.from({ length: count }, (_, at) =>
      virtual(`10.99.${1 + (at >> 8)}.${at & 0xff}`, 16),
    );
    const kernel = new FakeKernel();
    kernel.setLink({ index: 2, name: 'eth0' });
    kernel.addAddress(2, '10.99.0.1/24');
    let asked = 0;
    let looked = 0;
    const open = kernel.openNetworkWatch.bind(kernel);
    kernel.openNetworkWatch = (onReadable) => {
      const watch = open(onReadable);
      return {
        ...watch,
        addresses: () => ((asked += 1), watch.addresses()),
        addressesOn: (index) => {
          const on = watch.addressesOn(index);
          return {
            all: () => ((asked += 1), on.all()),
            some: (is) => on.some((one) => ((looked += 1), is(one))),
            get: (one) => on.get(one),
            with: (one) => on.with(one),
          };
        },
      };
    };
    const { network } = readerOf(kernel, [routerSettings({ addresses })]);
    asked = 0;
    for (const one of addresses) {
      kernel.addAddress(2, formatAddressWithPrefix(one));
      network.drain(kernel.now());
    }
    assert.equal(network.standingOn('eth0').get('10.99.1.0/16')?.linkIndex, 2);
    for (const one of addresses) {
      kernel.removeAddress(2, formatAddressWithPrefix(one));
      network.drain(kernel.now());
    }
    return [asked, looked];
  }

  it('is the same however many addresses stand there already', () => {
    // They reach the peer, as virtual addresses do: whether another one does without it, the first one answers.
    assert.deepEqual(walks(10), [0, 10]);
    assert.deepEqual(walks(1_000), [0, 1_000]);
  });
});
