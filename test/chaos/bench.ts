// The pair that storms befall: starts it, and carries out what the rows of the table ask for. It breaks
// and mends; it draws nothing and judges nothing.
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import process from 'node:process';
import { createControlClient, type ControlClient } from '../../src/control/client.js';
import { controlSocketPath } from '../../src/control/protocol.js';
import { run } from '../../scripts/lab/command.js';
import { standsBy } from '../../scripts/lab/fault.js';
import { APPLIANCES, createLab, type Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { GATEWAY_MONITORING, pairProgram, type PairSpec } from '../../scripts/lab/pair-program.js';
import { ROOT, type Program } from '../../scripts/lab/program.js';
import type { Prober } from '../../scripts/lab/prober.js';
import { mappedUser } from '../../scripts/lab/sandbox.js';
import { LATER_BOOT_MS, until } from '../support/limits.js';
import { pause, peerOf, type Target } from './fault.js';
import { changedRouters, routersOf, type Change } from './routers.js';
import type { PairPlan } from './storm.js';

/** An answer of the control socket: `ok`, or why not. */
type Answer = Promise<{ readonly ok: boolean }>;
type Order = (control: ControlClient) => Answer;

/** Until a pair that nothing befalls has its roles. */
const BEGIN_LIMIT_MS = 30_000 + 2 * LATER_BOOT_MS;

/** Room for state and events on the file system that can be full. */
const DISK = 'size=4m,mode=755';
const FILLER = 'filler';

/** A script that fails once the flag stands beside it; until then it is the real one. */
const BROKEN_SCRIPT = `#!/bin/sh
cat >/dev/null
echo 'vip: out of order' >&2
exit 1
`;

export class Bench {
  readonly lab: Lab;
  readonly prober: Prober;
  /** Every virtual address, without its prefix length. */
  readonly addresses: readonly string[];
  readonly #plan: PairPlan;
  readonly #later: {
    readonly name: ApplianceName;
    readonly what: string;
    readonly order: Order;
  }[] = [];

  #turn: Promise<void> = Promise.resolve();
  /** Whoever was made to stand still, and may still do. */
  readonly #frozen = new Set<number>();

  private constructor(lab: Lab, plan: PairPlan, prober: Prober) {
    this.lab = lab;
    this.#plan = plan;
    this.prober = prober;
    this.addresses = withoutLength(routersOf(plan.families));
  }

  /** Starts both and a client; resolves when the roles are settled. */
  static async open(plan: PairPlan): Promise<Bench> {
    const lab = await createLab();
    try {
      const targets = withoutLength(routersOf(plan.families))
        .filter((address) => !address.startsWith('fe80:'))
        .map((address) => ({ family: familyOf(address), address }));
      const prober = await lab.probe({ targets, periodMs: 5, realtime: !mappedUser() });
      const bench = new Bench(lab, plan, prober);
      await bench.#begin();
      return bench;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** What was done to the pair, for the timeline of a failed storm. */
  say(text: string): void {
    this.lab.appliance('a').log.add(`## chaos: ${text}`);
  }

  /** The file with everything that the kernel of the appliance announced: links, addresses, routes. */
  noticesOf(name: ApplianceName): string {
    return `${this.lab.network.directory}/notices-${name}.txt`;
  }

  /** Who has that role now, by the kernels; `a` and its peer where nobody or both hold. */
  whoIs(target: Target): ApplianceName {
    const [first = 'a'] = this.lab.holding(this.addresses[0] ?? '');
    const holder = first === 'b' ? 'b' : 'a';
    return target === 'holder' ? holder : peerOf(holder);
  }

  async signal(
    name: ApplianceName,
    whom: 'agent' | 'executor' | 'all',
    signal: NodeJS.Signals,
  ): Promise<readonly number[]> {
    const pids = this.#processes(name, whom);
    // Stopped first: a child must not find its parent dead and tidy up before its own turn comes.
    if (signal === 'SIGKILL') for (const pid of pids) send(pid, 'SIGSTOP');
    for (const pid of pids) send(pid, signal);
    if (signal === 'SIGSTOP') for (const pid of pids) this.#frozen.add(pid);
    return Promise.resolve(pids);
  }

  /** Ends a standstill; starts what was ended meanwhile. */
  async thaw(name: ApplianceName, pids: readonly number[]): Promise<void> {
    for (const pid of pids) send(pid, 'SIGCONT');
    // What was killed while it stood still ends at once; its supervisor starts it again.
    await pause(20);
    await this.startIfEnded(name);
  }

  waitForEnd(name: ApplianceName): Promise<unknown> {
    return until(`the end of ${name} after SIGTERM`, () => !this.lab.appliance(name).running);
  }

  /** What a supervisor does. */
  async startIfEnded(name: ApplianceName): Promise<void> {
    const appliance = this.lab.appliance(name);
    if (!appliance.running) appliance.start(this.#program(name), { realtime: !mappedUser() });
    return Promise.resolve();
  }

  async powerCut(name: ApplianceName): Promise<() => Promise<void>> {
    const restore = await this.lab.silence(name);
    await this.signal(name, 'all', 'SIGKILL');
    await this.lab.network.ip(
      name,
      this.addresses.map((address) => `address flush to ${address}`),
    );
    return restore;
  }

  deleteInterface(name: ApplianceName): Promise<void> {
    return this.#inTurn(() => this.lab.network.removeStation(name));
  }

  /** Makes it again, unless it is there. */
  layInterface(name: ApplianceName): Promise<void> {
    return this.#inTurn(async () => {
      if (!(await this.#hasCable(name))) await this.lab.network.layStation(name);
    });
  }

  remakeInterface(name: ApplianceName): Promise<void> {
    return this.#inTurn(async () => {
      if (await this.#hasCable(name)) await this.lab.network.removeStation(name);
      await this.lab.network.layStation(name);
    });
  }

  /** Gives the interface its carrier back. One that is missing will have it when it is made again. */
  plug(name: ApplianceName): Promise<void> {
    return this.#inTurn(async () => {
      if (await this.#hasCable(name)) await this.lab.plug(name);
    });
  }

  /** Two faults that mend the same cable do so one after the other. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #hasCable(name: ApplianceName): Promise<boolean> {
    const ports = await this.lab.run('sw', ['ip', '-o', 'link', 'show']);
    return ports.stdout.includes(` port-${name}@`);
  }

  async renameInterface(name: ApplianceName, from: string, to: string): Promise<void> {
    const links = await this.lab.run(name, ['ip', '-o', 'link', 'show']);
    // Another fault may have deleted it, and it is there again under its own name.
    if (!links.stdout.includes(` ${from}@`)) return;
    await this.lab.run(name, ['ip', 'link', 'set', from, 'name', to]);
  }

  async takeAddressesAway(name: ApplianceName, what: 'one' | 'all'): Promise<void> {
    const taken = what === 'all' ? this.addresses : this.addresses.slice(0, 1);
    await this.lab.network.ip(
      name,
      taken.map((address) => `address flush to ${address}`),
    );
  }

  /** Fills the file system of the state folder to the last byte. */
  async fillDisk(name: ApplianceName): Promise<void> {
    const file = `${this.#state(name)}/${FILLER}`;
    await run(['sh', '-c', 'cat /dev/zero >"$1" 2>/dev/null || [ -s "$1" ]', 'sh', file]);
  }

  async freeDisk(name: ApplianceName): Promise<void> {
    rmSync(`${this.#state(name)}/${FILLER}`, { force: true });
    return Promise.resolve();
  }

  reload(name: ApplianceName): Promise<void> {
    return this.order(name, (control) => control.reload());
  }

  async changeAddresses(name: ApplianceName, change: Change): Promise<void> {
    const virtualRouters = changedRouters(this.#spec().virtualRouters ?? [], change);
    this.#writeSettings(name, { ...this.#spec(), virtualRouters });
    await this.reload(name);
  }

  /** Writes what is no settings file, and has it read. */
  async breakSettings(name: ApplianceName): Promise<void> {
    const { directory } = this.lab.appliance(name);
    writeFileSync(`${directory}/understudy.yaml`, 'name: [a\nvirtualRouters: none of them\n');
    // The refusal is what is expected of it.
    await this.#control(name)
      .reload()
      .catch(() => null);
  }

  /** Back to the settings of the plan; they are read when the storm is over and the agent answers. */
  restoreSettings(name: ApplianceName): void {
    this.#writeSettings(name, this.#spec());
    this.later(name, 'reload', (control) => control.reload());
  }

  async breakScript(name: ApplianceName): Promise<void> {
    const script = this.#script(name);
    writeFileSync(`${script}.broken`, BROKEN_SCRIPT, { mode: 0o755 });
    renameSync(`${script}.broken`, script);
    // The one that was started before and waits for its lines would work once more.
    await this.reload(name);
  }

  mendScript(name: ApplianceName): void {
    const script = this.#script(name);
    symlinkSync(`${ROOT}scripts/vip`, `${script}.real`);
    renameSync(`${script}.real`, script);
  }

  /** @throws Error when it is refused or nobody answers: the fault has not befallen it. */
  async order(name: ApplianceName, order: Order): Promise<void> {
    const answer = await order(this.#control(name));
    if (!answer.ok) throw new Error(JSON.stringify(answer));
  }

  /** Given when all faults are over, again and again until it is carried out: see `heal`. */
  later(name: ApplianceName, what: string, order: Order): void {
    this.#later.push({ name, what, order });
  }

  /**
   * What the undoing of single faults leaves to be done: nobody stands still or is missing, and every
   * order is taken back.
   * @param thoroughly when a fault has failed to strike: nobody knows how far it came.
   * @throws Error when an agent does not carry an order out.
   */
  async heal(thoroughly: boolean): Promise<void> {
    for (const pid of this.#frozen) send(pid, 'SIGCONT');
    this.#frozen.clear();
    if (thoroughly) await this.#mendNetwork();
    for (const name of APPLIANCES) await this.startIfEnded(name);
    for (const { name, what, order } of this.#later.splice(0)) {
      // An agent that has just been started does not listen yet.
      await until(
        `${what} carried out by ${name}`,
        () => this.order(name, order).then(() => null, refusalOf),
        (refusal) => refusal === null,
        50,
      );
    }
  }

  get bothRun(): boolean {
    return APPLIANCES.every((name) => this.lab.appliance(name).running);
  }

  /** The appliances whose agent does not listen, or not yet. What it would say is not asked. */
  async silentAgents(): Promise<ApplianceName[]> {
    const answers = await Promise.all(
      APPLIANCES.map((name) =>
        this.#control(name)
          .status()
          .then(() => true)
          .catch(() => false),
      ),
    );
    return APPLIANCES.filter((_, index) => answers[index] !== true);
  }

  async close(): Promise<void> {
    await this.lab.close();
  }

  async #begin(): Promise<void> {
    const { lab } = this;
    for (const name of APPLIANCES) {
      mkdirSync(this.#state(name), { recursive: true });
      await run(['mount', '-t', 'tmpfs', '-o', DISK, 'tmpfs', this.#state(name)]);
      symlinkSync(`${ROOT}scripts/vip`, this.#script(name));
      this.#recordNotices(name);
    }
    // One after the other: otherwise the slower to start may find the other in its role already.
    await this.startIfEnded('a');
    const waiting = { deadlineMs: BEGIN_LIMIT_MS, describe: () => lab.logs() };
    const held = (): boolean => this.addresses.every((address) => lab.holding(address).length > 0);
    await lab.waitFor(`${this.addresses.join(', ')} held by a`, held, waiting);
    await this.startIfEnded('b');
    const routers = routersOf(this.#plan.families).length;
    await lab.waitFor('b standing by', () => standsBy(lab.appliance('b'), routers), waiting);
    // Both know each other from their checks by then.
    await pause(1_000 + LATER_BOOT_MS);
  }

  async #mendNetwork(): Promise<void> {
    for (const name of ['sw', ...APPLIANCES] as const) {
      await this.lab.run(name, ['nft', 'flush', 'ruleset']);
    }
    await this.lab.setHaLink(true);
    for (const name of APPLIANCES) {
      await this.renameInterface(name, 'lan0', 'eth0');
      await this.layInterface(name);
      await this.plug(name);
    }
  }

  /** Ends with the namespace. */
  #recordNotices(name: ApplianceName): void {
    const monitor = ['ip', '-o', '-tshort', 'monitor', 'link', 'address', 'route'];
    const [command = '', ...rest] = this.lab.network.inside(name, monitor);
    const file = openSync(this.noticesOf(name), 'w');
    spawn(command, rest, { stdio: ['ignore', file, 'ignore'] }).unref();
    closeSync(file);
  }

  /** Only the first start writes the settings: afterwards the file is the appliance's. */
  #program(name: ApplianceName): Program {
    const program = pairProgram(name, this.#spec());
    const file = `${this.lab.appliance(name).directory}/understudy.yaml`;
    if (!existsSync(file)) return program;
    const again = [process.execPath, `${ROOT}dist/src/main.js`, 'run', '--config', file];
    return { ...program, prepare: () => again };
  }

  #spec(): PairSpec {
    const { intervalMs, families, preempt, monitorsGateway, leaseSeconds } = this.#plan;
    return {
      ha: { preempt },
      virtualRouters: routersOf(families),
      router: { advertisementIntervalMs: intervalMs },
      top: (directory) => ({
        vip: { script: `${directory}/vip`, leaseSeconds },
        ...(monitorsGateway ? { gatewayMonitoring: GATEWAY_MONITORING } : {}),
      }),
    };
  }

  #writeSettings(name: ApplianceName, spec: PairSpec): void {
    pairProgram(name, spec).prepare(this.lab.appliance(name).directory);
  }

  #control(name: ApplianceName): ControlClient {
    const { directory } = this.lab.appliance(name);
    return createControlClient(controlSocketPath(`${directory}/run`), { deadlineMs: 2_000 });
  }

  #processes(name: ApplianceName, whom: 'agent' | 'executor' | 'all'): number[] {
    const appliance = this.lab.appliance(name);
    if (!appliance.running) return [];
    const { pid, processes } = appliance;
    if (whom === 'agent') return [pid];
    return whom === 'all' ? processes : processes.filter(holdsTheWill);
  }

  readonly #state = (name: ApplianceName): string => `${this.lab.appliance(name).directory}/state`;
  readonly #script = (name: ApplianceName): string => `${this.lab.appliance(name).directory}/vip`;
}

const withoutLength = (routers: readonly { readonly addresses: readonly string[] }[]): string[] =>
  routers.flatMap(({ addresses }) => addresses.map((address) => address.split('/')[0] ?? ''));

const refusalOf = (error: Error): string => error.message;

const familyOf = (address: string): 'ipv4' | 'ipv6' => (address.includes(':') ? 'ipv6' : 'ipv4');

/** The executor of scripts and will is given a lease; the one of the hooks is not. */
function holdsTheWill(pid: number): boolean {
  try {
    const [program = '', argument] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return program.endsWith('/executor') && argument === 'lease';
  } catch {
    return false;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended between the look and the signal.
  }
}
