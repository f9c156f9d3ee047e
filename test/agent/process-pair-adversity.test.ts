// A pair in a bad house: a wall clock that is set back on one side, hooks that cannot be run. No role
// moves for it, and health says what is wrong.
import assert from 'node:assert/strict';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { IN_CI } from '../support/in-ci.js';
import { afterEach, before, describe, it } from '../support/test.js';
import type { Status } from '../../src/model/status.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { CALM, router } from './lan.js';

const skip = enterNamespace(import.meta.url);

const HOUR = 3_600_000;
/** SIGWINCH sets this process's wall clock back an hour. */
const CLOCK = `data:text/javascript,const { now } = Date; process.on('SIGWINCH', () => { Date.now = () => now() - ${HOUR}; })`;

const HOOK = '/run/hook';

const sideOf = (name: 'a' | 'b', more: object = {}): object => ({
  name,
  ha: {
    keyFile: '/run/ha.key',
    primary: name === 'a',
    peers: [
      name === 'a'
        ? { name: 'b', addresses: ['192.0.2.2'] }
        : { name: 'a', addresses: ['192.0.2.1'] },
    ],
    ...CALM.ha,
  },
  virtualRouters: [router({ ...CALM.router, priority: name === 'a' ? 200 : 100 })],
  ...more,
});

describe('a pair in a bad house', { skip }, () => {
  let a: AgentProcess;
  let b: AgentProcess;
  let homes = 0;
  before(() => {
    joinPeer();
    writeFileSync('/run/ha.key', `${'1a'.repeat(32)}\n`, { mode: 0o600 });
  });
  afterEach(async () => {
    await Promise.all([a.dispose(), b.dispose()]);
    for (const where of ['', '-n peer ']) ip(`${where}address flush to 192.0.2.100/32`);
  });

  /** Both know each other, and `a` is Active. */
  async function startPair(more: object = {}): Promise<void> {
    homes += 1;
    a = new AgentProcess(new AgentHome(`a-${homes}`, sideOf('a', more)), { preload: CLOCK });
    await a.takenOver();
    b = new AgentProcess(new AgentHome(`b-${homes}`, sideOf('b')), {
      netns: 'peer',
      preload: CLOCK,
    });
    await b.transition('Backup');
    await a.until(knowsPeer);
    await b.until(knowsPeer);
    // The log is written a moment later.
    await Promise.all([a.event('peer-healthy'), b.event('peer-healthy')]);
  }

  const knowsPeer = ({ peers }: Status): boolean =>
    peers[0]?.state === 'healthy' && peers[0].virtualRouters?.length === 1;

  const advertisements = ({ virtualRouters }: Status): number =>
    virtualRouters[0]?.counters.advertisementsSent ?? 0;

  for (const [which, side] of [
    ['the Backup', () => b],
    ['the Active', () => a],
  ] as const) {
    const leftOut = which === 'the Backup' && IN_CI;
    it(
      `the clock of ${which} is set back an hour: nobody moves, and a handover works`,
      { skip: leftOut },
      async () => {
        await startPair();
        const [atA, atB] = [a.lines.length, b.lines.length];
        side().signal('SIGWINCH');
        const sent = advertisements(await a.status());
        // Some advertisements and many checks later.
        const { peers, virtualRouters } = await a.until((now) => advertisements(now) > sent + 3);
        assert.deepEqual([peers[0]?.state, virtualRouters[0]?.state], ['healthy', 'Active']);
        assert.ok(knowsPeer(await b.status()));
        assert.deepEqual([a.said(atA), b.said(atB)], [[], []]);

        await a.end('SIGTERM');
        const taken = await b.transition('Active', atB);
        const late = Date.now() - Date.parse(taken.time ?? '');
        assert.equal(Math.round(late / HOUR), which === 'the Backup' ? 1 : 0);
      },
    );
  }

  it('hooks that are missing or not executable: the role works, health says both, the log once', async () => {
    writeFileSync(HOOK, '#!/bin/sh\nexit 0\n', { mode: 0o644 });
    chmodSync(HOOK, 0o644);
    await startPair({
      bypass: { hook: '/run/missing', segments: ['pair-1'] },
      hooks: { transition: HOOK },
    });
    const both = ({ health }: Status): boolean =>
      health.reasons.some((reason) => /^bypass segment pair-1: .*\/run\/missing/.test(reason)) &&
      health.reasons.some((reason) => /^transition hook, lan .*\/run\/hook/.test(reason));
    const { health, virtualRouters } = await a.until(both);
    assert.deepEqual([health.state, virtualRouters[0]?.state], ['degraded', 'Active']);
    await a.event('bypass-problem');
    const told = a.lines.filter(({ event }) => event === 'bypass-problem');
    assert.deepEqual([told.length, told[0]?.reason], [1, 'unavailable']);

    chmodSync(HOOK, 0o755);
    ip('link set lan down');
    await a.transition('Initialize');
    ip('link set lan up');
    await a.until(({ health: now }) => !now.reasons.some((one) => one.startsWith('transition')));
    rmSync(HOOK);
  });
});
