// Which planted faults of the core the scenarios meet: the same ones are played with and without each fault. One is met
// when the core answers otherwise than without it, and noticed when a promise is broken. Scenarios: suites.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import * as fc from 'fast-check';
import { FaultError, parseFault, select, type Fault } from '../mutants/fault.js';
import { SUITES, type Suite } from '../sim/suites.js';
import { ARGUED } from './argued.js';
import { Kept, type Depth, type Verdict } from './kept.js';
import { FAULTS, simulator } from './planted.js';
import type { Drawn, Played } from './scenarios-worker.js';
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

const drawnFrom = ({ seed, suites, scenarios }: Depth): Drawn[] =>
  SUITES.filter(({ name }) => suites.includes(name)).flatMap((suite) =>
    fc.sample((suite as Suite<unknown>).drawn, { seed, numRuns: scenarios }).map((one, index) => ({
      at: `${suite.name} ${index}`,
      suite: suite.name,
      scenario: JSON.stringify(one),
    })),
  );

/** Says every five seconds, on standard error, how far it is. */
class Progress {
  #saidAt = performance.now();
  #before = 0;
  #played = 0;

  note(what: string, scenario: number, of: number, judged: string): void {
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

/** The scenarios that hold without any fault, the shortest first, and what each comes to. */
async function soundOf(
  bundle: string,
  drawn: readonly Drawn[],
  progress: Progress,
): Promise<{ readonly order: readonly Drawn[]; readonly sound: ReadonlyMap<string, Played> }> {
  const sound = new Map<string, Played>();
  const trouble = await playAll(bundle, drawn, (one) => {
    sound.set(one.at, one);
    progress.note('without any fault', sound.size, drawn.length, 'no');
    return true;
  });
  if (trouble !== null) throw new Error(`scenarios without any fault expected, found: ${trouble}`);
  const broken = [...sound.values()].find((one) => one.broken !== null);
  if (broken !== undefined)
    throw new Error(`${broken.at} breaks a promise without any fault: ${broken.broken}`);
  const stepsOf = ({ at }: Drawn): number => sound.get(at)?.steps ?? 0;
  return { order: drawn.toSorted((one, other) => stepsOf(one) - stepsOf(other)), sound };
}

async function verdictOn(
  bundle: string,
  { order, sound }: Awaited<ReturnType<typeof soundOf>>,
  first: boolean,
  tell: (scenario: number) => void,
): Promise<Verdict> {
  let met: string | null = null;
  let noticed: string | null = null;
  let count = 0;
  const trouble = await playAll(bundle, order, ({ at, digest, broken }) => {
    tell((count += 1));
    if (sound.get(at)?.digest !== digest) met ??= at;
    if (broken !== null) noticed ??= `${at}: ${broken}`;
    return noticed === null && !(first && met !== null);
  });
  if (trouble === null) return { met, noticed };
  const where = `${order[count]?.at ?? ''}: ${trouble}`;
  return { met: met ?? where, noticed: noticed ?? where };
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

/** @returns whether every fault of the core that was asked for was met, or is argued. @throws FaultError */
export async function judgeFaults(words: readonly string[], drawing: Drawing): Promise<boolean> {
  const { keep, ...depth } = drawing;
  const faults = coreFaults(words);
  const kept = new Kept(keep);
  const making = await simulator();
  const progress = new Progress();
  const open: string[] = [];
  const found: Verdict[] = [];
  try {
    const plain = await making.with(null);
    let played: Awaited<ReturnType<typeof soundOf>> | null = null;
    say(`SEED=${depth.seed}: ${depth.scenarios} scenarios of each suite, ${faults.length} faults`);
    for (const [index, fault] of faults.entries()) {
      const bundle = await making.with(fault).catch((error: unknown) => {
        if (error instanceof FaultError) return error;
        throw error;
      });
      if (bundle instanceof FaultError) {
        say(`STALE    ${fault.name}: ${bundle.message}`);
        open.push(fault.name);
        continue;
      }
      const known = kept.verdictOn(fault.name, [plain, bundle], depth);
      if (known === null) played ??= await soundOf(plain, drawnFrom(depth), progress);
      const tell = (scenario: number): void =>
        progress.note(
          fault.name,
          scenario,
          played?.order.length ?? 0,
          `${index} of ${faults.length}`,
        );
      const verdict = known ?? (played && (await verdictOn(bundle, played, depth.first, tell)));
      if (verdict === null) continue;
      if (known === null) kept.keep(fault.name, [plain, bundle], depth, verdict);
      found.push(verdict);
      if (tellVerdict(fault, verdict)) open.push(fault.name);
    }
  } finally {
    await making.close();
  }
  const met = found.filter((one) => one.met !== null).length;
  const noticed = found.filter((one) => one.noticed !== null).length;
  say(`${met} of ${faults.length} faults met, ${noticed} of them break a promise`);
  if (open.length > 0) say(`something is to be done about: ${open.join(', ')}`);
  return open.length === 0;
}
