// A real agent: how the kernel schedules it and what it starts, with which options it runs, and what it
// says of that.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from '../support/test.js';
import { ENGINE_OPTIONS } from '../../src/engine/options.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { enterNamespace, joinPeer } from '../support/namespace.js';
import { settings } from './lan.js';

const skip = enterNamespace(import.meta.url);

const SCHED_OTHER = 0;
const SCHED_FIFO = 1;
const RESET_ON_FORK = 0x4000_0000;

/** Real-time priority and policy of a thread: fields 40 and 41 of proc_pid_stat(5). */
function schedulingOf(path: string): { priority: number; policy: number } {
  const text = readFileSync(path, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { priority: Number(fields[37]), policy: Number(fields[38]) };
}

/** A netlink script runner that leaves a note of how it was scheduled. */
function notingVip(home: AgentHome): string {
  const script = `${home.directory}/vip`;
  const note = `${home.directory}/scheduling`;
  // One in waiting notes nothing: whole notes only, of runs whose lines have come.
  const lines = [
    '#!/bin/sh',
    'lines=$(cat)',
    `cat /proc/self/stat >${note}.new && mv ${note}.new ${note}`,
    `printf '%s\\n' "$lines" | ip -batch -`,
  ];
  writeFileSync(script, `${lines.join('\n')}\n`, { mode: 0o755 });
  return script;
}

describe('a running agent and its scheduling', { skip }, () => {
  let home: AgentHome;
  let agent: AgentProcess;
  before(async () => {
    joinPeer();
    home = new AgentHome('a', {});
    home.configure({
      ...settings(),
      realtime: { enabled: true, priority: 3 },
      vip: { script: notingVip(home) },
    });
    agent = new AgentProcess(home);
    await agent.transition('Active');
  });
  after(() => agent.dispose());

  it('has the options of V8 that it needs, however it was started', () => {
    const command = readFileSync(`/proc/${agent.pid}/cmdline`, 'utf8').split('\0');
    assert.equal(command[0], process.execPath);
    for (const option of ENGINE_OPTIONS) {
      assert.equal(command.filter((word) => word === option).length, 1, command.join(' '));
    }
  });

  it('runs before ordinary processes with one thread, its executor before it, no script', async (t) => {
    const { realtime } = await agent.until(
      ({ virtualRouters }) => virtualRouters[0]?.addresses[0]?.present === true,
    );
    if (realtime?.scheduling !== 'fifo') {
      assert.match(realtime?.missing[0] ?? '', /^SCHED_FIFO 3 \(EPERM\)/);
      t.skip('the kernel does not allow it here');
      return;
    }
    const threads = readdirSync(`/proc/${agent.pid}/task`).map((id) => ({
      id: Number(id),
      ...schedulingOf(`/proc/${agent.pid}/task/${id}/stat`),
    }));
    for (const { id, policy, priority } of threads) {
      const expected = id === agent.pid ? [SCHED_FIFO, 3] : [SCHED_OTHER, 0];
      assert.deepEqual([policy, priority], expected, `thread ${id} of ${agent.pid}`);
    }
    assert.deepEqual(schedulingOf(`/proc/${agent.executorPid()}/stat`), {
      policy: SCHED_FIFO,
      priority: 4,
    });
    assert.equal(schedulingOf(`${home.directory}/scheduling`).policy % RESET_ON_FORK, SCHED_OTHER);
    const limits = readFileSync(`/proc/${agent.pid}/limits`, 'utf8');
    assert.match(limits, /^Max realtime timeout +10000000 +10000000 +us/m);
  });

  it('keeps what it uses of the program in memory, and says whether it could', async () => {
    const { realtime } = await agent.status();
    const text = readFileSync(`/proc/${agent.pid}/status`, 'utf8');
    const locked = Number(/^VmLck:\s+(\d+) kB/m.exec(text)?.[1]);
    if (realtime?.programLocked === true) assert.ok(locked > 10_000, `${locked} kB`);
    else assert.match(realtime?.missing.at(-1) ?? '', /locked in memory \(E/);
  });

  it('is ordinary again when a reload says so', async () => {
    home.configure({ ...settings(), realtime: { enabled: false } });
    agent.signal('SIGHUP');
    await agent.event('settings-applied');
    const { realtime } = await agent.until((status) => status.realtime?.enabled === false);
    assert.deepEqual([realtime?.scheduling, realtime?.missing], ['ordinary', []]);
    assert.equal(schedulingOf(`/proc/${agent.pid}/stat`).policy, SCHED_OTHER);
  });
});
