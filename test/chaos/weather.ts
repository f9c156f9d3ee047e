// Carries one storm out: strikes, mends, waits for rest, and gathers what kernels, switch and client saw.
// It does not judge: judge.ts.
import { SMALL_FRAMES } from '../../scripts/lab/capture.js';
import { now } from '../../scripts/lab/clock.js';
import type { HeldChange } from '../../scripts/lab/held-time.js';
import type { RouterName } from '../../scripts/lab/network.js';
import { readPcap } from '../../scripts/lab/pcap.js';
import { mappedUser } from '../../scripts/lab/sandbox.js';
import { ROLE_FILTER, sightings, type Sighting } from '../../scripts/lab/sightings.js';
import { LATER_BOOT_MS } from '../support/limits.js';
import type { Bench } from './bench.js';
import { hitBy, pause } from './fault.js';
import { faultNamed } from './faults.js';
import { atRest, type Evidence } from './judge.js';
import { describeFault, type DrawnFault, type Storm } from './storm.js';

/**
 * The promise: this long after everything is mended each address has one holder. The times of the protocol
 * are the same everywhere; only the start of an agent, which may be part of it, takes longer on a slower machine.
 */
export const LIMIT_MS = 10_000 + LATER_BOOT_MS;

/** What has not moved for this long has come to rest. */
const REST_MS = 1_500;

/** How much longer a pair is watched that did not come to rest: whether it ever does tells the kind. */
const PATIENCE_MS = 30_000;

export interface Observed {
  readonly evidence: Evidence;
  readonly lostProbes: number;
  readonly voided: readonly string[];
  readonly frames: readonly Sighting[];
  /** The capture, in the sandbox; null without the right to make one. */
  readonly pcap: string | null;
  /** When a pair came to rest that was late; null when it did not, or was not late. */
  readonly lateRestMs: number | null;
  /** How long nothing answered after that; 0 when the first moment of probes had an answer. */
  readonly silentMs: number;
}

/** How the agents may have ended. */
type Excused = ReadonlyMap<RouterName, string[]>;

interface Struck {
  readonly voided: string[];
  readonly unhealed: string[];
  readonly excused: Excused;
}

export async function carryOut(bench: Bench, storm: Storm): Promise<Observed> {
  const { lab } = bench;
  const capture = mappedUser()
    ? null
    : await lab.capture({ port: 'br0', filter: ROLE_FILTER, snapLength: SMALL_FRAMES });
  const window = await bench.prober.open();
  const startedAt = now();
  const struck: Struck = {
    voided: [],
    unhealed: [],
    excused: new Map(lab.routers.map((name) => [name, []])),
  };
  await Promise.all(storm.faults.map((fault) => befall(bench, fault, struck)));
  await bench
    .heal(struck.voided.length > 0)
    .catch((error: Error) => struck.unhealed.push(error.message));
  bench.say('everything is mended');
  const healedAt = now();
  const endedAt = await rest(bench, healedAt, struck);
  const late = atRest(changesOf(bench), bench.addresses, endedAt, REST_MS) ? null : endedAt;
  const lateRestMs = late === null ? null : await lateRest(bench, healedAt);
  const probes = await window.close();
  const { lastProbes, silentMs } = await probeAgain(bench, healedAt);
  await capture?.stop();
  return {
    evidence: {
      changes: changesOf(bench),
      addresses: bench.addresses,
      startedAt,
      healedAt,
      endedAt,
      limitMs: LIMIT_MS,
      restMs: REST_MS,
      ends: bench.ours.flatMap((name) =>
        endsOf(bench, name, startedAt, struck.excused.get(name) ?? []),
      ),
      unhealed: struck.unhealed,
      lastProbes,
    },
    lostProbes: Math.max(0, ...Object.values(probes).map(({ lost }) => lost)),
    voided: struck.voided,
    frames: capture === null ? [] : sightings(readPcap(capture.file)),
    pcap: capture?.file ?? null,
    lateRestMs,
    silentMs,
  };
}

async function befall(bench: Bench, drawn: DrawnFault, struck: Struck): Promise<void> {
  const fault = faultNamed(drawn.name);
  await pause(drawn.atMs);
  const victim = bench.whoIs(drawn.target);
  // A fault may hit both; and one that ended while another lasted is excused until the storm is over.
  for (const name of hitBy(fault, victim)) struck.excused.get(name)?.push(...(fault.ends ?? []));
  bench.say(`${victim}: ${describeFault(drawn)}`);
  const begun = now();
  const done = await fault.do(bench, victim, drawn.drawn).then(
    (value) => ({ value }),
    (error: Error) => error,
  );
  if (done instanceof Error) struck.voided.push(`${drawn.name}: ${done.message}`);
  await pause(Math.max(0, begun + drawn.drawn.lastsMs - now()));
  bench.say(`${victim}: end of ${drawn.name}`);
  const value = done instanceof Error ? [] : done.value;
  await fault.undo(bench, victim, drawn.drawn, value).catch((error: Error) => {
    struck.unhealed.push(`${drawn.name}: ${error.message}`);
  });
}

/**
 * Resolves with the time: when everything has come to rest, or when it is too late for that. An agent that
 * has been started again is waited for: the next storm is to befall a pair.
 */
async function rest(bench: Bench, healedAt: number, { unhealed }: Struck): Promise<number> {
  const lastAt = healedAt + LIMIT_MS + REST_MS;
  let readyAt = Number.POSITIVE_INFINITY;
  for (;;) {
    // Asked until both have answered, and again when one has ended: a status costs the agent time.
    const asked = readyAt === Number.POSITIVE_INFINITY || !bench.allRun;
    const silent = asked ? await bench.silentAgents() : [];
    const at = now();
    readyAt = silent.length > 0 ? Number.POSITIVE_INFINITY : Math.min(readyAt, at);
    if (at - readyAt >= REST_MS && atRest(changesOf(bench), bench.addresses, at, REST_MS)) {
      return at;
    }
    if (at > lastAt) {
      unhealed.push(...silent.map((name) => `the agent of ${name} does not answer commands`));
      return lastAt;
    }
    await pause(50);
    await bench.supervise();
  }
}

async function lateRest(bench: Bench, healedAt: number): Promise<number | null> {
  const lastAt = now() + PATIENCE_MS;
  for (;;) {
    const at = now();
    if (at > lastAt) return null;
    if (atRest(changesOf(bench), bench.addresses, at, REST_MS)) return at - REST_MS - healedAt;
    await pause(100);
  }
}

/**
 * Moments of probes, the first of which begins now, until each address has answered or it is too late for
 * that: hosts may have heard last from somebody who has let go.
 */
async function probeAgain(
  bench: Bench,
  healedAt: number,
): Promise<{ readonly lastProbes: Evidence['lastProbes']; readonly silentMs: number }> {
  const began = now();
  for (let moment = 1; ; moment += 1) {
    const window = await bench.prober.open();
    await pause(300);
    const reports = await window.close();
    const all = Object.values(reports);
    const answered = all.every(({ sent, lost }) => lost < sent);
    if (answered || (now() > healedAt + LIMIT_MS && all.every(({ sent }) => sent > 0))) {
      return { lastProbes: reports, silentMs: moment === 1 ? 0 : now() - began };
    }
  }
}

function endsOf(
  bench: Bench,
  name: RouterName,
  startedAt: number,
  excused: readonly string[],
): string[] {
  return bench.lab
    .appliance(name)
    .logged(/^-- understudy ended: /)
    .filter(({ at }) => at >= startedAt)
    .map(({ text }) => text.replace('-- understudy ended: ', ''))
    .filter((how) => !excused.includes(how))
    .map((how) => `the agent of ${name}, ${how}`);
}

const changesOf = (bench: Bench): HeldChange[] =>
  bench.addresses
    .flatMap((address) => bench.lab.changes(address))
    .sort((left, right) => left.at - right.at);
