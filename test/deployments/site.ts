// A deployment in the lab: two hosts with understudy and the files of the deployment's page, their back
// ends, a client that asks 200 times a second. Breaks one part and measures. Which parts: the deployments.
import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import process from 'node:process';
import type { Status } from '../../src/model/status.js';
import { now } from '../../scripts/lab/clock.js';
import { APPLIANCES, createLab, type Lab } from '../../scripts/lab/lab.js';
import type {
  ApplianceName,
  HostName,
  HostPlan,
  NamespaceName,
  NetworkPlan,
} from '../../scripts/lab/network.js';
import type { RequestTarget } from '../../scripts/lab/prober-process.js';
import type { RequestPlan } from '../../scripts/lab/request-process.js';
import { startRequest, type Asking } from '../../scripts/lab/request.js';
import { installedUnderstudy, MAIN, PROGRAMS, ROOT } from '../../scripts/lab/program.js';
import { run } from '../../scripts/lab/command.js';
import { CALM_MS, Client, PATIENCE_MS, rest } from './client.js';
import { causesOf, movesText, type Moves } from './ending.js';
import { openHookService } from './hook-service.js';
import { coverOnce, hostFolders, installPackage, Nginx, StandIn } from './host.js';
import { summed, type Part } from './part.js';
import type { Outcome, SettingRow } from './report.js';
import type { StandInPlan } from './stand-in.js';
import { markedDown } from './upstreams.js';
import { movesSince, witness } from './witness.js';
import { Words } from './words.js';

const REQUESTS_PER_SECOND = 200;
const REQUEST_TIMEOUT_MS = 5_000;

/** Longer than a preemption: what has not come back by then does not come back by itself. */
const COMES_BACK_MS = 30_000;

const KEY = 'c3'.repeat(32);

export interface SitePlan {
  /** The folder below docs/deployments. */
  readonly name: string;
  /** What the two are called in their settings. */
  readonly appliances: Readonly<Record<ApplianceName, string>>;
  /** Where files of the folder go on each appliance, below its own folders: `etc`, `nginx`, `sysctl.d`. */
  readonly files: Readonly<Record<ApplianceName, Readonly<Record<string, string>>>>;
  readonly network?: NetworkPlan;
  /** Back ends, each on a host of its own on the LAN. */
  readonly standIns?: Readonly<
    Record<HostName, { readonly host: HostPlan; readonly plan: StandInPlan }>
  >;
  /** Back ends on the appliances themselves. */
  readonly ownStandIns?: Readonly<Record<ApplianceName, StandInPlan>>;
  /** Further files of both appliances that no page shows, such as certificates: place and text. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Programs below /usr/lib/understudy/hooks that root runs for the agent, by kind: `monitor`. */
  readonly hooks?: Readonly<Record<string, string>>;
  /** Whether the appliances run nginx. */
  readonly nginx: boolean;
  /** What else the page has done on each appliance before the agent is started: command lines. */
  readonly prepare?: readonly (readonly string[])[];
  /** Whether scripts/connections is on: true unless given. Of no use where nobody listens on an address. */
  readonly connections?: boolean;
  /** Of all targets together: 200 unless given. */
  readonly requestsPerSecond?: number;
  /** What the client asks for. */
  readonly targets: readonly RequestTarget[];
  /** A request not answered within this has failed; 5000 unless given. */
  readonly requestTimeoutMs?: number;
  /** The virtual addresses, without prefix length. */
  readonly addresses: readonly string[];
  /** Who holds each when all is well: node 1 unless given. */
  readonly holders?: readonly ApplianceName[];
}

export class Site {
  readonly lab: Lab;
  readonly plan: SitePlan;
  readonly nginx: Readonly<Record<ApplianceName, Nginx>>;
  readonly #standIns = new Map<string, StandIn>();
  /** What came of changing one line of the files. */
  readonly settings: SettingRow[] = [];
  readonly #outcomes: Promise<Outcome>[] = [];
  /** Who is to hold each virtual address by now. */
  #heirs: readonly ApplianceName[];
  /** Since the start. */
  readonly #started: { client: Client | null; words: Words | null } = { client: null, words: null };
  readonly #hookServices: Server[] = [];
  /** What has happened to the roles since the last part began. */
  #moves: () => Moves;

  private constructor(lab: Lab, plan: SitePlan) {
    this.lab = lab;
    this.plan = plan;
    this.#moves = movesSince(lab);
    this.#heirs = plan.holders ?? plan.addresses.map(() => 'a');
    this.nginx = { a: new Nginx(lab, 'a'), b: new Nginx(lab, 'b') };
    for (const [host, { plan: standIn }] of Object.entries(plan.standIns ?? {})) {
      this.#add(host as HostName, standIn);
    }
    for (const [host, standIn] of Object.entries(plan.ownStandIns ?? {})) {
      this.#add(host as ApplianceName, standIn);
    }
  }

  #add(host: NamespaceName, plan: StandInPlan): void {
    this.#standIns.set(plan.name, new StandIn(this.lab, host, plan));
  }

  /** Wires everything, puts the files in their places, starts all; resolves when the roles are settled. */
  static async open(plan: SitePlan): Promise<Site> {
    await coverOnce();
    const hosts = Object.fromEntries(
      Object.entries(plan.standIns ?? {}).map(([name, { host }]) => [name, host]),
    );
    const network = { ...plan.network, hosts: { ...plan.network?.hosts, ...hosts } };
    const lab = await createLab({ ...network, folders: hostFolders, patienceMs: PATIENCE_MS });
    const site = new Site(lab, plan);
    try {
      await site.#start();
    } catch (error) {
      const logs = site.lab.logs();
      await site.close();
      throw new Error(`${logs}\n${(error as Error).message}`, { cause: error });
    }
    return site;
  }

  /** What the two appliances say to each other. */
  get words(): Words {
    return started(this.#started.words);
  }

  get #client(): Client {
    return started(this.#started.client);
  }

  standIn(name: string): StandIn {
    const standIn = this.#standIns.get(name);
    if (standIn === undefined) throw new Error(`expected a stand-in of the plan, found ${name}`);
    return standIn;
  }

  /** Starts the agent of an appliance, as its init system would. */
  startAgent(name: ApplianceName): void {
    this.lab.appliance(name).start(installedUnderstudy);
  }

  /** Puts a file of the page where it belongs on an appliance. */
  install(name: ApplianceName, file: string, place: string): void {
    const { directory } = this.lab.appliance(name);
    copyFileSync(`${ROOT}docs/deployments/${this.plan.name}/${file}`, `${directory}/${place}`);
  }

  async #start(): Promise<void> {
    for (const name of APPLIANCES) {
      const { directory } = this.lab.appliance(name);
      hostFolders(directory);
      installPackage(directory);
      await this.#startHooks(name);
      writeFileSync(`${directory}/etc/ha.key`, `${KEY}\n`, { mode: 0o600 });
      for (const [place, file] of Object.entries(this.plan.files[name])) {
        this.install(name, file, place);
      }
      for (const [place, text] of Object.entries(this.plan.texts ?? {})) {
        writeFileSync(`${directory}/${place}`, text, { mode: 0o600 });
      }
    }
    await Promise.all([...this.#standIns.values()].map((standIn) => standIn.start()));
    for (const name of APPLIANCES) await this.#prepare(name);
    if (this.plan.nginx) for (const name of APPLIANCES) this.nginx[name].start();
    this.#started.words = await Words.listen(this.lab.network);
    const { targets, requestsPerSecond = REQUESTS_PER_SECOND } = this.plan;
    // The client asks before anybody can answer: a pair that watches its traffic is not to find none, however long the
    // client takes to start.
    const prober = await this.lab.probe({
      targets,
      periodMs: (1000 / requestsPerSecond) * targets.length,
      timeoutMs: this.plan.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    });
    this.#started.client = new Client(prober);
    for (const name of APPLIANCES) this.startAgent(name);
    await this.settled(this.#heirs);
    await this.#client.allAnswered();
  }

  async #startHooks(name: ApplianceName): Promise<void> {
    const { directory, log } = this.lab.appliance(name);
    for (const [kind, program] of Object.entries(this.plan.hooks ?? {})) {
      symlinkSync(`/usr/lib/understudy/hooks/${program}`, `${directory}/hooks/${kind}`);
    }
    const socket = `${directory}/all-run/understudy-hooks.sock`;
    const inside = (argv: readonly string[]): string[] => this.nginx[name].inside(argv);
    this.#hookServices.push(await openHookService(socket, inside, log));
  }

  /** What is done on an appliance before its agent is started. */
  async #prepare(name: ApplianceName): Promise<void> {
    for (const argv of this.plan.prepare ?? []) await this.on(name, argv);
    if (this.plan.connections === false) return;
    await this.on(name, [process.execPath, `${PROGRAMS}scripts/connections.js`, 'on']);
  }

  /** Runs the command line of understudy on an appliance: `understudy set preempt off`. */
  understudy(name: ApplianceName, ...words: readonly string[]): Promise<string> {
    return this.on(name, [process.execPath, MAIN, ...words]);
  }

  /** What the agent says now; null when it does not answer. */
  async status(name: ApplianceName): Promise<Status | null> {
    const appliance = this.lab.appliance(name);
    if (!appliance.running) return null;
    return appliance.patientControl.status().catch(() => null);
  }

  /** Resolves when `predicate` holds of what both agents say, asked again and again. */
  async waitFor(
    expectation: string,
    predicate: (a: Status | null, b: Status | null) => boolean,
    patienceMs = PATIENCE_MS,
  ): Promise<void> {
    const until = now() + patienceMs;
    for (;;) {
      const [a, b] = await Promise.all([this.status('a'), this.status('b')]);
      if (predicate(a, b)) return;
      if (now() > until) {
        const seen = JSON.stringify([a, b].map((one) => [one?.health, one?.monitors]));
        throw new Error(`expected within ${patienceMs} ms: ${expectation}; last seen: ${seen}`);
      }
      await rest(50);
    }
  }

  /**
   * Waits until both agents run, know each other and are well, and the addresses are held so. Flaps are
   * cleared first, as an operator does after a fault: here one comes after the other.
   */
  async settled(holders: readonly ApplianceName[], patienceMs = PATIENCE_MS): Promise<void> {
    await this.clearFlaps();
    await this.waitFor(
      'both agents healthy, the addresses in their places',
      (a, b) => well(a) && well(b) && this.#heldBy(holders),
      patienceMs,
    );
  }

  /** As an operator does when a fault is mended. */
  async clearFlaps(): Promise<void> {
    for (const name of APPLIANCES) {
      const flaps = (await this.status(name))?.flaps.count ?? 0;
      if (flaps > 0) await this.lab.appliance(name).patientControl.command('flaps', 'clear');
    }
  }

  /** Whether this appliance holds all virtual addresses. */
  heldBy(name: ApplianceName): boolean {
    return this.#heldBy(this.plan.addresses.map(() => name));
  }

  /** What does not come is told with why the role has moved since the part before. */
  #untilHeldBy(holders: readonly ApplianceName[], patienceMs = PATIENCE_MS): Promise<void> {
    return this.lab.waitFor(`held by ${holders.join(', ')}`, () => this.#heldBy(holders), {
      deadlineMs: patienceMs,
      describe: () => `${this.holders()}, by ${movesText(this.#moves())}`,
    });
  }

  /**
   * A machine that stood still may have moved the role since the part before: then it comes back. Not by itself where
   * traffic had stalled: whoever stands by sees none, and would stay so. Then it is handed back, as an operator does.
   */
  async #comesBack(): Promise<void> {
    const [heir, ...others] = new Set(this.#heirs);
    await this.#untilHeldBy(this.#heirs, COMES_BACK_MS).catch(async () => {
      const stalled = causesOf(this.#moves()).includes('bandwidth');
      if (stalled && others.length === 0) await this.#handBack(heir === 'a' ? 'b' : 'a');
      await this.#untilHeldBy(this.#heirs);
    });
  }

  /** Forced: what judges the Active only cannot have recovered at the one that stands by. */
  async #handBack(holder: ApplianceName): Promise<void> {
    await this.bothAble();
    const outcome = await this.lab
      .appliance(holder)
      .patientControl.command('failover', undefined, true);
    if (!outcome.ok) throw new Error(`${holder} hands back: ${outcome.message}`);
  }

  #heldBy(holders: readonly ApplianceName[]): boolean {
    return this.plan.addresses.every(
      (address, index) => this.lab.holding(address).join() === holders[index],
    );
  }

  /**
   * Breaks (or mends) one part while the client asks, and notes what that cost. Where requests may be lost
   * nobody waits for their time limits: the outcome comes later.
   */
  async observe(part: Part, act: () => Promise<unknown>): Promise<void> {
    const heirs =
      typeof part.heir === 'string'
        ? this.plan.addresses.map(() => part.heir as ApplianceName)
        : part.heir;
    await this.#comesBack();
    this.#heirs = heirs;
    this.#moves = movesSince(this.lab);
    const window = await this.#client.open();
    await rest(CALM_MS);
    const holdersBefore = this.holders();
    const look = witness({
      lab: this.lab,
      words: this.words,
      addresses: this.plan.addresses,
      dies: part.by?.dies === true,
    });
    const complaints: string[] = [];
    await act();
    await this.#untilHeldBy(heirs).catch((error: Error) => complaints.push(error.message));
    const answeredLast = await this.#client.servedInTheEnd(part);
    // One that left for a moment is found by what both have written.
    if (complaints.length === 0) {
      await this.#untilHeldBy(heirs).catch((error: Error) => complaints.push(error.message));
    }
    const holdersAfter = this.holders();
    const seen = { holdersBefore, holdersAfter, heirs, complaints, ...(await look(heirs)) };
    const outcome = window
      .close()
      .then((reports) => summed(part, reports, { ...seen, answeredLast }));
    // Awaited in the end: not to be unhandled until then.
    outcome.catch(() => {});
    this.#outcomes.push(outcome);
    if (part.aimMs === null) await outcome;
  }

  /** The outcomes of all parts so far, in their order. */
  outcomes(): Promise<Outcome[]> {
    return Promise.all(this.#outcomes);
  }

  /** Resolves when just these instances have answered for a while. @throws Error when they do not in time. */
  answering(names: readonly string[]): Promise<void> {
    return this.#client.answering(names);
  }

  /** Waits until the agent gives such a reason for not being healthy. */
  waitForReason(name: ApplianceName, reason: RegExp): Promise<void> {
    return this.waitFor(`${name} says ${String(reason)}`, (a, b) => {
      const status = name === 'a' ? a : b;
      return status?.health.reasons.some((text) => reason.test(text)) === true;
    });
  }

  /** One request of the client, besides those that it sends all the time. */
  ask(plan: RequestPlan): Asking {
    return startRequest(this.lab.network, plan);
  }

  /** The JSON that comes back. */
  async askJson<T>(plan: RequestPlan): Promise<T> {
    return JSON.parse((await this.ask(plan).answer).body) as T;
  }

  /** Runs a command on an appliance, with the host's own folders. @throws Error when it fails. */
  async on(name: ApplianceName, argv: readonly string[]): Promise<string> {
    return (await run(this.nginx[name].inside(argv))).stdout;
  }

  /**
   * Resolves when nginx of both appliances (or of those named) leaves out just the servers that follow
   * these checks. @throws Error when it does not in time.
   */
  leftOut(checks: readonly string[], names = APPLIANCES): Promise<void> {
    const wanted = [...checks].sort().join();
    return this.waitFor(`left out by ${names.join(', ')}: ${wanted || 'nobody'}`, () =>
      names.every((name) => markedDown(this.lab.appliance(name).directory) === wanted),
    );
  }

  /** The instances that answer what is asked from now on, for a while. */
  answerers(): Promise<string[]> {
    return this.#client.answerers();
  }

  /**
   * Resolves when both agents could hold the role and keep it. Low traffic is none of it: who stands by
   * sees none, and begins anew with the role.
   */
  async bothAble(): Promise<void> {
    const able = (status: Status | null): boolean =>
      status !== null &&
      status.health.state !== 'fault' &&
      status.monitors.every(({ name, state }) => name === 'bandwidth' || state === 'ok') &&
      status.peers.every(({ state, fitness }) => state === 'healthy' && fitness !== 'unfit');
    await this.waitFor('both agents able to hold the role', (a, b) => able(a) && able(b));
  }

  /** Power cut of an appliance: see Lab.powerCut. What runs there dies with it. */
  async powerCut(name: ApplianceName): Promise<() => Promise<void>> {
    const restore = await this.lab.powerCut(name, this.plan.addresses);
    if (this.nginx[name].running) await this.nginx[name].kill();
    const own = this.plan.ownStandIns?.[name];
    if (own !== undefined) await this.standIn(own.name).kill();
    return restore;
  }

  /** Who holds each virtual address: `orion-lb-1`, `orion-lb-1 / nobody`. */
  holders(): string {
    const names = this.plan.addresses.map(
      (address) =>
        this.lab
          .holding(address)
          .map((name) => this.plan.appliances[name as ApplianceName])
          .join(' and ') || 'nobody',
    );
    return new Set(names).size === 1 ? (names[0] ?? '') : names.join(' / ');
  }

  close(): Promise<void> {
    for (const service of this.#hookServices) service.close();
    this.#started.words?.close();
    return this.lab.close();
  }
}

/** @throws Error before the site has started. */
function started<T>(of: T | null): T {
  if (of === null) throw new Error('expected a started site');
  return of;
}

const well = (status: Status | null): boolean => status?.health.state === 'healthy';
