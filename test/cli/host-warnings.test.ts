// What settings name and a host does not have, on hosts that are made up.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, it } from '../support/test.js';
import {
  hostWarnings,
  thisHost,
  type HostFacts,
  type StandingAddress,
} from '../../src/cli/host-warnings.js';
import { parseSettings } from '../../src/config/load.js';
import { parseAddressWithPrefix } from '../../src/model/address.js';

const standing = (name: string, text: string): StandingAddress => {
  const address = parseAddressWithPrefix(text);
  assert.ok(address);
  return { interface: name, ...address };
};

const HOST: HostFacts = {
  interfaces: new Set(['lo', 'eth0', 'eth1']),
  addresses: [standing('eth0', '10.99.0.1/24'), standing('eth1', '10.98.0.1/24')],
  fileExists: (path) => path === '/k',
  isProgram: () => true,
  isReadableToOwner: () => true,
};

function warningsOf(text: string, host: Partial<HostFacts> = {}): string[] {
  const result = parseSettings(text, 'test');
  assert.ok(result.ok, JSON.stringify(result));
  return hostWarnings(result.settings, { ...HOST, ...host }).map(
    ({ path, message }) => `${path}: ${message}`,
  );
}

const withRouter = (addresses: string, rest = ''): string =>
  `virtualRouters: [{ name: lan, interface: eth0, vrid: 51, addresses: [${addresses}] }]\n${rest}`;

describe('warnings of the host', () => {
  it('none where everything is there', () => {
    const ha = 'ha: { keyFile: /k, peers: [{ name: b, addresses: [10.98.0.2, 10.99.0.2] }] }';
    assert.deepEqual(warningsOf(withRouter('10.99.0.100/24', ha)), []);
  });

  it('an interface, a key and a program that are not there', () => {
    const rest = `ha: { keyFile: /none, peers: [{ name: b, addresses: [10.98.0.2, 10.99.0.2] }] }
gatewayMonitoring: { addresses: [10.99.0.254], interface: eth2 }
hooks: { transition: /hook }`;
    assert.deepEqual(
      warningsOf(withRouter('10.99.0.100/24', rest), {
        isProgram: (path) => path !== '/hook',
      }),
      [
        'gatewayMonitoring.interface: there is no interface eth2 on this host now; no gateway can be asked',
        'ha.keyFile: there is no key /none; write one with understudy keygen and copy it to every peer',
        'hooks.transition: /hook is not an executable file; it could not be told anything',
      ],
    );
  });

  it('a key that root has copied and the agent cannot read', () => {
    const rest = 'ha: { keyFile: /k, peers: [{ name: b, addresses: [10.98.0.2, 10.99.0.2] }] }';
    const host = { isReadableToOwner: (path: string) => path !== '/k' };
    assert.deepEqual(warningsOf(withRouter('10.99.0.100/24', rest), host), [
      "ha.keyFile: /k is not readable to whom its folder belongs to: is that the agent's user? chown --reference=/ /k",
    ]);
  });

  it('whose a key is, on this host', { skip: process.getuid?.() !== 0 && 'root is needed' }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'understudy-key-'));
    const key = join(folder, 'key');
    const readable = (...[owner, group, mode]: [number, number, number]): boolean => {
      chownSync(key, owner, group);
      chmodSync(key, mode);
      return thisHost().isReadableToOwner(key);
    };
    try {
      writeFileSync(key, '');
      assert.equal(readable(0, 0, 0o600), true, 'root reads everything');
      chownSync(folder, 997, 998);
      assert.equal(readable(997, 998, 0o600), true);
      assert.equal(readable(0, 0, 0o600), false);
      assert.equal(readable(0, 998, 0o640), true);
      assert.equal(readable(0, 998, 0o600), false);
      assert.equal(readable(0, 0, 0o640), false);
      assert.equal(thisHost().isReadableToOwner(join(folder, 'none')), true, 'not there');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('a virtual address in no subnet of its interface', () => {
    const found = (address: string): string[] => warningsOf(withRouter(address));
    assert.deepEqual(found('10.9.0.100/24'), [
      'virtualRouters[0].addresses[0]: 10.9.0.100 is in no subnet that eth0 has; who looks for it on that link?',
    ]);
    assert.deepEqual(found('10.99.0.200/32'), []);
    const edge = { addresses: [standing('eth0', '10.99.0.1/23')] };
    assert.deepEqual(warningsOf(withRouter('10.99.1.100/24'), edge), []);
    assert.equal(warningsOf(withRouter('10.99.2.100/24'), edge).length, 1);
  });

  it('nothing of subnets where the interface has none: not yet, loopback, lone addresses, itself', () => {
    for (const address of ['127.0.0.1/8', '10.1.0.1/32', '10.9.0.100/24', 'fe80::1/64']) {
      const host = { addresses: [standing('eth0', address)] };
      assert.deepEqual(warningsOf(withRouter('10.9.0.100/24'), host), [], address);
    }
    const six = { addresses: [standing('eth0', '2001:db8::1/64')] };
    assert.deepEqual(warningsOf(withRouter('fe80::33/64, 2001:db8::100/64'), six), []);
    assert.equal(warningsOf(withRouter('fe80::33/64, 2001:db8:1::100/64'), six).length, 1);
  });

  it('our own address as a peer or a gateway, and a single path', () => {
    const rest = `ha: { keyFile: /k, peers: [{ name: b, addresses: [10.98.0.1] }] }
gatewayMonitoring: { addresses: [10.99.0.1] }`;
    assert.deepEqual(warningsOf(withRouter('10.99.0.100/24', rest)), [
      "ha.peers[0].addresses[0]: 10.98.0.1 is an address of this host; write the peer's own",
      'gatewayMonitoring.addresses[0]: 10.99.0.1 is an address of this host; write that of a gateway',
      'ha.peers[0].addresses: there is one path to b; with a second one, a failed link is told from a dead peer',
    ]);
  });
});
