// The test bench: two appliances, a client and a switch in one sandbox, and the recorded truth about
// who held which address. No expectations: those belong to the demo and the tests.
import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { watchAddresses, type AddressNotice } from './address-watch.js';
import { Appliance } from './appliance.js';
import { Capture, type CaptureOptions } from './capture.js';
import { now } from './clock.js';
import type { Completed } from './command.js';
import type { DatagramPlan } from './datagram-process.js';
import { FrameLog, type Frame } from './frame-log.js';
import {
  heldTimes,
  holdersAt,
  takeOver,
  type HeldChange,
  type HeldTimes,
  type TakeOver,
} from './held-time.js';
import {
  Network,
  FURTHER,
  furtherHost,
  STATIONS,
  type ApplianceName,
  type FurtherName,
  type HostName,
  type NamespaceName,
  type NetworkPlan,
  type RouterName,
  type Traffic,
} from './network.js';
import type { OwnFolders } from './own-folders.js';
import { ProcessorWatch, type Standstill } from './processor-watch.js';
import { Prober, type ProberOptions } from './prober.js';
import { insideSandbox, mappedUser } from './sandbox.js';
import { realtime } from './realtime.js';

export const APPLIANCES: readonly ApplianceName[] = ['a', 'b'];

/** What differs from the plain lab. */
export interface LabPlan extends NetworkPlan {
  /** What each appliance has for itself. */
  readonly folders?: OwnFolders;
  /** Routers besides the two appliances. */
  readonly further?: readonly FurtherName[];
  /** Hundreds of addresses move at once: what tells of them must not wait for us (WatchOptions). */
  readonly manyAddresses?: boolean;
  /** After so long a wait of the lab's own has failed; 10 s by default. Nothing is measured by it. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 10_000;

let made = 0;

export class Lab {
  readonly network: Network;
  /** Whatever may hold an address: the appliances, then the further routers. */
  readonly routers: readonly RouterName[];
  readonly #appliances: ReadonlyMap<RouterName, Appliance>;
  readonly #changes: HeldChange[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #watchers: ChildProcess[] = [];
  readonly #linkLocals = new Set<string>();
  readonly #probers: Prober[] = [];
  readonly #troubles: string[] = [];
  readonly #patienceMs: number;
  readonly #manyAddresses: boolean;
  #noticesLost = 0;
  #frames: FrameLog | null = null;
  #processors: ProcessorWatch | null = null;
  #captures = 0;

  /** For createLab. */
  constructor(network: Network, plan: LabPlan = {}) {
    const { folders, further = [], patienceMs = PATIENCE_MS } = plan;
    this.#manyAddresses = plan.manyAddresses === true;
    this.network = network;
    this.routers = [...APPLIANCES, ...further];
    this.#patienceMs = patienceMs;
    const appliance = (name: RouterName): Appliance =>
      new Appliance(name, network, this.#changed, { patienceMs, ...(folders && { folders }) });
    this.#appliances = new Map(this.routers.map((name) => [name, appliance(name)]));
  }

  /** For createLab: makes namespaces, watchers and wires; resolves when every station can send. */
  async open(): Promise<void> {
    await this.network.create();
    await Promise.all(([...this.routers, 'c'] as const).map((name) => this.#watch(name)));
    await this.network.wire();
    const stations = { ...STATIONS, ...FURTHER };
    const expected = ([...this.routers, 'c'] as const).map((name) => stations[name].linkLocal);
    await this.waitFor(
      `a link-local address on eth0 of ${this.routers.join(', ')} and c (${expected.join(', ')})`,
      () => expected.every((address) => this.#linkLocals.has(address)),
      { deadlineMs: this.#patienceMs, describe: () => [...this.#linkLocals].join(', ') },
    );
  }

  /** @throws Error when the lab has none of that name. */
  appliance(name: RouterName): Appliance {
    const appliance = this.#appliances.get(name);
    if (appliance !== undefined) return appliance;
    throw new Error(`expected one of ${this.routers.join(', ')}, found "${name}"`);
  }

  /** Pulls a cable of an appliance, the LAN's unless told: carrier is lost. */
  unplug(name: ApplianceName, device?: string): Promise<void> {
    return this.network.setCable(name, false, device);
  }

  plug(name: ApplianceName, device?: string): Promise<void> {
    return this.network.setCable(name, true, device);
  }

  /** The cable of a further host, by the switch's end of it: to everybody else it is gone. */
  unplugHost(name: HostName): Promise<void> {
    return this.network.setHostCable(name, false);
  }

  plugHost(name: HostName): Promise<void> {
    return this.network.setHostCable(name, true);
  }

  /** Both ends of the direct link between the appliances. */
  setHaLink(connected: boolean): Promise<void> {
    return this.network.setHaLink(connected);
  }

  /** Silent loss on the switch; returns the call that heals it. See Network.drop. */
  drop(rule: {
    readonly traffic: Traffic;
    readonly from?: ApplianceName | 'c';
    readonly to?: ApplianceName | 'c';
  }): Promise<() => Promise<void>> {
    return this.network.drop(rule);
  }

  /**
   * Silent loss of an appliance's LAN, both ways: carrier and HA link stay. Returns the call that
   * heals it.
   */
  async isolate(name: ApplianceName): Promise<() => Promise<void>> {
    const from = await this.drop({ traffic: 'all', from: name });
    const to = await this.drop({ traffic: 'all', to: name });
    return async () => void (await Promise.all([from(), to()]));
  }

  /** Silences an appliance on all its links at once; returns the call that heals it. See Network.silence. */
  silence(name: ApplianceName, traffic: 'all' | 'ha' = 'all'): Promise<() => Promise<void>> {
    return this.network.silence(name, traffic);
  }

  /**
   * Power cut: nothing of the appliance is heard any more, its processes end, its kernel forgets
   * these addresses. Carrier stays everywhere. Returns the call that gives it its links back.
   * @param apartMs the HA link falls silent so much later than the LAN.
   */
  async powerCut(
    name: ApplianceName,
    addresses: readonly string[],
    apartMs = 0,
  ): Promise<() => Promise<void>> {
    const restore =
      apartMs === 0
        ? await this.silence(name)
        : await this.network.silenceInTurn(name, ['eth0', 'ha0'], apartMs);
    await this.appliance(name).annihilate();
    const commands = addresses.map((address) => `address flush to ${address}`);
    await this.network.ip(name, commands);
    return restore;
  }

  run(name: NamespaceName, argv: readonly string[], input = ''): Promise<Completed> {
    return this.network.run(name, argv, input);
  }

  /** Sends UDP datagrams from a namespace; resolves when all are sent. */
  async sendDatagrams(from: NamespaceName, plan: DatagramPlan): Promise<void> {
    const program = fileURLToPath(new URL('datagram-process.js', import.meta.url));
    await this.run(from, [process.execPath, program], JSON.stringify(plan));
  }

  /** The routers whose kernel has the address now, asked now. */
  async holders(address: string): Promise<RouterName[]> {
    const answers = await Promise.all(
      this.routers.map((name) => this.run(name, ['ip', '-o', 'address', 'show', 'to', address])),
    );
    return this.routers.filter((_, index) => answers[index]?.stdout.trim() !== '');
  }

  /** The routers that hold the address, as far as their kernels have announced. */
  holding(address: string, at = Number.POSITIVE_INFINITY): string[] {
    return holdersAt(this.#changes, address, at);
  }

  /** Time both, and time nobody, held the address. */
  heldTimes(address: string, from: number, to: number): HeldTimes {
    return heldTimes(this.#changes, address, from, to);
  }

  /** When `heir` took the address after `from`, and when it was left alone with it. */
  takeOver(address: string, heir: RouterName, from: number): TakeOver {
    return takeOver(this.#changes, address, heir, from);
  }

  /** Every recorded change of the address since `from`. */
  changes(address: string, from = 0): HeldChange[] {
    return this.#changes.filter((change) => change.address === address && change.at >= from);
  }

  /** Every recorded change since `from`, in order of time. */
  allChanges(from = 0): HeldChange[] {
    return this.#changes.filter((change) => change.at >= from);
  }

  /** How often a kernel has dropped notices of its addresses: then the record is not whole. */
  get noticesLost(): number {
    return this.#noticesLost;
  }

  /** Records advertisements and announcements from now on; needs root. */
  async recordFrames(): Promise<void> {
    this.#frames ??= await FrameLog.start(this.network, this.#changed);
  }

  /** Those recorded since `from`, in order; null while none are recorded. */
  frames(from = 0): Frame[] | null {
    return this.#frames?.frames.filter(({ at }) => at >= from) ?? null;
  }

  /** Records from now on when a processor of this machine ran nobody; see ProcessorWatch. */
  async watchProcessors(): Promise<void> {
    if (this.#processors !== null) return;
    this.#processors = new ProcessorWatch(this.#changed);
    await this.#processors.start();
  }

  /** Those recorded that fell into this time; none where the processors are not watched. */
  standstills(from = 0, to = Number.POSITIVE_INFINITY): Standstill[] {
    return this.#processors?.standstills(from, to) ?? [];
  }

  /** Captures on the switch into a file of the sandbox; resolves when tcpdump listens. */
  capture(options: CaptureOptions): Promise<Capture> {
    this.#captures += 1;
    const file = `${this.network.directory}/capture-${this.#captures}.pcap`;
    return Capture.start(this.network, file, options);
  }

  /**
   * Starts a probing client in namespace `c`. One of echo requests runs before everything else where it may, unless told
   * otherwise: one that waits for the processor asks in bursts, and reads too late what was answered in time.
   */
  async probe(options: ProberOptions): Promise<Prober> {
    const first = !mappedUser() && options.targets.every((target) => !('url' in target));
    const prober = await Prober.start(this.network, { realtime: first, ...options }, (text) =>
      this.#troubles.push(text),
    );
    this.#probers.push(prober);
    return prober;
  }

  /** Calls `listener` after every change of an address, log line or status file, until told to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves when `predicate` holds; it is asked again after every change of an address, log line
   * or status file, never on a timer.
   * @throws Error saying what was expected and, by `describe`, what was last seen, after the deadline.
   */
  waitFor(
    expectation: string,
    predicate: () => boolean,
    options: { readonly deadlineMs: number; readonly describe?: () => string },
  ): Promise<void> {
    if (predicate()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        stop();
        act();
      };
      const stop = this.onChange(() => {
        try {
          if (predicate()) settle(resolve);
        } catch (error) {
          settle(() => reject(error));
        }
      });
      const timer = setTimeout(() => {
        if (predicate()) return settle(resolve);
        const seen = options.describe?.() ?? 'it did not happen';
        const text = `expected within ${options.deadlineMs} ms: ${expectation}; last seen: ${seen}`;
        settle(() => reject(new Error(text)));
      }, options.deadlineMs);
    });
  }

  /** Waits until exactly these appliances hold the address. */
  waitForHolders(address: string, names: readonly RouterName[], deadlineMs: number): Promise<void> {
    const wanted = [...names].sort().join(' ');
    return this.waitFor(
      `${address} held by ${wanted || 'nobody'}`,
      () => this.holding(address).join(' ') === wanted,
      { deadlineMs, describe: () => `held by ${this.holding(address).join(' ') || 'nobody'}` },
    );
  }

  /** Everything the daemons and the probing client said since `from`, for a failed test. */
  logs(from = 0): string {
    const lines = this.routers
      .flatMap((name) =>
        this.appliance(name).log.lines.map(({ at, text }) => ({ at, text: `${name}: ${text}` })),
      )
      .sort((left, right) => left.at - right.at);
    const held = this.#changes.map(({ at, appliance, address, present }) => ({
      at,
      text: `${appliance}: == ${present ? 'has' : 'lost'} ${address}`,
    }));
    const still = this.standstills(from).map((one) => ({
      at: one.to,
      text: `== processor ${one.processor} stood still for ${(one.to - one.from).toFixed(0)} ms`,
    }));
    return [...lines, ...held, ...still]
      .filter(({ at }) => at >= from)
      .sort((left, right) => left.at - right.at)
      .map(({ at, text }) => `${new Date(at).toISOString().slice(11, 23)} ${text}`)
      .concat(this.#troubles)
      .join('\n');
  }

  /** Ends every process of the lab and lets go of its namespaces. */
  async close(): Promise<void> {
    this.#processors?.close();
    for (const prober of this.#probers) prober.close();
    this.#frames?.close();
    for (const name of this.routers) this.appliance(name).close();
    for (const watcher of this.#watchers) watcher.kill('SIGKILL');
    await this.network.close();
  }

  readonly #changed = (): void => {
    for (const listener of this.#listeners) listener();
  };

  async #watch(name: RouterName | 'c'): Promise<void> {
    // The notice bears the time at which `ip` was told: a busy machine must not make it late.
    const scheduling = mappedUser() ? [] : realtime(2);
    const watcher = await watchAddresses(
      (argv) => this.network.inside(name, [...scheduling, ...argv]),
      (argv) => this.network.run(name, argv),
      (notice) => this.#noticed(name, notice),
      {
        onLost: () => (this.#noticesLost += 1),
        ...(this.#manyAddresses ? { through: `${this.network.directory}/addresses-${name}` } : {}),
      },
    );
    this.#watchers.push(watcher);
  }

  #noticed(name: RouterName | 'c', notice: AddressNotice): void {
    if (notice.address.startsWith('fe80::ff:') && notice.present) {
      this.#linkLocals.add(notice.address);
    }
    if (name !== 'c') {
      const { at, address, present } = notice;
      const change = { at, appliance: name, address, present };
      // Two watchers report side by side: keep the record in order of time.
      let position = this.#changes.length;
      while (position > 0 && (this.#changes[position - 1]?.at ?? 0) > at) position -= 1;
      this.#changes.splice(position, 0, change);
    }
    this.#changed();
  }
}

/**
 * Makes a lab. Several may exist side by side.
 * @throws Error outside the sandbox: nothing of it may touch the machine's own network.
 */
export async function createLab(plan: LabPlan = {}): Promise<Lab> {
  if (!insideSandbox()) {
    throw new Error('a lab needs the sandbox: call enterSandbox() first, and heed its answer');
  }
  made += 1;
  const directory = `/run/lab/${process.pid}-${made}`;
  mkdirSync(directory, { recursive: true });
  const hosts = (plan.further ?? []).map((name) => [name, furtherHost(name)] as const);
  const network = { ...plan, hosts: { ...plan.hosts, ...Object.fromEntries(hosts) } };
  const lab = new Lab(new Network(directory, network), plan);
  await lab.open();
  return lab;
}

export { now };
