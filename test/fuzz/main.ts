// `scripts/fuzz`: the decoders fed with changed inputs until the time is over; those in C by libFuzzer, where clang is
// there. What is fed: targets.ts and native/.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fuzz, shrunk, type Target } from './fuzz.js';
import { TARGETS } from './targets.js';

const USAGE = `usage: scripts/fuzz [--minutes N] [--target NAME] [--seed S] [--keep FOLDER]

  --minutes N     for all targets together; default 1
  --target NAME   this one alone, of: ${TARGETS.map(({ name }) => name).join(', ')}, native
  --seed S        of the inputs; default: drawn, and printed
  --keep FOLDER   where a failing input, the slowest one and libFuzzer's corpus go; default fuzz.kept
`;

const NATIVE = fileURLToPath(new URL('../../../test/fuzz/native', import.meta.url));
const COMPILER = ['clang', 'clang-14'].find((name) => spawnSync(name, ['--version']).status === 0);
const FLAGS =
  '-std=gnu11 -O1 -g -D_GNU_SOURCE -Wno-gnu-variable-sized-type-not-at-end ' +
  '-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Options {
  readonly minutes: number;
  readonly target: string | undefined;
  readonly seed: number;
  readonly keep: string;
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new Error(`${option}: a positive number expected, found ${text}`);
  return value;
}

/** @throws Error that says what was expected. */
function optionsOf(words: string[]): Options | null {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: words,
    options: { minutes: text, target: text, seed: text, keep: text, help: { type: 'boolean' } },
  });
  if (values.help === true) return null;
  const { target } = values;
  const names = [...TARGETS.map(({ name }) => name), 'native'];
  if (target !== undefined && !names.includes(target))
    throw new Error(`--target: one of ${names.join(', ')} expected, found ${target}`);
  return {
    minutes: positive(values.minutes ?? '1', '--minutes'),
    target,
    seed: positive(values.seed ?? String(1 + Math.floor(Math.random() * 2 ** 31)), '--seed'),
    keep: values.keep ?? 'fuzz.kept',
  };
}

/** @returns whether nothing failed. */
async function feed(target: Target, seed: number, ms: number, keep: string): Promise<boolean> {
  const endsAt = performance.now() + ms;
  const { executions, outcomes, slowest, failure } = await fuzz(
    target,
    seed,
    () => performance.now() < endsAt,
  );
  const slow = `slowest ${slowest.ms.toFixed(1)} ms for ${slowest.input.length} bytes`;
  say(`${target.name}: ${executions} inputs, ${outcomes.size} outcomes, ${slow}`);
  mkdirSync(keep, { recursive: true });
  writeFileSync(join(keep, `${target.name}-slowest`), slowest.input);
  if (failure === null) return true;
  const { input, error } = await shrunk(target, failure);
  const file = join(keep, `${target.name}-${seed}`);
  writeFileSync(file, input);
  say(`${target.name}: FAILED: ${error.stack ?? error.message}\nthe input: ${file}`);
  return false;
}

/** @returns whether nothing failed. */
function feedNative(name: string, seed: number, seconds: number, keep: string): boolean {
  const corpus = join(keep, 'corpus', name);
  mkdirSync(corpus, { recursive: true });
  const program = join(keep, name);
  const source = join(NATIVE, `${name}.c`);
  const built = spawnSync(COMPILER ?? '', [...FLAGS.split(' '), source, '-o', program], {
    stdio: 'inherit',
  });
  if (built.status !== 0) return false;
  const limits = [`-max_total_time=${seconds}`, '-max_len=4096', `-seed=${seed}`, '-verbosity=0'];
  const words = [...limits, '-print_final_stats=1', `-artifact_prefix=${keep}/${name}-`, corpus];
  const ran = spawnSync(program, words, { encoding: 'utf8' });
  const count = /number_of_executed_units: (\d+)/.exec(ran.stderr)?.[1] ?? '?';
  say(`native ${name}: ${count} inputs${ran.status === 0 ? '' : `: FAILED\n${ran.stderr}`}`);
  return ran.status === 0;
}

async function run({ minutes, target, seed, keep }: Options): Promise<boolean> {
  const targets = TARGETS.filter(({ name }) => target === undefined || name === target);
  const wantsNative = target === undefined || target === 'native';
  const units = !wantsNative
    ? []
    : readdirSync(NATIVE)
        .filter((name) => name.endsWith('.c'))
        .map((name) => name.replace('.c', ''));
  if (units.length > 0 && COMPILER === undefined)
    say('native: left out, since there is no clang: apt-get install clang libclang-rt-14-dev');
  const native = COMPILER === undefined ? [] : units;
  const ms = (minutes * 60_000) / Math.max(1, targets.length + native.length);
  say(`SEED=${seed}`);
  let held = true;
  for (const one of targets) held = (await feed(one, seed, ms, keep)) && held;
  for (const one of native) held = feedNative(one, seed, Math.ceil(ms / 1000), keep) && held;
  return held;
}

try {
  const options = optionsOf(process.argv.slice(2));
  if (options === null) say(USAGE);
  else process.exitCode = (await run(options)) ? 0 : 1;
} catch (error) {
  process.stderr.write(`fuzz: ${(error as Error).message}\n${USAGE}`);
  process.exitCode = 2;
}
