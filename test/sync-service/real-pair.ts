// Real agents that share settings, each in a network namespace of its own, with their services, TLS and files: a pair, or
// three. No tests in here.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cable } from '../../scripts/lab/cable.js';
import { AgentHome, AgentProcess, MAIN } from '../support/agent-process.js';
import { inNetns, ip, joinPeer } from '../support/namespace.js';

export type Name = 'a' | 'b' | 'c';
export const NAMES = ['a', 'b'] as const;
export const THREE = ['a', 'b', 'c'] as const;
const OWN = { a: '192.0.2.1', b: '192.0.2.2', c: '192.0.2.3' } as const;
const PRIORITY = { a: 200, b: 100, c: 50 } as const;

export const textFor = (
  home: AgentHome,
  name: Name,
  mode: string,
  all: readonly Name[] = NAMES,
): string => {
  const peers = all
    .filter((one) => one !== name)
    .map((one) => `{ name: ${one}, addresses: [${OWN[one]}] }`);
  return `# ${name}'s own
name: ${name}
runtimeDirectory: ${home.runtimeDirectory}
stateDirectory: ${home.stateDirectory}
realtime: { enabled: false }
ha:
  sync: ${mode}
  keyFile: /run/${name}.key
  peers: [${peers.join(', ')}]
  # A host that stands still for seconds loses no peer: that would take a change back.
  peerCheckIntervalMs: 200
  peerFailureThreshold: 255
virtualRouters:
  - name: lan   # for the clients
    interface: lan
    vrid: 51
    addresses: [192.0.2.100/24]
    advertisementIntervalMs: 1000
    priority: ${PRIORITY[name]}
`;
};

/** One bridge, which `a` has for its interface, and a namespace for each of the others. */
function joinThree(): void {
  ip('link add lan type bridge mcast_snooping 0');
  ip(`address add ${OWN.a}/24 dev lan`);
  ip('link set lan up');
  for (const name of ['b', 'c'] as const) {
    ip(`netns add ${name}`);
    ip(cable({ name: `to-${name}` }, { name: 'lan', netns: name }));
    ip(`link set to-${name} master lan up`);
    ip(`-n ${name} address add ${OWN[name]}/24 dev lan`);
    ip(`-n ${name} link set lan up`);
  }
}

export interface Said {
  readonly code: number | null;
  readonly out: string;
}

export class RealPair {
  readonly homes = {} as Record<Name, AgentHome>;
  readonly agents = {} as Record<Name, AgentProcess>;
  readonly names: readonly Name[];

  /** Loaded into the agents. */
  readonly preload: string | undefined;

  constructor(preload?: string, names: readonly Name[] = NAMES) {
    this.preload = preload;
    this.names = names;
  }

  /** All run, and are in sync. */
  async start(mode: string): Promise<void> {
    const { names } = this;
    if (names.length === 2) joinPeer();
    else joinThree();
    for (const name of names) {
      writeFileSync(`/run/${name}.key`, `${'1a'.repeat(32)}\n`, { mode: 0o600 });
      this.homes[name] = new AgentHome(name, {});
      writeFileSync(this.homes[name].settingsFile, textFor(this.homes[name], name, mode, names));
      this.run(name);
    }
    for (const name of names) await this.agents[name].transition('Backup');
    for (const name of names) await this.inState(name, 'in-sync');
  }

  run(name: Name): void {
    const { preload } = this;
    const netns = this.#netnsOf(name);
    this.agents[name] = new AgentProcess(this.homes[name], {
      ...(netns === undefined ? {} : { netns }),
      ...(preload === undefined ? {} : { preload }),
    });
  }

  #netnsOf(name: Name): string | undefined {
    if (name === 'a') return undefined;
    return this.names.length === 2 ? 'peer' : name;
  }

  async end(): Promise<void> {
    await Promise.all(this.names.map((name) => this.agents[name].dispose()));
  }

  /** With each of its peers. */
  inState(name: Name, state: string) {
    return this.agents[name].until(
      ({ sync }) => sync !== undefined && sync.peers.every((peer) => peer.state === state),
    );
  }

  #command(name: Name, words: readonly string[]): [string, string[]] {
    const command = [process.execPath, MAIN, ...words, '--config', this.homes[name].settingsFile];
    const netns = this.#netnsOf(name);
    const [program = '', ...rest] = netns === undefined ? command : inNetns(netns, ...command);
    return [program, rest];
  }

  say(name: Name, ...words: readonly string[]): Said {
    const { status, stdout, stderr } = spawnSync(...this.#command(name, words), {
      encoding: 'utf8',
    });
    return { code: status, out: stdout + stderr };
  }

  /** The same, while this process goes on. */
  saying(name: Name, ...words: readonly string[]): Promise<Said> {
    return new Promise((resolve, reject) => {
      const child = spawn(...this.#command(name, words));
      let out = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8');
        stream.on('data', (text: string) => (out += text));
      }
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, out }));
    });
  }

  textOf(name: Name): string {
    return readFileSync(this.homes[name].settingsFile, 'utf8');
  }

  edit(name: Name, from: string, to: string): void {
    const text = this.textOf(name);
    assert.ok(text.includes(from), `expected ${from} in ${text}`);
    writeFileSync(this.homes[name].settingsFile, text.replace(from, to));
    assert.equal(this.say(name, 'reload').code, 0);
  }
}

/** The sync services among the children of an agent. */
export function servicesOf(agent: number | undefined): number[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [pid, parent, ...words] = line.trim().split(/\s+/);
    const isOurs = Number(parent) === agent && words.join(' ').includes('understudy-sync');
    return isOurs ? [Number(pid)] : [];
  });
}
