// The key file of a running pair: replaced, broken, mended. What `ha.keyFile` holds takes effect at a
// reload, and only then.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from '../support/test.js';
import type { PeerStatus } from '../../src/model/status.js';
import { AgentHome, AgentProcess, MAIN } from '../support/agent-process.js';
import { enterNamespace, joinPeer } from '../support/namespace.js';
import { router } from './lan.js';
import { scaled } from '../support/limits.js';

const skip = enterNamespace(import.meta.url);

const KEYS = { a: '/run/a.key', b: '/run/b.key' } as const;
type Name = keyof typeof KEYS;

function writeKey(name: Name, byte: string): void {
  writeFileSync(KEYS[name], `${byte.repeat(32)}\n`, { mode: 0o600 });
}

/**
 * Until both have read a change they may not hear each other, and a busy machine takes seconds for that: nobody is to be
 * found silent meanwhile. With the port changed on one side alone a peer check would find just that, and be right. On a slow
 * machine, or one that runs this under sanitizers, it takes longer.
 */
const UNSEEN = {
  ha: { peerCheckIntervalMs: 50, peerFailureThreshold: 255 },
  router: { advertisementIntervalMs: Math.min(10 * scaled(100), 40_950) },
} as const;

const sideOf = (name: Name, ha: object = {}): object => ({
  name,
  ha: {
    keyFile: KEYS[name],
    peers: [
      name === 'a'
        ? { name: 'b', addresses: ['192.0.2.2'] }
        : { name: 'a', addresses: ['192.0.2.1'] },
    ],
    ...UNSEEN.ha,
    peerRecoveryThreshold: 2,
    ...ha,
  },
  virtualRouters: [router({ ...UNSEEN.router, priority: name === 'a' ? 200 : 100 })],
});

describe('the key file of a running pair', { skip }, () => {
  let a: AgentProcess;
  let b: AgentProcess;
  /** `b`, and those before it. */
  const standbys: AgentProcess[] = [];
  const startB = (home: AgentHome): AgentProcess => {
    b = new AgentProcess(home, { netns: 'peer' });
    standbys.push(b);
    return b;
  };
  before(async () => {
    joinPeer();
    writeKey('a', '1a');
    writeKey('b', '1a');
    a = new AgentProcess(new AgentHome('a', sideOf('a')));
    startB(new AgentHome('b', sideOf('b')));
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

  it('replaced on one side and reloaded: they go on under the former one, and say so', async () => {
    writeKey('a', '2b');
    await reload(a);
    assert.equal((await a.event('ha-key')).reason, 'replaced');
    const { health, peers } = await a.until(({ health: { reasons } }) =>
      reasons.join().includes('until one of the two agents ends'),
    );
    assert.equal(health.state, 'degraded');
    assert.equal(peers[0]?.state, 'healthy');
    const said = await b.until(({ health: { reasons } }) => reasons.join().includes('new key'));
    assert.equal(said.health.state, 'healthy');
  });

  it('replaced on the other side too: the former one is refused from now on', async () => {
    writeKey('b', '2b');
    await reload(b);
    for (const agent of [a, b]) {
      const { haPort } = await agent.until(
        (status) => status.haPort?.keys?.length === 1 && status.peers[0]?.keys?.settled === true,
      );
      assert.equal(haPort?.discarded['authentic'], undefined, 'nothing went unheard');
      await agent.line(({ event, reason }) => event === 'ha-key' && reason === 'everywhere');
    }
  });

  it('rotated and retired by the command: with each step the agent uses what it wrote', async () => {
    const order = (agent: AgentProcess, ...words: readonly string[]): string =>
      execFileSync(process.execPath, [MAIN, ...words, '--config', agent.home.settingsFile], {
        encoding: 'utf8',
      });
    const key = (agent: AgentProcess, what: string): string => order(agent, 'key', what);
    assert.match(key(a, 'rotate'), /has the new key [0-9a-f]{8}, .*; the agent uses it/);
    copyFileSync(KEYS.a, KEYS.b);
    assert.match(
      order(b, 'reload'),
      /^in force now, .*:\n {2}key of the HA port: (\w{8}) → \w{8}, \1 \(former\)\n$/,
    );
    assert.match(order(b, 'reload'), /nothing differs from what the agent runs with\n$/);
    for (const agent of [a, b]) {
      await agent.until(({ peers }) => peers[0]?.keys?.settled === true);
    }
    assert.match(
      key(a, 'status'),
      /^here {2}\w+, \w+ \(former\)\nb {2}\w+, \w+; speaks under \w+\n$/,
    );
    for (const agent of [a, b]) {
      assert.match(key(agent, 'retire'), /and no former one; the agent uses it/);
      const { haPort, health } = await agent.status();
      assert.deepEqual(haPort?.discarded['authentic'], undefined);
      assert.equal(haPort?.keys?.length, 1);
      assert.equal(health.state, 'healthy');
    }
    writeKey('a', '2b');
    writeKey('b', '2b');
    await Promise.all([reload(a), reload(b)]);
    await a.until(({ haPort }) => haPort?.keys?.length === 1);
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
      await startB(b.home).transition('Backup');
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
    const roles = (agent: AgentProcess): string[] =>
      agent.transitions().map(({ to, reason }) => `${to}: ${reason}`);
    assert.deepEqual(roles(a), ['Backup: startup', 'Active: no-response']);
    for (const one of standbys) assert.equal(roles(one)[0], 'Backup: startup');
    // Only at its end, once `a` knows that it stops, has one anything else to say.
    const later = standbys.flatMap((one) => roles(one).slice(1));
    assert.deepEqual(new Set(later), new Set(['Initialize: shutdown']));
  });
});
