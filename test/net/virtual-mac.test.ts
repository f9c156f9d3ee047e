// The virtual MAC address on the bench: a client that never learns another MAC address for the virtual address goes on
// being served when the role moves, the switch's table follows, and keepalived with use_vmac is a peer like any other.
// When the Active is stopped, killed or hangs nothing is lost, and who lets go of the address has heard that the other one
// has it. What a pulled cable loses is printed; what is judged is who has the address, and where the switch sends frames.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from '../support/test.js';
import { measure, mend, standsBy, strike, type Fault } from '../../scripts/lab/fault.js';
import type { Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { LAN, pairProgram } from '../../scripts/lab/pair-program.js';
import {
  keepalived,
  keepalivedConfiguration,
  understudy,
  understudySettings,
  type NodeSpec,
  type Program,
} from '../../scripts/lab/program.js';
import { enterSandbox, mappedUser } from '../../scripts/lab/sandbox.js';
import { virtualMacAddress } from '../../src/model/virtual-mac.js';
import { until, WAIT_LIMIT_MS } from '../support/limits.js';
import { EVERYTHING } from './pace.js';
import { withLab } from './pair.js';
import { OF_THE_SILENT } from './verdicts.js';

const skip = EVERYTHING ? ((await enterSandbox()) ?? false) : 'only in CI: it takes a minute';

const ROUTERS = {
  ipv4: { name: 'lan', vrid: 51, addresses: ['10.99.0.100/24'] },
  ipv6: { name: 'lan', vrid: 51, addresses: ['fe80::64/64', '2001:db8:99::100/64'] },
} as const;
const PROBED = { ipv4: '10.99.0.100', ipv6: '2001:db8:99::100' } as const;
type Family = keyof typeof ROUTERS;

const realtime = !mappedUser();

/** The programs of `a`, which is the better one, and of `b`. */
type Pair = Readonly<Record<ApplianceName, Program>>;

/** Two of ours that know each other. */
const ours = (family: Family): Pair => {
  const spec = {
    virtualRouters: [{ ...LAN, ...ROUTERS[family] }],
    router: { virtualMac: true, advertisementIntervalMs: 100 },
    ha: { peerFailureThreshold: 10 },
  };
  return { a: pairProgram('a', spec), b: pairProgram('b', spec) };
};

/** Plain VRRP speakers; `a` runs the first. */
function mixed(family: Family, first: Program['software']): Pair {
  const program = (name: ApplianceName, software: Program['software']): Program => {
    const spec: NodeSpec = {
      name,
      priority: name === 'a' ? 200 : 100,
      advertisementIntervalMs: 100,
      checksum: 'rfc5798',
      routers: [ROUTERS[family]],
    };
    if (software === 'keepalived') {
      return keepalived(keepalivedConfiguration(spec, { instance: ['use_vmac'] }));
    }
    const settings = understudySettings(spec);
    const routers = settings['virtualRouters'] as readonly object[];
    return understudy({
      ...settings,
      virtualRouters: routers.map((router) => ({ ...router, virtualMac: true })),
    });
  };
  const second = first === 'understudy' ? 'keepalived' : 'understudy';
  return { a: program('a', first), b: program('b', second) };
}

/** What a client never notices. */
const UNNOTICED = ['stop', 'kill', 'freeze'] as const;

/** Why the other one takes the role then: it is told, or the executor says farewell for an agent that is silent. */
const CAUSES: Readonly<Record<(typeof UNNOTICED)[number], ReadonlySet<string>>> = {
  stop: new Set(['peer-released', 'priority-zero']),
  kill: OF_THE_SILENT,
  freeze: OF_THE_SILENT,
};

class Bench {
  readonly lab: Lab;
  readonly #t: TestContext;
  readonly #family: Family;
  readonly #pair: Pair;
  readonly #prober: Awaited<ReturnType<Lab['probe']>>;

  private constructor(
    t: TestContext,
    lab: Lab,
    given: { readonly family: Family; readonly pair: Pair },
    prober: Awaited<ReturnType<Lab['probe']>>,
  ) {
    this.#t = t;
    this.lab = lab;
    this.#family = given.family;
    this.#pair = given.pair;
    this.#prober = prober;
  }

  static async open(
    t: TestContext,
    lab: Lab,
    given: { readonly family: Family; readonly pair: Pair },
  ): Promise<Bench> {
    const { family } = given;
    const mac = virtualMacAddress(family, 51);
    // A host that learns nothing: whatever is announced, and however often.
    await lab.network.ip('c', [
      `neighbor replace ${PROBED[family]} lladdr ${mac} dev eth0 nud permanent`,
    ]);
    const targets = [{ family, address: PROBED[family] }];
    const prober = await lab.probe({ targets, periodMs: 1, timeoutMs: 2_000, realtime });
    const bench = new Bench(t, lab, given, prober);
    lab.appliance('a').start(given.pair.a, { realtime });
    await lab.waitForHolders(PROBED[family], ['a'], WAIT_LIMIT_MS);
    lab.appliance('b').start(given.pair.b, { realtime });
    await bench.settled();
    return bench;
  }

  async settled(): Promise<void> {
    const address = PROBED[this.#family];
    await this.lab.waitFor(
      'a holds, b stands by',
      () => this.lab.holding(address).join() === 'a' && standsBy(this.lab.appliance('b'), 1),
      { deadlineMs: WAIT_LIMIT_MS },
    );
    await this.switchedTo('a');
  }

  /** Where the switch sends what is for the virtual MAC address. */
  switchedTo(name: ApplianceName): Promise<string> {
    const mac = virtualMacAddress(this.#family, 51);
    const port = async (): Promise<string> => {
      const { stdout } = await this.lab.run('sw', ['bridge', 'fdb', 'show', 'br', 'br0']);
      return new RegExp(`^${mac} dev port-(\\w)`, 'm').exec(stdout)?.[1] ?? 'nowhere';
    };
    return until(`the switch sends ${mac} to ${name}`, port, (found) => found === name);
  }

  /** Moves the role and tells what the client saw, and since when. */
  async move(
    what: string,
    heir: ApplianceName,
    act: () => Promise<unknown>,
  ): Promise<{ readonly lost: number; readonly from: number }> {
    const address = PROBED[this.#family];
    const { lab } = this;
    const observation = {
      lab,
      prober: this.#prober,
      addresses: [address],
      heir,
      deadlineMs: WAIT_LIMIT_MS,
    };
    const { addresses, from } = await measure(observation, async () => void (await act()));
    const [seen] = addresses;
    assert.ok(seen !== undefined);
    await this.switchedTo(heir);
    const { sent, lost } = seen.probes;
    this.#t.diagnostic(`${what}: ${lost} of ${sent} lost`);
    assert.deepEqual([seen.holdersAfter, seen.recovered], [[heir], true], what);
    return { lost, from };
  }

  async fails(fault: Fault): Promise<void> {
    await this.move(fault, 'b', () => strike(this.lab, 'a', fault));
    await this.#returns(fault);
    await this.settled();
  }

  /** There and back: not one probe goes unanswered, and the cause and the order are why. */
  async failsUnnoticed(fault: keyof typeof CAUSES): Promise<void> {
    const there = await this.move(fault, 'b', () => strike(this.lab, 'a', fault));
    this.#toldBefore(fault, 'b', there.from);
    const why = (): string[] => this.#reasons('b', there.from);
    const [reason = ''] = await until('b says why it is Active', why, ({ length }) => length > 0);
    assert.ok(CAUSES[fault].has(reason), `${[...CAUSES[fault]].join(' or ')}: ${reason}`);
    const back = await this.#returns(fault);
    this.#toldBefore(`return after ${fault}`, 'a', back.from);
    assert.deepEqual([there.lost, back.lost], [0, 0], `lost: ${fault}, and the return`);
    await this.settled();
  }

  #returns(fault: Fault) {
    return this.move(`return after ${fault}`, 'a', () =>
      mend(this.lab, 'a', fault, this.#pair.a, { realtime }),
    );
  }

  #reasons(name: ApplianceName, from: number): string[] {
    return this.lab
      .appliance(name)
      .events()
      .filter(({ event, time }) => event === 'transition' && Date.parse(time) >= Math.floor(from))
      .filter(({ to }) => to === 'Active')
      .map(({ reason }) => reason);
  }

  /** The one before answers until the switch and the hosts have heard the heir. */
  #toldBefore(what: string, heir: ApplianceName, from: number): void {
    const address = PROBED[this.#family];
    const changes = this.lab.changes(address, from);
    const released = changes.find(({ appliance, present }) => appliance !== heir && !present);
    assert.ok(released !== undefined, what);
    const frames = this.lab.frames(from);
    // tcpdump needs root, not a mapped user.
    if (frames === null) return;
    const told = frames.some(
      ({ at, what: said, sender }) =>
        at <= released.at &&
        said.kind === 'announcement' &&
        said.address === address &&
        sender === virtualMacAddress(this.#family, 51),
    );
    assert.ok(told, `${what}: ${heir} announces first: ${JSON.stringify({ changes, frames })}`);
  }
}

describe('the virtual MAC address on the bench', { skip }, () => {
  it('ipv4: a client with a permanent neighbor entry loses nothing when the Active is stopped, killed or hangs', (t) =>
    withLab(t, async (lab) => {
      const bench = await Bench.open(t, lab, { family: 'ipv4', pair: ours('ipv4') });
      for (const fault of UNNOTICED) await bench.failsUnnoticed(fault);
      await bench.fails('unplug');
    }));

  it('ipv6: the same, and the switch follows the role', (t) =>
    withLab(t, async (lab) => {
      const bench = await Bench.open(t, lab, { family: 'ipv6', pair: ours('ipv6') });
      for (const fault of UNNOTICED) await bench.failsUnnoticed(fault);
    }));

  for (const family of ['ipv4', 'ipv6'] as const) {
    for (const first of ['understudy', 'keepalived'] as const) {
      it(`${family}: with keepalived and its use_vmac, ${first} is the better one`, (t) =>
        withLab(t, async (lab) => {
          const bench = await Bench.open(t, lab, { family, pair: mixed(family, first) });
          await bench.fails('stop');
        }));
    }
  }
});
