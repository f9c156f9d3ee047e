// Makes the bundle: one file a program instead of some hundred modules, with every form compiled. It lies in
// `bundle`, laid out as `dist` is, in whose place it is installed. What it consists of: parts.ts.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild';
import { ENGINE_OPTIONS } from '../../src/engine/options.js';
import { SETTINGS_SCHEMA } from '../../src/config/schema.js';
import { formsCode, settingsFormCode } from './compiled-forms.js';
import { digestOf } from './digest.js';
import { layOutPage, PAGE_PACKAGES } from './page.js';
import { PROGRAMS, SHARED, startedAs, type ProgramPart } from './parts.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const COMMON: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // What answers an import is a file of the bundle: the start loads it, not Node.
  supported: { 'dynamic-import': false },
  sourcemap: 'external',
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
  // Names stay as they are: stack traces show them.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  external: ['raw-socket'],
};

/** A file of the bundle is a function, written as the starter calls it: its text is not put together anew. */
const AS_FUNCTION = {
  banner: { js: '(function(exports,require,module,urlOf){' },
  footer: { js: '})' },
} as const satisfies BuildOptions;

/** What src/model/build.ts has: the same for the same sources, wherever and whenever they are bundled. */
function buildOfSources(): string {
  const files = ['src', 'scripts'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );
  const hash = createHash('sha256');
  for (const file of ['package.json', 'package-lock.json', ...files.sort()]) {
    hash.update(`${file}\0`).update(readFileSync(join(ROOT, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Answers the imports of shared files, but for the one that is being made; tells each source where it would be. */
const asParts = (made: string, buildName: string): Plugin => ({
  name: 'parts',
  setup(under) {
    const wanted = async (path: string, options: object): Promise<string> => {
      if (!path.startsWith('.')) return path;
      const found = await under.resolve(path, {
        ...(options as { kind: 'import-statement' }),
        pluginData: true,
      });
      return found.path;
    };
    under.onResolve({ filter: /./ }, async ({ path, pluginData, kind, importer, resolveDir }) => {
      if (path === 'node:child_process' && importer.includes('/commander/')) {
        return { path: `later:${path}`, external: true };
      }
      if (pluginData === true || kind === 'entry-point') return undefined;
      const target = await wanted(path, { kind, importer, resolveDir });
      const part = SHARED.find(({ name, stands }) => name !== made && stands.test(target));
      return part === undefined ? undefined : { path: `./${part.name}.cjs`, external: true };
    });
    under.onLoad({ filter: /\/(?:src|scripts)\/.*\.ts$/ }, ({ path }) => {
      const compiled = relative(ROOT, path).replace(/\.ts$/, '.js');
      // The one at the place where it is started has a line for the kernel of its own.
      let text = readFileSync(path, 'utf8').replace(/^#!.*/, '');
      if (compiled === 'src/model/build.js') text = text.replace("'checkout'", `'${buildName}'`);
      return {
        contents: text.replaceAll('import.meta.url', `urlOf(${JSON.stringify(compiled)})`),
        loader: 'ts',
      };
    });
  },
});

/** What esbuild starts from: a file, a package, or code that ajv writes. */
function inputOf(name: string): BuildOptions {
  const written = { 'settings-form': settingsFormCode, forms: formsCode }[name];
  if (written !== undefined) {
    return { stdin: { contents: written(), resolveDir: ROOT, sourcefile: `${name}.js` } };
  }
  const source = {
    agent: 'src/agent/main.ts',
    check: 'src/cli/commands/check.ts',
    commands: 'src/cli/program.ts',
    console: 'src/cli/commands/console.ts',
    doctor: 'src/cli/commands/doctor.ts',
    import: 'src/cli/commands/import.ts',
    settings: 'src/config/load.ts',
  }[name];
  return { entryPoints: [source ?? name] };
}

/** A source is called what it is called in the checkout, wherever the bundle lies. */
function nameSources(file: string): void {
  const map = JSON.parse(readFileSync(file, 'utf8')) as { sources: string[] };
  map.sources = map.sources.map((source) => relative(ROOT, join(dirname(file), source)));
  writeFileSync(file, JSON.stringify(map));
}

async function makePart(
  name: string,
  input: BuildOptions,
  { folder, buildName }: { readonly folder: string; readonly buildName: string },
): Promise<Metafile> {
  const outfile = join(folder, 'program', `${name}.cjs`);
  const plugins = [asParts(name, buildName)];
  const { metafile } = await build({ ...COMMON, ...input, ...AS_FUNCTION, outfile, plugins });
  nameSources(`${outfile}.map`);
  if (metafile === undefined) throw new Error(`esbuild was to say what ${name} consists of`);
  return metafile;
}

/** The file at the path where a program is started. */
async function makeStart(part: ProgramPart, folder: string, digests: object): Promise<void> {
  const path = startedAs(part);
  const options = ENGINE_OPTIONS.join(' ');
  await build({
    ...COMMON,
    entryPoints: ['scripts/bundle/starter.ts'],
    outfile: join(folder, path),
    sourcemap: false,
    banner: { js: `#!/usr/bin/env -S node ${options}` },
    define: {
      PROGRAM: JSON.stringify(part.name),
      TO_TOP: JSON.stringify(relative(dirname(path), '.')),
      DIGESTS: JSON.stringify(digests),
    },
  });
}

/** By the name of each file: it is started by code that was made of this text, or of none. */
function digestsOf(folder: string): Record<string, string> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cjs'));
  return Object.fromEntries(
    files.sort().map((name) => [name, digestOf(readFileSync(join(folder, name), 'latin1'))]),
  );
}

/** Makes the bundle in `folder`, which is replaced at the end. @returns the packages that are in it. */
export async function makeBundle(folder: string): Promise<string[]> {
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  // The program is a module to Node by the package's own word.
  writeFileSync(join(fresh, 'package.json'), '{ "type": "commonjs" }\n');
  // For editors that check a file while it is written.
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', ...SETTINGS_SCHEMA };
  writeFileSync(join(fresh, 'settings.schema.json'), `${JSON.stringify(schema, null, 2)}\n`);
  layOutPage(ROOT, fresh);
  const into = { folder: fresh, buildName: buildOfSources() };
  const inputs = [
    ...PROGRAMS.map(({ name, source }) => makePart(name, { entryPoints: [source] }, into)),
    ...SHARED.map(({ name }) => makePart(name, inputOf(name), into)),
  ];
  const made = await Promise.all(inputs);
  const digests = digestsOf(join(fresh, 'program'));
  await Promise.all(PROGRAMS.map((part) => makeStart(part, fresh, digests)));
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  const packages = made
    .flatMap((metafile) => Object.keys(metafile.inputs))
    .flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  return [...new Set([...packages, ...PAGE_PACKAGES])].sort();
}
