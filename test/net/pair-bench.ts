// Two understudies that know each other, on the bench: brings them into their places before each test,
// observes what a client and the kernels saw, prints it. A group of tests on one: pair-suite.ts. No test cases.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import type { TestContext } from '../support/test.js';
import type { Appliance } from '../../scripts/lab/appliance.js';
import { now } from '../../scripts/lab/clock.js';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName, Traffic } from '../../scripts/lab/network.js';
import { LAN, pairProgram, type PairSpec } from '../../scripts/lab/pair-program.js';
import type { Prober } from '../../scripts/lab/prober.js';
import { mappedUser } from '../../scripts/lab/sandbox.js';
import type { CommandName } from '../../src/control/protocol.js';
import type { VirtualRouterState } from '../../src/model/reasons.js';
import type { EventRecord, Status, VirtualRouterStatus } from '../../src/model/status.js';
import { WAIT_LIMIT_MS } from '../support/limits.js';
import { PROBE_EVERY_MS } from './pace.js';
import { pictureOf } from './picture.js';
import {
  assertSeamless,
  assertStill,
  describeSeen,
  holderAtEnd,
  macOf,
  wasSilent,
  type Course,
  type Seen,
} from './verdicts.js';

export {
  assertHandover,
  assertHeardBefore,
  assertLost,
  assertSwift,
  describeSeen,
  type Seen,
} from './verdicts.js';

const NAMES: readonly ApplianceName[] = ['a', 'b'];

export const ADDRESS = '10.99.0.100';

/** Ends a hang; nothing is judged by it. */
export const PATIENCE_MS = WAIT_LIMIT_MS;

/** An echo request is answered or lost for good: an answer that a busy machine makes late is one. */
const ANSWER_MS = 2_000;

/** What is seen to last this long is taken to last. */
export const MOMENT_MS = 400;

/** Daemons and client run before everything else: a busy machine is not to be measured. */
export const scheduling = { realtime: !mappedUser() };

export const moment = (ms = MOMENT_MS): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

export const other = (name: ApplianceName): ApplianceName => (name === 'a' ? 'b' : 'a');

/** A standstill of this machine that is shorter than a second moves no role, unless the test asks for quick checks. */
const calm = (spec: PairSpec): PairSpec => ({
  ...spec,
  ha: { peerFailureThreshold: 10, ...spec.ha },
});

type Undo = () => Promise<unknown>;

/** Waits until both are in the places in which a test begins. */
type InPlace = (bench: PairBench) => Promise<void>;

export class PairBench {
  readonly lab: Lab;
  readonly spec: PairSpec;
  /** By address. */
  readonly probed: readonly string[];
  readonly #prober: Prober;
  readonly #inPlace: InPlace;
  readonly #undo: Undo[] = [];
  readonly #statuses = new Map<ApplianceName, Status>();
  #t: TestContext | null = null;

  private constructor(
    lab: Lab,
    spec: PairSpec,
    probed: readonly string[],
    prober: Prober,
    inPlace: InPlace,
  ) {
    this.#inPlace = inPlace;
    this.lab = lab;
    this.spec = spec;
    this.probed = probed;
    this.#prober = prober;
  }

  static async open(
    spec: PairSpec,
    inPlace: InPlace = (bench) => bench.settled(),
    probeEveryMs = PROBE_EVERY_MS,
  ): Promise<PairBench> {
    const lab = await createLab({ patienceMs: PATIENCE_MS });
    const routers = spec.virtualRouters ?? [LAN];
    const probed = routers
      .flatMap(({ addresses }) => addresses as readonly string[])
      .map((address) => address.split('/')[0] ?? '')
      .filter((address) => !address.startsWith('fe80:'));
    const targets = probed.map((address) => ({
      family: address.includes(':') ? ('ipv6' as const) : ('ipv4' as const),
      address,
    }));
    try {
      // tcpdump needs root, not a mapped user, and so does who comes before everything else.
      if (!mappedUser()) await Promise.all([lab.recordFrames(), lab.watchProcessors()]);
      const pace = { periodMs: probeEveryMs, timeoutMs: ANSWER_MS };
      const prober = await lab.probe({ targets, ...pace, ...scheduling });
      return new PairBench(lab, spec, probed, prober, inPlace);
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  get a(): Appliance {
    return this.lab.appliance('a');
  }

  get b(): Appliance {
    return this.lab.appliance('b');
  }

  /** Starts an appliance; `spec` instead of the bench's own. */
  start(name: ApplianceName, spec: PairSpec = this.spec): void {
    this.lab.appliance(name).start(pairProgram(name, calm(spec)), scheduling);
  }

  /** Gives a running appliance other settings. */
  reload(name: ApplianceName, spec: PairSpec = this.spec): void {
    this.lab.appliance(name).reload(pairProgram(name, calm(spec)));
  }

  /** To be undone at the end of the test, or before; once. */
  undoing(undo: Undo): Undo {
    let done = false;
    const once = async (): Promise<void> => {
      if (done) return;
      done = true;
      await undo();
    };
    this.#undo.push(once);
    return once;
  }

  async drop(rule: Parameters<Lab['drop']>[0]): Promise<Undo> {
    return this.undoing(await this.lab.drop(rule));
  }

  /** Everything of one appliance, both ways: carrier stays. */
  async isolate(name: ApplianceName, traffic: Traffic = 'all'): Promise<Undo> {
    const from = await this.drop({ traffic, from: name });
    const to = await this.drop({ traffic, to: name });
    return async () => Promise.all([from(), to()]);
  }

  async unplug(name: ApplianceName): Promise<Undo> {
    await this.lab.unplug(name);
    return this.undoing(() => this.lab.plug(name));
  }

  async silence(name: ApplianceName, traffic: 'all' | 'ha' = 'all'): Promise<Undo> {
    return this.undoing(await this.lab.silence(name, traffic));
  }

  /** An operator's command. @throws AssertionError when it is refused. */
  async command(name: ApplianceName, command: CommandName, argument?: string): Promise<void> {
    const outcome = await this.lab.appliance(name).patientControl.command(command, argument);
    assert.ok(outcome.ok, `${command} ${argument ?? ''} at ${name}: ${JSON.stringify(outcome)}`);
  }

  async set(name: ApplianceName, setting: string, value: string): Promise<void> {
    const outcome = await this.lab.appliance(name).patientControl.set(setting, value);
    assert.ok(outcome.ok, `set ${setting} ${value} at ${name}: ${JSON.stringify(outcome)}`);
  }

  router(name: ApplianceName, router = 'lan'): VirtualRouterStatus | undefined {
    return this.lab
      .appliance(name)
      .status()
      ?.virtualRouters.find((one) => one.name === router);
  }

  /** The events of an appliance with this name since `from`, on the lab's clock. */
  events(name: ApplianceName, event: string, from = 0): EventRecord[] {
    return this.lab
      .appliance(name)
      .events()
      .filter((record) => record.event === event && Date.parse(record.time) >= Math.floor(from));
  }

  waitForEvent(name: ApplianceName, event: string, from: number, deadlineMs = PATIENCE_MS) {
    const told = (): boolean => this.events(name, event, from).length > 0;
    return this.waitFor(`event ${event} at ${name}`, told, deadlineMs);
  }

  /**
   * Asks both agents again and again until `predicate` holds: not everything that status says is an
   * event, and status.json is written at events.
   * @throws Error with everything that is known after the deadline.
   */
  async waitFor(
    expectation: string,
    predicate: () => boolean,
    deadlineMs = PATIENCE_MS,
  ): Promise<void> {
    const until = now() + deadlineMs;
    for (;;) {
      await this.#ask();
      if (predicate()) return;
      if (now() > until) {
        const found = pictureOf(this.lab, this.probed, this.#statuses);
        throw new Error(`expected within ${deadlineMs} ms: ${expectation}; last seen: ${found}`);
      }
      await moment(40);
    }
  }

  /** What the agent said when it was asked last; undefined while none runs. */
  status(name: ApplianceName): Status | undefined {
    return this.#statuses.get(name);
  }

  async #ask(): Promise<void> {
    await Promise.all(
      NAMES.map(async (name) => {
        const appliance = this.lab.appliance(name);
        // Patiently: a test that is kept waiting itself finds the answer late.
        const answer = appliance.running ? appliance.patientControl.status() : Promise.reject();
        const status = await answer.catch(() => undefined);
        if (status === undefined) this.#statuses.delete(name);
        else this.#statuses.set(name, status);
      }),
    );
  }

  waitForHolders(names: readonly ApplianceName[], deadlineMs = PATIENCE_MS): Promise<void> {
    return this.lab.waitForHolders(ADDRESS, names, deadlineMs);
  }

  /** Both run and know each other; `holder` alone holds the addresses, the other stands by. */
  settled(holder: ApplianceName = 'a', deadlineMs = PATIENCE_MS): Promise<void> {
    const inPlace = (): boolean =>
      this.probed.every((address) => this.lab.holding(address).join() === holder) &&
      this.allAre(holder, 'Active') &&
      this.allAre(other(holder), 'Backup') &&
      this.hears(other(holder)) &&
      this.knowEachOther() &&
      this.soundMonitors();
    return this.waitFor(`${holder} holds, the other stands by, both well`, inPlace, deadlineMs);
  }

  allAre(name: ApplianceName, state: VirtualRouterState): boolean {
    const routers = this.status(name)?.virtualRouters ?? [];
    return routers.length > 0 && routers.every((router) => router.state === state);
  }

  /** Whether the advertisements of the Active arrive. */
  hears(name: ApplianceName): boolean {
    const routers = this.status(name)?.virtualRouters ?? [];
    return routers.every(
      ({ lastAdvertisementAgeMs: age, advertisementIntervalMs: interval }) =>
        age !== null && age < 2 * interval,
    );
  }

  knowEachOther(): boolean {
    return NAMES.every((name) => {
      const peer = this.status(name)?.peers[0];
      return peer?.state === 'healthy' && peer.paths.every(({ state }) => state === 'healthy');
    });
  }

  soundMonitors(): boolean {
    return NAMES.every((name) => this.status(name)?.monitors.every(({ state }) => state === 'ok'));
  }

  /**
   * Observes a role that is not to move, and traffic that is not to be lost: until `body` is done and a good
   * moment longer. What a machine that stands still brings about is told apart by `assertStill`.
   */
  async observeStill(what: string, body: () => Promise<unknown>): Promise<Seen> {
    const seen = await this.observe(what, async () => {
      await body();
      await moment();
    });
    assertStill((line) => this.print(line), seen);
    return seen;
  }

  /** See `assertSeamless`. */
  assertSeamless(seen: Seen): void {
    assertSeamless((line) => this.print(line), seen);
  }

  /** The events since `from` by which `name` says that the other one is silent, though the wire has its words. */
  falseSilences(name: ApplianceName, from: number): EventRecord[] {
    const frames = this.lab.frames(from);
    return this.events(name, 'peer-unhealthy', from).filter(
      ({ time }) => !wasSilent(frames, other(name), Date.parse(time)),
    );
  }

  /** Observes until `heir` holds every address alone. */
  observeMove(what: string, heir: ApplianceName, act: () => Promise<unknown>): Promise<Seen> {
    return this.observe(what, async () => {
      await act();
      await this.holds(heir);
    });
  }

  holds(heir: ApplianceName): Promise<void> {
    return this.waitFor(`${heir} alone holds the addresses`, () =>
      this.probed.every((address) => this.lab.holding(address).join() === heir),
    );
  }

  /** Observes while `body` runs; prints. Of several addresses the worst is answered. */
  async observe(what: string, body: () => Promise<unknown>): Promise<Seen> {
    const window = await this.#prober.open();
    const from = now();
    await body();
    await moment();
    const courses = await this.#courses(from);
    const to = now();
    const reports = await window.close();
    const all = courses.map((course): Seen => {
      const probes = reports[course.address];
      if (probes === undefined) throw new Error(`${course.address} is not probed`);
      const held = this.lab.heldTimes(course.address, from, to);
      const events = { a: this.#eventsSince('a', from), b: this.#eventsSince('b', from) };
      const standstills = this.lab.standstills(from, to);
      return { probes, held, from, courses, events, standstills };
    });
    for (const [index, seen] of all.entries()) {
      const of = all.length > 1 ? ` (${this.probed[index]})` : '';
      this.print(describeSeen(`${what}${of}`, seen));
    }
    const worst = all.sort((x, y) => y.probes.lost - x.probes.lost)[0];
    if (worst === undefined) throw new Error('nothing is probed');
    return worst;
  }

  /** What has happened to each address since then; waits for what was recorded and sent of it. */
  async #courses(from: number): Promise<readonly Course[]> {
    const courses = (): Course[] =>
      this.probed.map((address) => ({
        address,
        holders: this.lab.holding(address, from),
        changes: this.lab.changes(address, from),
        frames: this.lab.frames(from),
      }));
    await this.waitFor('a record and an announcement of each address that has moved', () =>
      courses().every((course) => this.#isTold(course, from)),
    );
    return courses();
  }

  #isTold(course: Course, from: number): boolean {
    const holder = holderAtEnd(course);
    const gained = course.changes.some(({ appliance, present }) => present && appliance === holder);
    if (!gained || (holder !== 'a' && holder !== 'b')) return true;
    const recorded = this.events(holder, 'transition', from).some(({ to }) => to === 'Active');
    const announced = course.frames?.some(
      ({ sender, what }) =>
        sender === macOf(holder) && what.kind === 'announcement' && what.address === course.address,
    );
    return recorded && announced !== false;
  }

  #eventsSince(name: ApplianceName, from: number): EventRecord[] {
    const events = this.lab.appliance(name).events();
    return events.filter(({ time }) => Date.parse(time) >= Math.floor(from));
  }

  print(text: string): void {
    this.#t?.diagnostic(text);
  }

  /** One test: both in their places first, everything mended afterwards, logs when it fails. */
  async test(t: TestContext, body: (bench: PairBench) => Promise<void>): Promise<void> {
    this.#t = t;
    const from = now();
    try {
      await this.#ready();
      await body(this);
    } catch (error) {
      t.diagnostic(pictureOf(this.lab, this.probed, this.#statuses));
      for (const line of this.lab.logs(from).split('\n')) t.diagnostic(line);
      // What cannot be mended after that is a consequence, and must not hide it.
      await this.#mend().catch((next: unknown) => t.diagnostic(`mending it: ${String(next)}`));
      throw error;
    }
    await this.#mend();
  }

  close(): Promise<void> {
    return this.lab.close();
  }

  async #mend(): Promise<void> {
    const failures: unknown[] = [];
    for (const undo of this.#undo.splice(0).reverse()) {
      await undo().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Starts what does not run; what is not in its place in time is started again from nothing. */
  async #ready(): Promise<void> {
    if (!this.a.running) this.start('a');
    // One after the other: otherwise the slower to start may find the other in its role already.
    if (!this.b.running) {
      await this.holds('a').catch(() => {});
      this.start('b');
    }
    await this.#inPlace(this).catch(() => this.#startAnew());
  }

  /** What an earlier test has left behind must not fail this one. */
  async #startAnew(): Promise<void> {
    for (const appliance of [this.a, this.b]) {
      if (appliance.running) await appliance.annihilate();
      rmSync(`${appliance.directory}/state`, { recursive: true, force: true });
      const flush = this.probed.map((address) => `address flush to ${address}`);
      await this.lab.network.ip(appliance.name, flush);
    }
    this.start('a');
    await this.holds('a');
    this.start('b');
    await this.#inPlace(this);
  }
}
