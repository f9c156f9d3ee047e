// A pair of appliances on the bench, for the network tests: starts it, breaks its Active, prints
// what was measured and asserts what must always hold. No test cases.
import assert from 'node:assert/strict';
import type { TestContext } from '../support/test.js';
import {
  measure,
  mend,
  standsBy,
  strike,
  type Fault,
  type Measurement,
} from '../../scripts/lab/fault.js';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { programFor, type Program } from '../../scripts/lab/program.js';
import { mappedUser } from '../../scripts/lab/sandbox.js';
import type { Prober } from '../../scripts/lab/prober.js';
import type { Family } from '../../src/model/address.js';
import type { ChecksumDialect } from '../../src/model/advertisement.js';
import { atLeast, until, WAIT_LIMIT_MS } from '../support/limits.js';
import { causesOf, heardFrom, macOf } from './verdicts.js';
import { PROBE_EVERY_MS } from './pace.js';

export type Software = Program['software'];

export interface PairOptions {
  readonly family: Family;
  readonly intervalMs: number;
  readonly a: { readonly software: Software; readonly priority: number };
  readonly b: { readonly software: Software; readonly priority: number };
  /** What understudy sends; `auto` unless given. */
  readonly checksum?: ChecksumDialect;
}

const ROUTERS = {
  ipv4: { name: 'lan', vrid: 51, addresses: ['10.99.0.100/24'] },
  ipv6: { name: 'lan6', vrid: 51, addresses: ['fe80::64/64', '2001:db8:99::100/64'] },
} as const;

export const PROBED = { ipv4: '10.99.0.100', ipv6: '2001:db8:99::100' } as const;

/** Runs `body` in a lab of its own; when it fails, everything the daemons said is printed. */
export async function withLab(t: TestContext, body: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await createLab({ patienceMs: WAIT_LIMIT_MS });
  try {
    if (!mappedUser()) await lab.recordFrames();
    await body(lab);
  } catch (error) {
    for (const line of lab.logs().split('\n')) t.diagnostic(line);
    throw error;
  } finally {
    await lab.close();
  }
}

/** Below 100 ms a busy machine is itself a fault: daemons and client then run before everything else. */
const runsRealtime = ({ intervalMs }: PairOptions): boolean => intervalMs < 100 && !mappedUser();

export class Pair {
  readonly lab: Lab;
  readonly address: string;
  /** Who is Active while both are fit. */
  readonly active: ApplianceName;
  readonly standby: ApplianceName;
  readonly #options: PairOptions;
  readonly #prober: Prober;
  readonly #t: TestContext;

  private constructor(t: TestContext, lab: Lab, options: PairOptions, prober: Prober) {
    this.#t = t;
    this.lab = lab;
    this.#options = options;
    this.#prober = prober;
    this.address = PROBED[options.family];
    this.active = options.a.priority > options.b.priority ? 'a' : 'b';
    this.standby = this.active === 'a' ? 'b' : 'a';
  }

  /** Starts both daemons and a client; resolves when the roles are settled. */
  static async start(t: TestContext, lab: Lab, options: PairOptions): Promise<Pair> {
    const target = { family: options.family, address: PROBED[options.family] };
    const realtime = runsRealtime(options);
    // Half as many where an interval has room for a thousand.
    const periodMs = options.intervalMs < 1_000 ? PROBE_EVERY_MS : 2 * PROBE_EVERY_MS;
    const prober = await lab.probe({ targets: [target], periodMs, realtime });
    const pair = new Pair(t, lab, options, prober);
    // One after the other: otherwise the slower to start may find the other in its role already.
    lab.appliance(pair.active).start(pair.#program(pair.active), pair.#scheduling);
    await lab.waitForHolders(pair.address, [pair.active], WAIT_LIMIT_MS);
    lab.appliance(pair.standby).start(pair.#program(pair.standby), pair.#scheduling);
    await pair.settle();
    return pair;
  }

  /** Waits until the better one alone holds the address and the other stands by. */
  settle(): Promise<void> {
    const { lab, address, active, standby } = this;
    return lab.waitFor(
      `${address} held by ${active}, ${standby} standing by`,
      () => lab.holding(address).join() === active && standsBy(lab.appliance(standby), 1),
      {
        deadlineMs: WAIT_LIMIT_MS,
        describe: () => `held by ${lab.holding(address).join() || 'nobody'}`,
      },
    );
  }

  /** Breaks the Active and measures the take-over. */
  fail(fault: Fault): Promise<Measurement> {
    return this.#observe(this.standby, `${fault} of the Active`, this.#leaves(fault), () =>
      strike(this.lab, this.active, fault),
    );
  }

  /** Mends the fault and measures how the better one takes its role back. */
  async restore(fault: Fault): Promise<Measurement> {
    const act = (): Promise<void> =>
      mend(this.lab, this.active, fault, this.#program(this.active), this.#scheduling);
    const measurement = await this.#observe(this.active, `return after ${fault}`, false, act);
    await this.settle();
    return measurement;
  }

  /** One fault and its repair, and everything that must hold meanwhile. */
  async survive(fault: Fault): Promise<void> {
    const failure = await this.fail(fault);
    await this.#assertTakenOver(failure, this.standby, this.#leaves(fault));
    await this.#assertTakenOver(await this.restore(fault), this.active, this.#leaves(fault));
  }

  /** A killed keepalived leaves the address where it was (`leftovers`): known, and not ours to mend. */
  async #assertTakenOver(
    measurement: Measurement,
    heir: ApplianceName,
    leftovers: boolean,
  ): Promise<void> {
    const { lab, address } = this;
    for (const { probes } of measurement.addresses) {
      if (probes.lost > 0 && probes.goodAgainAt === null) await this.#answers();
    }
    // At 10 ms a machine that stands still for 30 moves the role; it comes to rest where it belongs.
    const held = (): boolean => {
      const holders = lab.holding(address);
      return holders.includes(heir) && (leftovers || holders.length === 1);
    };
    await lab.waitFor(`${heir} holds ${address}${leftovers ? '' : ' alone'}`, held, {
      deadlineMs: WAIT_LIMIT_MS,
      describe: () => `held by ${lab.holding(address).join() || 'nobody'}`,
    });
    for (const name of ['a', 'b'] as const) this.#assertRightful(name, measurement);
  }

  /** Each takeover of ours had its cause on the wire: silence, priority 0, or a lower priority. */
  #assertRightful(name: ApplianceName, { from, to }: Measurement): void {
    if (this.#options[name].software !== 'understudy') return;
    const frames = this.lab.frames(from - 10 * this.#options.intervalMs);
    if (frames === null) return;
    const taken = this.lab
      .appliance(name)
      .events()
      .filter(({ event, to: state }) => event === 'transition' && state === 'Active')
      .map(({ time, reason }) => ({ at: Date.parse(time), reason }))
      .filter(({ at }) => at >= from && at <= to);
    const others = heardFrom(frames, macOf(name === 'a' ? 'b' : 'a'));
    for (const { at, reason } of taken) {
      const before = others.filter((heard) => heard.at <= at).slice(-4);
      const causes = causesOf(before, at, this.#options.intervalMs, this.#options[name].priority);
      assert.ok(
        causes.includes(reason),
        `${name} Active at ${at}, ${reason}; on the wire ${causes.join() || 'no cause'}: ${JSON.stringify(before)}`,
      );
    }
  }

  /**
   * Waits until the client is answered again. keepalived announces while the one before it still has the
   * address, and then after some seconds once more: until then hosts may ask the wrong one.
   */
  async #answers(): Promise<void> {
    await until(
      `answers from ${this.address}`,
      async () => {
        const window = await this.#prober.open();
        await atLeast(100);
        return (await window.close())[this.address];
      },
      (report) => report !== undefined && report.lost < report.sent,
    );
  }

  async #observe(
    heir: ApplianceName,
    what: string,
    leftoversExpected: boolean,
    act: () => Promise<void>,
  ): Promise<Measurement> {
    const { lab, address } = this;
    const observation = {
      lab,
      prober: this.#prober,
      addresses: [address],
      heir,
      deadlineMs: WAIT_LIMIT_MS,
      leftoversExpected,
    };
    const measurement = await measure(observation, act);
    for (const { probes, held } of measurement.addresses) {
      this.#t.diagnostic(
        `${what}: ${probes.lost} of ${probes.sent} lost, outage ${probes.longestOutageMs.toFixed(1)} ms, ` +
          `both held ${held.bothHeldMs.toFixed(1)} ms, nobody ${held.nobodyHeldMs.toFixed(1)} ms, ` +
          `client late by ${probes.scheduleLatenessMs.toFixed(1)} ms at worst`,
      );
    }
    return measurement;
  }

  #program(name: ApplianceName): Program {
    const { family, intervalMs, checksum } = this.#options;
    const { software, priority } = this.#options[name];
    const dialect = checksum === undefined ? {} : { checksum };
    const spec = { name, priority, advertisementIntervalMs: intervalMs, ...dialect };
    return programFor(software, { ...spec, routers: [ROUTERS[family]] });
  }

  /** Whether this fault leaves the address behind, as keepalived's does. */
  #leaves(fault: Fault): boolean {
    const software = this.#options[this.active].software;
    return software === 'keepalived' && (fault === 'kill' || fault === 'freeze');
  }

  get #scheduling(): { readonly realtime: boolean } {
    return { realtime: runsRealtime(this.#options) };
  }
}
