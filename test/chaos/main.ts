// `scripts/chaos`: storms on real pairs until the time is over, and what came of them. What a storm is:
// storm.ts and faults.ts; how one is carried out: weather.ts; what is allowed: judge.ts.
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { now } from '../../scripts/lab/clock.js';
import { enterSandbox, insideSandbox, mappedUser } from '../../scripts/lab/sandbox.js';
import { Bench } from './bench.js';
import { FAULTS } from './faults.js';
import { advertisers, lastAnnouncer } from './frames.js';
import { judge, type Verdict } from './judge.js';
import { keep } from './keep.js';
import { commandOf, readOptions, USAGE, type ChaosOptions } from './options.js';
import { failed, stormText, summary, type Outcome } from './report.js';
import {
  describePair,
  describeStorm,
  drawPair,
  drawStorm,
  kindsOf,
  pairOf,
  type Storm,
} from './storm.js';
import { carryOut, LIMIT_MS, type Observed } from './weather.js';

/** The options, or the end of the program: status 0 after help, 2 after bad ones. */
function optionsOrEnd(): ChaosOptions {
  try {
    const chance = (): number => Math.floor(Math.random() * 0x1_0000_0000);
    const options = readOptions(process.argv.slice(2), chance);
    if (options !== null) return options;
    process.stdout.write(USAGE);
    return process.exit(0);
  } catch (error) {
    process.stderr.write(`chaos: ${(error as Error).message}\n${USAGE}`);
    return process.exit(2);
  }
}

/** Limits are read from the environment when their file is loaded, which is inside the sandbox. */
function measureMachine(): void {
  if (process.env['UNDERSTUDY_BOOT_MS'] !== undefined) return;
  const program = fileURLToPath(new URL('../support/measure-boot.js', import.meta.url));
  const measured = execFileSync(process.execPath, [program], { encoding: 'utf8' });
  process.env['UNDERSTUDY_BOOT_MS'] = measured.trim();
}

const say = (text: string): void => void process.stdout.write(text);

/** One run: draws, carries out, keeps what failed. */
class Run {
  readonly outcomes: Outcome[] = [];
  readonly #options: ChaosOptions;
  #bench: Bench | null = null;
  #before: Storm[] = [];
  #folder: string | null;

  constructor(options: ChaosOptions) {
    this.#options = options;
    this.#folder = options.keep;
  }

  async all(): Promise<void> {
    const { minutes, storm } = this.#options;
    const endsAt = now() + minutes * 60_000;
    if (storm !== null) await this.one(storm);
    else for (let index = 0; now() < endsAt; index += 1) await this.one(index);
    await this.#letGo();
  }

  async one(index: number): Promise<void> {
    const storm = drawStorm(this.#options.seed, index);
    if (pairOf(index) !== pairOf(index - 1)) await this.#letGo();
    try {
      const bench = (this.#bench ??= await this.#open(index));
      const outcome = await this.#outcome(bench, storm);
      this.#before.push(storm);
      this.#tell(outcome);
      if (failed(outcome)) await this.#letGo();
    } catch (error) {
      const complaints = [`could not be carried out: ${(error as Error).message}`];
      const verdict: Verdict = { complaints, bothHeldMs: 0, nobodyHeldMs: 0, settledAfterMs: null };
      const kinds = kindsOf(drawPair(this.#options.seed, pairOf(index)));
      this.#tell({ storm, kinds, verdict, lostProbes: 0, voided: [], notes: [], kept: null });
      await this.#letGo();
    }
  }

  async #open(index: number): Promise<Bench> {
    const plan = drawPair(this.#options.seed, pairOf(index));
    say(`\na pair: ${describePair(plan)}\n`);
    return Bench.open(plan);
  }

  async #outcome(bench: Bench, storm: Storm): Promise<Outcome> {
    const observed = await carryOut(bench, storm);
    const verdict = judge(observed.evidence);
    const { lostProbes, voided } = observed;
    const notes = notesOf(bench, observed);
    const kinds = kindsOf(bench.plan);
    const outcome = { storm, kinds, verdict, lostProbes, voided, notes, kept: null };
    // Whoever repeats one storm and names a folder wants to see it, however it ends.
    const wanted = this.#options.storm !== null && this.#options.keep !== null;
    if (verdict.complaints.length === 0 && !wanted) return outcome;
    const kept = `${this.#keepFolder()}/seed-${this.#options.seed}-storm-${storm.index}`;
    const { plan } = bench;
    const command = this.#repeat(storm.index);
    await keep(kept, bench, { command, plan, storm, before: this.#before, observed, verdict });
    return { ...outcome, kept };
  }

  #tell(outcome: Outcome): void {
    this.outcomes.push(outcome);
    say(stormText(outcome, describeStorm(outcome.storm)));
  }

  async #letGo(): Promise<void> {
    const bench = this.#bench;
    this.#bench = null;
    this.#before = [];
    await bench?.close();
  }

  #keepFolder(): string {
    return (this.#folder ??= mkdtempSync(`${tmpdir()}/understudy-chaos-`));
  }

  readonly #repeat = (storm: number): string => commandOf({ ...this.#options, storm });

  summary(): string {
    return summary(
      this.outcomes,
      FAULTS.map(({ name }) => name),
      this.#repeat,
    );
  }
}

/** What the switch saw at the end, where it is not what the kernels say. Told, not judged. */
function notesOf(bench: Bench, { evidence, frames, lateRestMs, silentMs }: Observed): string[] {
  const { healedAt, endedAt } = evidence;
  const notes: string[] = [];
  if (lateRestMs !== null) notes.push(`at rest after ${Math.round(lateRestMs)} ms`);
  if (silentMs > 0) notes.push(`at rest, but nothing answered for ${Math.round(silentMs)} ms more`);
  for (const address of bench.addresses) {
    const announcer = lastAnnouncer(frames, address, bench.lab.routers);
    const holders = bench.lab.holding(address, endedAt);
    if (announcer !== null && holders.length === 1 && !holders.includes(announcer)) {
      notes.push(`the last to announce ${address} was ${announcer}; ${holders.join()} holds it`);
    }
  }
  // At rest, somebody advertises within an interval, and nobody else does.
  const quiet = Math.max(healedAt, endedAt - 1_000);
  for (const [router, senders] of advertisers(frames, quiet)) {
    if (senders.length > 1)
      notes.push(`${router} advertised by ${senders.join(' and ')} at the end`);
  }
  return notes;
}

async function main(options: ChaosOptions): Promise<number> {
  const command = commandOf(options);
  say(`seed ${options.seed}: ${command}\n`);
  say(`one holder within ${Math.round(LIMIT_MS)} ms after everything is mended\n`);
  if (mappedUser()) say('no captures: they need root, not a mapped user\n');
  const run = new Run(options);
  await run.all();
  say(run.summary());
  say(`seed ${options.seed}: ${command}\n`);
  return run.outcomes.some(failed) ? 1 : 0;
}

const options = optionsOrEnd();
if (!insideSandbox()) measureMachine();
const refusal = await enterSandbox();
if (refusal !== null) {
  process.stderr.write(`chaos: ${refusal}\n`);
  process.exit(2);
}
process.exit(await main(options));
