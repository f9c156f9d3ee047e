// The pair of which `scripts/bench connections` measures what scripts/connections costs: traffic to it, and the
// processor time that it took. What is compared with what is connections.ts.
import { spawn, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { loadSettings } from '../../src/config/load.js';
import { nftScript, planOf } from '../../scripts/connections-rules.js';
import { GATEWAY, type NamespaceName } from '../../scripts/lab/network.js';
import { LAN, pairProgram, type PairSpec } from '../../scripts/lab/pair-program.js';
import { ROOT } from '../../scripts/lab/program.js';
import { BenchPair } from './pair.js';
import type { Carried, Order, Traffic } from './traffic-process.js';
import { cpuMs } from './usage.js';

const WINDOW_MS = 100;
const NAMES = ['a', 'b'] as const;
const CHAIN = 'chain ip understudy_connections prerouting';
const HEARD = ['nft', 'list', 'set', 'ip', 'understudy_connections', 'heard'];

/**
 * All of the traffic on one core, before what else the machine does: neither who sleeps when, nor where
 * the caches are, is to be measured.
 */
const ONE_CORE = ['taskset', '--cpu-list', '0', 'nice', '--adjustment=-15'];

/** Its packets hold one segment each, as the wire has them; those of `c` up to 64 KiB. */
export const SEGMENTS = 'host-segments';

export interface Kind {
  readonly what: string;
  readonly client: 'c' | typeof SEGMENTS;
  readonly traffic: Traffic;
  /** Kept connections; 0: each request on its own. */
  readonly connections: number;
}

/** Requests in a millisecond, and milliseconds of processor time for one: clients, servers, and the kernel for them. */
export interface Measured {
  readonly rate: number;
  readonly cpu: number;
}

/** A process of the traffic, which gets one order at a time. */
class Party {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(pair: BenchPair, where: NamespaceName, word: string): Promise<Party> {
    const program = fileURLToPath(new URL('traffic-process.js', import.meta.url));
    const node = [...ONE_CORE, process.execPath, program, word];
    const [command = '', ...rest] = pair.lab.network.inside(where, node);
    const party = new Party(
      spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
    );
    await party.#answer();
    return party;
  }

  get cpuMs(): number {
    return cpuMs(this.#child.pid ?? 0);
  }

  order(order: Order): Promise<Carried> {
    this.#child.send(order);
    return this.#answer();
  }

  #answer(): Promise<Carried> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null): void => reject(new Error(`traffic ended (${code})`));
      this.#child.once('exit', ended).once('error', reject);
      this.#child.once('message', (answer: Carried & { readonly failed?: string }) => {
        this.#child.off('exit', ended).off('error', reject);
        if (answer.failed === undefined) resolve(answer);
        else reject(new Error(`traffic: ${answer.failed}`));
      });
    });
  }
}

/** Two appliances, `a` Active, with scripts/connections on, a server on each, and the clients. */
export class ConnectionsPair {
  readonly pair: BenchPair;
  /** The last virtual address. */
  readonly virtual: string;
  readonly #parties = new Map<NamespaceName, Party>();
  readonly #script: string;
  #on = true;

  private constructor(pair: BenchPair) {
    this.pair = pair;
    this.virtual = pair.plan.addresses.at(-1) ?? '';
    const settings = loadSettings(this.#settings('a'));
    if (!settings.ok) throw new Error(`settings of a: ${JSON.stringify(settings.errors)}`);
    this.#script = nftScript(planOf(settings.settings));
  }

  static async open(count: number): Promise<ConnectionsPair> {
    const addresses = Array.from({ length: count }, (_, index) => `10.99.0.${100 + index}`);
    const router = { ...LAN, addresses: addresses.map((address) => `${address}/24`) };
    const spec: PairSpec = { virtualRouters: [router], ha: { preempt: false } };
    const pair = await BenchPair.open({
      software: 'understudy',
      intervalMs: LAN.advertisementIntervalMs,
      programs: (name) => pairProgram(name, spec),
      addresses,
      realtime: false,
      probed: [],
      network: { hosts: { [SEGMENTS]: { address: '10.99.0.20/24', gateway: GATEWAY.ipv4 } } },
    });
    try {
      await pair.ready();
      const opened = new ConnectionsPair(pair);
      await opened.#start();
      return opened;
    } catch (error) {
      await pair.close();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { lab } = this.pair;
    await lab.network.ip(SEGMENTS, ['link set eth0 gso_max_segs 1']);
    for (const name of [...NAMES, 'c', SEGMENTS] as const) {
      const word = name === 'a' || name === 'b' ? 'server' : 'client';
      this.#parties.set(name, await Party.start(this.pair, name, word));
    }
    const program = [process.execPath, `${ROOT}dist/scripts/connections.js`, 'on', '--config'];
    for (const name of NAMES) await lab.run(name, [...program, this.#settings(name)]);
    await this.#heard('a');
  }

  #settings(name: (typeof NAMES)[number]): string {
    return `${this.pair.appliance(name).directory}/understudy.yaml`;
  }

  /** Without a peer that was heard the rules do less. */
  #heard(name: (typeof NAMES)[number]): Promise<void> {
    return this.pair.waitFor(`${name} has heard its peer`, async () =>
      (await this.pair.lab.run(name, HEARD)).stdout.includes('elements'),
    );
  }

  /**
   * The rules of `a`, out of the packets' way and in again, by what scripts/connections gives nft. Its sets stay,
   * so that the two states can follow each other quickly.
   */
  async rules(on: boolean): Promise<void> {
    if (this.#on === on) return;
    this.#on = on;
    const script = on ? this.#script : `flush ${CHAIN}\ndelete ${CHAIN}\n`;
    await this.pair.lab.run('a', ['nft', '-f', '-'], script);
    if (on) await this.#heard('a');
  }

  /** Opens what `measure` is to use under this name. */
  async keep(name: string, to: string, kinds: readonly Kind[]): Promise<void> {
    for (const { what, client, connections } of kinds) {
      await this.#client(client).order({ order: 'open', pool: name + what, to, connections });
    }
  }

  async measure(name: string, to: string, kind: Kind): Promise<Measured> {
    const { what, traffic, connections } = kind;
    const used = (): number =>
      [...this.#parties.values()].reduce((sum, party) => sum + party.cpuMs, 0);
    const before = used();
    const { units, ms } = await this.#client(kind.client).order(
      connections === 0
        ? { order: 'own', to, ms: WINDOW_MS }
        : { order: 'kept', pool: name + what, traffic, ms: WINDOW_MS },
    );
    return { rate: units / ms, cpu: (used() - before) / units };
  }

  /** Moves the role, where it is not there; what was opened before stays where it is. */
  async moveTo(name: (typeof NAMES)[number]): Promise<void> {
    if (this.pair.holds(name)) return;
    const from = this.pair.appliance(name === 'a' ? 'b' : 'a');
    // Refused while the peer is not known to be ready.
    await this.pair.waitFor('a failover is accepted', async () => {
      const { ok } = await from.control.command('failover');
      return ok;
    });
    await this.pair.waitFor(`${name} holds every address`, () => this.pair.holds(name));
    await this.#heard(name);
  }

  #client(name: Kind['client']): Party {
    const client = this.#parties.get(name);
    if (client === undefined) throw new Error(`a client in ${name} expected, found none`);
    return client;
  }
}
