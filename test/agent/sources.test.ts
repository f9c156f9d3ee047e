// Which own address each virtual router advertises from.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import {
  isSameSources,
  ownAddresses,
  sourceOf,
  sourcesOf,
  virtualAddresses,
} from '../../src/agent/sources.js';
import type { VirtualRouterSettings } from '../../src/config/settings.js';
import type { Family } from '../../src/model/address.js';
import { address } from '../support/fake-kernel.js';
import { routerSettings } from './rig.js';

const standing = (text: string, more: object = {}) => {
  const [one = '', length] = text.split('/');
  return {
    address: address(one),
    prefixLength: Number(length),
    linkIndex: 1,
    usable: true,
    secondary: false,
    validSeconds: null,
    ...more,
  };
};
type Standing = readonly [text: string, more?: object];

const sources = (
  family: Family,
  routers: readonly VirtualRouterSettings[],
  ...all: readonly Standing[]
) => {
  const addresses = all.map(([text, more]) => standing(text, more));
  return sourcesOf(family, routers, ownAddresses(virtualAddresses(routers), addresses));
};

const six = (unicastPeers: readonly string[] = [], name = 'lan') =>
  routerSettings({
    name,
    family: 'ipv6',
    addresses: [{ address: address('2001:db8::100'), prefixLength: 64 }],
    unicastPeers: unicastPeers.map(address),
  });

const GLOBAL: Standing = ['2001:db8::1/64'];
const VIRTUAL: Standing = ['2001:db8::100/64'];
const LOCAL: Standing = ['fe80::1/64'];

describe('the source of advertisements', () => {
  it('IPv4: the first of the interface, none that is virtual or secondary', () => {
    const lan = [routerSettings({})];
    const all: Standing[] = [['10.99.0.100/24'], ['10.99.0.9/24', { secondary: true }]];
    assert.equal(sources('ipv4', lan, ...all, ['10.99.0.1/16']).usual, '10.99.0.1');
    assert.equal(sources('ipv4', lan, ...all).usual, '10.99.0.9');
    assert.equal(sources('ipv4', lan, ['10.99.0.100/24']).usual, null);
    const owner = [routerSettings({ priority: 255 })];
    assert.equal(sources('ipv4', owner, ['10.99.0.100/24']).usual, '10.99.0.100');
  });

  it('IPv6: a link-local one, to the group and to link-local routers', () => {
    for (const lan of [six(), six(['fe80::2'])]) {
      const found = sources('ipv6', [lan], VIRTUAL, GLOBAL, LOCAL);
      assert.equal(sourceOf(found, 'lan'), 'fe80::1');
    }
    assert.equal(sourceOf(sources('ipv6', [six()], VIRTUAL, GLOBAL), 'lan'), null);
  });

  it('IPv6, to routers with global addresses: the own one whose subnet has them, else the first', () => {
    const lan = six(['2001:db8::2']);
    const other: Standing = ['2001:db8:7::1/64'];
    assert.equal(
      sourceOf(sources('ipv6', [lan], VIRTUAL, LOCAL, other, GLOBAL), 'lan'),
      '2001:db8::1',
    );
    assert.equal(sourceOf(sources('ipv6', [lan], VIRTUAL, LOCAL, other), 'lan'), '2001:db8:7::1');
    assert.equal(
      sourceOf(sources('ipv6', [lan], VIRTUAL, LOCAL), 'lan'),
      null,
      'none they could list',
    );
    const tentative: Standing = ['2001:db8::1/64', { usable: false }];
    assert.equal(sourceOf(sources('ipv6', [lan], LOCAL, tentative), 'lan'), null);
  });

  it('each virtual router of an interface has its own', () => {
    const routers = [six(), six(['2001:db8::2'], 'far')];
    const found = sources('ipv6', routers, LOCAL, GLOBAL);
    assert.deepEqual([sourceOf(found, 'lan'), sourceOf(found, 'far')], ['fe80::1', '2001:db8::1']);
    assert.ok(isSameSources(found, sources('ipv6', routers, LOCAL, GLOBAL)));
    assert.ok(!isSameSources(found, sources('ipv6', routers, LOCAL)));
    assert.ok(!isSameSources(found, sources('ipv6', routers, GLOBAL)));
    assert.ok(!isSameSources(found, sources('ipv6', routers.slice(0, 1), LOCAL, GLOBAL)));
  });
});
