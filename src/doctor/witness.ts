// Whether the witness that the settings name answers this host, soon enough, and is the one that the peers use. Pure; it
// is asked in witness-look.ts.
import type { WitnessSettings } from '../config/settings.js';
import type { DoctorFacts, WitnessSight } from './facts.js';
import { orSound, type DoctorFinding } from './finding.js';

export function witnessFindings(facts: DoctorFacts): readonly DoctorFinding[] {
  const { witness } = facts.settings;
  if (witness === null) return [];
  const found = [
    ...silentFindings(facts.witness),
    ...partedFindings(facts.witness),
    ...slowFindings(facts.witness, witness),
    ...holderFindings(facts, witness),
    ...rateFindings(facts),
  ];
  return orSound(found, 'witness', 'the witness answers, and knows nobody but this group');
}

const problem = (
  level: 'warning' | 'failure',
  message: string,
  evidence: readonly string[],
  remedy: string,
): DoctorFinding => ({ id: 'witness', level, message, evidence, remedy: [remedy] });

const placeOf = ({ endpoint }: WitnessSight): string => new URL(endpoint).host;

function silentFindings(all: readonly WitnessSight[]): DoctorFinding[] {
  const silent = all.flatMap((one) => (one.why === null ? [] : [{ ...one, why: one.why }]));
  if (silent.length === 0) return [];
  const evidence = silent.map(({ endpoint, why }) => `${endpoint}: ${why}`);
  // Who is not the agent's user may not read what it reads.
  if (silent.every(({ why }) => why.includes('(EACCES)'))) {
    return [
      problem(
        'warning',
        'the witness could not be asked from here',
        evidence,
        'sudo understudy doctor',
      ),
    ];
  }
  const isLost = silent.length === all.length;
  const leaderless = silent.some(({ why }) => why.includes('has no leader'));
  const message = leaderless
    ? 'the witness has no leader: no majority stands behind what it says'
    : isLost
      ? 'the witness does not answer: cut off from every peer, this appliance would give the role up'
      : `${silent.map(placeOf).join(', ')}: an endpoint of the witness does not answer; the others do`;
  const health = `etcdctl --endpoints=${silent.map(({ endpoint }) => endpoint).join(',')} endpoint health`;
  const known = silent.flatMap(({ why }) => /; ([^;]+)$/.exec(why)?.[1] ?? []);
  return [problem(isLost ? 'failure' : 'warning', message, evidence, known[0] ?? health)];
}

/** With two clusters, two appliances could both have a lease. */
function partedFindings(all: readonly WitnessSight[]): DoctorFinding[] {
  const clusters = new Set(all.flatMap(({ cluster }) => cluster ?? []));
  if (clusters.size < 2) return [];
  return [
    problem(
      'failure',
      'the endpoints of the witness are of different clusters: each appliance could have the lease of one',
      all.flatMap(({ endpoint, cluster }) =>
        cluster === null ? [] : [`${endpoint}: cluster ${cluster}`],
      ),
      'name members of one cluster only in witness.endpoints: etcdctl member list',
    ),
  ];
}

/** The time that an answer may take; a later one is not used. */
const limitMs = ({ ttlSeconds }: WitnessSettings): number => (ttlSeconds * 1_000) / 6;

function slowFindings(all: readonly WitnessSight[], settings: WitnessSettings): DoctorFinding[] {
  const slow = all.filter(({ why, tookMs }) => why === null && tookMs > limitMs(settings) / 2);
  if (slow.length === 0) return [];
  return [
    problem(
      'warning',
      'the witness answers late: an answer that takes longer than a sixth of witness.ttlSeconds does not count',
      slow.map(
        ({ endpoint, tookMs }) =>
          `${endpoint}: ${tookMs.toFixed(0)} ms of ${limitMs(settings).toFixed(0)} ms`,
      ),
      'set witness.ttlSeconds higher, on both, or look at the disk of the witness: etcd wants to write within 10 ms',
    ),
  ];
}

function holderFindings(
  { witness, agent, settings }: DoctorFacts,
  { key }: WitnessSettings,
): DoctorFinding[] {
  const answer = witness.find(({ why }) => why === null);
  if (answer === undefined) return [];
  const { endpoint, holder } = answer;
  const group = new Set([settings.name, ...settings.ha.peers.map(({ name }) => name)]);
  const evidence = [`${endpoint}: ${key} is held by ${holder ?? 'nobody'}`];
  if (holder !== null && !group.has(holder)) {
    return [
      problem(
        'failure',
        'the lease of the witness is held by no appliance of this group',
        evidence,
        'give each group a key of its own (witness.key), on all of its appliances',
      ),
    ];
  }
  const other = (agent?.status.peers ?? []).find(
    ({ name, state, virtualRouters = [] }) =>
      name !== holder &&
      state === 'healthy' &&
      virtualRouters.some((one) => one.state === 'Active'),
  );
  if (other === undefined) return [];
  return [
    problem(
      'warning',
      `${other.name} is Active and does not have the lease: it does not see this witness, or its settings name another one or another key`,
      [...evidence, `understudy status: ${other.name} is Active`],
      `understudy doctor, on ${other.name} too; compare: understudy get witness, on both`,
    ),
  ];
}

/** Sources of the kernel's clock that lose ticks. */
const POOR_CLOCKS: ReadonlySet<string> = new Set(['jiffies', 'refined-jiffies']);

/** The lease counts on clocks that run at the same rate, within 1 %. */
function rateFindings({ clockSource }: DoctorFacts): DoctorFinding[] {
  if (clockSource === null || !POOR_CLOCKS.has(clockSource)) return [];
  return [
    problem(
      'warning',
      'the clock of this host may run apart by more than the 1 % that a lease allows for',
      [`${CLOCK_SOURCE}: ${clockSource}`],
      'look for a better clock in available_clocksource beside it, and why the kernel has left it: dmesg | grep clocksource',
    ),
  ];
}

export const CLOCK_SOURCE = '/sys/devices/system/clocksource/clocksource0/current_clocksource';
