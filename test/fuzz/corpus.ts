// Inputs that once led to something new, kept in test/fuzz/corpus: of each target a file, one input a line, in base64.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../../test/fuzz/corpus', import.meta.url));

/** Of a target, or of `native-UNIT`; none where nothing is kept. */
export function readCorpus(name: string): Buffer[] {
  const file = join(FOLDER, `${name}.txt`);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => Buffer.from(line, 'base64'));
}

/** Longer ones are not kept: what they show a shorter one shows as well, or it can be found again. */
const LONGEST_KEPT = 500;
const MOST_KEPT = 60;

/** Writes them so that the file can take the place of that in test/fuzz/corpus. @returns how many. */
export function writeCorpus(file: string, inputs: readonly Buffer[]): number {
  const short = inputs.filter(({ length }) => length > 0 && length <= LONGEST_KEPT);
  const lines = [...new Set(short.map((input) => input.toString('base64')))]
    .toSorted((one, other) => one.length - other.length)
    .slice(0, MOST_KEPT);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    `# Kept by scripts/fuzz: one input a line, in base64.\n${lines.join('\n')}\n`,
  );
  return lines.length;
}
