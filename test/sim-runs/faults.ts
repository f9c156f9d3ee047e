// Which planted faults of the core the scenarios meet: the same ones are played with and without each fault. One is met
// when the core answers otherwise than without it, and noticed when a promise is broken. Scenarios: suites.ts.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Copy } from '../mutants/copy.js';
import { parseFault, select, type Fault } from '../mutants/fault.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FAULTS = join(ROOT, 'test/mutants');

interface Drawing {
  readonly seed: number;
  /** By name. */
  readonly suites: readonly string[];
  /** Of each suite. */
  readonly scenarios: number;
  /** Whether a fault that was met is not looked at any more, though no promise was broken yet. */
  readonly first: boolean;
}

/** What scenarios-process.ts says of one scenario: a digest of all effects, and the promise that was broken. */
interface Played {
  readonly at: string;
  readonly digest: string;
  readonly broken: string | null;
}

interface Verdict {
  /** The first scenario in which the core answered otherwise. */
  readonly met: string | null;
  /** The first one that broke a promise, and which. */
  readonly noticed: string | null;
}

/** A scenario takes milliseconds. With a fault one may never end, which breaks a promise as well. */
const SILENCE_MS = 120_000;

/** Plays the scenarios in a copy, one line each; `take` says whether the next one is wanted. */
async function play(
  root: string,
  { seed, suites, scenarios }: Drawing,
  take: (played: Played) => boolean,
): Promise<string | null> {
  const words = [
    join(root, 'dist/test/sim-runs/scenarios-process.js'),
    String(seed),
    String(scenarios),
    ...suites,
  ];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (part: Buffer) => (errors = (errors + part.toString()).slice(-2_000)));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let enough = false;
  let hangs = false;
  const silent = setTimeout(() => {
    hangs = true;
    child.kill('SIGKILL');
  }, SILENCE_MS);
  for await (const line of createInterface(child.stdout)) {
    silent.refresh();
    if (enough || take(JSON.parse(line) as Played)) continue;
    enough = true;
    child.kill('SIGKILL');
  }
  clearTimeout(silent);
  const code = await ended;
  if (enough || code === 0) return null;
  return hangs ? 'a scenario without an end' : `exit code ${code}: ${errors.trim()}`;
}

async function verdictOn(
  root: string,
  drawing: Drawing,
  sound: ReadonlyMap<string, string>,
): Promise<Verdict> {
  let met: string | null = null;
  let noticed: string | null = null;
  const trouble = await play(root, drawing, ({ at, digest, broken }) => {
    if (sound.get(at) !== digest) met ??= at;
    if (broken !== null) noticed ??= `${at}: ${broken}`;
    return noticed === null && !(drawing.first && met !== null);
  });
  if (trouble === null) return { met, noticed };
  return { met: met ?? trouble, noticed: noticed ?? trouble };
}

function coreFaults(words: readonly string[]): Fault[] {
  const names = readdirSync(FAULTS)
    .filter((file) => file.endsWith('.patch'))
    .map((file) => file.slice(0, -'.patch'.length))
    .toSorted();
  return select(names, words)
    .map((name) => parseFault(name, readFileSync(join(FAULTS, `${name}.patch`), 'utf8')))
    .filter(({ targets }) => targets.every((path) => path.startsWith('src/core/')));
}

/** @returns whether every fault of the core that was asked for was met. @throws FaultError */
export async function judgeFaults(words: readonly string[], drawing: Drawing): Promise<boolean> {
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  const faults = coreFaults(words);
  const folder = mkdtempSync(join(tmpdir(), 'understudy-sim-faults-'));
  const missed: string[] = [];
  let noticed = 0;
  try {
    const copy = await Copy.of(ROOT, join(folder, 'copy'), false);
    const sound = new Map<string, string>();
    const trouble = await play(copy.root, drawing, ({ at, digest, broken }) => {
      sound.set(
        at,
        broken === null ? digest : `${at} breaks a promise without any fault: ${broken}`,
      );
      return true;
    });
    if (trouble !== null)
      throw new Error(`scenarios without any fault expected, found: ${trouble}`);
    say(`SEED=${drawing.seed}: ${sound.size} scenarios, ${faults.length} faults of the core`);
    for (const fault of faults) {
      const judge = (): Promise<Verdict> => verdictOn(copy.root, drawing, sound);
      const verdict = await copy.planted(fault, judge, false);
      if (typeof verdict === 'string') {
        missed.push(`${fault.name} (${verdict})`);
        say(`STALE    ${fault.name}: ${verdict}`);
        continue;
      }
      const { met, noticed: promise } = verdict;
      if (promise !== null) noticed += 1;
      if (met === null) missed.push(fault.name);
      if (promise !== null) say(`noticed  ${fault.name}: ${promise}`);
      else if (met !== null) say(`met      ${fault.name}: ${met}, no promise broken`);
      else say(`NOT MET  ${fault.name}: ${fault.breaks}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const met = faults.length - missed.length;
  say(`${met} of ${faults.length} faults met, ${noticed} of them break a promise`);
  if (missed.length > 0) say(`not met: ${missed.join(', ')}`);
  return missed.length === 0;
}
