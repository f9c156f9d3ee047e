// IPv6 `unicastPeers` with global addresses, without HA port: one agent is Active, and the other hears it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from '../support/test.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { CALM, router } from './lan.js';

const skip = enterNamespace(import.meta.url);

const OWN = { a: '2001:db8::1', b: '2001:db8::2' } as const;

const sideOf = (name: 'a' | 'b'): object => ({
  name,
  virtualRouters: [
    router({
      ...CALM.router,
      addresses: ['fe80::100/64', '2001:db8::100/64'],
      // Equals: of two Actives the one with the higher address stays.
      priority: 100,
      unicastPeers: [name === 'a' ? OWN.b : OWN.a],
    }),
  ],
});

describe('IPv6 unicast peers with global addresses', { skip }, () => {
  let a: AgentProcess;
  let b: AgentProcess;
  before(async () => {
    joinPeer();
    ip(`address add ${OWN.a}/64 dev lan nodad`);
    ip(`-n peer address add ${OWN.b}/64 dev lan nodad`);
    a = new AgentProcess(new AgentHome('a', sideOf('a')));
    await a.transition('Active');
    b = new AgentProcess(new AgentHome('b', sideOf('b')), { netns: 'peer' });
    await b.transition('Backup');
  });
  after(() => Promise.all([a.dispose(), b.dispose()]));

  it('the second one hears the first at the address it knows, and stays Backup', async () => {
    const { virtualRouters } = await b.until(
      ({ virtualRouters: [lan] }) =>
        (lan?.counters.advertisementsReceived ?? 0) >= 5 || lan?.state === 'Active',
    );
    const [lan] = virtualRouters;
    assert.equal(lan?.state, 'Backup');
    assert.equal(lan.activeAddress, OWN.a);
    assert.deepEqual(lan.counters.errors, {});
  });

  it('and takes over at its farewell', async () => {
    const from = b.lines.length;
    await a.end('SIGTERM');
    assert.equal((await b.transition('Active', from)).reason, 'priority-zero');
  });
});
