// `scripts/bench scale`: what many virtual routers on a pair cost, and many appliances on one LAN: until the first of them
// holds everything, processor time and memory at rest, how long a stop and a power cut take. keepalived in the same run.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { now } from '../../scripts/lab/clock.js';
import { heldTimes, type HeldChange } from '../../scripts/lab/held-time.js';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import {
  FURTHER,
  furtherHost,
  type FurtherName,
  type RouterName,
} from '../../scripts/lab/network.js';
import { pairProgram } from '../../scripts/lab/pair-program.js';
import {
  keepalived,
  keepalivedConfiguration,
  type Program,
  type RouterSpec,
} from '../../scripts/lab/program.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { SOFTWARES, type Software } from './results.js';
import { rowOf, scaleTable, withRows, type Cell, type Times } from './scale-table.js';
import { median } from './statistics.js';
import { markUsage, usageSince } from './usage.js';

const PLAIN = { routers: '10,100,250,500,1000', instances: '2,4,8' } as const;
/** The name of a macvlan says its VRID, and a host has each VRID once. */
const VIRTUAL_MACS = { routers: '5,50,250', instances: '2' } as const;

const USAGE = `usage: scripts/bench scale [--routers N,N...] [--instances N,N...] [--interval MS] [--seconds N]
                           [--software NAME]... [--virtual-mac] [--markdown FILE]

Virtual routers of one address each, on one LAN and, beyond 250, on up to three more between the two of a pair.
With more than two instances, and with virtual MAC addresses, at most 250 on one LAN. Everything at its defaults but the
interval. Needs root.

  --routers N     of each cell; default ${PLAIN.routers}
  --instances N   2 to 8; default ${PLAIN.instances}
  --interval MS   advertisement interval; default 1000
  --seconds N     so long the pair is watched at rest; default 10
  --software NAME ${SOFTWARES.join(', ')}; several allowed (default both)
  --virtual-mac   virtualMac: true, and use_vmac in keepalived: each virtual router on a macvlan of its own, and its
                  advertisements from the virtual MAC address; by default ${VIRTUAL_MACS.routers} of two instances
  --markdown FILE the table; in an existing file its rows replace those of the same cells between the markers, and
                  the others stay: measure cell by cell
`;

const ON_ONE_LAN = 250;
const SEGMENTS = { eth1: '10.97.0', eth2: '10.96.0', eth3: '10.95.0' } as const;
const INTERFACES = ['eth0', ...Object.keys(SEGMENTS)];
const NAMES: readonly RouterName[] = ['a', 'b', ...(Object.keys(FURTHER) as FurtherName[])];
/** What a daemon does once after its start is not what it costs. */
const SETTLING_MS = 3_000;

type Addressed = RouterSpec & { readonly address: string; readonly interface: string };

/** Single addresses: the first one of a common subnet would take the others along when it goes. */
const routersOf = (count: number): Addressed[] =>
  Array.from({ length: count }, (_, index) => {
    const lan = Math.floor(index / ON_ONE_LAN);
    const vrid = (index % ON_ONE_LAN) + 1;
    const address = `10.${80 + lan}.1.${vrid}`;
    const on = INTERFACES[lan] ?? 'eth0';
    return { name: `vr${index + 1}`, interface: on, vrid, address, addresses: [`${address}/32`] };
  });

const priorityOf = (index: number): number => 200 - 10 * index;

interface Plan {
  readonly software: Software;
  readonly instances: number;
  readonly routers: readonly Addressed[];
  readonly intervalMs: number;
  readonly restMs: number;
  readonly virtualMac: boolean;
}

function programOf(plan: Plan, index: number): Program {
  const { software, instances, routers, intervalMs, virtualMac } = plan;
  const name = NAMES[index] ?? 'a';
  const members = NAMES.slice(0, instances);
  const priority = priorityOf(index);
  if (software === 'keepalived') {
    const spec = { name, priority, advertisementIntervalMs: intervalMs, routers };
    // Without vmac_xmit_base, which would advertise from the interface's own MAC address: RFC 9568 §7.2.
    const extras = virtualMac ? { instance: ['use_vmac'] } : {};
    return keepalived(keepalivedConfiguration(spec, extras), { quiet: true });
  }
  const virtualRouters = routers.map(({ name: called, interface: on, vrid, addresses }) => ({
    name: called,
    interface: on,
    vrid,
    addresses,
    advertisementIntervalMs: intervalMs,
    priority,
    ...(virtualMac ? { virtualMac } : {}),
  }));
  return pairProgram(name, { members, virtualRouters });
}

/** When each address came to somebody but `a`, after `from`. @throws Error when one did not in time. */
async function taken(lab: Lab, { routers, intervalMs }: Plan, from: number): Promise<Times> {
  const until = now() + 10 * intervalMs + 60_000;
  for (;;) {
    const changes = lab.allChanges(from);
    const at = new Map<string, number>();
    for (const change of changes) {
      const { address, present, appliance } = change;
      if (present && appliance !== 'a' && !at.has(address)) at.set(address, change.at - from);
    }
    const times = routers.flatMap(({ address }) => at.get(address) ?? []);
    if (times.length === routers.length)
      return { median: median(times), last: Math.max(...times), ...unheldAmong(changes, from) };
    if (now() > until) throw new Error(`${routers.length} taken expected, found ${times.length}`);
    await sleep(250);
  }
}

/** For how long nobody had each address after `from`, when `a` had all of them. */
function unheldAmong(
  changes: readonly HeldChange[],
  from: number,
): Pick<Times, 'unheld' | 'unheldLongest'> {
  const of = new Map<string, HeldChange[]>();
  for (const change of changes) {
    const others = of.get(change.address) ?? [
      { ...change, at: from, appliance: 'a', present: true },
    ];
    of.set(change.address, others);
    others.push(change);
  }
  const times = [...of].map(([address, its]) => {
    const end = its.at(-1)?.at ?? from;
    return heldTimes(its, address, from, end).nobodyHeldMs;
  });
  return {
    unheld: times.filter((ms) => ms > 0).length,
    unheldLongest: Math.max(0, ...times),
  };
}

/** Until `a` alone holds every address. */
async function held(lab: Lab, { routers, intervalMs }: Plan): Promise<void> {
  const until = now() + 20 * intervalMs + 120_000;
  for (;;) {
    const holders = new Map<string, Set<string>>();
    for (const { address, appliance, present } of lab.allChanges()) {
      const its = holders.get(address) ?? new Set();
      holders.set(address, its);
      if (present) its.add(appliance);
      else its.delete(appliance);
    }
    const found = routers.map(({ address }) => [...(holders.get(address) ?? [])].join('+'));
    if (found.every((names) => names === 'a')) return;
    if (now() > until) {
      const counts = [...new Set(found)].map(
        (names) => `${found.filter((one) => one === names).length} by ${names || 'nobody'}`,
      );
      throw new Error(`${routers.length} held by a alone expected, found ${counts.join(', ')}`);
    }
    await sleep(250);
  }
}

/**
 * Until somebody who is not Active says that it could take the role now: what comes before is a start, not a take-over. On a
 * busy machine not all of eight do at a time.
 */
async function ready(lab: Lab, { software, instances, intervalMs }: Plan): Promise<void> {
  await sleep(SETTLING_MS + 5 * intervalMs);
  if (software === 'keepalived') return;
  const until = now() + 120_000;
  for (;;) {
    const found = NAMES.slice(1, instances).map((name) => {
      const said = lab
        .appliance(name)
        .status()
        ?.readiness?.find(({ direction }) => direction === 'here');
      const reasons = said?.hindrances.map(({ reason }) => reason) ?? ['no answer yet'];
      return said?.ready === true ? null : `${name}: ${reasons.slice(0, 3).join('; ')}`;
    });
    if (found.includes(null)) return;
    if (now() > until)
      throw new Error(`a Backup that is ready expected, found ${found.join(', ')}`);
    await sleep(1_000);
  }
}

/** What is measured is what was asked for. @throws Error when `a` serves without the virtual MAC addresses. */
async function onMacvlans(lab: Lab, { routers }: Plan): Promise<void> {
  const { stdout } = await lab.run('a', ['ip', '-o', 'link', 'show', 'up', 'type', 'macvlan']);
  const found = new Set(stdout.match(/(?<=link\/ether )00:00:5e:00:01:[0-9a-f]{2}/g));
  if (found.size === routers.length) return;
  throw new Error(`${routers.length} virtual MAC addresses at a expected, found ${found.size}`);
}

async function measure(plan: Plan): Promise<Cell> {
  const { instances, routers, restMs } = plan;
  const further = NAMES.slice(2, instances) as FurtherName[];
  const segments = Object.entries(SEGMENTS).filter(([on]) =>
    routers.some((router) => router.interface === on),
  );
  const lab = await createLab({
    further,
    hosts: Object.fromEntries(further.map((name) => [name, furtherHost(name)])),
    segments: Object.fromEntries(segments),
    manyAddresses: true,
    patienceMs: 120_000,
  });
  const start = (index: number): void =>
    lab.appliance(NAMES[index] ?? 'a').start(programOf(plan, index));
  try {
    const from = now();
    start(0);
    await held(lab, plan);
    const startMs = now() - from;
    for (let index = 1; index < instances; index += 1) start(index);
    await ready(lab, plan);
    await held(lab, plan);
    if (plan.virtualMac) await onMacvlans(lab, plan);
    const [a, b] = [lab.appliance('a'), lab.appliance('b')];
    const marks = { active: markUsage(a), backup: markUsage(b) };
    await sleep(restMs);
    const active = usageSince(a, marks.active);
    const backup = usageSince(b, marks.backup);
    await held(lab, plan);
    const stoppedAt = now();
    const [stop] = await all(taken(lab, plan, stoppedAt), a.stop());
    start(0);
    await held(lab, plan);
    await ready(lab, plan);
    await held(lab, plan);
    const cutAt = now();
    const addresses = routers.map(({ address }) => address);
    const [cut] = await all(taken(lab, plan, cutAt), lab.powerCut('a', addresses));
    return { startMs, active, backup, stop, cut, noticesLost: lab.noticesLost };
  } finally {
    await lab.close();
  }
}

/** Waits for both, whatever becomes of the other: a lab must not be closed below somebody who works in it. */
async function all<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  const [, done] = await Promise.allSettled([one, other]);
  // What was done is why it was not seen.
  if (done.status === 'rejected') throw done.reason;
  return Promise.all([one, other]);
}

function numbers(option: string, text: string, least: number, most: number): number[] {
  return text.split(',').map((one) => {
    const value = Number(one);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new Error(`${option}: whole numbers from ${least} to ${most} expected, found "${one}"`);
  });
}

interface Task {
  readonly plans: readonly Plan[];
  /** The file that gets the rows; null for none. */
  readonly markdown: string | null;
}

/** @throws Error that says what was expected. */
function taskOf(words: string[]): Task | null {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: words,
    options: {
      routers: text,
      instances: text,
      interval: text,
      seconds: text,
      software: { type: 'string', multiple: true },
      'virtual-mac': { type: 'boolean', default: false },
      markdown: text,
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const virtualMac = values['virtual-mac'];
  const defaults = virtualMac ? VIRTUAL_MACS : PLAIN;
  const most = virtualMac ? ON_ONE_LAN : 1_000;
  const counts = numbers('--routers', values.routers ?? defaults.routers, 1, most);
  const instances = numbers('--instances', values.instances ?? defaults.instances, 2, NAMES.length);
  const [intervalMs = 1_000] = numbers('--interval', values.interval ?? '1000', 10, 40_950);
  const [rest = 10] = numbers('--seconds', values.seconds ?? '10', 1, 3_600);
  const stranger = values.software?.find((one) => !SOFTWARES.some((known) => known === one));
  if (stranger !== undefined)
    throw new Error(`--software: one of ${SOFTWARES.join(', ')} expected, found "${stranger}"`);
  // Now, not after half an hour: whether the file can take the rows.
  if (values.markdown !== undefined) withRows(textOf(values.markdown), []);
  const plans = instances.flatMap((some) =>
    counts
      .filter((count) => some === 2 || count <= ON_ONE_LAN)
      .flatMap((count) =>
        SOFTWARES.filter((one) => values.software?.includes(one) ?? true).map((software) => ({
          software,
          instances: some,
          routers: routersOf(count),
          intervalMs,
          restMs: rest * 1_000,
          virtualMac,
        })),
      ),
  );
  return { plans, markdown: values.markdown ?? null };
}

const textOf = (path: string): string | null =>
  existsSync(path) ? readFileSync(path, 'utf8') : null;

/** In one step, so that a reader never finds half of it. */
function write(path: string, row: readonly string[]): void {
  writeFileSync(`${path}.new`, withRows(textOf(path), [row]));
  renameSync(`${path}.new`, path);
}

async function run({ plans, markdown }: Task): Promise<number> {
  const rows: string[][] = [];
  let failed = 0;
  for (const plan of plans) {
    const [load = 0] = loadavg();
    let cell: Cell | string;
    try {
      cell = await measure(plan);
    } catch (error) {
      failed += 1;
      cell = 'FAILED';
      process.stderr.write(`${(error as Error).message}\n`);
    }
    const row = rowOf({ ...plan, virtualRouters: plan.routers.length }, cell, load);
    process.stderr.write(`${row.join(' | ')}\n`);
    if (typeof cell !== 'string' && cell.noticesLost > 0) {
      failed += 1;
      process.stderr.write(
        `the kernels dropped notices of addresses ${cell.noticesLost} times: the times of this row may be wrong\n`,
      );
    }
    rows.push(row);
    if (markdown !== null) write(markdown, row);
  }
  process.stdout.write(`${scaleTable(rows)}\n`);
  return failed === 0 ? 0 : 1;
}

let task: Task | null;
try {
  task = taskOf(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}
if (task === null) process.stdout.write(USAGE);
else {
  const refusal = await enterSandbox();
  if (refusal !== null) {
    process.stderr.write(`scale: ${refusal}\n`);
    process.exit(1);
  }
  process.exitCode = await run(task);
}
