// `understudy demo`: breaks the Active of a real pair inside a private sandbox and prints what a
// client noticed. No topology and no measuring: those are lab/. Every number printed was measured.
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { Appliance } from './lab/appliance.js';
import { FAULTS, measure, mend, standsBy, strike, type Fault } from './lab/fault.js';
import { Untold } from './lab/held-time.js';
import { createLab, now, type Lab } from './lab/lab.js';
import type { ApplianceName } from './lab/network.js';
import { pairProgram } from './lab/pair-program.js';
import { programFor, type NodeSpec, type Program } from './lab/program.js';
import type { Prober } from './lab/prober.js';
import { enterSandbox } from './lab/sandbox.js';
import { introduction, paint, resultTable, type DemoResult } from './demo-text.js';

const USAGE = `usage: scripts/demo [--interval MS]... [--fault stop|kill|unplug|freeze]... [--json]
                    [--software understudy|keepalived] [--no-ha-link]

  --interval MS   advertisement interval in milliseconds, 10 to 40950; several allowed, also
                  comma-separated (default 1000,100,10)
  --fault NAME    what befalls the Active; several allowed (default stop, kill, unplug)
  --json          the results as JSON on standard output, the timeline on standard error
  --software NAME the failover software to run (default understudy)
  --no-ha-link    plain VRRP: the two know nothing of each other but their advertisements
`;

interface Options {
  readonly intervals: readonly number[];
  readonly faults: readonly Fault[];
  readonly json: boolean;
  readonly software: Program['software'];
  /** Whether the two also talk over the HA port; keepalived has none. */
  readonly peers: boolean;
}

const ROUTERS = [
  { name: 'lan', vrid: 51, addresses: ['10.99.0.100/24'] },
  { name: 'lan6', vrid: 51, addresses: ['fe80::64/64', '2001:db8:99::100/64'] },
] as const;

const TARGETS = [
  { family: 'ipv4', address: '10.99.0.100' },
  { family: 'ipv6', address: '2001:db8:99::100' },
] as const;

const ADDRESSES = TARGETS.map((target) => target.address);

const DONE: Readonly<Record<Fault, string>> = {
  stop: 'is stopped (SIGTERM)',
  kill: 'is killed (SIGKILL)',
  unplug: 'loses its LAN cable',
  freeze: 'hangs (SIGSTOP)',
};

const UNDONE: Readonly<Record<Fault, string>> = {
  stop: 'is started again',
  kill: 'is started again',
  unplug: 'gets its LAN cable back',
  freeze: 'wakes up',
};

/** Reads the options, or ends the program with the usage (exit status 2). */
function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        interval: { type: 'string', multiple: true, default: ['1000,100,10'] },
        fault: { type: 'string', multiple: true, default: ['stop', 'kill', 'unplug'] },
        json: { type: 'boolean', default: false },
        software: { type: 'string', default: 'understudy' },
        'no-ha-link': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    const intervals = values.interval.flatMap((text) => text.split(',')).map(readInterval);
    const faults = values.fault.flatMap((text) => text.split(',')).map(readFault);
    const software = readSoftware(values.software);
    const peers = software === 'understudy' && !values['no-ha-link'];
    return { intervals, faults, json: values.json, software, peers };
  } catch (error) {
    process.stderr.write(`demo: ${(error as Error).message}\n${USAGE}`);
    return process.exit(2);
  }
}

function readInterval(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value / 10) && value >= 10 && value <= 40_950) return value;
  throw new Error(`--interval: expected whole centiseconds from 10 to 40950 ms, found "${text}"`);
}

function readFault(text: string): Fault {
  const fault = FAULTS.find((name) => name === text);
  if (fault !== undefined) return fault;
  throw new Error(`--fault: expected one of ${FAULTS.join(', ')}, found "${text}"`);
}

function readSoftware(text: string): Program['software'] {
  if (text === 'understudy' || text === 'keepalived') return text;
  throw new Error(`--software: expected understudy or keepalived, found "${text}"`);
}

/** Prints the timeline: what the demo does, and every address that a kernel gains or loses. */
class Timeline {
  readonly #lab: Lab;
  readonly #beginning = now();
  readonly #write: (text: string) => void;
  readonly #untold = new Untold();

  constructor(lab: Lab, write: (text: string) => void) {
    this.#lab = lab;
    this.#write = write;
    lab.onChange(() => this.#follow());
  }

  say(who: string, text: string, at = now()): void {
    const seconds = ((at - this.#beginning) / 1000).toFixed(3).padStart(8);
    this.#write(`${paint('dim', `${seconds} s`)}  ${who.padEnd(7)} ${text}\n`);
  }

  #follow(): void {
    const changes = ADDRESSES.flatMap((address) => this.#lab.changes(address));
    for (const { appliance, present, address, at } of this.#untold.of(changes)) {
      const text = present ? paint('green', `holds ${address}`) : `lets go of ${address}`;
      this.say(appliance, text, at);
    }
  }
}

const nodeSpec = (name: ApplianceName, advertisementIntervalMs: number): NodeSpec => ({
  name,
  priority: name === 'a' ? 200 : 100,
  advertisementIntervalMs,
  routers: ROUTERS,
});

const APPLIANCES: readonly ApplianceName[] = ['a', 'b'];

/** A machine that is busy takes longer for all of it: then nothing has failed yet. Only to end a hang. */
const PATIENCE_MS = 60_000;

/** Whether the peer answers this daemon, not the one before it, on every path. */
function knowsPeer(appliance: Appliance): boolean {
  const status = appliance.status();
  if (status?.pid !== appliance.pid) return false;
  return status.peers.every(({ paths }) => paths.every(({ state }) => state === 'healthy'));
}

class Demo {
  readonly #lab: Lab;
  readonly #options: Options;
  readonly #timeline: Timeline;
  readonly #write: (text: string) => void;

  constructor(lab: Lab, options: Options, write: (text: string) => void) {
    this.#lab = lab;
    this.#options = options;
    this.#write = write;
    this.#timeline = new Timeline(lab, write);
  }

  /** Every fault at one interval. */
  async round(intervalMs: number): Promise<DemoResult[]> {
    this.#write(`\n${paint('bold', `Advertisements every ${intervalMs} ms`)}\n`);
    const programs = { a: this.#program('a', intervalMs), b: this.#program('b', intervalMs) };
    // One after the other: at 10 ms the slower to start would find the other in its role already.
    this.#timeline.say('a', 'is started');
    this.#lab.appliance('a').start(programs.a);
    for (const address of ADDRESSES) {
      await this.#lab.waitForHolders(address, ['a'], PATIENCE_MS + 10 * intervalMs);
    }
    this.#timeline.say('b', 'is started');
    this.#lab.appliance('b').start(programs.b);
    await this.#settle(intervalMs);
    const prober = await this.#lab.probe({ targets: TARGETS });
    const results: DemoResult[] = [];
    for (const fault of this.#options.faults) {
      results.push(await this.#fault(prober, programs.a, fault, intervalMs));
    }
    prober.close();
    this.#timeline.say('a, b', 'are stopped');
    await Promise.all([this.#lab.appliance('a').stop(), this.#lab.appliance('b').stop()]);
    return results;
  }

  #program(name: ApplianceName, intervalMs: number): Program {
    const { software, peers } = this.#options;
    if (!peers) return programFor(software, nodeSpec(name, intervalMs));
    const virtualRouters = ROUTERS.map((router) => ({ ...router, interface: 'eth0' }));
    return pairProgram(name, {
      virtualRouters,
      router: { advertisementIntervalMs: intervalMs },
    });
  }

  /** Waits until `a` is Active and `b` stands by, which is how every fault begins. */
  async #settle(intervalMs: number): Promise<void> {
    const lab = this.#lab;
    await lab.waitFor(
      'a holds every virtual address, b stands by',
      () =>
        ADDRESSES.every((address) => lab.holding(address).join() === 'a') &&
        standsBy(lab.appliance('b'), ROUTERS.length) &&
        (!this.#options.peers || APPLIANCES.every((name) => knowsPeer(lab.appliance(name)))),
      {
        deadlineMs: PATIENCE_MS + 10 * intervalMs,
        describe: () =>
          ADDRESSES.map((address) => `${address}: ${lab.holding(address).join() || '-'}`).join(
            ', ',
          ),
      },
    );
  }

  async #fault(
    prober: Prober,
    program: Program,
    fault: Fault,
    intervalMs: number,
  ): Promise<DemoResult> {
    const lab = this.#lab;
    // keepalived leaves its addresses behind after a crash: that is not waited out.
    const patienceMs = this.#options.software === 'understudy' ? PATIENCE_MS : 3000;
    const deadlineMs = 5 * intervalMs + patienceMs;
    const scene = { lab, prober, addresses: ADDRESSES };
    const failure = await measure({ ...scene, heir: 'b', deadlineMs }, () => {
      this.#timeline.say('a', paint('red', DONE[fault]));
      return strike(lab, 'a', fault);
    });
    this.#report('', failure);
    const patience = { heir: 'a', deadlineMs: deadlineMs + 5000 } as const;
    const comeback = await measure({ ...scene, ...patience }, () => {
      this.#timeline.say('a', paint('cyan', UNDONE[fault]));
      return mend(lab, 'a', fault, program);
    });
    this.#report(' while the role went back', comeback);
    await this.#settle(intervalMs);
    return { software: this.#options.software, intervalMs, fault, failure, comeback };
  }

  #report(when: string, { addresses }: DemoResult['failure']): void {
    for (const { address, probes } of addresses) {
      const outage = probes.lost === 0 ? '' : `, ${probes.longestOutageMs.toFixed(1)} ms`;
      this.#timeline.say(
        'client',
        `${address}: ${probes.lost} of ${probes.sent} lost${outage}${when}`,
      );
    }
  }
}

async function main(options: Options): Promise<number> {
  const write = (text: string): void =>
    void (options.json ? process.stderr : process.stdout).write(text);
  write(introduction(options));
  const lab = await createLab({ patienceMs: PATIENCE_MS });
  const results: DemoResult[] = [];
  try {
    const demo = new Demo(lab, options, write);
    for (const intervalMs of options.intervals) results.push(...(await demo.round(intervalMs)));
  } catch (error) {
    process.stderr.write(`${lab.logs()}\n\ndemo: ${(error as Error).message}\n`);
    return 1;
  } finally {
    await lab.close();
  }
  const recovered = results.every((result) =>
    result.failure.addresses.every((measured) => measured.recovered),
  );
  if (options.json) process.stdout.write(`${JSON.stringify({ recovered, results }, null, 2)}\n`);
  else process.stdout.write(resultTable(results));
  return recovered ? 0 : 1;
}

async function start(): Promise<never> {
  const options = readOptions();
  const refusal = await enterSandbox();
  if (refusal === null) process.exit(await main(options));
  process.stderr.write(`demo: ${refusal}\n`);
  process.exit(1);
}

void start();
