// Three appliances of ours on one LAN, and, where a test wants it, keepalived with a priority between theirs:
// starts them, gives orders, and says who holds the address, by the kernels. No test cases.
import assert from 'node:assert/strict';
import { now } from '../../scripts/lab/clock.js';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import type { RouterName } from '../../scripts/lab/network.js';
import { LAN, pairProgram, type PairSpec } from '../../scripts/lab/pair-program.js';
import { keepalived, keepalivedConfiguration, type Program } from '../../scripts/lab/program.js';
import { mappedUser } from '../../scripts/lab/sandbox.js';
import type { CommandName } from '../../src/control/protocol.js';
import type { Status } from '../../src/model/status.js';
import { atLeast, until, WAIT_LIMIT_MS } from '../support/limits.js';
import type { TestContext } from '../support/test.js';

const ADDRESS = '10.99.0.100';
/** A machine that stands still for most of a second moves no role; one has been seen to for 415 ms. */
const INTERVAL_MS = 300;

/** Ours, by rank: `a` is the primary. */
export const OURS = ['a', 'b', 'host-d'] as const;
export type OurName = (typeof OURS)[number];
/** keepalived. */
export const FOREIGN = 'host-e';

/** What is seen to last so long is taken to last: more than two Active_Down_Intervals. */
const LASTING_MS = 2_500;

const PRIORITIES: Readonly<Record<OurName, number>> = { a: 200, b: 100, 'host-d': 50 };
/** Below the primary, above the others. */
const BETWEEN = 150;

/** keepalived's words. */
const ENTERING = /Entering (BACKUP|MASTER) STATE/;

const SPEC: PairSpec = {
  members: OURS,
  router: { advertisementIntervalMs: INTERVAL_MS, checksum: 'rfc5798' },
  // While the peer's silence is shorter than a second, a machine that stands still moves no role.
  ha: { peerFailureThreshold: 10 },
  own: Object.fromEntries(OURS.map((name) => [name, { priority: PRIORITIES[name] }])),
};

export class Trio {
  readonly lab: Lab;
  readonly #t: TestContext;

  private constructor(t: TestContext, lab: Lab) {
    this.#t = t;
    this.lab = lab;
  }

  /** Runs `body` with all of them in their places; when it fails, everything they said is printed. */
  static async run(
    t: TestContext,
    foreign: 'with keepalived' | 'alone',
    body: (trio: Trio) => Promise<void>,
  ): Promise<void> {
    const others = foreign === 'alone' ? [] : ([FOREIGN] as const);
    const further = ['host-d', ...others] as const;
    const lab = await createLab({ further, patienceMs: WAIT_LIMIT_MS });
    const trio = new Trio(t, lab);
    try {
      // By rank: otherwise a lesser one that is quicker to start has the role for a moment.
      for (const name of ['a', ...others, 'b', 'host-d'] as const) {
        await trio.start(name);
        await trio.#holds('a', 'the primary was started first');
      }
      await trio.know(OURS);
      await body(trio);
    } catch (error) {
      for (const line of lab.logs().split('\n')) t.diagnostic(line);
      throw error;
    } finally {
      await lab.close();
    }
  }

  /** Resolves when an agent of ours answers, or keepalived has said how it stands. */
  async start(name: RouterName): Promise<void> {
    const appliance = this.lab.appliance(name);
    const said = appliance.logged(ENTERING).length;
    appliance.start(this.#program(name), { realtime: !mappedUser() });
    if (name === FOREIGN) {
      await until('keepalived in a state', () => appliance.logged(ENTERING).length > said);
    } else {
      await until(`an answer of ${name}`, () => this.#status(name));
    }
  }

  /** SIGTERM, to the end of the daemon. */
  stop(name: RouterName): Promise<void> {
    return this.lab.appliance(name).stop();
  }

  /** An operator's order. @throws AssertionError when it is refused. */
  async order(name: OurName, command: CommandName, argument?: string): Promise<void> {
    const outcome = await this.lab.appliance(name).patientControl.command(command, argument);
    assert.ok(outcome.ok, `${command} ${argument ?? ''} at ${name}: ${JSON.stringify(outcome)}`);
  }

  /** Waits until these of ours run and are sound in each other's eyes. */
  async know(names: readonly OurName[]): Promise<void> {
    for (const name of names) {
      await until(
        `${name} sees ${names.join(', ')} healthy`,
        () => this.#status(name),
        (status) =>
          status !== undefined &&
          names.every(
            (other) =>
              other === name ||
              status.peers.some((peer) => peer.name === other && peer.state === 'healthy'),
          ),
        50,
      );
    }
  }

  /** Does something, and sees the role come to rest with `heir`, who keeps it. */
  async moves(what: string, heir: RouterName, act: () => Promise<unknown>): Promise<void> {
    const from = now();
    await act();
    await this.#holds(heir, what);
    await atLeast(LASTING_MS);
    const { nobodyHeldMs, bothHeldMs } = this.lab.heldTimes(ADDRESS, from, now());
    const course = this.#course(from);
    this.#t.diagnostic(
      `${what}: ${course}; nobody ${nobodyHeldMs.toFixed(1)} ms, both ${bothHeldMs.toFixed(1)} ms`,
    );
    assert.equal(this.lab.holding(ADDRESS).join(), heir, `${what}: it stays there: ${course}`);
  }

  /** Does something that is no reason for the role to move. */
  async stays(what: string, holder: RouterName, act: () => Promise<unknown>): Promise<void> {
    const from = now();
    await act();
    await atLeast(LASTING_MS);
    assert.deepEqual(this.lab.changes(ADDRESS, from), [], `${what}: the role stays with ${holder}`);
    assert.equal(this.lab.holding(ADDRESS).join(), holder, what);
  }

  async #holds(heir: RouterName, what: string): Promise<void> {
    await this.lab.waitFor(
      `${what}: ${heir} alone holds ${ADDRESS}`,
      () => this.lab.holding(ADDRESS).join() === heir,
      { deadlineMs: WAIT_LIMIT_MS, describe: () => this.lab.holding(ADDRESS).join() || 'nobody' },
    );
  }

  /** `a has it, b has it, a let go`. */
  #course(from: number): string {
    const changes = this.lab.changes(ADDRESS, from);
    const words = changes.map(({ appliance, present }) =>
      present ? `${appliance} has it` : `${appliance} let go`,
    );
    return words.join(', ') || 'nothing changed';
  }

  #status(name: RouterName): Promise<Status | undefined> {
    return this.lab
      .appliance(name)
      .patientControl.status()
      .catch(() => undefined);
  }

  #program(name: RouterName): Program {
    if (name !== FOREIGN) return pairProgram(name, SPEC);
    const { vrid, addresses } = LAN;
    return keepalived(
      keepalivedConfiguration({
        name: 'foreign',
        priority: BETWEEN,
        advertisementIntervalMs: INTERVAL_MS,
        routers: [{ name: 'lan', vrid, addresses }],
      }),
    );
  }
}
