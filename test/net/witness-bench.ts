// A pair of ours with a real etcd on a third host, reached by a network of its own: starts it, breaks it, and says what
// the kernels and the records of both saw. No test cases.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { ended, LineLog } from '../../scripts/lab/command.js';
import { now } from '../../scripts/lab/clock.js';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { LAN, pairProgram, type PairSpec } from '../../scripts/lab/pair-program.js';
import { ROOT } from '../../scripts/lab/program.js';
import type { Prober } from '../../scripts/lab/prober.js';
import type { EventRecord, WitnessStatus } from '../../src/model/status.js';
import { until, WAIT_LIMIT_MS } from '../support/limits.js';
import type { TestContext } from '../support/test.js';
import { PROBE_EVERY_MS } from './pace.js';

const HOST = 'host-w';
const PLACE = '10.97.0.9:2379';
export const ADDRESS = '10.99.0.100';
/** The least there is: a test waits for its end. */
const LEASE_SECONDS = 2;
/** What follows from it (docs/WITNESS.md). */
export const TTL_MS = 4_000;

const SPEC: PairSpec = {
  router: { ...LAN, advertisementIntervalMs: 200 },
  // While the peer's silence is shorter than a second, a machine that stands still moves no role.
  ha: { preempt: false, peerFailureThreshold: 10 },
  top: {
    vip: { script: `${ROOT}scripts/vip`, leaseSeconds: LEASE_SECONDS },
    witness: { endpoints: [`http://${PLACE}`] },
  },
};

export class Witnessed {
  readonly lab: Lab;
  readonly prober: Prober;
  readonly #t: TestContext | null;
  readonly #log: LineLog;
  #etcd: ChildProcess | null = null;
  #silence: (() => Promise<void>)[] = [];

  private constructor(t: TestContext | null, lab: Lab, prober: Prober, log: LineLog) {
    this.#t = t;
    this.lab = lab;
    this.prober = prober;
    this.#log = log;
  }

  /** Runs `body` when `a` is Active with the lease and `b` stands by; when it fails, everything said is printed. */
  static async run(t: TestContext | null, body: (pair: Witnessed) => Promise<void>): Promise<void> {
    const lab = await createLab({
      segments: { wit0: '10.97.0' },
      hosts: { [HOST]: { on: 'wit0', address: '10.97.0.9/24', gateway: '10.97.0.9' } },
      patienceMs: WAIT_LIMIT_MS,
    });
    const prober = await lab.probe({
      targets: [{ family: 'ipv4', address: ADDRESS }],
      periodMs: PROBE_EVERY_MS,
    });
    const pair = new Witnessed(t, lab, prober, new LineLog(() => undefined));
    try {
      pair.startEtcd();
      lab.appliance('a').start(pairProgram('a', SPEC));
      await lab.waitForHolders(ADDRESS, ['a'], WAIT_LIMIT_MS);
      lab.appliance('b').start(pairProgram('b', SPEC));
      await pair.settle('a', 'b');
      await body(pair);
    } catch (error) {
      const said = `${lab.logs()}\n${pair.#log.lines.map(({ text }) => text).join('\n')}`;
      for (const line of said.split('\n')) t?.diagnostic(line);
      throw error;
    } finally {
      pair.#etcd?.kill('SIGKILL');
      await lab.close();
    }
  }

  startEtcd(): void {
    const { network } = this.lab;
    const url = `http://${PLACE}`;
    const words = ['--listen-client-urls', url, '--advertise-client-urls', url];
    const [command = '', ...rest] = network.inside(HOST, [
      'etcd',
      '--name',
      'w',
      '--data-dir',
      `${network.directory}/etcd`,
      '--log-level',
      'warn',
      ...words,
    ]);
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#log.follow(child.stdout);
    this.#log.follow(child.stderr);
    this.#etcd = child;
  }

  signalEtcd(signal: NodeJS.Signals): void {
    assert.ok(this.#etcd?.kill(signal), 'an etcd that runs');
  }

  async stopEtcd(): Promise<void> {
    this.signalEtcd('SIGTERM');
    if (this.#etcd !== null) await ended(this.#etcd);
  }

  emptyEtcd(): void {
    rmSync(`${this.lab.network.directory}/etcd`, { recursive: true });
  }

  /** Nothing connects the two any more: LAN and HA link, as one sees it from outside. Both reach the witness. */
  async cutBetween(): Promise<void> {
    this.#silence.push(await this.lab.isolate('a'));
    await this.lab.setHaLink(false);
    this.#silence.push(() => this.lab.setHaLink(true));
  }

  /** Everything of an appliance is cut, the way to the witness, too. */
  async cutOff(name: ApplianceName): Promise<void> {
    this.#silence.push(await this.lab.silence(name));
  }

  async heal(): Promise<void> {
    for (const restore of this.#silence.splice(0).toReversed()) await restore();
  }

  witness(name: ApplianceName): WitnessStatus | undefined {
    return this.lab.appliance(name).status()?.witness;
  }

  /** Until `active` has the address and the lease, and both of them know. */
  async settle(active: ApplianceName, standby: ApplianceName): Promise<void> {
    const { lab } = this;
    await lab.waitForHolders(ADDRESS, [active], WAIT_LIMIT_MS);
    await until(
      `${active} with the lease, ${standby} healthy beside it`,
      () => ({
        ours: this.witness(active)?.lease,
        others: this.witness(standby)?.holder,
        peers: [active, standby].map(
          (name) =>
            lab
              .appliance(name)
              .status()
              ?.peers.map(({ state }) => state) ?? [],
        ),
      }),
      ({ ours, others, peers }) =>
        ours === 'ours' && others === active && peers.flat().join() === 'healthy,healthy',
    );
  }

  /** Until both say that the witness is in this state. */
  async bothSay(state: WitnessStatus['state']): Promise<void> {
    await until(
      `the witness ${state} at both`,
      () => (['a', 'b'] as const).map((name) => this.witness(name)?.state),
      (seen) => seen.every((one) => one === state),
    );
  }

  /** The event of this name and reason that an appliance has recorded since. */
  event(name: ApplianceName, event: string, reason: string, from: number): EventRecord | undefined {
    return this.lab
      .appliance(name)
      .events()
      .find((one) => one.event === event && one.reason === reason && Date.parse(one.time) >= from);
  }

  /** The address did not come or go at either since then. */
  assertUnmoved(from: number): void {
    assert.deepEqual(this.lab.changes(ADDRESS, from), [], 'nothing moves');
  }

  /**
   * `heir` has taken the address by the lease: the other's were gone before that began, and nobody had it twice.
   * @returns milliseconds from `from` until it stood, for whoever prints it.
   */
  assertTakenByLease(heir: ApplianceName, from: number): number {
    const { lab } = this;
    const other = heir === 'a' ? 'b' : 'a';
    const changes = lab.changes(ADDRESS, from);
    const gone = changes.find(({ appliance, present }) => appliance === other && !present);
    const taken = changes.find(({ appliance, present }) => appliance === heir && present);
    assert.ok(gone !== undefined && taken !== undefined, JSON.stringify(changes));
    assert.equal(lab.heldTimes(ADDRESS, from, now()).bothHeldMs, 0);
    const held = this.event(heir, 'witness-lease', 'held', from);
    assert.ok(held !== undefined, 'the lease of the heir is told');
    const order = `the address left ${other} at ${gone.at}, the lease of ${heir} began before ${Date.parse(held.time)}`;
    assert.ok(gone.at <= Date.parse(held.time), order);
    assert.ok(
      this.event(heir, 'transition', 'witness-granted', from) !== undefined,
      'taken by the lease',
    );
    return taken.at - from;
  }

  print(text: string): void {
    this.#t?.diagnostic(text);
  }
}
