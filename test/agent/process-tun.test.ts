// A pair on tun interfaces, which have no link-layer address: a real tun at each end, and a program that carries
// packets between the two.
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { after, before, describe, it } from '../support/test.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { enterNamespace, ip } from '../support/namespace.js';
import { Words } from '../support/child.js';
import { CALM, router } from './lan.js';

/** Opens `near` and `far`, says so, and hands every packet of the one to the other. */
const CARRIER = `
import fcntl, os, select, struct
def tun(name):
    fd = os.open('/dev/net/tun', os.O_RDWR)
    IFF_TUN, IFF_NO_PI, TUNSETIFF = 1, 0x1000, 0x400454ca
    fcntl.ioctl(fd, TUNSETIFF, struct.pack('16sH22x', name.encode(), IFF_TUN | IFF_NO_PI))
    os.set_blocking(fd, False)
    return fd
ends = [tun('near'), tun('far')]
print('open', flush=True)
while True:
    for fd in select.select(ends, [], [])[0]:
        try:
            os.write(ends[1 - ends.index(fd)], os.read(fd, 65536))
        except OSError: # an end that is down: the packet is lost
            pass
`;
const skip = enterNamespace(import.meta.url) || reasonWithoutTun();

function reasonWithoutTun(): string | false {
  const open = "import os, fcntl; os.close(os.open('/dev/net/tun', os.O_RDWR))";
  return spawnSync('python3', ['-c', open]).status === 0 ? false : 'needs python3 and /dev/net/tun';
}

describe('a pair on tun interfaces', { skip }, () => {
  let carrier: ChildProcess;
  const agents: AgentProcess[] = [];
  before(async () => {
    ip('netns add peer');
    const program = spawn('python3', ['-u', '-c', CARRIER], { stdio: ['ignore', 'pipe', 'pipe'] });
    carrier = program;
    await new Words(program, program.stdout).until('both ends open', (text) => text !== '');
    ip('link set far netns peer');
    ip('address add 192.0.2.1/24 dev near');
    ip('-n peer address add 192.0.2.2/24 dev far');
    ip('link set near up');
    ip('-n peer link set far up');
  });
  after(async () => {
    await Promise.all(agents.map((agent) => agent.dispose()));
    carrier.kill();
  });

  const start = (name: string, on: string, priority: number, netns?: string): AgentProcess => {
    const virtualRouters = [router({ ...CALM.router, interface: on, priority })];
    const settings = { name, virtualRouters };
    const agent = new AgentProcess(new AgentHome(name, settings), netns ? { netns } : {});
    agents.push(agent);
    return agent;
  };

  it('one holds the role, the other hears it, takes over at its farewell, and yields again', async () => {
    assert.match(ip('-o link show near'), /link\/none/);
    const a = start('a', 'near', 200);
    await a.transition('Active');
    const b = start('b', 'far', 100, 'peer');
    await b.transition('Backup');
    const { virtualRouters } = await b.until(
      ({ virtualRouters: [lan] }) =>
        (lan?.counters.advertisementsReceived ?? 0) >= 5 || lan?.state === 'Active',
    );
    assert.equal(virtualRouters[0]?.state, 'Backup');
    const status = await a.until(
      ({ virtualRouters: [lan] }) => lan?.addresses[0]?.present === true,
    );
    assert.deepEqual(status.health.reasons, []);

    const from = b.lines.length;
    await a.end('SIGTERM');
    assert.equal((await b.transition('Active', from)).reason, 'priority-zero');
    const alone = b.lines.length;
    const again = start('a', 'near', 200);
    await again.transition('Active');
    await b.transition('Backup', alone);
    for (const agent of [again, b]) {
      assert.ok(agent.running);
      assert.equal(agent.stderr, '');
    }
  });

  it('and takes it when the other is killed with its executor', async () => {
    const a = agents.at(-1) ?? assert.fail();
    const b = agents[1] ?? assert.fail();
    await b.until(({ virtualRouters: [lan] }) => lan?.state === 'Backup');
    const from = b.lines.length;
    await a.annihilate();
    await b.transition('Active', from);
    await b.until(({ virtualRouters: [lan] }) => lan?.addresses[0]?.present === true);
  });
});
