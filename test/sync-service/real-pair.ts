// A pair of real agents that share settings, each in a network namespace of its own, with their services, TLS and files.
// No tests in here.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { AgentHome, AgentProcess, MAIN } from '../support/agent-process.js';
import { inNetns, joinPeer } from '../support/namespace.js';

export type Name = 'a' | 'b';
export const NAMES = ['a', 'b'] as const;
const OWN = { a: '192.0.2.1', b: '192.0.2.2' } as const;

export const textFor = (home: AgentHome, name: Name, mode: string): string => {
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

export interface Said {
  readonly code: number | null;
  readonly out: string;
}

export class RealPair {
  readonly homes = {} as Record<Name, AgentHome>;
  readonly agents = {} as Record<Name, AgentProcess>;

  /** Loaded into the agents. */
  readonly preload: string | undefined;

  constructor(preload?: string) {
    this.preload = preload;
  }

  /** Both run, and are in sync. */
  async start(mode: string): Promise<void> {
    joinPeer();
    for (const name of NAMES) {
      writeFileSync(`/run/${name}.key`, `${'1a'.repeat(32)}\n`, { mode: 0o600 });
      this.homes[name] = new AgentHome(name, {});
      writeFileSync(this.homes[name].settingsFile, textFor(this.homes[name], name, mode));
      this.run(name);
    }
    for (const name of NAMES) await this.agents[name].transition('Backup');
    for (const name of NAMES) await this.inState(name, 'in-sync');
  }

  run(name: Name): void {
    const { preload } = this;
    this.agents[name] = new AgentProcess(this.homes[name], {
      ...(name === 'a' ? {} : { netns: 'peer' }),
      ...(preload === undefined ? {} : { preload }),
    });
  }

  async end(): Promise<void> {
    await Promise.all(NAMES.map((name) => this.agents[name].dispose()));
  }

  inState(name: Name, state: string) {
    return this.agents[name].until(({ sync }) => sync?.peers[0]?.state === state);
  }

  #command(name: Name, words: readonly string[]): [string, string[]] {
    const command = [process.execPath, MAIN, ...words, '--config', this.homes[name].settingsFile];
    const [program = '', ...rest] = name === 'a' ? command : inNetns('peer', ...command);
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
