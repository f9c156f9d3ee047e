// The doctor's readers on a real network namespace: each thing planted there is read, and none on a sound one. What
// is judged of it: plants.test.ts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { diagnose } from '../../src/doctor/diagnose.js';
import { ownEyes, type Eyes } from '../../src/doctor/eyes.js';
import { openEars, type Ears } from '../../src/doctor/listen.js';
import { lookAt } from '../../src/doctor/look.js';
import { openKernel } from '../../src/kernel/native.js';
import { parseAddress } from '../../src/model/address.js';
import { Peer } from '../kernel/peer.js';
import { until } from '../support/limits.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { describe, it } from '../support/test.js';
import { cable } from '../../scripts/lab/cable.js';
import { settingsOf, wrong } from './bench.js';

const skip = enterNamespace(import.meta.url);

const SETTINGS = settingsOf(`
name: a
ha: { keyFile: /k, peers: [{ name: b, addresses: [198.51.100.2, 192.0.2.2] }] }
virtualRouters:
  - { name: lan, interface: lan, vrid: 51, addresses: [192.0.2.100/24] }
  - { name: lan6, interface: lan, vrid: 51, addresses: ['fe80::33/64'] }
`);

/** Of the network only: what else this machine has is its own matter. */
const eyes: Eyes = {
  ...ownEyes,
  text: (path) => (/^\/(?:sys|proc\/sys)\//.test(path) ? ownEyes.text(path) : null),
};

async function found(): Promise<string[]> {
  const looked = await lookAt(SETTINGS, null, eyes);
  const facts = { ...looked, disk: null, keepalived: [], needsDaemonReload: false };
  const all = diagnose({ ...facts, known: [], version: '', heard: [], notListened: null });
  return wrong(all).filter((one) => one !== 'warning agent');
}

/** Plants, looks, and takes it out again. */
async function planted(plant: () => unknown, remove: () => unknown): Promise<string[]> {
  plant();
  try {
    return await found();
  } finally {
    remove();
  }
}

const nft = (text: string): string =>
  execFileSync('nft', ['-f', '-'], { input: text, encoding: 'utf8' });
const flush = (): string => nft('flush ruleset');
const sysctl = (path: string, value: string): void => writeFileSync(`/proc/sys/${path}`, value);

describe('the doctor in a real namespace', { skip }, () => {
  it('a sound one, then each thing that is planted, then sound again', async () => {
    // The one that stands there is of another network namespace.
    execFileSync('mount', ['-t', 'sysfs', 'sysfs', '/sys']);
    joinPeer();
    ip(cable({ name: 'ha' }, { name: 'ha', netns: 'peer' }));
    ip('address add 198.51.100.1/24 dev ha');
    ip('link set ha up');
    ip('-n peer link set ha up');
    // A peer that answers is not waited for: each look asks it what time it is.
    ip('-n peer address add 198.51.100.2/24 dev ha');
    assert.deepEqual(await found(), []);

    const table = (rules: string): string =>
      `table inet t {\nchain c {\ntype filter hook input priority 0\n${rules}\n}\n}\n`;
    assert.deepEqual(await planted(() => nft(table('meta l4proto vrrp counter drop')), flush), [
      'failure firewall',
      'failure firewall',
    ]);
    assert.deepEqual(await planted(() => nft(table('udp dport 7112 drop')), flush), [
      'failure firewall',
    ]);
    assert.deepEqual(await planted(() => nft(table('tcp dport 7112 drop')), flush), [
      'warning firewall',
    ]);
    const good = table(
      'policy drop; ct state established,related accept; iifname "lo" accept; meta l4proto { icmp, ipv6-icmp, 112 } accept; udp dport { 7112, 53 } accept; tcp dport 7112 accept',
    );
    assert.deepEqual(await planted(() => nft(good), flush), []);

    assert.deepEqual(
      await planted(
        () => sysctl('net/ipv4/conf/all/arp_ignore', '8'),
        () => sysctl('net/ipv4/conf/all/arp_ignore', '0'),
      ),
      ['failure arp-ignore'],
    );
    assert.deepEqual(
      await planted(
        () => sysctl('net/ipv6/conf/lan/accept_dad', '2'),
        () => sysctl('net/ipv6/conf/lan/accept_dad', '1'),
      ),
      ['warning accept-dad'],
    );

    const bridged = (): void => {
      ip('link add br0 type bridge mcast_snooping 1 mcast_querier 0');
      ip('link set lan master br0');
    };
    assert.deepEqual(await planted(bridged, () => ip('link delete br0')), ['warning multicast']);

    const source = 'route add 203.0.113.0/24 via 192.0.2.2 dev lan src 192.0.2.100';
    const withSource = (): void => {
      ip('address add 192.0.2.100/32 dev lan');
      ip(source);
    };
    assert.deepEqual(await planted(withSource, () => ip('address delete 192.0.2.100/32 dev lan')), [
      'warning source',
    ]);

    assert.deepEqual(
      await planted(
        () => ip('route add 198.51.100.2/32 via 192.0.2.2 dev lan'),
        () => ip('route delete 198.51.100.2/32'),
      ),
      ['warning one-wire'],
    );
    assert.deepEqual(await found(), []);
  });

  it('an own IPv6 address that another host has is refused by the kernel, and found', async () => {
    ip('-n peer address add 2001:db8::1/64 dev lan nodad');
    sysctl('net/ipv6/conf/lan/accept_dad', '1');
    ip('address add 2001:db8::1/64 dev lan');
    const shown = (): string => ip('-6 address show dev lan');
    await until('dadfailed', shown, (seen) => seen.includes('dadfailed'));
    assert.deepEqual(await found(), ['failure tentative']);
    ip('address delete 2001:db8::1/64 dev lan');
  });

  it('hears who speaks on our VRIDs: version 2 too, and not on others', async () => {
    const peer = await Peer.start();
    const looked = await lookAt(SETTINGS, null, eyes);
    const ears: Ears = openEars(openKernel(), SETTINGS, looked.interfaces);
    const send = async (vrid: number): Promise<void> => {
      const source = parseAddress('192.0.2.2');
      const destination = parseAddress('224.0.0.18');
      assert.ok(source !== null && destination !== null);
      const message = Uint8Array.of(0x21, vrid, 150, 1, 1, 3, 0, 0, 192, 0, 2, 100);
      assert.deepEqual(await peer.send({ source, destination, message }), []);
    };
    await send(52);
    await send(51);
    await until('one speaker', ears.heard, (seen) => seen.length > 0);
    ears.close();
    await peer.stop();
    assert.deepEqual(ears.heard(), [
      {
        virtualRouter: 'lan',
        source: '192.0.2.2',
        unicast: false,
        version: 2,
        vrid: 51,
        priority: 150,
        intervalMs: 3000,
        addresses: ['192.0.2.100'],
        authentication: 1,
        signed: false,
        dialect: null,
      },
    ]);
  });
});
