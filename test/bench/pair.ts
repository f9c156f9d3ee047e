// Two appliances with the same software in a lab of their own: started, seen to be in their places,
// opened anew when they are not. No faults, no measuring.
import { setTimeout as sleep } from 'node:timers/promises';
import type { VirtualRouterState } from '../../src/model/reasons.js';
import type { Status } from '../../src/model/status.js';
import type { Appliance } from '../../scripts/lab/appliance.js';
import { createLab, now, type Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName, NetworkPlan } from '../../scripts/lab/network.js';
import type { Prober } from '../../scripts/lab/prober.js';
import type { ProgramFor } from './programs.js';
import type { Software } from './results.js';

const NAMES: readonly ApplianceName[] = ['a', 'b'];

export interface PairPlan {
  readonly software: Software;
  readonly intervalMs: number;
  readonly programs: ProgramFor;
  /** Every virtual address. */
  readonly addresses: readonly string[];
  /** Daemons under SCHED_FIFO. */
  readonly realtime: boolean;
  /** What a client asks 1000 times a second. */
  readonly probed: readonly string[];
  /** What the lab has beyond its appliances, their client and the LAN. */
  readonly network?: NetworkPlan;
}

/** An election, and the slowness of a busy machine. */
const patienceMs = (intervalMs: number): number => 10 * intervalMs + 20_000;

export class BenchPair {
  readonly plan: PairPlan;
  #lab: Lab;
  #prober: Prober | null = null;
  /** Seen to be in their places, and not disturbed since. */
  #steady = false;

  private constructor(plan: PairPlan, lab: Lab) {
    this.plan = plan;
    this.#lab = lab;
  }

  /** Makes the lab; starts nothing but the client. */
  static async open(plan: PairPlan): Promise<BenchPair> {
    const pair = new BenchPair(plan, await createLab(plan.network));
    await pair.#probe();
    return pair;
  }

  get lab(): Lab {
    return this.#lab;
  }

  /** @throws Error when the plan is without probing. */
  get prober(): Prober {
    if (this.#prober === null) throw new Error('expected a probing client, found none planned');
    return this.#prober;
  }

  appliance(name: ApplianceName): Appliance {
    return this.#lab.appliance(name);
  }

  start(name: ApplianceName): void {
    const appliance = this.appliance(name);
    appliance.start(this.plan.programs(name, appliance.directory), {
      realtime: this.plan.realtime,
    });
  }

  /**
   * Waits until `a` holds every address and `b` stands by; what does not run is started.
   * @throws Error with what is known when it takes too long.
   */
  async ready(): Promise<void> {
    const { intervalMs } = this.plan;
    if (this.#steady && (await this.#inPlace('a'))) return;
    if (!this.appliance('a').running) this.start('a');
    // One after the other: the slower to start might find the other in its role already.
    if (!this.appliance('b').running) {
      await this.waitFor('a holds every address', () => this.holds('a'));
      this.start('b');
    }
    await this.settled('a');
    // keepalived does not say when it has heard the Active: three advertisements are enough.
    const heardMs = this.plan.software === 'keepalived' ? 3 * intervalMs : 0;
    await sleep(Math.max(100, heardMs));
    this.#steady = true;
  }

  /** Waits until `holder` holds every address and the other one stands by, both well. */
  settled(holder: ApplianceName): Promise<void> {
    const what = `${holder} holds every address, the other one stands by, both well`;
    return this.waitFor(what, () => this.#inPlace(holder));
  }

  /** Something befalls the pair: its places are to be waited for again. */
  disturb(): void {
    this.#steady = false;
  }

  /** Throws everything away, what was left behind included, and begins with a new lab. */
  async openAnew(): Promise<void> {
    this.disturb();
    await this.close();
    this.#lab = await createLab(this.plan.network);
    await this.#probe();
  }

  close(): Promise<void> {
    return this.#lab.close();
  }

  /** Whether this appliance alone holds every address. */
  holds(name: ApplianceName): boolean {
    return this.plan.addresses.every((address) => this.#lab.holding(address).join() === name);
  }

  /**
   * Asks every now and then, never at every change: with 250 addresses that would keep the bench, and
   * the readers of the daemons' logs, busy.
   * @throws Error with what is known after the deadline.
   */
  async waitFor(
    what: string,
    predicate: () => boolean | Promise<boolean>,
    deadlineMs = patienceMs(this.plan.intervalMs),
  ): Promise<void> {
    const until = now() + deadlineMs;
    while (!(await predicate())) {
      if (now() > until) {
        const found = await this.#picture();
        throw new Error(`expected within ${deadlineMs} ms: ${what}; last seen: ${found}`);
      }
      await sleep(20);
    }
  }

  /** Transitions that a daemon has logged since `from`, on the lab's clock. */
  transitions(name: ApplianceName, from: number): number {
    const appliance = this.appliance(name);
    if (this.plan.software === 'keepalived') {
      return appliance.logged(ENTERING).filter(({ at }) => at >= from).length;
    }
    const records = appliance.events().filter(({ event }) => event === 'transition');
    return records.filter(({ time }) => Date.parse(time) >= from).length;
  }

  async #probe(): Promise<void> {
    if (this.plan.probed.length === 0) return;
    const targets = this.plan.probed.map((address) => ({ family: 'ipv4', address }) as const);
    this.#prober = await this.#lab.probe({ targets, realtime: this.plan.realtime });
  }

  async #inPlace(holder: ApplianceName): Promise<boolean> {
    if (!this.holds(holder)) return false;
    const other = holder === 'a' ? 'b' : 'a';
    if (this.plan.software === 'keepalived') {
      const count = this.plan.addresses.length;
      return standing(this.appliance(other), 'BACKUP', count);
    }
    const [active, backup] = await Promise.all(
      [holder, other].map((name) => this.status(name as ApplianceName)),
    );
    if (active === undefined || backup === undefined) return false;
    const places = allAre(active, 'Active') && allAre(backup, 'Backup') && hears(backup);
    return places && [active, backup].every((one) => soundMonitors(one) && knowsPeer(one));
  }

  /** What understudy says; undefined when it does not run or does not answer. */
  status(name: ApplianceName): Promise<Status | undefined> {
    return askStatus(this.appliance(name));
  }

  async #picture(): Promise<string> {
    const { addresses } = this.plan;
    const held = NAMES.map(
      (name) =>
        `${name} holds ${addresses.filter((one) => this.#lab.holding(one).includes(name)).length}`,
    );
    const sides = await Promise.all(
      NAMES.map(async (name) => {
        const appliance = this.appliance(name);
        if (!appliance.running) return `${name} does not run`;
        if (this.plan.software === 'keepalived') {
          return `${name}: ${appliance.logged(ENTERING).at(-1)?.text ?? 'no state yet'}`;
        }
        const status = await this.status(name);
        const states = new Set(status?.virtualRouters.map(({ state }) => state));
        if (status === undefined) return `${name} does not answer`;
        const { state, reasons } = status.health;
        return `${name}: ${[...states].join(' ')}, ${[state, ...reasons.slice(0, 3)].join('; ')}`;
      }),
    );
    return `${held.join(', ')} of ${addresses.length}; ${sides.join('; ')}`;
  }
}

/** keepalived says on its own log in which state each instance is. */
const ENTERING = /\((\S+)\) Entering (MASTER|BACKUP|FAULT) STATE/; // keepalived's words

function standing(appliance: Appliance, state: string, count: number): boolean {
  if (!appliance.running) return false;
  const last = new Map<string, string>();
  for (const { text } of appliance.logged(ENTERING)) {
    const [, instance = '', entered = ''] = ENTERING.exec(text) ?? [];
    last.set(instance, entered);
  }
  return last.size === count && [...last.values()].every((entered) => entered === state);
}

const askStatus = (appliance: Appliance): Promise<Status | undefined> =>
  appliance.running
    ? appliance.control.status().catch(() => undefined)
    : Promise.resolve(undefined);

const allAre = ({ virtualRouters }: Status, state: VirtualRouterState): boolean =>
  virtualRouters.every((router) => router.state === state);

const hears = ({ virtualRouters }: Status): boolean =>
  virtualRouters.every(
    ({ lastAdvertisementAgeMs: age, advertisementIntervalMs: interval }) =>
      age !== null && age < 3 * interval,
  );

const soundMonitors = ({ monitors }: Status): boolean =>
  monitors.every(({ state }) => state === 'ok');

const knowsPeer = ({ peers }: Status): boolean =>
  peers.every(
    ({ state, paths }) => state === 'healthy' && paths.every((path) => path.state === 'healthy'),
  );
