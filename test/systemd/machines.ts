// Two machines with understudy installed, joined by the lab's LAN and HA link, and a client that
// probes the virtual address. No test cases.
import type { TestContext } from '../support/test.js';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { LAN, PATHS, SHARED_KEY } from '../../scripts/lab/pair-program.js';
import type { ProbeReport } from '../../scripts/lab/probe-record.js';
import type { Prober } from '../../scripts/lab/prober.js';
import type { Status } from '../../src/model/status.js';
import { Box, SOURCE, UNIT } from './box.js';
import { WAIT_LIMIT_MS, until } from '../support/limits.js';

export const ADDRESS = '10.99.0.100';
export const SETTINGS = '/etc/understudy/understudy.yaml';
export const INTERVAL_MS = 200;
const PROBE_PERIOD_MS = 2;

type Values = Readonly<Record<string, unknown>>;

/** The settings file of one side; `change` replaces whole sections. */
export function settingsText(name: ApplianceName, change: Values = {}): string {
  const peer = name === 'a' ? 'b' : 'a';
  return JSON.stringify({
    name,
    ha: {
      mode: 'active-passive',
      primary: name === 'a',
      // A test that hands over does not want the role to come back at once.
      preempt: false,
      keyFile: '/etc/understudy/ha.key',
      peers: [{ name: peer, addresses: PATHS[peer] }],
      maximumFlaps: 0,
    },
    virtualRouters: [{ ...LAN, advertisementIntervalMs: INTERVAL_MS }],
    ...change,
  });
}

/** Installs from the project and writes the settings, as an administrator would. */
export async function install(box: Box): Promise<void> {
  await box.run([`${SOURCE}/scripts/install`]);
  await setUp(box);
}

/** The settings and the key of one side of the pair. */
export async function setUp(box: Box, change: Values = {}): Promise<void> {
  box.write(SETTINGS, settingsText(box.name, change));
  box.write('/etc/understudy/ha.key', `${SHARED_KEY}\n`, 0o600);
  await box.sh('chown understudy: /etc/understudy/*');
}

/** What a command, if it was one, has printed. */
function wordsOf(said: unknown): string {
  if (typeof said === 'string') return `what it said:\n${said}`;
  if (typeof said !== 'object' || said === null || !('stdout' in said)) return '';
  return `what it said:\n${String(said.stdout)}`;
}

export class Machines {
  readonly lab: Lab;
  readonly #boxes: { a: Box; b: Box };
  readonly #prober: Prober;

  private constructor(lab: Lab, a: Box, b: Box, prober: Prober) {
    this.lab = lab;
    this.#boxes = { a, b };
    this.#prober = prober;
  }

  get a(): Box {
    return this.#boxes.a;
  }

  get b(): Box {
    return this.#boxes.b;
  }

  /** Boots the machine of this name, which is off, once more. */
  async bootAgain(name: ApplianceName): Promise<Box> {
    const box = await Box.boot(this.lab, name);
    this.#boxes[name] = box;
    return box;
  }

  /** Boots and installs both; `a` is Active and probed when this resolves. */
  static async start(put = install): Promise<Machines> {
    const lab = await createLab({ patienceMs: WAIT_LIMIT_MS });
    const [a, b] = await Promise.all([Box.boot(lab, 'a'), Box.boot(lab, 'b')]);
    await Promise.all([put(a), put(b)]);
    await a.systemctl('start', UNIT);
    await lab.waitForHolders(ADDRESS, ['a'], WAIT_LIMIT_MS);
    await b.systemctl('start', UNIT);
    const targets = [{ family: 'ipv4', address: ADDRESS } as const];
    const prober = await lab.probe({ targets, periodMs: PROBE_PERIOD_MS });
    const machines = new Machines(lab, a, b, prober);
    await machines.standsBy(b);
    return machines;
  }

  /** Runs `act`, which moves the role, until `heir` alone holds the address; counts what was lost. */
  async observe(
    t: TestContext,
    heir: Box,
    act: () => Promise<unknown>,
    settled: () => Promise<unknown> = () => Promise.resolve(),
  ): Promise<ProbeReport> {
    const window = await this.#prober.open();
    const said = await act();
    try {
      await this.lab.waitForHolders(ADDRESS, [heir.name], WAIT_LIMIT_MS);
      await settled();
    } catch (cause) {
      throw new Error(`${String(cause)}\n${wordsOf(said)}${this.#lastWords()}`, { cause });
    }
    const { [ADDRESS]: report } = await window.close();
    if (report === undefined) throw new Error(`a report on ${ADDRESS} expected`);
    const held = this.lab.heldTimes(ADDRESS, window.openedAt, Date.now());
    const why = Object.entries(report.reasons).map(([reason, count]) => ` (${count}: ${reason})`);
    t.diagnostic(
      `lost ${report.lost}${why.join('')} of ${report.sent}, longest ${report.longestOutageMs.toFixed(0)} ms; ` +
        `held by both ${held.bothHeldMs.toFixed(0)} ms, by nobody ${held.nobodyHeldMs.toFixed(0)} ms; ` +
        `client late by ${report.scheduleLatenessMs.toFixed(0)} ms`,
    );
    return report;
  }

  /** Resolves when the agent of `box` is Backup and its peer healthy, which the next test takes for granted. */
  standsBy(box: Box): Promise<Status> {
    return this.status(
      box,
      'Backup beside a healthy peer',
      ({ virtualRouters, peers }) =>
        virtualRouters.every(({ state }) => state === 'Backup') &&
        peers.every(({ state }) => state === 'healthy'),
    );
  }

  /** When it is Active, and says that somebody is ready to take the role: a peer that has just come is not heard at once. */
  readyToMove(box: Box): Promise<Status> {
    return this.status(
      box,
      'Active, and ready to hand over',
      ({ readiness = [], virtualRouters }) =>
        virtualRouters.every(({ state }) => state === 'Active') &&
        readiness.length > 0 &&
        readiness.every(({ ready }) => ready),
    );
  }

  /** An operator moves the role away from this one. */
  async handOver(box: Box): Promise<void> {
    await this.readyToMove(box);
    await box.run(['understudy', 'failover']);
  }

  /** The first status that fits; status is asked again whenever something is logged or moves. */
  async status(box: Box, expected: string, fits: (status: Status) => boolean): Promise<Status> {
    let found: Status | null = null;
    const look = async (): Promise<unknown> => {
      try {
        const status = await box.client().status();
        if (fits(status)) found = status;
        return { ...status, monitors: [] };
      } catch (error) {
        return String(error);
      }
    };
    const pause = (): Promise<void> => box.stirred(100);
    await until(`${box.name}: ${expected}`, look, () => found !== null, pause);
    if (found === null) throw new Error('a status expected');
    return found;
  }

  words(): string {
    return [this.a, this.b].map((box) => box.words()).join('\n');
  }

  /** The end of what each has logged. */
  #lastWords(): string {
    return [this.a, this.b]
      .flatMap(({ name, journal }) =>
        journal.lines.slice(-20).map(({ text }) => `${name}: ${text}\n`),
      )
      .join('');
  }

  async close(): Promise<void> {
    await Promise.all([this.a.halt(), this.b.halt()]);
    await this.lab.close();
  }
}
