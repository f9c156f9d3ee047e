// What grew in a soak: samples of the processes of one appliance in, findings out. Nothing is measured here.

/** One process at one time. */
export interface ProcessSample {
  /** agent, executor, prober, sync. */
  readonly name: string;
  readonly pid: number;
  readonly rssKib: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** One appliance at one time. */
export interface Sample {
  /** Handovers so far. */
  readonly transitions: number;
  /** Those that live as long as the agent. */
  readonly processes: readonly ProcessSample[];
  /** Processes of scripts, which come and go. */
  readonly scripts: number;
  readonly stateBytes: number;
  readonly stateFiles: number;
}

export interface Growth {
  readonly name: string;
  /** The least in the first third of the judged part, and in the last. */
  readonly rssKib: readonly [number, number];
  /** At the beginning of the judged part, and at its end. */
  readonly descriptors: readonly [number, number];
  readonly threads: readonly [number, number];
}

/** Memory may grow by so much: what is freed is given back to the system late. */
export const MOST_GROWTH_KIB = 2_048;
/** Both generations of events.jsonl at their longest, and the small files beside them. */
export const MOST_STATE_BYTES = 24 * 1024 * 1024;
/** As many samples as one end of the judged part is read from. */
const AT_EACH_END = 5;

/** The handovers after which nothing may grow: the first thousand, or the first half of less than two thousand. */
export const beginningOf = (transitions: number): number => Math.min(1_000, transitions / 2);

/** Each process that was there in the whole judged part. The samples are those of one appliance, in their order. */
export function growthOf(judged: readonly Sample[]): Growth[] {
  const [first, last] = [judged[0], judged.at(-1)];
  if (first === undefined || last === undefined) return [];
  return last.processes.flatMap((process) => {
    const before = first.processes.find(({ pid }) => pid === process.pid);
    if (before === undefined) return [];
    const its = judged.flatMap(({ processes }) =>
      processes.filter(({ pid }) => pid === process.pid),
    );
    return [
      {
        name: process.name,
        rssKib: floors(its.map(({ rssKib }) => rssKib)),
        descriptors: ends(its.map(({ descriptors }) => descriptors)),
        threads: ends(its.map(({ threads }) => threads)),
      },
    ];
  });
}

/** What grew that may not, in words; nothing when all is well. */
export function complaintsOf(judged: readonly Sample[]): string[] {
  const [first, last] = [judged[0], judged.at(-1)];
  if (first === undefined || last === undefined) return ['expected samples, found none'];
  const found = growthOf(judged).flatMap(growthComplaints);
  const names = ({ processes }: Sample): string => processes.map(({ name }) => name).join(', ');
  if (names(first) !== names(last)) {
    found.push(`expected the processes ${names(first)}, found ${names(last)}`);
  }
  const replaced = last.processes.filter(
    ({ name, pid }) => first.processes.find((one) => one.name === name)?.pid !== pid,
  );
  for (const { name } of replaced) found.push(`${name}: another process than at first`);
  const scripts = ends(judged.map((one) => one.scripts));
  if (scripts[1] > scripts[0]) {
    found.push(`${scripts[0]} processes of scripts at first, ${scripts[1]} at last`);
  }
  if (last.stateBytes > MOST_STATE_BYTES) {
    found.push(
      `state directory: expected at most ${MOST_STATE_BYTES} bytes, found ${last.stateBytes}`,
    );
  }
  if (last.stateFiles > first.stateFiles + 1) {
    // events.jsonl.1 comes once.
    found.push(`state directory: ${first.stateFiles} files at first, ${last.stateFiles} at last`);
  }
  return found;
}

function growthComplaints({ name, rssKib, descriptors, threads }: Growth): string[] {
  const found: string[] = [];
  const more = rssKib[1] - rssKib[0];
  if (more > MOST_GROWTH_KIB) {
    found.push(`${name}: ${more} KiB more memory, expected at most ${MOST_GROWTH_KIB}`);
  }
  for (const [what, [before, after]] of [
    ['file descriptors', descriptors],
    ['threads', threads],
  ] as const) {
    if (after !== before) found.push(`${name}: ${before} ${what} at first, ${after} at last`);
  }
  return found;
}

/** The least of the first third and of the last: between two collections of garbage memory rises. */
function floors(values: readonly number[]): readonly [number, number] {
  const third = Math.ceil(values.length / 3);
  return [Math.min(...values.slice(0, third)), Math.min(...values.slice(-third))];
}

/** The middle of several at each end: a file or a connection may just be open, a thread just at work. */
const ends = (values: readonly number[]): readonly [number, number] => [
  middle(values.slice(0, AT_EACH_END)),
  middle(values.slice(-AT_EACH_END)),
];

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
