// A pair of ours with a real etcd on a third host, or three of them as a cluster, reached by a network of its own: starts
// it, breaks it, and says what the kernels and the records of both saw. No test cases.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { now } from '../../scripts/lab/clock.js';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName, HostName } from '../../scripts/lab/network.js';
import { LAN, pairProgram, type PairSpec } from '../../scripts/lab/pair-program.js';
import { ROOT } from '../../scripts/lab/program.js';
import type { Prober } from '../../scripts/lab/prober.js';
import type { EventRecord, WitnessStatus } from '../../src/model/status.js';
import { until, WAIT_LIMIT_MS } from '../support/limits.js';
import { RealEtcd } from '../support/real-etcd.js';
import type { TestContext } from '../support/test.js';
import { PROBE_EVERY_MS } from './pace.js';

export const ADDRESS = '10.99.0.100';
const SEGMENT = 'wit0';

/** Of a third host and its likes: where each stands on their segment. */
const MEMBERS = [
  ['host-w', 9],
  ['host-x', 10],
  ['host-y', 11],
] as const satisfies readonly (readonly [HostName, number])[];
export type MemberHost = (typeof MEMBERS)[number][0];

const placeOf = (last: number): string => `10.97.0.${last}`;

export interface WitnessPlan {
  /** Members of the etcd: one host each. */
  readonly members: 1 | 3;
  /** Null: what the settings have by themselves. */
  readonly leaseSeconds: number | null;
  readonly advertisementIntervalMs: number;
  readonly ha: Readonly<Record<string, unknown>>;
  /** What follows from the rest (docs/WITNESS.md). */
  readonly ttlMs: number;
}

/** The least there is: a test waits for its end. */
export const SHORTEST: WitnessPlan = {
  members: 1,
  leaseSeconds: 2,
  advertisementIntervalMs: 200,
  // While the peer's silence is shorter than a second, a machine that stands still moves no role.
  ha: { preempt: false, peerFailureThreshold: 10 },
  ttlMs: 4_000,
};

/** As the settings have it by themselves, but that nobody takes the role back. */
export const USUAL: WitnessPlan = {
  members: 1,
  leaseSeconds: null,
  advertisementIntervalMs: 1_000,
  ha: { preempt: false },
  ttlMs: 6_000,
};

const membersOf = ({ members }: WitnessPlan) => MEMBERS.slice(0, members);

function specOf(plan: WitnessPlan): PairSpec {
  const { leaseSeconds, advertisementIntervalMs, ha } = plan;
  return {
    router: { ...LAN, advertisementIntervalMs },
    ha,
    top: {
      vip: { script: `${ROOT}scripts/vip`, ...(leaseSeconds === null ? {} : { leaseSeconds }) },
      witness: { endpoints: membersOf(plan).map(([, last]) => `http://${placeOf(last)}:2379`) },
    },
  };
}

export class Witnessed {
  readonly lab: Lab;
  readonly prober: Prober;
  readonly plan: WitnessPlan;
  readonly etcds: ReadonlyMap<MemberHost, RealEtcd>;
  readonly #t: TestContext | null;
  #silence: (() => Promise<void>)[] = [];

  private constructor(t: TestContext | null, lab: Lab, prober: Prober, plan: WitnessPlan) {
    this.#t = t;
    this.lab = lab;
    this.prober = prober;
    this.plan = plan;
    const members = membersOf(plan);
    const peerUrl = (last: number): string => `http://${placeOf(last)}:2380`;
    const cluster = members.map(([host, last]) => `${host}=${peerUrl(last)}`).join(',');
    this.etcds = new Map(
      members.map(([host, last]) => [
        host,
        new RealEtcd({
          name: host,
          directory: `${lab.network.directory}/etcd-${host}`,
          clientUrl: `http://${placeOf(last)}:2379`,
          ...(members.length === 1 ? {} : { peerUrl: peerUrl(last), cluster }),
          inside: (argv) => lab.network.inside(host, argv),
        }),
      ]),
    );
  }

  /** Runs `body` when `a` is Active with the lease and `b` stands by; when it fails, everything said is printed. */
  static async run(
    t: TestContext | null,
    body: (pair: Witnessed) => Promise<void>,
    plan: WitnessPlan = SHORTEST,
  ): Promise<void> {
    const lab = await createLab({
      segments: { [SEGMENT]: '10.97.0' },
      hosts: Object.fromEntries(
        membersOf(plan).map(([host, last]) => [
          host,
          { on: SEGMENT, address: `${placeOf(last)}/24`, gateway: placeOf(last) },
        ]),
      ),
      patienceMs: WAIT_LIMIT_MS,
    });
    const prober = await lab.probe({
      targets: [{ family: 'ipv4', address: ADDRESS }],
      periodMs: PROBE_EVERY_MS,
    });
    const pair = new Witnessed(t, lab, prober, plan);
    try {
      for (const etcd of pair.etcds.values()) etcd.start();
      pair.startAppliance('a');
      await lab.waitForHolders(ADDRESS, ['a'], WAIT_LIMIT_MS);
      pair.startAppliance('b');
      await pair.settle('a', 'b');
      await body(pair);
    } catch (error) {
      const etcds = [...pair.etcds.values()].flatMap(({ log }) => log.lines);
      const said = `${lab.logs()}\n${etcds.map(({ text }) => text).join('\n')}`;
      for (const line of said.split('\n')) pair.print(line);
      throw error;
    } finally {
      await Promise.all([...pair.etcds.values()].map((etcd) => etcd.kill()));
      await lab.close();
    }
  }

  startAppliance(name: ApplianceName): void {
    this.lab.appliance(name).start(pairProgram(name, specOf(this.plan)));
  }

  /** The one etcd, or this member of the cluster. */
  etcd(host: MemberHost = 'host-w'): RealEtcd {
    const etcd = this.etcds.get(host);
    assert.ok(etcd !== undefined, `an etcd on ${host}`);
    return etcd;
  }

  /** The member that leads the cluster, once one does. */
  async leader(): Promise<MemberHost> {
    const found = await until('a leader of the cluster', () =>
      [...this.etcds].find(([, etcd]) => {
        try {
          return etcd.leads();
        } catch {
          // Not up yet, or not up any more.
          return false;
        }
      }),
    );
    assert.ok(found !== undefined);
    return found[0];
  }

  /** Nothing connects the two any more: LAN and HA link, as one sees it from outside. Both reach the witness. */
  async cutBetween(name: ApplianceName = 'a'): Promise<void> {
    this.#silence.push(await this.lab.isolate(name));
    await this.lab.setHaLink(false);
    this.#silence.push(() => this.lab.setHaLink(true));
  }

  /** The same, but that everybody else reaches both. */
  async part(): Promise<void> {
    this.#silence.push(await this.lab.drop({ traffic: 'all', from: 'a', to: 'b' }));
    this.#silence.push(await this.lab.drop({ traffic: 'all', from: 'b', to: 'a' }));
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

  /** Agent and executors of an appliance stand still; its prober does not. */
  freeze(name: ApplianceName): void {
    for (const pid of this.#deciding(name)) process.kill(pid, 'SIGSTOP');
  }

  thaw(name: ApplianceName): void {
    for (const pid of this.#deciding(name)) process.kill(pid, 'SIGCONT');
  }

  #deciding(name: ApplianceName): number[] {
    const { pid, processes } = this.lab.appliance(name);
    const isExecutor = (one: number): boolean =>
      readFileSync(`/proc/${one}/comm`, 'latin1') === 'understudy-exec\n';
    return processes.filter((one) => one === pid || isExecutor(one));
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

  /**
   * Until each has told the other its last word on the witness: every check carries it, and the answer to one that was
   * sent later says that it was heard. On each of the two paths one may be under way now. No two take the same time.
   */
  async bothTold(): Promise<void> {
    for (const name of ['a', 'b'] as const) {
      const took = async (): Promise<string> => {
        const { peers } = await this.lab.appliance(name).patientControl.status();
        return peers.flatMap(({ paths }) => paths.map(({ rttMs }) => rttMs)).join();
      };
      for (let answers = 0; answers < 4; answers += 1) {
        const last = await took();
        await until(`another check of ${name} answered`, took, (time) => time !== last);
      }
    }
  }

  /** The event of this name and reason that an appliance records after `from`: in the background, so it may be late. */
  async told(
    name: ApplianceName,
    event: string,
    reason: string,
    from: number,
  ): Promise<EventRecord> {
    const { lab } = this;
    const since = (): EventRecord[] =>
      lab
        .appliance(name)
        .events()
        .filter(({ time }) => Date.parse(time) >= Math.floor(from));
    const fits = (one: EventRecord): boolean => one.event === event && one.reason === reason;
    const seen = await until(`${event}, ${reason}, by ${name}`, since, (all) => all.some(fits));
    return seen.find(fits) ?? assert.fail();
  }

  /** The address did not come or go at either since then. */
  assertUnmoved(from: number): void {
    assert.deepEqual(this.lab.changes(ADDRESS, from), [], 'nothing moves');
  }

  /**
   * Until `heir` has taken the address by the lease: the other's were gone before that began, and nobody had it twice.
   * @returns milliseconds from `from` until it stood, for whoever prints it.
   */
  async takenByLease(heir: ApplianceName, from: number): Promise<number> {
    const { lab } = this;
    await lab.waitForHolders(ADDRESS, [heir], WAIT_LIMIT_MS);
    const held = await this.told(heir, 'witness-lease', 'held', from);
    await this.told(heir, 'transition', 'witness-granted', from);
    const other = heir === 'a' ? 'b' : 'a';
    const changes = lab.changes(ADDRESS, from);
    const gone = changes.find(({ appliance, present }) => appliance === other && !present);
    const taken = changes.find(({ appliance, present }) => appliance === heir && present);
    assert.ok(gone !== undefined && taken !== undefined, JSON.stringify(changes));
    assert.equal(lab.heldTimes(ADDRESS, from, now()).bothHeldMs, 0);
    const order = `the address left ${other} at ${gone.at}, the lease of ${heir} began before ${Date.parse(held.time)}`;
    assert.ok(gone.at <= Date.parse(held.time), order);
    return taken.at - from;
  }

  print(text: string): void {
    if (this.#t === null) process.stderr.write(`${text}\n`);
    else this.#t.diagnostic(text);
  }
}
