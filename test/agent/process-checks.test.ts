// Checks of a peer that answers, between two real agents over two links, one of each family: they are made without waking
// JavaScript; what is no ordinary check comes to it all the same. Counted by what the agent records, never by time.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from '../support/test.js';
import { cable } from '../../scripts/lab/cable.js';
import { parseRecording } from '../../src/agent/recorder.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import type { Status } from '../../src/model/status.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { until } from '../support/limits.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { router } from './lan.js';

const skip = enterNamespace(import.meta.url);

/** Of `a` and of `b`, on each link. */
const LAN = ['192.0.2.1', '192.0.2.2'] as const;
const HA = ['2001:db8:98::1', '2001:db8:98::2'] as const;
const HANG = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0);';
const preload = `data:text/javascript,process.on('SIGWINCH',()=>{${HANG}})`;

/** In a row, with no deadline between them: far more than fall between two advertisements by chance. */
const IN_A_ROW = 12;

const settingsOf = (name: 'a' | 'b'): object => ({
  name,
  ha: {
    keyFile: '/run/ha.key',
    primary: name === 'a',
    peerCheckIntervalMs: 30,
    // A stall of this machine is not to move the role.
    peerFailureThreshold: 40,
    peers: [
      name === 'a'
        ? { name: 'b', addresses: [LAN[1], HA[1]] }
        : { name: 'a', addresses: [LAN[0], HA[0]] },
    ],
  },
  virtualRouters: [router({ advertisementIntervalMs: 1_000, priority: name === 'a' ? 200 : 100 })],
});

function layHaLink(): void {
  ip(cable({ name: 'ha0' }, { name: 'ha0', netns: 'peer' }));
  ip(`address add ${HA[0]}/64 dev ha0 nodad`);
  ip(`-n peer address add ${HA[1]}/64 dev ha0 nodad`);
  ip('link set ha0 up');
  ip('-n peer link set ha0 up');
}

const isHealthy = ({ peers }: Status): boolean =>
  peers[0]?.paths.every(({ state }) => state === 'healthy') === true;

/** What the agent has recorded by now. While it writes, it takes no other order to: so it is told until it has. */
async function recorded({ home, pid }: AgentProcess): Promise<readonly InstanceEvent[]> {
  const file = `${home.stateDirectory}/recording.jsonl`;
  rmSync(file, { force: true });
  const look = (): readonly InstanceEvent[] | null => {
    try {
      return parseRecording(readFileSync(file, 'utf8')).events.map(({ event }) => event);
    } catch {
      process.kill(pid, 'SIGUSR2');
      return null;
    }
  };
  return (await until('a recording', look, (events) => events !== null, 100)) ?? [];
}

/** The most checks in a row that were made without us. */
function longestRow(events: readonly InstanceEvent[]): number {
  let [longest, row] = [0, 0];
  for (const event of events) {
    if (event.kind === 'deadline') row = 0;
    if (event.kind === 'checked') longest = Math.max(longest, (row += event.made));
  }
  return longest;
}

/** Of checks that were made, when the last was. */
const timeOf = (event: InstanceEvent): number[] => (event.kind === 'checked' ? [event.at] : []);

describe('checks between two agents', { skip }, () => {
  let a: AgentProcess;
  let b: AgentProcess;
  before(async () => {
    joinPeer();
    layHaLink();
    writeFileSync('/run/ha.key', `${'1a'.repeat(32)}\n`, { mode: 0o600 });
    a = new AgentProcess(new AgentHome('a', settingsOf('a')), { preload });
    b = new AgentProcess(new AgentHome('b', settingsOf('b')), { netns: 'peer' });
    await a.takenOver();
    await b.transition('Backup');
  });
  after(() => Promise.all([a.dispose(), b.dispose()]));

  /** Checks are left to the addon, again. */
  async function areLeft(agent: AgentProcess): Promise<void> {
    await agent.until(isHealthy);
    const seen = new Set((await recorded(agent)).flatMap(timeOf));
    for (;;) {
      const news = (await recorded(agent)).filter(
        (event) => !timeOf(event).some((at) => seen.has(at)),
      );
      if (longestRow(news) >= IN_A_ROW) return;
    }
  }

  it('wake neither of them while they are answered on every path', async () => {
    await areLeft(a);
    await areLeft(b);
  });

  it('find a path that is silent, and are left again when it is back', async () => {
    const from = a.lines.length;
    ip(`-n peer address del ${HA[1]}/64 dev ha0`);
    const lost = await a.event('path-lost', from);
    assert.match(lost.detail ?? '', new RegExp(HA[1]));
    ip(`-n peer address add ${HA[1]}/64 dev ha0 nodad`);
    await a.event('path-back', from);
    await areLeft(a);
  });

  it('that the kernel refuses are told', async () => {
    ip(`route add unreachable ${HA[1]}/128`);
    const refused = ({ peers }: Status): boolean =>
      peers[0]?.paths.some(({ problem }) => problem?.includes('the kernel refuses') === true) ===
      true;
    await a.until(refused);
    ip(`route del unreachable ${HA[1]}/128`);
    await areLeft(a);
  });

  it('find a peer that stands still', async () => {
    const from = a.lines.length;
    b.signal('SIGSTOP');
    await a.event('peer-unhealthy', from);
    b.signal('SIGCONT');
    await a.event('peer-healthy', from);
    await areLeft(a);
  });

  it('are not made by one that hangs', async () => {
    const from = b.lines.length;
    a.signal('SIGWINCH');
    await b.event('peer-unhealthy', from);
  });
});
