// Shared settings between two real agents, each in a network namespace of its own, with their services, TLS and files.
// What follows from what: keeper.test.ts; which version is newer: test/sync. In CI only: it starts programs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from '../support/test.js';
import { AgentHome, AgentProcess, MAIN } from '../support/agent-process.js';
import { enterNamespace, inNetns, ip, joinPeer } from '../support/namespace.js';
import { until } from '../support/limits.js';

const skip =
  process.env['CI'] === 'true' ? enterNamespace(import.meta.url) : 'starts programs: in CI only';

type Name = 'a' | 'b';
const OWN = { a: '192.0.2.1', b: '192.0.2.2' } as const;

const textFor = (home: AgentHome, name: Name, mode: string): string => {
  const other = name === 'a' ? 'b' : 'a';
  return `# ${name}'s own
name: ${name}
runtimeDirectory: ${home.runtimeDirectory}
stateDirectory: ${home.stateDirectory}
realtime: { enabled: false }
ha:
  sync: ${mode}
  keyFile: /run/${name}.key
  peers: [{ name: ${other}, addresses: [${OWN[other]}] }]
  # A host that stands still for seconds loses no peer: that would take a change back.
  peerCheckIntervalMs: 200
  peerFailureThreshold: 255
virtualRouters:
  - name: lan   # for the clients
    interface: lan
    vrid: 51
    addresses: [192.0.2.100/24]
    advertisementIntervalMs: 1000
    priority: ${name === 'a' ? 200 : 100}
`;
};

interface Said {
  readonly code: number | null;
  readonly out: string;
}

describe('shared settings of two agents, ha.sync: offer', { skip }, () => {
  const homes = {} as Record<Name, AgentHome>;
  const agents = {} as Record<Name, AgentProcess>;

  before(async () => {
    joinPeer();
    for (const name of ['a', 'b'] as const) {
      writeFileSync(`/run/${name}.key`, `${'1a'.repeat(32)}\n`, { mode: 0o600 });
      homes[name] = new AgentHome(name, {});
      writeFileSync(homes[name].settingsFile, textFor(homes[name], name, 'offer'));
    }
    agents.a = new AgentProcess(homes.a);
    agents.b = new AgentProcess(homes.b, { netns: 'peer' });
    for (const name of ['a', 'b'] as const) await agents[name].transition('Backup');
    for (const name of ['a', 'b'] as const) await inState(name, 'in-sync');
  });
  after(() => Promise.all([agents.a.dispose(), agents.b.dispose()]));

  const inState = (name: Name, state: string) =>
    agents[name].until(({ sync }) => sync?.peers[0]?.state === state);

  const say = (name: Name, ...words: readonly string[]): Said => {
    const command = [process.execPath, MAIN, ...words, '--config', homes[name].settingsFile];
    const [program = '', ...rest] = name === 'a' ? command : inNetns('peer', ...command);
    const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8' });
    return { code: status, out: stdout + stderr };
  };

  const textOf = (name: Name): string => readFileSync(homes[name].settingsFile, 'utf8');
  const edit = (name: Name, from: string, to: string): void => {
    assert.ok(textOf(name).includes(from), `expected ${from} in ${textOf(name)}`);
    writeFileSync(homes[name].settingsFile, textOf(name).replace(from, to));
    assert.equal(say(name, 'reload').code, 0);
  };

  it('are the same version; a change is seen, shown, and taken over by pull', async () => {
    edit('a', 'advertisementIntervalMs: 1000', 'advertisementIntervalMs: 2000');
    const status = await inState('b', 'differs');
    const [peer] = status.sync?.peers ?? [];
    assert.deepEqual(peer?.differing, ['virtualRouters[lan].advertisementIntervalMs']);
    const shown = say('b', 'sync', 'diff');
    assert.equal(shown.code, 1);
    assert.match(shown.out, /advertisementIntervalMs +1000 +1000 +2000 +a/);
    const pulled = say('b', 'sync', 'pull');
    assert.deepEqual(
      [pulled.code, pulled.out],
      [0, 'taken from a: virtualRouters[lan].advertisementIntervalMs\n'],
    );
    for (const name of ['a', 'b'] as const) await inState(name, 'in-sync');
    assert.equal(
      textOf('b'),
      textFor(homes.b, 'b', 'offer').replace('IntervalMs: 1000', 'IntervalMs: 2000'),
    );
    assert.match(say('b', 'status').out, /settings +in sync with a/);
    assert.equal(say('b', 'sync', 'diff').code, 0);
  });

  it('are pushed; what the other refuses is named, and nothing is changed there', async () => {
    edit('a', 'vrid: 51', 'vrid: 51\n    checksum: rfc5798');
    await inState('b', 'differs');
    assert.deepEqual(say('a', 'sync', 'push', 'b'), { code: 0, out: 'b has what is here\n' });
    assert.match(textOf('b'), /checksum: rfc5798/);
    await inState('a', 'in-sync');
    ip('link add only-here type veth peer name its-end');
    edit('a', 'ha:\n', 'linkMonitoring: { pairs: [[only-here, lan]], minimumActive: 0 }\nha:\n');
    await inState('b', 'differs');
    const unchanged = textOf('b');
    const refused = say('a', 'sync', 'push');
    assert.equal(refused.code, 1);
    assert.match(refused.out, /only-here, which it does not have/);
    assert.equal(textOf('b'), unchanged);
    edit('a', 'linkMonitoring: { pairs: [[only-here, lan]], minimumActive: 0 }\n', '');
    for (const name of ['a', 'b'] as const) await inState(name, 'in-sync');
  });

  it('go on after the service was killed: another one takes its place', async () => {
    // A change that is not confirmed would be taken back by the next service.
    await agents.b.until(({ sync }) => sync !== undefined && sync.unconfirmed === undefined);
    const pid = servicesOf(agents.b.pid)[0];
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    await until(
      'another service',
      () => servicesOf(agents.b.pid),
      (found) => found.length === 1 && found[0] !== pid,
    );
    edit('a', 'advertisementIntervalMs: 2000', 'advertisementIntervalMs: 1000');
    await inState('b', 'differs');
    await until(
      'the outcome of a pull',
      () => say('b', 'sync', 'pull'),
      ({ code }) => code === 0,
    );
    for (const name of ['a', 'b'] as const) await inState(name, 'in-sync');
  });
});

/** The sync services among the children of an agent. */
function servicesOf(agent: number | undefined): number[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [pid, parent, ...words] = line.trim().split(/\s+/);
    const isOurs = Number(parent) === agent && words.join(' ').includes('understudy-sync');
    return isOurs ? [Number(pid)] : [];
  });
}
