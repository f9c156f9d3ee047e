// Prints the test files that start a process, or import what does: those wait, and are disturbed by others. The rest of
// the tests are pure, and `scripts/test` runs one a core. Runs no test.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Of node, and of src. */
const STARTS = /^node:child_process$|\/executor\/process\.js$|\/prober-(?:process|slot)\.js$/;

/** What a file imports and is there when it runs: not its types. */
export const importsIn = (text: string): string[] =>
  [...text.matchAll(/^(?:import|export)\s+(?!type\b)(?:[^;']*?\sfrom\s+)?'([^']+)'/gm)].map(
    ([, name = '']) => name,
  );

/**
 * @param texts of the files, by their paths from the root.
 * @returns the paths of those that start a process, or import one of them that does, sorted.
 */
export function startersIn(texts: ReadonlyMap<string, string>): string[] {
  const imports = new Map([...texts].map(([path, text]) => [path, importsIn(text)]));
  const found = new Set<string>();
  const isOne = (path: string): boolean =>
    (imports.get(path) ?? []).some(
      (name) => STARTS.test(name) || found.has(join(dirname(path), name).replace(/\.js$/, '.ts')),
    );
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const path of imports.keys()) if (isOne(path)) found.add(path);
  }
  return [...found].toSorted();
}

/** The text of each file of the tests, and of the scripts that they share the lab with. */
export function testTexts(): Map<string, string> {
  const paths = ['test', 'scripts'].flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${room}/${name}`),
  );
  return new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const tests = startersIn(testTexts()).filter((path) => path.endsWith('.test.ts'));
  process.stdout.write(tests.map((path) => `${path}\n`).join(''));
}
