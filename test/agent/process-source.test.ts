// What two agents send from while a virtual address stands that the kernel would rather send from: its
// prefix is longer than that of the host's own address.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from '../support/test.js';
import type { Status } from '../../src/model/status.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { CALM, router } from './lan.js';

const skip = enterNamespace(import.meta.url);

const KEY = '/run/ha.key';
const VIRTUAL = '192.0.2.100/25';

const sideOf = (name: 'a' | 'b'): object => ({
  name,
  ha: {
    keyFile: KEY,
    peers: [
      name === 'a'
        ? { name: 'b', addresses: ['192.0.2.2'] }
        : { name: 'a', addresses: ['192.0.2.1'] },
    ],
    ...CALM.ha,
    peerRecoveryThreshold: 2,
  },
  virtualRouters: [
    router({ ...CALM.router, addresses: [VIRTUAL], priority: name === 'a' ? 200 : 100 }),
  ],
});

describe('a virtual address with a longer prefix than the own one', { skip }, () => {
  let a: AgentProcess;
  let b: AgentProcess;
  before(async () => {
    joinPeer();
    writeFileSync(KEY, `${'1a'.repeat(32)}\n`, { mode: 0o600 });
    a = new AgentProcess(new AgentHome('a', sideOf('a')));
    await a.transition('Active');
    await a.until(({ virtualRouters: [lan] }) => lan?.addresses[0]?.present === true);
    b = new AgentProcess(new AgentHome('b', sideOf('b')), { netns: 'peer' });
    await b.transition('Backup');
  });
  after(() => Promise.all([a.dispose(), b.dispose()]));

  /** Its peer is healthy before anything came from an address that it does not know. */
  async function knows(agent: AgentProcess): Promise<void> {
    const strangers = ({ haPort }: Status): number => haPort?.discarded['unknownSender'] ?? 0;
    const status = await agent.until(
      (one) => one.peers[0]?.state === 'healthy' || strangers(one) > 0,
    );
    assert.equal(strangers(status), 0);
    assert.equal(status.peers[0]?.paths[0]?.state, 'healthy');
  }

  it('the kernel would send from it, and the HA port does not: each knows the other', async () => {
    assert.match(ip('route get 192.0.2.2'), /src 192\.0\.2\.100 /);
    for (const agent of [b, a]) {
      await knows(agent);
    }
  });

  it('and after a handover too', async () => {
    const from = b.lines.length;
    await a.end('SIGTERM');
    await b.transition('Active', from);
    await b.until(({ virtualRouters: [lan] }) => lan?.addresses[0]?.present === true);
    a = new AgentProcess(new AgentHome('a', sideOf('a')));
    await a.transition('Backup');
    await knows(a);
  });
});
