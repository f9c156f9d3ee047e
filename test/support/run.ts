// Runs test files, so many processes side by side, in the order in which they are named: `node --test` sorts them by name,
// and what takes longest would begin when most is over. Those after --together share processes, some of them each
// (together.ts). Says what it sees, and writes a TAP record. No limit: test.ts.
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import process from 'node:process';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { dealt, isAlone } from './together.js';

const DIST = fileURLToPath(new URL('../../', import.meta.url));

const [record = '', concurrency = '', ...named] = process.argv.slice(2);
if (!(Number(concurrency) >= 1) || named.filter((name) => name !== '--together').length === 0) {
  process.stderr.write('usage: run.js RECORD CONCURRENCY [FILE]... [--together FILE...]\n');
  process.exit(2);
}

/** So many for each that runs at a time: few starts of node, and all of them busy until the end. */
const GROUPS = Number(process.env['UNDERSTUDY_TEST_GROUPS'] ?? 3);

/** The sources' name of a compiled file: what a person looks for. */
const sourceOf = (path: string): string => relative(DIST, path).replace(/\.js$/, '.ts');

interface Group {
  /** The file that loads the others. */
  readonly path: string;
  /** Where it notes each that begins. */
  readonly begun: string;
  /** Those whose tests have not all run yet. */
  readonly unheard: Set<string>;
}

function groupOf(files: readonly string[], index: number): Group {
  const path = join(`${record}.together`, `${index + 1}.mjs`);
  const begun = `${path}.begun`;
  const all = files.map((file) => ({ name: sourceOf(file), path: file }));
  const from = pathToFileURL(join(DIST, 'test/support/test.js')).href;
  const words = [all, begun].map((word) => JSON.stringify(word)).join(', ');
  writeFileSync(begun, '');
  writeFileSync(
    path,
    `import { defineTogether } from '${from}';\nawait defineTogether(${words});\n`,
  );
  return { path, begun, unheard: new Set(all.map(({ name }) => name)) };
}

const splitAt = [...named, '--together'].indexOf('--together');
const together = named.slice(splitAt + 1).map((file) => resolve(file));
const alone = together.filter((file) => isAlone(readFileSync(file, 'utf8')));
const shared = together.filter((file) => !alone.includes(file));
if (shared.length > 0) mkdirSync(`${record}.together`, { recursive: true });
const groups = dealt(shared, GROUPS * Number(concurrency)).map(groupOf);

/** All tests of the file of that name have run. */
const isOver = (name: string): void => {
  for (const { unheard } of groups) unheard.delete(name);
};

/** @param append whether it is a second run of the same record. */
async function runFiles(files: string[], append: boolean): Promise<void> {
  const events = run({ files, concurrency: Number(concurrency) });
  events.on('test:pass', ({ name }) => isOver(name));
  events.on('test:fail', ({ name, details }) => {
    process.exitCode = 1;
    if (!('failureType' in details.error) || details.error.failureType !== 'cancelledByParent')
      isOver(name);
  });
  events.compose(new spec()).pipe(process.stdout, { end: false });
  const written = createWriteStream(record, { flags: append ? 'a' : 'w' });
  events.compose(tap).pipe(written);
  await finished(written);
}

await runFiles(
  [...named.slice(0, splitAt), ...groups.map(({ path }) => path), ...alone].map((file) =>
    resolve(file),
  ),
  false,
);

// A process that ended early has failed, whatever its other files say; but they say it, each by itself.
for (const { begun, unheard } of groups) {
  if (unheard.size === 0) continue;
  process.exitCode = 1;
  const last = readFileSync(begun, 'utf8').trim().split('\n').at(-1);
  const where = last === '' ? 'before its first file' : `in ${last}`;
  const why = `a process ended early, ${where}; its ${unheard.size} files that were not heard to the end are run by themselves`;
  process.stdout.write(`${why}\n`);
  await runFiles(
    [...unheard].map((name) => join(DIST, name.replace(/\.ts$/, '.js'))),
    true,
  );
  writeFileSync(record, `not ok 1 - ${why}\n`, { flag: 'a' });
}
