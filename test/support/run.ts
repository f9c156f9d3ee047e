// Runs test files, so many side by side, in the order in which they are named: `node --test` sorts them by name, and what
// takes longest would begin when most is over. Says what it sees, and writes a TAP record. No limit: support/test.ts.
import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';

const [record = '', concurrency = '', ...files] = process.argv.slice(2);
if (!(Number(concurrency) >= 1) || files.length === 0) {
  process.stderr.write('usage: run.js RECORD CONCURRENCY FILE...\n');
  process.exit(2);
}

const events = run({
  files: files.map((file) => resolve(file)),
  concurrency: Number(concurrency),
});
events.on('test:fail', () => (process.exitCode = 1));
events.compose(new spec()).pipe(process.stdout);
events.compose(tap).pipe(createWriteStream(record));
