// Which planted faults of the core the scenarios meet: the same ones are played with and without each fault. One is met
// when the core answers otherwise than without it, and noticed when a promise is broken. Scenarios: sound.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { FaultError, parseFault, select, type Fault } from '../mutants/fault.js';
import { ARGUED } from './argued.js';
import { Kept, type Depth, type Verdict } from './kept.js';
import { FAULTS, simulator, type Simulator } from './planted.js';
import { Sound, type Round } from './sound.js';
import { playAll } from './thread.js';

export interface Drawing extends Depth {
  /** Where what was found is kept. */
  readonly keep: string;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Of all that `words` ask for those that change nothing but the core. */
function coreFaults(words: readonly string[]): Fault[] {
  const names = readdirSync(FAULTS)
    .filter((file) => file.endsWith('.patch'))
    .map((file) => file.slice(0, -'.patch'.length))
    .toSorted();
  const stranger = Object.keys(ARGUED).find((name) => !names.includes(name));
  if (stranger !== undefined)
    throw new FaultError(
      `argued.ts: expected the name of a fault in test/mutants, found "${stranger}"`,
    );
  return select(names, words)
    .map((name) => parseFault(name, readFileSync(join(FAULTS, `${name}.patch`), 'utf8')))
    .filter(({ targets }) => targets.every((path) => path.startsWith('src/core/')));
}

/** Says every five seconds, on standard error, how far it is. */
class Progress {
  #saidAt = performance.now();
  #before = 0;
  #played = 0;

  note(what: string, scenario: number, of: number, judged: number): void {
    this.#played += 1;
    const now = performance.now();
    const passed = now - this.#saidAt;
    if (passed < 5_000) return;
    const speed = Math.round((1_000 * (this.#played - this.#before)) / passed);
    process.stderr.write(
      `${what}: ${scenario} of ${of} scenarios, ${speed} a second; ${judged} faults judged\n`,
    );
    this.#saidAt = now;
    this.#before = this.#played;
  }
}

const NOTHING: Verdict = { met: null, noticed: null };

const isEnough = ({ met, noticed }: Verdict, { first }: Depth): boolean =>
  noticed !== null || (first && met !== null);

/** What one round says of a fault, of which `before` is known. */
async function playRound(
  bundle: string,
  { order, sound }: Round,
  before: Verdict,
  depth: Depth,
  tell: (scenario: number, of: number) => void,
): Promise<Verdict> {
  let verdict = before;
  let count = 0;
  const trouble = await playAll(bundle, order, ({ at, digest, broken }) => {
    tell((count += 1), order.length);
    const met = verdict.met ?? (sound.get(at)?.digest === digest ? null : at);
    verdict = { met, noticed: broken === null ? null : `${at}: ${broken}` };
    return !isEnough(verdict, depth);
  });
  if (trouble === null) return verdict;
  const where = `${order[count]?.at ?? ''}: ${trouble}`;
  return { met: verdict.met ?? where, noticed: where };
}

/** One line on a verdict. @returns whether somebody has to do something. */
function tellVerdict({ name, breaks }: Fault, { met, noticed }: Verdict): boolean {
  const reason = ARGUED[name];
  if (met !== null && reason !== undefined) {
    say(`MET      ${name}: ${noticed ?? met}, though argued.ts says: ${reason}`);
    return true;
  }
  if (noticed !== null) say(`noticed  ${name}: ${noticed}`);
  else if (met !== null) say(`met      ${name}: ${met}, no promise broken`);
  else if (reason !== undefined) say(`argued   ${name}: ${reason}`);
  else say(`NOT MET  ${name}: ${breaks}`);
  return met === null && reason === undefined;
}

/** What is judged, with what. */
interface Court {
  readonly making: Simulator;
  readonly plain: string;
  readonly sound: Sound;
  readonly kept: Kept;
  readonly depth: Depth;
}

/** A round for each fault of which too little is known: those that are met at once do not wait for those that are not. */
async function judgeByRounds(
  { making, plain, sound, kept, depth }: Court,
  faults: readonly Fault[],
  judged: (fault: Fault, verdict: Verdict | FaultError) => void,
): Promise<void> {
  const progress = new Progress();
  let open = faults.map((fault) => ({ fault, verdict: NOTHING }));
  for (const [index, scenarios] of sound.ends.entries()) {
    const asked = { ...depth, scenarios };
    const left: typeof open = [];
    for (const { fault, verdict: before } of open) {
      const bundle = await bundleWith(making, fault);
      if (bundle instanceof FaultError) {
        judged(fault, bundle);
        continue;
      }
      const tell = (what: string) => (scenario: number, of: number) =>
        progress.note(`${what}, round ${index + 1}`, scenario, of, faults.length - open.length);
      const known = kept.verdictOn(fault.name, [plain, bundle], asked);
      const round = known === null ? await sound.round(index, tell('without any fault')) : null;
      const verdict =
        round === null
          ? (known ?? before)
          : await playRound(bundle, round, before, depth, tell(fault.name));
      if (known === null) kept.keep(fault.name, [plain, bundle], asked, verdict);
      if (isEnough(verdict, depth)) judged(fault, verdict);
      else left.push({ fault, verdict });
    }
    open = left;
  }
  for (const { fault, verdict } of open) judged(fault, verdict);
}

const bundleWith = (making: Simulator, fault: Fault): Promise<string | FaultError> =>
  making.with(fault).catch((error: unknown) => {
    if (error instanceof FaultError) return error;
    throw error;
  });

/** @returns whether every fault of the core that was asked for was met, or is argued. @throws FaultError */
export async function judgeFaults(words: readonly string[], drawing: Drawing): Promise<boolean> {
  const { keep, ...depth } = drawing;
  const faults = coreFaults(words);
  const kept = new Kept(keep);
  const making = await simulator();
  const open: string[] = [];
  const found: Verdict[] = [];
  const judged = (fault: Fault, verdict: Verdict | FaultError): void => {
    if (verdict instanceof FaultError) say(`STALE    ${fault.name}: ${verdict.message}`);
    else found.push(verdict);
    if (verdict instanceof FaultError || tellVerdict(fault, verdict)) open.push(fault.name);
  };
  try {
    const plain = await making.with(null);
    const sound = new Sound(plain, depth, kept);
    say(`SEED=${depth.seed}: ${depth.scenarios} scenarios of each suite, ${faults.length} faults`);
    await judgeByRounds({ making, plain, sound, kept, depth }, faults, judged);
  } finally {
    await making.close();
  }
  const met = found.filter((one) => one.met !== null).length;
  const noticed = found.filter((one) => one.noticed !== null).length;
  say(`${met} of ${faults.length} faults met, ${noticed} of them break a promise`);
  if (open.length > 0) say(`something is to be done about: ${open.join(', ')}`);
  return open.length === 0;
}
