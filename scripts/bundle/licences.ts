// Prints the licences of everything that a package holds: understudy's, those of the packages in the bundle,
// raw-socket's and Node's, whose file is the argument.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeBundle } from './bundle.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** @throws Error when a package says neither in a file nor in package.json under which licence it comes. */
function licenceOf(name: string): string {
  const folder = join(ROOT, 'node_modules', name);
  const file = readdirSync(folder).find((one) => /^licen[cs]e(?:\.\w+)?$/i.test(one));
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8').trim();
  const text = readFileSync(join(folder, 'package.json'), 'utf8');
  const { license, author } = JSON.parse(text) as { license?: string; author?: unknown };
  const readme = existsSync(join(folder, 'README.md'))
    ? readFileSync(join(folder, 'README.md'), 'utf8')
    : '';
  const said = /^#+ licen[cs]e\s*$([\s\S]*?)(?=^# |$(?![\s\S]))/im.exec(readme)?.[1]?.trim();
  if (license === undefined) throw new Error(`${name}: a licence expected, found none`);
  return [`${license}, ${JSON.stringify(author)}`, said ?? ''].join('\n\n').trim();
}

const section = (title: string, text: string): string =>
  `${title}\n${'='.repeat(title.length)}\n\n${text.trim()}\n`;

const [nodeLicence = ''] = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'understudy-licences-'));
const bundled = await makeBundle(join(scratch, 'dist'));
rmSync(scratch, { recursive: true });
const sections = [
  section('understudy', readFileSync(join(ROOT, 'LICENSE'), 'utf8')),
  ...[...bundled, 'raw-socket'].map((name) => section(name, licenceOf(name))),
  section('Node.js, and what is in it', readFileSync(nodeLicence, 'utf8')),
];
process.stdout.write(
  `Copyright and licences of all that this package holds.\n\n${sections.join('\n')}`,
);
