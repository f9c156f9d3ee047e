// Breaks the Active appliance, mends it again, and measures what a client and the kernels saw. It
// reports; it does not judge.
import type { Appliance } from './appliance.js';
import { now } from './clock.js';
import type { HeldTimes } from './held-time.js';
import type { Lab } from './lab.js';
import type { ApplianceName } from './network.js';
import type { ProbeReport } from './probe-record.js';
import type { Prober } from './prober.js';
import type { Program } from './program.js';

/** Stop: SIGTERM. Kill: SIGKILL of the daemon. Unplug: LAN carrier lost. Freeze: SIGSTOP. */
export const FAULTS = ['stop', 'kill', 'unplug', 'freeze'] as const;
export type Fault = (typeof FAULTS)[number];

export interface AddressMeasurement {
  readonly address: string;
  readonly probes: ProbeReport;
  readonly held: HeldTimes;
  readonly holdersBefore: readonly string[];
  readonly holdersAfter: readonly string[];
  /** The appliance that failed still has the address at the end. */
  readonly leftBehind: boolean;
  /** Exactly the heir holds the address at the end, and the last probe was answered. */
  readonly recovered: boolean;
}

export interface Measurement {
  readonly from: number;
  readonly to: number;
  readonly addresses: readonly AddressMeasurement[];
}

/** Probing goes on for this long after the addresses moved, to see that the service is really back. */
const AFTERMATH_MS = 300;

export async function strike(lab: Lab, victim: ApplianceName, fault: Fault): Promise<void> {
  const appliance = lab.appliance(victim);
  switch (fault) {
    case 'stop':
      return appliance.stop();
    case 'kill':
      return appliance.kill();
    case 'unplug':
      return lab.unplug(victim);
    case 'freeze':
      return appliance.freeze();
  }
}

/** Undoes a fault; `program` is started again where the fault ended it. */
export async function mend(
  lab: Lab,
  victim: ApplianceName,
  fault: Fault,
  program: Program,
  options: { readonly realtime?: boolean } = {},
): Promise<void> {
  const appliance = lab.appliance(victim);
  switch (fault) {
    case 'stop':
    case 'kill':
      return appliance.start(program, options);
    case 'unplug':
      return lab.plug(victim);
    case 'freeze':
      if (appliance.running) appliance.thaw();
      else appliance.start(program, options);
  }
}

export interface Observation {
  readonly lab: Lab;
  readonly prober: Prober;
  /** All of them probed. */
  readonly addresses: readonly string[];
  /** Who is to hold the addresses in the end. */
  readonly heir: ApplianceName;
  /** Longest wait for that; the measurement then says that it did not happen. */
  readonly deadlineMs: number;
  /** Be content when the other appliance goes on holding them too: keepalived does after a kill. */
  readonly leftoversExpected?: boolean;
}

/** Runs `act` under observation until `heir` alone holds every address, and a moment longer. */
export async function measure(
  observation: Observation,
  act: () => Promise<void>,
): Promise<Measurement> {
  const { lab, prober, addresses, heir, deadlineMs, leftoversExpected = false } = observation;
  const before = addresses.map((address) => lab.holding(address));
  const window = await prober.open();
  const startedAt = now();
  const acted = act();
  const moved = (): boolean =>
    addresses.every((address) => {
      const holders = lab.holding(address);
      return holders.includes(heir) && (leftoversExpected || holders.length === 1);
    });
  // A stop waits for the daemon's end, which the take-over need not wait for: watch while it runs.
  await Promise.all([acted, rest(observation, moved, startedAt + deadlineMs)]);
  const to = now();
  const reports = await window.close();
  const after = await Promise.all(addresses.map((address) => lab.holders(address)));
  const measured = addresses.map((address, index) => {
    const probes = reports[address];
    if (probes === undefined) throw new Error(`${address} is not probed`);
    const holdersAfter = after[index] ?? [];
    return {
      address,
      probes,
      held: lab.heldTimes(address, startedAt, to),
      holdersBefore: before[index] ?? [],
      holdersAfter,
      leftBehind: holdersAfter.some((name) => name !== heir),
      recovered: holdersAfter.join(' ') === heir && !endedInOutage(probes),
    };
  });
  return { from: startedAt, to, addresses: measured };
}

/**
 * Resolves when `moved` has held for a moment in which every probe was answered, or at the deadline: the measurement then
 * says what is.
 */
async function rest(
  { lab, prober, addresses }: Observation,
  moved: () => boolean,
  deadlineAt: number,
): Promise<void> {
  for (;;) {
    const deadlineMs = Math.max(0, deadlineAt - now());
    await lab.waitFor('the addresses moved', moved, { deadlineMs }).catch(() => {});
    const moment = await prober.open();
    await new Promise((resolve) => setTimeout(resolve, AFTERMATH_MS));
    const reports = await moment.close();
    const answered = addresses.every((address) => reports[address]?.lost === 0);
    if ((moved() && answered) || now() >= deadlineAt) return;
  }
}

/** Whether the daemon takes part as Backup: it would notice that the Active is gone. */
export function standsBy(appliance: Appliance, routers: number): boolean {
  if (!appliance.running) return false;
  if (appliance.software === 'keepalived') {
    return appliance.logged(/Entering BACKUP STATE/).length >= routers;
  }
  const states = appliance.status()?.virtualRouters.map((router) => router.state) ?? [];
  return states.length === routers && states.every((state) => state === 'Backup');
}

const endedInOutage = (probes: ProbeReport): boolean =>
  probes.sent === 0 || (probes.lost > 0 && probes.goodAgainAt === null);
