// acceptMode: false between real namespaces: what a neighbour gets from a virtual address, what it gets through it,
// and what is left of the rules after each kind of end. What scripts/accept-mode does in detail: test/scripts.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { writeFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, it } from '../support/test.js';
import { cable } from '../../scripts/lab/cable.js';
import { AgentHome, AgentProcess, MAIN } from '../support/agent-process.js';
import { eventOf, until } from '../support/limits.js';
import { enterNamespace, inNetns, ip, joinPeer } from '../support/namespace.js';
import { router, settings, VIRTUAL } from './lan.js';
import { gone } from '../support/process-state.js';

const skip = process.env['CI'] === 'true' ? enterNamespace(import.meta.url) : 'played in CI';

const PORT = 7999;
const FOUR = '192.0.2.100';
const SIX = '2001:db8::100';
const NFT = { env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` } };

const six = { name: 'six', addresses: ['fe80::33/64', `${SIX}/64`] };
const closed = (change: object = {}): object =>
  settings(
    router({ acceptMode: false, ...change }),
    router({ ...six, acceptMode: false, ...change }),
  );

/** Our rules by nft's word, or none. */
const rules = (): string => {
  const words = ['list', 'table', 'inet', 'understudy_accept'];
  return spawnSync('nft', words, { ...NFT, encoding: 'utf8' }).stdout;
};
const elements = (): string[] =>
  [...rules().matchAll(/elements = \{([^}]*)\}/g)].flatMap((match) =>
    (match[1] ?? '').split(',').map((one) => one.trim()),
  );

/**
 * Whether a connection from the neighbour comes about. An address that is closed says nothing: there, `seconds` are
 * few; where one is expected they only end a hang.
 */
function connects(address: string, seconds = 60): boolean {
  const attempt = `timeout ${seconds} bash -c '</dev/tcp/${address}/${PORT}' 2>/dev/null`;
  const [program = '', ...words] = inNetns('peer', 'bash', '-c', attempt);
  return spawnSync(program, words).status === 0;
}

function answersEcho(address: string): boolean {
  const [program = '', ...words] = inNetns('peer', 'ping', '-c', '1', '-W', '10', address);
  return spawnSync(program, words, { stdio: 'ignore' }).status === 0;
}

const dropped = (): number =>
  [...rules().matchAll(/counter packets (\d+)/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );

describe('acceptMode: false', { skip }, () => {
  let server: Server;
  let home: AgentHome;
  let agent: AgentProcess;
  let homes = 0;
  before(async () => {
    joinPeer();
    ip('address add 2001:db8::1/64 dev lan nodad');
    ip('-n peer address add 2001:db8::2/64 dev lan nodad');
    server = createServer((socket) => socket.destroy()).listen(PORT, '::');
    await eventOf(server, 'listening');
  });
  after(() => server.close());
  beforeEach(() => (home = new AgentHome(`accept-${(homes += 1)}`, closed())));
  afterEach(async () => {
    await agent.dispose();
    for (const address of [VIRTUAL, 'fe80::33/64', `${SIX}/64`]) {
      spawnSync('ip', ['address', 'del', address, 'dev', 'lan']);
    }
    spawnSync('nft', ['delete', 'table', 'inet', 'understudy_accept'], NFT);
  });

  const standing = (present: boolean): Promise<unknown> =>
    agent.until(({ virtualRouters }) =>
      virtualRouters.every(({ addresses }) => addresses.every((one) => one.present === present)),
    );
  const start = async (): Promise<void> => {
    agent = new AgentProcess(home);
    await agent.transition('Active');
    await standing(true);
  };

  it('78. Accept_Mode false: no TCP, ARP and neighbor discovery and echo are answered', async () => {
    await start();
    ip('-n peer neigh flush dev lan');
    for (const address of [FOUR, SIX]) {
      const earlier = dropped();
      // On a busy machine the second may be over before the neighbour has asked.
      const attempt = (): number => {
        assert.equal(connects(address, 1), false, address);
        return dropped();
      };
      await until('a packet dropped by our rule', attempt, (now) => now > earlier);
      assert.equal(answersEcho(address), true, address);
    }
    assert.match(ip('-n peer neigh show 192.0.2.100'), /lladdr 02:00:00:00:00:01/);
    assert.match(ip(`-n peer neigh show ${SIX}`), /lladdr 02:00:00:00:00:01/);
    assert.deepEqual([connects('192.0.2.1'), connects('2001:db8::1')], [true, true], 'its own');
  });

  it('78. Accept_Mode false: neighbor discovery that is addressed to the address itself is let through', async () => {
    await start();
    const decided = (show: string, address: string): Promise<string> =>
      until(
        `a verdict on ${address}`,
        () => ip(`${show} ${address} dev lan`),
        (said) => /REACHABLE|FAILED/.test(said),
        100,
      );
    for (const address of [SIX, 'fe80::33']) {
      // Whether it is still there is asked of the address, not of its group: nothing else is asked in this state.
      ip(`-n peer neigh replace ${address} lladdr 02:00:00:00:00:01 dev lan nud probe`);
      assert.match(await decided('-n peer neigh show', address), /REACHABLE/, 'solicitations');
    }
    ip('neigh flush dev lan');
    // Asked for in the name of the virtual address, so it is answered there. Of the echo itself nothing is expected.
    spawnSync('ping', ['-c', '1', '-W', '1', '-I', SIX, '2001:db8::2'], { stdio: 'ignore' });
    assert.match(await decided('neigh show', '2001:db8::2'), /REACHABLE/, 'advertisements');
  });

  it('78. Accept_Mode true, and the owner whatever it says: accepted', async () => {
    home.configure(closed({ acceptMode: true }));
    await start();
    assert.deepEqual([connects(FOUR), connects(SIX), rules()], [true, true, '']);
    await agent.end('SIGTERM');
    home.configure(closed({ priority: 255 }));
    await start();
    assert.deepEqual([connects(FOUR), connects(SIX), rules()], [true, true, '']);
  });

  it('forwards what is not addressed to it', async () => {
    await start();
    ip('netns add far');
    ip(cable({ name: 'behind' }, { name: 'near', netns: 'far' }));
    ip('address add 198.51.100.1/24 dev behind');
    ip('link set behind up');
    ip('-n far address add 198.51.100.2/24 dev near');
    ip('-n far link set near up');
    ip('-n far link set lo up');
    ip('-n far route add default via 198.51.100.1');
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
    ip(`-n peer route add 198.51.100.0/24 via ${FOUR}`);
    assert.equal(answersEcho('198.51.100.2'), true);
    ip('netns delete far');
  });

  it('is applied by a reload, both ways, and no address goes for it', async () => {
    await start();
    const wished = async (acceptMode: boolean): Promise<void> => {
      home.configure(closed({ acceptMode }));
      const from = agent.lines.length;
      agent.signal('SIGHUP');
      await agent.line((line) => line.event === 'settings-applied', from);
      await until('the rules', elements, (all) => all.length === (acceptMode ? 0 : 3), 20);
    };
    await wished(true);
    assert.equal(connects(FOUR), true);
    await wished(false);
    assert.equal(connects(FOUR, 1), false);
    await standing(true);
  });

  it('is put back when somebody has flushed all rules', async () => {
    await start();
    execFileSync('nft', ['flush', 'ruleset'], NFT);
    await until('the rules again', elements, (all) => all.length === 3, 100);
  });

  it('nothing is left by a stop, a kill of the agent, and a release after a kill of both', async () => {
    const none = (): Promise<unknown> => until('no rules', rules, (text) => text === '', 20);
    await start();
    await agent.end('SIGTERM');
    assert.equal(rules(), '', 'stopped');
    await start();
    const executor = agent.executorPid();
    await agent.end('SIGKILL');
    await gone(executor);
    await none();
    await start();
    await agent.annihilate();
    assert.equal(elements().length, 3, 'nobody is there to take them away');
    const release = [MAIN, 'release', '--config', home.settingsFile];
    execFileSync(process.execPath, release, NFT);
    assert.equal(rules(), '', 'released');
  });

  it('what both left behind goes when the next one starts, though it accepts everything', async () => {
    await start();
    await agent.annihilate();
    for (const address of [VIRTUAL, 'fe80::33/64', `${SIX}/64`])
      ip(`address del ${address} dev lan`);
    home.configure(closed({ acceptMode: true }));
    await start();
    assert.equal(rules(), '');
  });

  it('without nft no address is added: the reason is in status, and check says so', async () => {
    // Where programs are looked for there is none but what an agent needs.
    const nft = execFileSync('sh', ['-c', 'command -v nft'], { ...NFT, encoding: 'utf8' }).trim();
    const empty = '/run/empty';
    writeFileSync(empty, '');
    execFileSync('mount', ['--bind', empty, nft]);
    try {
      agent = new AgentProcess(home);
      const failed = await agent.event('address-yielded');
      assert.match(JSON.stringify(failed), /not added, as acceptMode is false and/);
      await agent.until(({ health }) =>
        health.reasons.join('; ').includes('expected nft, found none'),
      );
      assert.ok(!ip('-o address show dev lan').includes(` ${VIRTUAL}`));
      const check = spawnSync(process.execPath, [MAIN, 'check', '--config', home.settingsFile], {
        encoding: 'utf8',
      });
      assert.match(check.stdout + check.stderr, /acceptMode.*install nftables/);
    } finally {
      execFileSync('umount', [nft]);
    }
  });
});
