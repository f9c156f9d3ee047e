// The pair that storms befall, and the third router beside it: starts them, and carries out what the rows
// of the table ask for. It breaks and mends; it draws nothing and judges nothing.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { createControlClient, type ControlClient } from '../../src/control/client.js';
import { controlSocketPath } from '../../src/control/protocol.js';
import { monitorOf } from '../../scripts/lab/address-watch.js';
import { APPLIANCES, createLab, type Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName, RouterName } from '../../scripts/lab/network.js';
import type { Prober } from '../../scripts/lab/prober.js';
import { mappedUser } from '../../scripts/lab/sandbox.js';
import { LATER_BOOT_MS, scaled, until } from '../support/limits.js';
import { pause, peerOf, THIRD, type Target } from './fault.js';
import { Files } from './files.js';
import { routersOf, type Change } from './routers.js';
import type { PairPlan } from './storm.js';
import { Supervisor } from './supervisor.js';

/** An answer of the control socket: `ok`, or why not. */
type Answer = Promise<{ readonly ok: boolean }>;
type Order = (control: ControlClient) => Answer;

/** Until a pair that nothing befalls has its roles. */
const BEGIN_LIMIT_MS = 30_000 + 2 * LATER_BOOT_MS;

/** A reload reads the settings beside the protocol, at its leisure: on a busy machine that takes seconds. */
const ANSWER_MS = scaled(10_000);

export class Bench {
  readonly lab: Lab;
  readonly prober: Prober;
  /** Every virtual address, without its prefix length. */
  readonly addresses: readonly string[];
  readonly plan: PairPlan;
  readonly files: Files;
  /** Those of our make: the two, and the third one of three. */
  readonly ours: readonly RouterName[];
  readonly #supervisors = new Map<RouterName, Supervisor>();
  readonly #later: {
    readonly name: RouterName;
    readonly what: string;
    readonly order: Order;
  }[] = [];

  #turn: Promise<void> = Promise.resolve();
  /** Whoever was made to stand still, and may still do. */
  readonly #frozen = new Set<number>();

  private constructor(lab: Lab, plan: PairPlan, prober: Prober) {
    this.lab = lab;
    this.plan = plan;
    this.prober = prober;
    this.files = new Files(lab, plan);
    this.ours = lab.routers.filter((name) => name !== THIRD || plan.third === 'ours');
    this.addresses = withoutLength(routersOf(plan));
  }

  /** Starts all routers and a client; resolves when the roles are settled. */
  static async open(plan: PairPlan): Promise<Bench> {
    const lab = await createLab({ further: plan.third === 'none' ? [] : [THIRD] });
    try {
      const targets = withoutLength(routersOf(plan))
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
  noticesOf(name: RouterName): string {
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

  /** SIGTERM; nobody starts it again but `startIfEnded`. @returns what is to end, for `waitForEnd`. */
  async stop(name: RouterName): Promise<readonly number[]> {
    this.#supervisors.get(name)?.hold('stopped');
    const appliance = this.lab.appliance(name);
    if (!appliance.running) return Promise.resolve([]);
    const { pid } = appliance;
    send(pid, 'SIGTERM');
    return Promise.resolve([pid]);
  }

  /** Of these processes; another fault may have started it again meanwhile. */
  waitForEnd(name: RouterName, pids: readonly number[]): Promise<unknown> {
    const appliance = this.lab.appliance(name);
    const ended = (): boolean => !appliance.running || !pids.includes(appliance.pid);
    return until(`the end of ${name} after SIGTERM`, ended);
  }

  /** What an operator does; where there is a supervisor, resolves when that has done it. */
  async startIfEnded(name: RouterName): Promise<void> {
    const supervisor = this.#supervisors.get(name);
    if (supervisor === undefined) this.#start(name);
    else await supervisor.start();
  }

  /** Starts whoever ended by itself and has no supervisor of its own. */
  async supervise(): Promise<void> {
    for (const name of this.lab.routers) {
      if (!this.#supervisors.has(name)) await this.startIfEnded(name);
    }
  }

  #start(name: RouterName): void {
    const appliance = this.lab.appliance(name);
    if (appliance.running) return;
    appliance.start(this.files.programOf(name), { realtime: !mappedUser() });
  }

  async powerCut(name: ApplianceName): Promise<() => Promise<void>> {
    this.#supervisors.get(name)?.hold('dead');
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

  reload(name: ApplianceName): Promise<void> {
    return this.order(name, (control) => control.reload());
  }

  async changeAddresses(name: ApplianceName, change: Change): Promise<void> {
    this.files.writeChanged(name, change);
    await this.reload(name);
  }

  /** Writes what is no settings file, and has it read. */
  async breakSettings(name: ApplianceName): Promise<void> {
    this.files.writeBroken(name);
    // The refusal is what is expected of it.
    await this.#control(name)
      .reload()
      .catch(() => null);
  }

  /** Back to the settings of the plan; they are read when the storm is over and the agent answers. */
  restoreSettings(name: ApplianceName): void {
    this.files.writePlanned(name);
    this.later(name, 'reload', (control) => control.reload());
  }

  /** Every appliance of ours gets the key of this one; the former key goes when nobody needs it. */
  spreadKey(name: ApplianceName): void {
    const others = this.ours.filter((other) => other !== name);
    for (const other of others) this.files.copyKey(name, other);
    for (const one of this.ours) this.later(one, 'reload', (control) => control.reload());
    for (const one of this.ours) {
      this.later(one, 'the former key retired', async (control) => {
        const { peers } = await control.status();
        if (!peers.every(({ keys }) => keys?.settled === true)) return { ok: false };
        this.files.retireKey(one);
        return control.reload();
      });
    }
  }

  async breakScript(name: ApplianceName): Promise<void> {
    this.files.breakScript(name);
    // The one that was started before and waits for its lines would work once more.
    await this.reload(name);
  }

  /** @throws Error when it is refused or nobody answers: the fault has not befallen it. */
  async order(name: RouterName, order: Order): Promise<void> {
    const answer = await order(this.#control(name));
    if (!answer.ok) throw new Error(JSON.stringify(answer));
  }

  /** Given when all faults are over, again and again until it is carried out: see `heal`. */
  later(name: RouterName, what: string, order: Order): void {
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
    for (const name of this.lab.routers) await this.startIfEnded(name);
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

  get allRun(): boolean {
    return this.lab.routers.every((name) => this.lab.appliance(name).running);
  }

  /** The appliances whose agent does not listen, or not yet. What it would say is not asked. */
  async silentAgents(): Promise<RouterName[]> {
    const answers = await Promise.all(
      this.ours.map((name) =>
        this.#control(name)
          .status()
          .then(() => true)
          .catch(() => false),
      ),
    );
    return this.ours.filter((_, index) => answers[index] !== true);
  }

  async close(): Promise<void> {
    for (const supervisor of this.#supervisors.values()) supervisor.close();
    await this.lab.close();
  }

  async #begin(): Promise<void> {
    const { lab } = this;
    for (const name of this.ours) {
      await this.files.lay(name);
      if (this.plan.supervised) this.#supervisors.set(name, this.#supervisorOf(name));
    }
    for (const name of lab.routers) this.#recordNotices(name);
    const waiting = { deadlineMs: BEGIN_LIMIT_MS, describe: () => lab.logs() };
    // One after the other: otherwise the slower to start may find another in its role already.
    for (const name of lab.routers) {
      await this.startIfEnded(name);
      const held = (): boolean => this.addresses.every((one) => lab.holding(one).length > 0);
      await lab.waitFor(`${this.addresses.join(', ')} held`, held, waiting);
    }
    const takePart = (): boolean => lab.routers.every((name) => this.#takesPart(name));
    await lab.waitFor('every router Active or Backup', takePart, waiting);
    const alone = (): boolean => this.addresses.every((one) => lab.holding(one).length === 1);
    await lab.waitFor('one holder each', alone, waiting);
    // All know each other from their checks by then.
    await pause(1_000 + LATER_BOOT_MS);
  }

  /** Whether it would notice that the Active is gone. */
  #takesPart(name: RouterName): boolean {
    const appliance = this.lab.appliance(name);
    const count = routersOf(this.plan).length;
    if (!this.ours.includes(name)) {
      // keepalived's words
      return appliance.logged(/Entering (BACKUP|MASTER) STATE/).length >= count;
    }
    const states = appliance.status()?.virtualRouters.map(({ state }) => state) ?? [];
    return states.length === count && !states.includes('Initialize');
  }

  #supervisorOf(name: RouterName): Supervisor {
    return new Supervisor({
      appliance: this.lab.appliance(name),
      executors: () => this.#processes(name, 'executor'),
      start: () => this.#start(name),
      release: () => this.files.release(name),
    });
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
  #recordNotices(name: RouterName): void {
    const monitor = monitorOf('link', 'address', 'route');
    const [command = '', ...rest] = this.lab.network.inside(name, monitor);
    const file = openSync(this.noticesOf(name), 'w');
    spawn(command, rest, { stdio: ['ignore', file, 'ignore'] }).unref();
    closeSync(file);
  }

  #control(name: RouterName): ControlClient {
    const { directory } = this.lab.appliance(name);
    return createControlClient(controlSocketPath(`${directory}/run`), { deadlineMs: ANSWER_MS });
  }

  #processes(name: RouterName, whom: 'agent' | 'executor' | 'all'): number[] {
    const appliance = this.lab.appliance(name);
    if (!appliance.running) return [];
    const { pid, processes } = appliance;
    if (whom === 'agent') return [pid];
    return whom === 'all' ? processes : processes.filter(holdsTheWill);
  }
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
