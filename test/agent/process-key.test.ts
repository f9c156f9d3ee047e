// The key file of a running pair: replaced, broken, mended. What `ha.keyFile` holds takes effect at a
// reload, and only then.
import assert from 'node:assert/strict';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from '../support/test.js';
import type { PeerStatus } from '../../src/model/status.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { enterNamespace, joinPeer } from '../support/namespace.js';
import { router } from './lan.js';

const skip = enterNamespace(import.meta.url);

const KEYS = { a: '/run/a.key', b: '/run/b.key' } as const;
type Name = keyof typeof KEYS;

function writeKey(name: Name, byte: string): void {
  writeFileSync(KEYS[name], `${byte.repeat(32)}\n`, { mode: 0o600 });
}

const sideOf = (name: Name, ha: object = {}): object => ({
  name,
  ha: {
    keyFile: KEYS[name],
    peers: [
      name === 'a'
        ? { name: 'b', addresses: ['192.0.2.2'] }
        : { name: 'a', addresses: ['192.0.2.1'] },
    ],
    peerCheckIntervalMs: 50,
    peerRecoveryThreshold: 2,
    ...ha,
  },
  virtualRouters: [router({ priority: name === 'a' ? 200 : 100 })],
});

describe('the key file of a running pair', { skip }, () => {
  let a: AgentProcess;
  let b: AgentProcess;
  before(async () => {
    joinPeer();
    writeKey('a', '1a');
    writeKey('b', '1a');
    a = new AgentProcess(new AgentHome('a', sideOf('a')));
    b = new AgentProcess(new AgentHome('b', sideOf('b')), { netns: 'peer' });
    await a.transition('Active');
    await peerIs(a, 'healthy');
    await peerIs(b, 'healthy');
  });
  after(() => Promise.all([a.dispose(), b.dispose()]));

  const peerIs = async (agent: AgentProcess, state: string): Promise<PeerStatus | undefined> =>
    (await agent.until(({ peers }) => peers[0]?.state === state)).peers[0];

  async function reload(agent: AgentProcess): Promise<void> {
    const from = agent.lines.length;
    agent.signal('SIGHUP');
    await agent.event('settings-applied', from);
  }

  it('replaced on one side and reloaded: the two no longer understand each other, and no role moves', async () => {
    writeKey('a', '2b');
    await reload(a);
    await peerIs(a, 'unhealthy');
    await peerIs(b, 'unhealthy');
    assert.equal((await a.event('ha-key')).reason, 'replaced');
    const forged = b.lines.find(({ event }) => event === 'peer-message-discarded');
    assert.equal(forged?.reason, 'authentic');
    const { health, haPort } = await b.status();
    assert.match(
      health.reasons.join(),
      /a is silent on every path; what comes from 192\.0\.2\.1 is discarded: the HMAC is wrong/,
    );
    assert.ok((haPort?.discarded['authentic'] ?? 0) > 0);
  });

  it('replaced on the other side too: they understand each other again', async () => {
    writeKey('b', '2b');
    await reload(b);
    await peerIs(a, 'healthy');
    await peerIs(b, 'healthy');
  });

  const faults: readonly [what: string, spoil: () => void, reason: string][] = [
    ['readable by others', () => chmodSync(KEYS.a, 0o644), 'permissions'],
    ['half a key', () => writeFileSync(KEYS.a, '2b2b\n'), 'short'],
    ['gone', () => rmSync(KEYS.a), 'missing'],
  ];
  for (const [what, spoil, reason] of faults) {
    it(`${what}: the key in force stays, health and log say so, and mended it is well again`, async () => {
      const from = a.lines.length;
      spoil();
      await reload(a);
      assert.equal((await a.event('ha-key', from)).reason, reason);
      const { health, peers } = await a.status();
      assert.equal(health.state, 'degraded');
      assert.match(health.reasons.join(), /HA port: the key in force stays: \/run\/a\.key: /);
      assert.equal(peers[0]?.state, 'healthy');
      // A stranger to the port so far: it finds a key that works.
      await b.end('SIGTERM');
      b = new AgentProcess(b.home, { netns: 'peer' });
      await b.transition('Backup');
      await peerIs(b, 'healthy');

      rmSync(KEYS.a, { force: true });
      writeKey('a', '2b');
      await reload(a);
      await peerIs(a, 'healthy');
      await a.until((status) => status.health.state === 'healthy');
    });
  }

  it('broken while other settings change: those apply, with the key in force', async () => {
    chmodSync(KEYS.a, 0o640 | 0o004);
    const ha = { peerCheckIntervalMs: 60, port: 7113 };
    a.home.configure(sideOf('a', ha));
    b.home.configure(sideOf('b', ha));
    await Promise.all([reload(a), reload(b)]);
    await peerIs(a, 'healthy');
    await peerIs(b, 'healthy');
    const { health } = await a.status();
    assert.match(health.reasons.join(), /the key in force stays/);
  });

  it('all of that cost no transition', async () => {
    await peerIs(a, 'healthy');
    assert.deepEqual(
      a.transitions().map(({ to }) => to),
      ['Backup', 'Active'],
    );
  });
});
