// What a storm did, from what kernels, capture and probes said, and whether that is allowed. Arithmetic
// on records: nothing is watched, and no agent is asked.
import { heldTimes, holdersAt, type HeldChange } from '../../scripts/lab/held-time.js';

export interface Evidence {
  /** Of all addresses, in order of time, from the beginning of the pair on. */
  readonly changes: readonly HeldChange[];
  readonly addresses: readonly string[];
  /** When the storm began, when all was mended, and when nobody looked any more. Lab clock. */
  readonly startedAt: number;
  readonly healedAt: number;
  readonly endedAt: number;
  /** How long after `healedAt` there may be two holders, or none. */
  readonly limitMs: number;
  /** How long exactly one must have held it to count. */
  readonly restMs: number;
  /** Agents that ended, and how, beyond what the faults did to them. */
  readonly ends: readonly string[];
  /** What could not be mended. */
  readonly unhealed: readonly string[];
  /** By address: probes at the very end, and those of them without an answer. */
  readonly lastProbes: Readonly<Record<string, { readonly sent: number; readonly lost: number }>>;
}

export interface Verdict {
  /** One line for each thing that may not be. */
  readonly complaints: readonly string[];
  /** The longest of all addresses, over the whole storm. */
  readonly bothHeldMs: number;
  readonly nobodyHeldMs: number;
  /** From the mending until each address had come to rest with one holder; null: it did not. */
  readonly settledAfterMs: number | null;
}

export function judge(evidence: Evidence): Verdict {
  const { changes, addresses, startedAt, endedAt } = evidence;
  const held = addresses.map((address) => heldTimes(changes, address, startedAt, endedAt));
  const settled = addresses.map((address) => settledAfter(evidence, address));
  return {
    complaints: [
      ...evidence.unhealed.map((text) => `could not be mended: ${text}`),
      ...evidence.ends.map((text) => `ended by itself: ${text}`),
      ...addresses.flatMap((address) => holderComplaints(evidence, address)),
      ...probeComplaints(evidence),
    ],
    bothHeldMs: Math.max(0, ...held.map((times) => times.bothHeldMs)),
    nobodyHeldMs: Math.max(0, ...held.map((times) => times.nobodyHeldMs)),
    settledAfterMs: settled.reduce<number | null>(
      (latest, after) => (latest === null || after === null ? null : Math.max(latest, after)),
      0,
    ),
  };
}

/**
 * Milliseconds from the mending until exactly one appliance held the address and went on to for
 * `restMs`; null when that has not been. A handover later than that is not held against it.
 */
export function settledAfter(
  { changes, healedAt, endedAt, restMs }: Omit<Evidence, 'addresses'>,
  address: string,
): number | null {
  const instants = changes
    .filter((change) => change.address === address && change.at > healedAt && change.at <= endedAt)
    .map(({ at }) => at);
  // Between two of these nothing changes.
  const stretches = [healedAt, ...instants].map((from, index) => ({
    from,
    to: instants[index] ?? endedAt,
  }));
  let since: number | null = null;
  for (const { from, to } of stretches) {
    if (holdersAt(changes, address, from).length === 1) since ??= from;
    else since = null;
    if (since !== null && to - since >= restMs) return since - healedAt;
  }
  return null;
}

function holderComplaints(evidence: Evidence, address: string): string[] {
  const { changes, endedAt, limitMs } = evidence;
  const after = settledAfter(evidence, address);
  const last = holdersAt(changes, address, endedAt);
  if (after !== null && after <= limitMs && last.length === 1) return [];
  const limit = `${address}: expected exactly one holder within ${Math.round(limitMs)} ms after the mending`;
  if (after === null) return [`${limit}, found ${who(last)} ${sinceWhen(evidence, address)}`];
  if (after > limitMs) return [`${limit}, found one after ${Math.round(after)} ms`];
  return [`${address}: expected one holder at the end, found ${who(last)}`];
}

const who = (holders: readonly string[]): string =>
  holders.length === 0 ? 'nobody' : holders.join(' and ');

function sinceWhen({ changes, healedAt }: Evidence, address: string): string {
  const last = changes.findLast((change) => change.address === address);
  if (last === undefined) return 'from the beginning';
  const ms = Math.round(last.at - healedAt);
  return ms < 0 ? `since ${-ms} ms before it` : `since ${ms} ms after it`;
}

function probeComplaints({ lastProbes }: Evidence): string[] {
  return Object.entries(lastProbes)
    .filter(([, { sent, lost }]) => lost >= sent)
    .map(
      ([address, { sent }]) => `${address}: an answer expected at the end, found none to ${sent}`,
    );
}

/** Whether nothing has changed for `restMs` at `at`, and each address has one holder. */
export const atRest = (
  changes: readonly HeldChange[],
  addresses: readonly string[],
  at: number,
  restMs: number,
): boolean =>
  addresses.every(
    (address) =>
      holdersAt(changes, address, at).length === 1 &&
      !changes.some((change) => change.address === address && change.at > at - restMs),
  );
