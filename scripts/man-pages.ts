// Writes the man pages into a folder: `npm run man` (docs/man), or node dist/scripts/man-pages.js FOLDER. What they
// say is in man/pages.ts.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manPages } from './man/pages.js';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('expected a folder to write the man pages to, found none\n');
  process.exitCode = 2;
} else {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(manPages())) writeFileSync(join(folder, name), text);
}
