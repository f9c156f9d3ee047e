// `understudy release`: takes off whatever an agent may have left, and nothing else.
import assert from 'node:assert/strict';
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { after, afterEach, before, beforeEach, describe, it } from '../support/test.js';
import { openKernel } from '../../src/kernel/native.js';
import { Peer } from '../kernel/peer.js';
import { AgentHome, AgentProcess, MAIN } from '../support/agent-process.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { dialectAfter, dialectsOf } from './auto-listener.js';
import { advertisementOfPeer, Lan, priorityOf, router, settings, VIRTUAL } from './lan.js';
import { eventOf } from '../support/limits.js';

const skip = enterNamespace(import.meta.url);
const RELEASER = fileURLToPath(new URL('./releaser.js', import.meta.url));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The folders of a settings file, as YAML. */
const foldersOf = (whole: string): string =>
  ['runtimeDirectory', 'stateDirectory']
    .map((key) => `${key}: ${new RegExp(`"${key}":\\s*"([^"]*)"`).exec(whole)?.[1] ?? ''}\n`)
    .join('');

const standing = (): string[] =>
  [...ip('-o address show dev lan').matchAll(/inet6? (\S+)/g)].map((match) => match[1] ?? '');

describe('understudy release', { skip }, () => {
  let home: AgentHome;
  let homes = 0;
  let releaser: ChildProcess;
  const own = ['192.0.2.1/24', 'fe80::1/64'];
  before(() => {
    joinPeer();
    releaser = fork(RELEASER);
  });
  after(() => releaser.kill());

  /** By the program itself. */
  const releasing = async (more: NodeJS.ProcessEnv = {}): Promise<Outcome> => {
    const words = [MAIN, 'release', '--config', home.settingsFile];
    const env = { ...process.env, ...more };
    const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => textOf(stream));
    const [status] = (await eventOf(child, 'close')) as [number | null];
    return { status, stdout: (await stdout) ?? '', stderr: (await stderr) ?? '' };
  };
  /** By the same function, in one process for all: a start of the program costs more than the test. */
  const release = async (): Promise<Outcome> => {
    const answer = eventOf(releaser, 'message', 'the end of a release');
    releaser.send(home.settingsFile);
    return ((await answer) as [Outcome])[0];
  };

  beforeEach(() => {
    homes += 1;
    home = new AgentHome(`home-${homes}`, settings());
  });
  afterEach(() => {
    ip('address flush dev lan to 192.0.2.100/30');
  });

  const writeState = (text: string): void => {
    mkdirSync(home.stateDirectory, { recursive: true });
    writeFileSync(`${home.stateDirectory}/state.json`, text);
  };
  const record = (...addresses: string[]): void => {
    const listed = addresses.map((address) => ({ interface: 'lan', address }));
    writeState(JSON.stringify({ version: 1, addresses: listed }));
  };

  it('with nothing there says so', async () => {
    assert.deepEqual(await releasing(), {
      status: 0,
      stdout: 'no virtual address was present\n',
      stderr: '',
    });
  });

  it('removes what is recorded, IPv4 and IPv6, and leaves all else', async () => {
    const six = { name: 'six', vrid: 51, addresses: ['fe80::51/64', '2001:db8::51/64'] };
    home.configure(settings(router(), router(six)));
    record(VIRTUAL, 'fe80::51/64', '2001:db8::51/64');
    ip(`address add ${VIRTUAL} dev lan`);
    ip('address add 2001:db8::51/64 dev lan nodad');
    ip('address add fe80::51/64 dev lan nodad');
    ip('address add 192.0.2.102/24 dev lan');
    const { status, stdout } = await release();
    assert.equal(status, 0);
    assert.deepEqual(stdout.split('\n').sort(), [
      '',
      'removed 192.0.2.100/24 on lan',
      'removed 2001:db8::51/64 on lan',
      'removed fe80::51/64 on lan',
    ]);
    assert.deepEqual(standing().sort(), [...own, '192.0.2.102/24'].sort());
  });

  it('an address of the settings that nobody has recorded stays, and is told', async () => {
    ip(`address add ${VIRTUAL} dev lan`);
    assert.deepEqual(await release(), {
      status: 0,
      stdout: 'left 192.0.2.100/24 on lan: nobody has recorded that an agent put it there\n',
      stderr: '',
    });
    assert.ok(standing().includes(VIRTUAL));
  });

  it('an address with a lifetime that only we give is ours, recorded or not', async () => {
    ip(`address add ${VIRTUAL} dev lan valid_lft 3 preferred_lft 3`);
    assert.equal((await release()).stdout, 'removed 192.0.2.100/24 on lan\n');
  });

  for (const leaseSeconds of [0, 3]) {
    it(`an address that was about to be added, vip.leaseSeconds ${leaseSeconds}`, async () => {
      home.configure({ ...settings(), vip: { leaseSeconds } });
      const mayAdd = [{ interface: 'lan', address: VIRTUAL }];
      writeState(JSON.stringify({ version: 1, addresses: [], mayAdd }));
      ip(`address add ${VIRTUAL} dev lan`);
      const { stdout } = await release();
      assert.match(stdout, leaseSeconds === 0 ? /^removed / : /^left /, 'it has no lifetime');
    });
  }

  it('is looked for on the interface that it was put on, by its index, whatever that is called', async () => {
    const index = Number(/^(\d+):/.exec(ip('-o link show dev lan'))?.[1]);
    const addresses = [{ interface: 'former', index, address: VIRTUAL }];
    writeState(JSON.stringify({ version: 1, addresses }));
    ip(`address add ${VIRTUAL} dev lan`);
    assert.equal((await release()).stdout, 'removed 192.0.2.100/24 on lan\n');
  });

  it('removes what only state.json names, and forgets it', async () => {
    record('192.0.2.101/24');
    ip('address add 192.0.2.101/24 dev lan');
    assert.equal((await release()).stdout, 'removed 192.0.2.101/24 on lan\n');
    assert.deepEqual(standing().sort(), own);
    const state = readFileSync(`${home.stateDirectory}/state.json`, 'utf8');
    assert.deepEqual((JSON.parse(state) as { addresses: unknown }).addresses, []);
    assert.equal((await release()).stdout, 'no virtual address was present\n');
  });

  it('the same address with another prefix length is another address', async () => {
    ip('address add 192.0.2.100/32 dev lan');
    assert.equal((await release()).stdout, 'no virtual address was present\n');
    assert.ok(standing().includes('192.0.2.100/32'));
  });

  it('leaves the addresses of their owner alone, unless an agent put them there', async () => {
    home.configure(settings(router({ priority: 255 })));
    ip(`address add ${VIRTUAL} dev lan`);
    assert.equal((await release()).stdout, 'no virtual address was present\n');
    assert.ok(standing().includes(VIRTUAL));
    record(VIRTUAL);
    assert.equal((await release()).stdout, `removed ${VIRTUAL} on lan\n`);
    assert.deepEqual(standing().sort(), own);
  });

  it('an interface that is gone has nothing on it', async () => {
    home.configure(settings(router({ interface: 'gone' })));
    writeState(
      JSON.stringify({ version: 1, addresses: [{ interface: 'away', address: VIRTUAL }] }),
    );
    const { status, stdout } = await release();
    assert.deepEqual([status, stdout], [0, 'no virtual address was present\n']);
  });

  describe('after an agent that died as Active, its executor too', () => {
    const died = (): void =>
      writeState(
        JSON.stringify({
          version: 1,
          active: true,
          addresses: [{ interface: 'lan', address: VIRTUAL }],
        }),
      );
    let peer: Peer;
    let lan: Lan;
    before(async () => {
      lan = new Lan(openKernel());
      peer = await Peer.start();
    });
    after(async () => {
      lan.close();
      await peer.stop();
    });

    it('says priority 0 and keeps the address until a successor is heard', async () => {
      // An interval so long that only the successor can end the wait.
      home.configure(settings(router({ advertisementIntervalMs: 40_000 })));
      died();
      ip(`address add ${VIRTUAL} dev lan`);
      const released = releasing();
      const next = () => peer.packets.takeUntil(({ message }) => message[1] === 51);
      const farewells = [await next(), await next()];
      assert.deepEqual(farewells.map(priorityOf), [0, 0]);
      // Nobody knows any more which one the agent spoke; who hears both goes on in its own.
      assert.deepEqual(dialectsOf(farewells), ['rfc9568', 'rfc5798']);
      for (const dialect of ['rfc9568', 'rfc5798'] as const) {
        assert.equal(await dialectAfter(farewells, dialect), dialect);
      }
      assert.ok(standing().includes(VIRTUAL));
      await peer.send(advertisementOfPeer(100));
      assert.deepEqual(await released, {
        status: 0,
        stdout: 'removed 192.0.2.100/24 on lan\n',
        stderr: '',
      });
      assert.deepEqual(standing().sort(), own);
      const state = readFileSync(`${home.stateDirectory}/state.json`, 'utf8');
      assert.match(state, /"active": true/, 'the next agent counts the crash');
    });

    it('without a successor removes it when Active_Down_Interval is over', async () => {
      died();
      ip(`address add ${VIRTUAL} dev lan`);
      assert.equal((await releasing()).stdout, 'removed 192.0.2.100/24 on lan\n');
      assert.deepEqual(standing().sort(), own);
    });

    it('with nothing left says nothing', async () => {
      died();
      await lan.heardBy(peer);
      assert.equal((await releasing()).stdout, 'no virtual address was present\n');
      assert.deepEqual(await lan.heardBy(peer), []);
    });
  });

  it('a state.json that cannot be understood is told, and nothing is known to be ours', async () => {
    writeState('{"version":1,"addresses":[{"interface":"lan"');
    ip(`address add ${VIRTUAL} dev lan`);
    const { status, stdout, stderr } = await release();
    assert.equal(status, 0);
    assert.match(stdout, /^left 192\.0\.2\.100\/24 on lan: nobody has recorded/);
    assert.match(stderr, /state\.json: a state file expected; it will be written anew/);
  });

  it('a script that fails: exit code 1, what is still present, and why', async () => {
    const script = '/run/vip-that-fails';
    writeFileSync(script, '#!/bin/sh\necho "vip: line 1: no mood" >&2\nexit 1\n');
    chmodSync(script, 0o755);
    home.configure({ ...settings(), vip: { script } });
    record(VIRTUAL);
    ip(`address add ${VIRTUAL} dev lan`);
    const { status, stdout, stderr } = await release();
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /still present: 192\.0\.2\.100\/24 on lan/);
    assert.match(stderr, /vip-that-fails: exit code 1: vip: line 1: no mood/);
    const state = readFileSync(`${home.stateDirectory}/state.json`, 'utf8');
    assert.match(state, /192\.0\.2\.100\/24/, 'it is remembered for the next attempt');
  });

  it('a script that is missing: exit code 1, and its path', async () => {
    home.configure({ ...settings(), vip: { script: '/run/no-such-vip' } });
    record(VIRTUAL);
    ip(`address add ${VIRTUAL} dev lan`);
    const { status, stderr } = await release();
    assert.equal(status, 1);
    assert.match(stderr, /\/run\/no-such-vip: .*ENOENT/);
  });

  it('invalid settings, and nothing recorded: exit code 2', async () => {
    home.configure(settings(router({ vrid: 0 })));
    assert.equal((await releasing()).status, 2);
  });

  const spoilt: readonly [string, (whole: string) => string][] = [
    ['with a value that is wrong', (whole) => whole.replace(/"vrid":\s*\d+/, '"vrid": 0')],
    ['that are no YAML, but name their folders', (whole) => `${foldersOf(whole)}]: {`],
  ];
  for (const [what, spoil] of spoilt) {
    it(`invalid settings ${what}: what is recorded goes all the same`, async () => {
      const { leaseSeconds, ...rest } = { leaseSeconds: 0, ...settings() };
      home.configure({ ...rest, vip: { leaseSeconds } });
      record(VIRTUAL);
      const whole = readFileSync(home.settingsFile, 'utf8');
      writeFileSync(home.settingsFile, spoil(whole));
      ip(`address add ${VIRTUAL} dev lan`);
      const { status, stdout, stderr } = await releasing();
      assert.deepEqual([status, stdout], [0, 'removed 192.0.2.100/24 on lan\n']);
      assert.match(stderr, /state\.json says is removed all the same/);
      assert.deepEqual(standing().sort(), own);
    });
  }

  it('settings that are gone: the service manager names the folders', async () => {
    record(VIRTUAL);
    rmSync(home.settingsFile);
    ip(`address add ${VIRTUAL} dev lan`);
    const { status, stdout } = await releasing({ STATE_DIRECTORY: home.stateDirectory });
    assert.deepEqual([status, stdout], [0, 'removed 192.0.2.100/24 on lan\n']);
  });

  it('makes no folder and no file where no agent has been', async () => {
    assert.equal((await releasing()).status, 0);
    assert.deepEqual([home.stateDirectory, home.runtimeDirectory].filter(existsSync), []);
  });

  it('beside a running agent: exit code 1, and the agent keeps its addresses', async () => {
    const agent = new AgentProcess(home);
    await agent.transition('Active');
    await agent.until(() => standing().includes(VIRTUAL));
    const { since } = await agent.router();
    const { status, stderr } = await release();
    assert.equal(status, 1);
    assert.match(stderr, /an agent is running with runtimeDirectory .*: stop it; it then removes/);
    assert.ok(standing().includes(VIRTUAL));
    assert.equal((await agent.router()).since, since);
    await agent.end('SIGTERM');
  });
});
