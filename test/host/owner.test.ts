// Root on files that somebody else may change: it acts as that one, or refuses. With the program itself and a
// real second user, who plants links and programs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { before, beforeEach, describe, it } from '../support/test.js';
import { distrusted, ownerOf } from '../../src/host/owner.js';
import { AgentHome, AgentProcess, MAIN } from '../support/agent-process.js';
import { openKernel } from '../../src/kernel/native.js';
import { until, WAIT_LIMIT_MS } from '../support/limits.js';
import { enterNamespace, ip } from '../support/namespace.js';

const inside = enterNamespace(import.meta.url);
const OTHER = 4711;
const VIRTUAL = '192.0.2.100/24';

/** A user namespace has one user; and the other user must be able to read the program. */
const skip =
  inside !== false
    ? inside
    : spawnSync('setpriv', [
          '--reuid',
          `${OTHER}`,
          '--clear-groups',
          process.execPath,
          MAIN,
          'help',
        ]).status === 0
      ? false
      : `needs root, and a program that user ${OTHER} can read`;

let folders = 0;
let folder: string;
/** The settings of somebody else, in a folder of that one's. */
let settings: string;
/** In a folder where only root may write. */
let rootFolder: string;

const mine = (path: string): void => chownSync(path, OTHER, OTHER);

function configure(more: object = {}): void {
  const text = {
    name: 'here',
    runtimeDirectory: `${folder}/run`,
    stateDirectory: `${folder}/state`,
    virtualRouters: [{ name: 'lan', interface: 'lan', vrid: 51, addresses: [VIRTUAL] }],
    ...more,
  };
  writeFileSync(settings, JSON.stringify(text, null, 2));
  mine(settings);
}

function understudy(...words: string[]): { status: number | null; said: string } {
  const run = spawnSync(process.execPath, [MAIN, ...words, '--config', settings], {
    encoding: 'utf8',
    timeout: WAIT_LIMIT_MS,
  });
  return { status: run.status, said: run.stdout + run.stderr };
}

const ownerIs = (path: string): number => statSync(path).uid;
const standing = (): string => ip('-o address show dev lan');

describe('root, where somebody else may change the files', { skip }, () => {
  before(() => {
    ip('link add lan type veth peer name other');
    ip('link set lan up');
    ip('link set other up');
    ip('address add 192.0.2.1/24 dev lan');
  });
  beforeEach(() => {
    folders += 1;
    folder = `/run/theirs-${folders}`;
    settings = `${folder}/understudy.yaml`;
    for (const path of [folder, `${folder}/run`, `${folder}/state`]) {
      mkdirSync(path);
      mine(path);
    }
    configure();
    rootFolder = `/run/of-root-${folders}`;
    mkdirSync(rootFolder);
    writeFileSync(`${rootFolder}/file`, 'untouched');
  });

  const ofRoot = (): string => readFileSync(`${rootFolder}/file`, 'utf8');
  const record = (): void => {
    const addresses = [{ interface: 'lan', address: VIRTUAL }];
    writeFileSync(`${folder}/state/state.json`, JSON.stringify({ version: 1, addresses }));
    mine(`${folder}/state/state.json`);
    ip(`address replace ${VIRTUAL} dev lan`);
  };

  it('release: the files that it makes are theirs, so that the agent can start', () => {
    record();
    const { status, said } = understudy('release');
    assert.deepEqual([status, said], [0, `removed ${VIRTUAL} on lan\n`]);
    assert.ok(!standing().includes('192.0.2.100'));
    assert.equal(ownerIs(`${folder}/run/agent.lock`), OTHER);
    assert.equal(ownerIs(`${folder}/state/state.json`), OTHER);
  });

  it('release: their program runs as they', () => {
    const script = `${folder}/vip`;
    writeFileSync(script, `#!/bin/sh\nid -u >> ${folder}/state/ran-as\nexec ip -batch -\n`);
    chmodSync(script, 0o755);
    configure({ vip: { script } });
    record();
    assert.equal(understudy('release').status, 0);
    assert.equal(readFileSync(`${folder}/state/ran-as`, 'utf8'), `${OTHER}\n`);
    assert.ok(!standing().includes('192.0.2.100'), 'with the right to remove it');
  });

  it('release follows no link of theirs', () => {
    record();
    symlinkSync(`${rootFolder}/made`, `${folder}/run/agent.lock`);
    assert.equal(understudy('release').status, 1);
    assert.ok(!existsSync(`${rootFolder}/made`));
    ip(`address del ${VIRTUAL} dev lan`);
  });

  it('set follows no link of theirs to a file of root’s', () => {
    writeFileSync(`${rootFolder}/file`, readFileSync(settings));
    const held = ofRoot();
    spawnSync('ln', ['-sf', `${rootFolder}/file`, settings]);
    spawnSync('chown', ['-h', `${OTHER}`, settings]);
    assert.notEqual(understudy('set', 'ha-port', '7200').status, 0);
    assert.equal(ofRoot(), held);
  });

  it('set changes their file, which stays theirs', () => {
    assert.equal(understudy('set', 'ha-port', '7200').status, 0);
    assert.match(readFileSync(settings, 'utf8'), /7200/);
    assert.equal(ownerIs(settings), OTHER);
  });

  it('keygen --force follows no link of theirs, and writes nowhere that they may not', () => {
    symlinkSync(`${rootFolder}/file`, `${folder}/ha.key`);
    for (const keyFile of [`${folder}/ha.key`, `${rootFolder}/file`]) {
      configure({ ha: { keyFile } });
      understudy('keygen', '--force');
      assert.equal(ofRoot(), 'untouched');
    }
  });

  it('keygen: the key is theirs', () => {
    configure({ ha: { keyFile: `${folder}/ha.key` } });
    assert.equal(understudy('keygen').status, 0);
    assert.equal(ownerIs(`${folder}/ha.key`), OTHER);
  });

  const router = {
    name: 'lan',
    interface: 'lan',
    vrid: 51,
    addresses: [VIRTUAL],
    advertisementIntervalMs: 50,
  };
  const identityOf = ({ pid }: AgentProcess): (string | undefined)[] => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1];
    return ['Uid', 'Gid', 'CapEff', 'NoNewPrivs'].map(field);
  };

  it('run: the agent is theirs, makes its folders where only root may, and runs their program as they', async () => {
    const home = new AgentHome(`run-${folders}`, {
      virtualRouters: [router],
      vip: { script: `${folder}/vip` },
    });
    mine(home.settingsFile);
    writeFileSync(
      `${folder}/vip`,
      `#!/bin/sh\nid -u >> ${folder}/state/ran-as\nexec ip -batch -\n`,
    );
    chmodSync(`${folder}/vip`, 0o755);
    const agent = new AgentProcess(home);
    await agent.transition('Active');
    await agent.until(() => standing().includes('192.0.2.100'));
    // CAP_NET_ADMIN and CAP_NET_RAW.
    assert.deepEqual(identityOf(agent), [`${OTHER}`, `${OTHER}`, '0000000000003000', '1']);
    // One line for each run of it, of which there may be several.
    const ranAs = readFileSync(`${folder}/state/ran-as`, 'utf8').trimEnd().split('\n');
    assert.deepEqual([...new Set(ranAs)], [`${OTHER}`]);
    const made = [
      home.runtimeDirectory,
      home.stateDirectory,
      `${home.runtimeDirectory}/agent.lock`,
    ];
    assert.deepEqual(made.map(ownerIs), [OTHER, OTHER, OTHER]);
    assert.deepEqual(
      await agent.end('SIGTERM'),
      { code: 0, signal: null },
      'the signal reaches it',
    );
    assert.match(agent.stderr, /goes on as user 4711, who may change /);
    // Its executor takes the address away once the agent has ended.
    await until('the address gone', standing, (text) => !text.includes('192.0.2.100'));
  });

  it('run: what root’s settings name and others may change is refused, at the start, a reload and by check', async () => {
    for (const name of ['vip', 'hook', 'check']) {
      writeFileSync(`${folder}/${name}`, '#!/bin/sh\nexit 0\n');
      chmodSync(`${folder}/${name}`, 0o755);
    }
    const theirs = {
      virtualRouters: [router],
      vip: { script: `${folder}/vip` },
      hooks: { transition: `${folder}/hook` },
      checks: [{ name: 'one', type: 'script', command: ['/bin/sh', `${folder}/check`] }],
    };
    const home = new AgentHome(`root-${folders}`, theirs);
    settings = home.settingsFile;
    const start = understudy('run');
    assert.equal(start.status, 2);
    for (const setting of ['vip.script', 'hooks.transition', 'checks[0].command[1]']) {
      assert.ok(start.said.includes(setting), `${setting} in ${start.said}`);
    }
    assert.match(start.said, /user 4711 may change it/);
    mkdirSync(home.stateDirectory);
    const check = understudy('check');
    assert.equal(check.status, 2);
    assert.match(check.said, /hooks\.transition[^]*only root may change/);

    home.configure({ virtualRouters: [router] });
    const agent = new AgentProcess(home);
    await agent.event('transition');
    home.configure(theirs);
    agent.signal('SIGHUP');
    const refused = await agent.event('reload-refused');
    assert.match(refused.detail ?? '', /only root may change/);
    await agent.end('SIGTERM');
  });

  describe('a lock that root has left in their folder', () => {
    const asOther = [
      'setpriv',
      `--reuid=${OTHER}`,
      `--regid=${OTHER}`,
      '--clear-groups',
      '--inh-caps=+net_admin,+net_raw',
      '--ambient-caps=+net_admin,+net_raw',
    ];
    let home: AgentHome;
    let lock: string;
    beforeEach(() => {
      home = new AgentHome(`lock-${folders}`, { virtualRouters: [router] });
      lock = `${home.runtimeDirectory}/agent.lock`;
      for (const path of [home.runtimeDirectory, home.stateDirectory]) {
        mkdirSync(path);
        mine(path);
      }
      writeFileSync(lock, '', { mode: 0o600 });
    });

    it('is replaced by the agent', async () => {
      const agent = new AgentProcess(home, { by: asOther });
      await agent.event('transition');
      assert.equal(ownerIs(lock), OTHER);
      await agent.end('SIGTERM');
    });

    it('is held by whoever holds it', async (t) => {
      const held = openKernel().lockFile(lock);
      t.after(() => held?.release());
      const agent = new AgentProcess(home, { by: asOther });
      t.after(() => agent.dispose());
      await until(
        'its end, or another lock',
        () => agent.running && ownerIs(lock) === 0,
        (waits) => !waits,
        25,
      );
      assert.equal(ownerIs(lock), 0);
      assert.match(agent.stderr, /an agent is running with runtimeDirectory /);
    });

    it('in a folder that is root’s: what to do', async () => {
      chownSync(home.runtimeDirectory, 0, 0);
      const agent = new AgentProcess(home, { by: asOther });
      await until(
        'its end',
        () => agent.running,
        (runs) => !runs,
        25,
      );
      assert.ok(
        agent.stderr.includes(`belongs to user 0, who left it: remove it (rm ${lock})`),
        agent.stderr,
      );
    });
  });

  it('a path that several may change is refused, and one that anybody may', () => {
    mkdirSync(`${folder}/deep`);
    chownSync(`${folder}/deep`, OTHER + 1, OTHER);
    assert.throws(
      () => ownerOf([`${folder}/deep/file`]),
      /expected to belong to root or user 4711/,
    );
    mkdirSync(`/run/open-${folders}`);
    chmodSync(`/run/open-${folders}`, 0o777);
    assert.throws(() => ownerOf([`/run/open-${folders}/file`]), /writable by its owner only/);
    chmodSync(`/run/open-${folders}`, 0o1777);
    assert.equal(ownerOf([`/run/open-${folders}/file`]), null, 'sticky');
  });

  it('a program that somebody else may change is none that root starts', async () => {
    writeFileSync(`${folder}/program`, '');
    assert.match((await distrusted(`${folder}/program`)) ?? '', /user 4711 may change it/);
    symlinkSync(`${folder}/program`, `/run/link-${folders}`);
    assert.match((await distrusted(`/run/link-${folders}`)) ?? '', /user 4711 may change it/);
    assert.equal(await distrusted('/bin/sh'), null);
  });
});
