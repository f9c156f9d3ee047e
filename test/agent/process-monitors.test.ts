// Monitors and peers around a running agent that holds the role: what becomes of them is in status and
// in status.json, and costs no transition.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, describe, it } from '../support/test.js';
import type { MonitorLine, Status } from '../../src/model/status.js';
import { STATUS_GAP_MS } from '../../src/journal/status-file.js';
import { Leash } from '../monitors/prober-bench.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { CALM, router } from './lan.js';
import { eventOf, until } from '../support/limits.js';

const skip = enterNamespace(import.meta.url);

const PORT = 9_000;
const INTERVAL_MS = CALM.router.advertisementIntervalMs;
/** Of another subnet on the same link: answers come from the address that was asked. */
const SECOND_PATH = '10.98.0.2';

const check = (name: string, change: object): object => ({
  name,
  intervalMs: 50,
  timeoutMs: 10_000,
  failureThreshold: 2,
  recoveryThreshold: 1,
  ...change,
});

const pair = (own: string, peer: string, addresses: readonly string[], more: object): object => ({
  name: own,
  ha: { keyFile: '/run/ha.key', peers: [{ name: peer, addresses }], ...CALM.ha },
  ...more,
});

/** The prober of the agent, a child of it beside the executor. */
function proberPid(agent: AgentProcess): number | undefined {
  const children = readFileSync(`/proc/${agent.pid}/task/${agent.pid}/children`, 'utf8');
  return children
    .trim()
    .split(' ')
    .map(Number)
    .find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('understudy-prober'));
}

describe('around a running agent', { skip }, () => {
  const server = createServer((socket) => socket.destroy());
  const leash = new Leash();
  const endless = `exec >${leash.path}; sleep 1000 & wait`;
  let a: AgentProcess;
  let b: AgentProcess;
  before(async () => {
    joinPeer();
    ip('address add 10.98.0.1/24 dev lan');
    ip(`-n peer address add ${SECOND_PATH}/24 dev lan`);
    writeFileSync('/run/ha.key', `${'1a'.repeat(32)}\n`, { mode: 0o600 });
    await listen();
    const checks = [check('db', { type: 'tcp', host: '127.0.0.1', port: PORT })];
    const virtualRouters = [router(CALM.router)];
    const settings = pair('a', 'b', ['192.0.2.2', SECOND_PATH], { virtualRouters, checks });
    a = new AgentProcess(new AgentHome('a', settings));
    const watching = { virtualRouters: [router({ ...CALM.router, priority: 100 })] };
    b = new AgentProcess(new AgentHome('b', pair('b', 'a', ['192.0.2.1', '10.98.0.1'], watching)), {
      netns: 'peer',
    });
    await a.transition('Active');
    await fileShows('everything well', ({ health }) => health.state === 'healthy');
  });
  after(async () => {
    server.close();
    await Promise.all([a.dispose(), b.dispose()]);
  });

  async function listen(): Promise<void> {
    server.listen(PORT, '127.0.0.1');
    await eventOf(server, 'listening');
  }

  /** Reads status.json until it is as wanted; the agent is asked nothing. */
  async function fileShows(what: string, fits: (status: Status) => boolean): Promise<Status> {
    const path = `${a.home.runtimeDirectory}/status.json`;
    const look = (): Status | null =>
      existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Status) : null;
    const found = await until(
      `${what} in status.json`,
      look,
      (status) => status !== null && fits(status),
    );
    assert.ok(found !== null);
    return found;
  }

  /** Long enough for every look at what was written last to be over: only news is written now. */
  async function rest(): Promise<void> {
    const sent = ({ virtualRouters }: Status): number =>
      virtualRouters[0]?.counters.advertisementsSent ?? 0;
    const already = sent(await a.status());
    await a.until((status) => sent(status) > already + 1 + (2 * STATUS_GAP_MS) / INTERVAL_MS);
  }

  const monitor = ({ monitors }: Status, name: string): MonitorLine | undefined =>
    monitors.find((one) => one.name === name);

  it('status.json follows a path to the peer that is lost, though the peer is healthy', async () => {
    await rest();
    ip(`-n peer address del ${SECOND_PATH}/24 dev lan`);
    const { health } = await fileShows(
      'a path lost',
      ({ peers: [peer] }) => peer?.paths[1]?.state === 'unhealthy' && peer.state === 'healthy',
    );
    assert.equal(health.state, 'degraded');
    assert.match(health.reasons.join(), new RegExp(`b does not answer over ${SECOND_PATH}`));
    ip(`-n peer address add ${SECOND_PATH}/24 dev lan`);
    await fileShows(
      'the path is back',
      (status) =>
        status.peers[0]?.paths[1]?.state === 'healthy' && status.health.state === 'healthy',
    );
  });

  it('status.json follows a monitor that has no effect', async () => {
    // The peer has the same fault, or is gone: nobody could take the role.
    await b.end('SIGTERM');
    await fileShows('no peer', ({ peers }) => peers[0]?.state === 'unhealthy');
    await rest();
    server.close();
    const failed = await fileShows('failed', (status) => monitor(status, 'db')?.state === 'failed');
    assert.match(failed.health.reasons.join(), /db: connect ECONNREFUSED/);
    await listen();
    await fileShows('ok', (status) => monitor(status, 'db')?.state === 'ok');
  });

  it('the prober is killed: its monitors are unknown, another one takes over', async () => {
    const pid = proberPid(a);
    assert.ok(pid !== undefined, 'a prober runs');
    const from = a.lines.length;
    process.kill(pid, 'SIGKILL');
    const lost = await a.event('prober-lost', from);
    assert.match(lost.detail ?? '', /the prober ended: killed by SIGKILL; another one in 1000 ms/);
    const { monitors } = await a.until((status) => monitor(status, 'db')?.state === 'unknown');
    assert.ok(monitors.every(({ state }) => state !== 'failed'));
    await a.until((status) => monitor(status, 'db')?.state === 'ok');
    assert.notEqual(proberPid(a), pid);
  });

  it('a check script never ends: killed with its group, a failure that lowers the priority', async () => {
    const script = { type: 'script', command: ['/bin/sh', '-c', endless], weight: 30 };
    const limits = { intervalMs: 600_000, timeoutMs: 500, failureThreshold: 1 };
    const checks = [check('endless', { ...script, ...limits })];
    const virtualRouters = [router(CALM.router)];
    a.home.configure(pair('a', 'b', ['192.0.2.2'], { virtualRouters, checks }));
    a.signal('SIGHUP');
    await leash.held;
    const status = await a.until((one) => monitor(one, 'endless')?.state === 'failed');
    await leash.released;
    assert.match(monitor(status, 'endless')?.detail ?? '', /^did not end within 500 ms/);
    const { effectivePriority, state } = await a.router();
    assert.deepEqual([effectivePriority, state], [170, 'Active']);
  });

  it('all of that cost no transition', () => {
    assert.deepEqual(
      a.transitions().map(({ to }) => to),
      ['Backup', 'Active'],
    );
  });
});
