// The monitor hook of a running agent that holds the role: a server whose check has no weight goes away
// and comes back, the hook is told, and no role and no priority moves.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  createReadStream,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { after, before, describe, it } from '../support/test.js';
import type { Status } from '../../src/model/status.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { enterNamespace, joinPeer } from '../support/namespace.js';
import { router } from './lan.js';
import { eventOf, linesOf } from '../support/limits.js';

const skip = enterNamespace(import.meta.url);

const PORT = 9_001;
const HOOK = '/run/monitor-hook';
const TOLD = '/run/told';

describe('a monitor hook', { skip }, () => {
  const server = createServer((socket) => socket.destroy());
  let a: AgentProcess;
  let writer: number;
  let nextCall: () => Promise<string>;

  /** Tells the test its arguments and what has failed, and does `more`. */
  const hook = (path: string, more = ''): void => {
    writeFileSync(path, `#!/bin/sh\necho "$* [$UNDERSTUDY_FAILED]" >${TOLD}\n${more}\n`);
    chmodSync(path, 0o755);
  };
  const settings = (program: string): object => ({
    name: 'a',
    virtualRouters: [router()],
    checks: [
      {
        name: 'web-1',
        type: 'tcp',
        host: '127.0.0.1',
        port: PORT,
        intervalMs: 50,
        timeoutMs: 10_000,
        failureThreshold: 2,
        recoveryThreshold: 1,
        weight: 0,
      },
    ],
    hooks: { monitor: program },
  });
  const listen = async (): Promise<void> => {
    server.listen(PORT, '127.0.0.1');
    await eventOf(server, 'listening');
  };
  const web = ({ monitors }: Status) => monitors.find(({ name }) => name === 'web-1');

  before(async () => {
    joinPeer();
    execFileSync('mkfifo', [TOLD]);
    // A writer of our own: between two calls there is no end of file, and in the end there is.
    writer = openSync(TOLD, 'r+');
    const stream = createReadStream(TOLD, 'utf8');
    const lines = linesOf(stream, TOLD);
    nextCall = () => lines('a call of the hook');
    hook(HOOK);
    await listen();
    a = new AgentProcess(new AgentHome('a', settings(HOOK)));
    await a.transition('Active');
  });
  after(async () => {
    server.close();
    await a.dispose();
    closeSync(writer);
  });

  it('is called once when all monitors have a result', async () => {
    assert.match(await nextCall(), /^MONITOR (web-1|link lan) ok \[\]$/);
  });

  it('a server goes away: told, degraded, an event; neither priority nor role moves', async () => {
    server.close();
    assert.equal(await nextCall(), 'MONITOR web-1 failed [web-1]');
    const { health, virtualRouters } = await a.status();
    assert.equal(health.state, 'degraded');
    assert.match(health.reasons.join(), /^web-1: connect ECONNREFUSED/);
    const [lan] = virtualRouters;
    assert.deepEqual([lan?.state, lan?.effectivePriority, lan?.adjustments], ['Active', 200, []]);
    const { reason, detail } = await a.event('monitor');
    assert.equal(reason, 'failed');
    assert.match(detail ?? '', /^web-1: connect ECONNREFUSED/);
  });

  it('the prober is killed: nothing is told until a state has changed', async () => {
    const from = a.lines.length;
    process.kill(proberPid(a.pid), 'SIGKILL');
    await a.event('prober-lost', from);
    await a.until((status) => web(status)?.state === 'unknown');
    await a.until((status) => web(status)?.state === 'failed');
    await listen();
    assert.equal(await nextCall(), 'MONITOR web-1 ok []');
    await a.until(({ health }) => health.state === 'healthy');
  });

  it('fails: in health until it is mended, and called again', async () => {
    hook(HOOK, 'echo no nginx >&2; exit 75');
    const from = a.lines.length;
    server.close();
    assert.equal(await nextCall(), 'MONITOR web-1 failed [web-1]');
    const failed = /monitor hook, web-1 failed: exit code 75: no nginx/;
    await a.until(({ health }) => failed.test(health.reasons.join()));
    assert.equal((await a.event('monitor-hook', from)).reason, 'failed');
    hook(HOOK);
    assert.equal(await nextCall(), 'MONITOR web-1 failed [web-1]');
    await a.until(({ health }) => !failed.test(health.reasons.join()));
  });

  it('another program takes over at a reload and is told the present states', async () => {
    hook(`${HOOK}.other`, `echo other >${TOLD}`);
    a.home.configure(settings(`${HOOK}.other`));
    a.signal('SIGHUP');
    assert.equal(await nextCall(), 'MONITOR web-1 failed [web-1]');
    assert.equal(await nextCall(), 'other');
  });

  it('all of that cost no transition', () => {
    assert.deepEqual(
      a.transitions().map(({ to }) => to),
      ['Backup', 'Active'],
    );
  });
});

/** The prober of the agent, a child of it beside the executors. */
function proberPid(agent: number): number {
  const children = readFileSync(`/proc/${agent}/task/${agent}/children`, 'utf8').trim().split(' ');
  const isProber = (pid: string): boolean =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('understudy-prober');
  return Number(children.find(isProber));
}
