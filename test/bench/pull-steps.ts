// The steps of a cable pull, from what was seen of it: pure arithmetic on times (ms since the epoch).

/** What the kernels and the wires showed, in order of time. */
export interface Seen {
  /** The Active's kernel tells that the carrier is gone. */
  readonly carrier: readonly number[];
  /** Pushes of the Active's HA port, on its link and on the Backup's. */
  readonly messageOut: readonly number[];
  readonly messageIn: readonly number[];
  /** The Backup's kernel has the address. */
  readonly address: readonly number[];
  /** Its gratuitous ARP, at its own interface and at the client's. */
  readonly announced: readonly number[];
  readonly bridged: readonly number[];
  /** The client's answers from the virtual address. */
  readonly answers: readonly number[];
}

/** What the agents recorded, and when the cable was pulled. */
export interface Recorded {
  readonly from: number;
  readonly decided: number;
  /** Messages of the Active that the Backup's core took. */
  readonly reports: readonly number[];
}

const PARTS = [
  { key: 'lastAnswer', what: 'the command, the last answer' },
  { key: 'carrier', what: 'the last answer, the kernel tells the Active' },
  { key: 'decided', what: 'the kernel tells, the core decides' },
  { key: 'messageOut', what: 'the core decides, the message leaves' },
  { key: 'messageIn', what: 'it leaves, it arrives at the Backup' },
  { key: 'verdict', what: "it arrives, the Backup's core takes it" },
  { key: 'address', what: 'the core takes it, the address stands (script)' },
  { key: 'announced', what: 'the address stands, gratuitous ARP leaves' },
  { key: 'bridged', what: "it leaves, it is at the client's port" },
  { key: 'firstAnswer', what: 'it is there, the next answer' },
] as const;

export const STEPS = [
  ...PARTS,
  { key: 'outage', what: 'in all: last answer, next answer' },
] as const;

export type Steps = Readonly<Record<(typeof STEPS)[number]['key'], number>>;

/** How long each step took, in ms; NaN where one of its ends was not seen. */
export function pullSteps(seen: Seen, { from, decided, reports }: Recorded): Steps {
  const first = (times: readonly number[], since: number): number =>
    times.find((at) => at >= since) ?? Number.NaN;
  // What is stamped by a process may seem earlier than what the kernel stamps.
  const carrier = first(seen.carrier, from);
  const messageOut = first(seen.messageOut, from);
  const messageIn = first(seen.messageIn, from);
  const verdict = first(reports, messageIn);
  const address = first(seen.address, from);
  const announced = first(seen.announced, from);
  const bridged = first(seen.bridged, from);
  const gap = longestGap(seen.answers, from);
  return {
    lastAnswer: gap.begin - from,
    carrier: carrier - gap.begin,
    decided: decided - carrier,
    messageOut: messageOut - decided,
    messageIn: messageIn - messageOut,
    verdict: verdict - messageIn,
    address: address - verdict,
    announced: announced - address,
    bridged: bridged - announced,
    firstAnswer: gap.end - bridged,
    outage: gap.end - gap.begin,
  };
}

/** Between two answers, the first of which came after `from`, or was the last before it. */
function longestGap(
  answers: readonly number[],
  from: number,
): { readonly begin: number; readonly end: number } {
  let found = { begin: Number.NaN, end: Number.NaN };
  let longest = 0;
  for (const [index, end] of answers.entries()) {
    const begin = answers[index - 1];
    if (begin === undefined || end < from || end - begin <= longest) continue;
    longest = end - begin;
    found = { begin, end };
  }
  return found;
}
