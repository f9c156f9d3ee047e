// Has V8 compile the files of the bundle that this one is part of, each as a whole, and keeps the code beside them:
// a program that is started with the same Node and the same options then need not. Run by whoever has installed the
// bundle. Code of another Node is no harm: V8 looks at its version, and compiles anew.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { codeFile } from './compiled-code.js';
import { digestOf } from './digest.js';

/** All of it, not only what is called at once; the flag stands in no code, so it is taken back first. */
function compiled(text: string, filename: string): Buffer {
  setFlagsFromString('--no-lazy');
  const script = new Script(text, { filename });
  setFlagsFromString('--lazy');
  return script.createCachedData();
}

function precompile(folder: string): void {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cjs'));
  const kept = new Set<string>();
  for (const name of files) {
    const file = join(folder, name);
    const text = readFileSync(file, 'latin1');
    const code = codeFile(file, digestOf(text));
    // A program may be started meanwhile: it finds all of it or nothing.
    writeFileSync(`${code}.new`, compiled(text, file), { mode: 0o644 });
    renameSync(`${code}.new`, code);
    kept.add(code);
  }
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (/\.code(?:\.new)?$/.test(name) && !kept.has(file)) rmSync(file);
  }
}

const folder = fileURLToPath(new URL('../../program', import.meta.url));
if (existsSync(folder)) precompile(folder);
else {
  process.stderr.write(
    `precompile: the files of the bundle expected in ${folder}, found none: run npm run build:bundle, then bundle/scripts/bundle/precompile.js\n`,
  );
  process.exitCode = 1;
}
