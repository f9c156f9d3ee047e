// What our pages and scripts tell a reader, or a shell, to fetch from a registry: nothing by a name that is not ours.
// The registry's `understudy` is somebody else's program.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, it } from '../support/test.js';

const ROOT = new URL('../../../', import.meta.url).pathname;

interface Package {
  readonly name: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
const ours = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as Package;
/** Fetched by `npm ci`, and pinned there. */
const pinned = new Set(Object.keys({ ...ours.dependencies, ...ours.devDependencies }));

/** A command that fetches what its words name, and those words. */
const FETCHES =
  /\b(?:npm(?: -\S+)* (?:install|i|add|exec|x|view|info|init|create)|npx|pnpm (?:add|dlx|install)|yarn (?:add|dlx|global add)|bunx|bun add)\b([^\n`|;&)#$]*)/g;

/** The names in `text` that a command would fetch and that are neither paths nor pinned: a line each. */
function fetched(text: string): string[] {
  return [...text.matchAll(FETCHES)].flatMap(([command, words = '']) =>
    words
      .split(/\s+/)
      .map((word) => word.replaceAll(/^["']+|["'.,:]+$/g, ''))
      .filter((word) => /^@?[a-z]/.test(word) && !pinned.has(word.replace(/(?<=.)@.*$/, '')))
      .slice(0, 1)
      .map((word) => `${word}, by ${command.trim()}`),
  );
}

/** Pages and scripts, what CI runs, and what the program prints. */
const files = (path: string): string[] => {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => files(join(path, name)));
};
const READ = ['docs', 'scripts', 'src', '.ci', 'package.json', 'binding.gyp'];

describe('names that are fetched', () => {
  it('are ours: no page and no script fetches another package', () => {
    const pages = readdirSync(ROOT).filter((name) => name.endsWith('.md'));
    const all = [...READ, ...pages].flatMap((name) => {
      const path = join(ROOT, name);
      return statSync(path, { throwIfNoEntry: false }) === undefined ? [] : files(path);
    });
    assert.ok(all.length > 100, String(all.length));
    const found = all.flatMap((path) =>
      fetched(readFileSync(path, 'utf8')).map((line) => `${relative(ROOT, path)}: ${line}`),
    );
    assert.deepEqual(found, []);
  });

  it('every way to fetch is seen, and what fetches nothing is not', () => {
    for (const bad of [
      'npm install --global understudy',
      'npm i -g understudy@1',
      'run `npx understudy status`',
      'npm exec understudy',
      'pnpm dlx understudy',
    ]) {
      assert.equal(fetched(bad).length, 1, bad);
    }
    for (const good of [
      'npm install --global "./$(npm pack --silent)"',
      'npm install --global ./understudy-vrrp-0.1.0.tgz',
      'npx prettier --check',
      'npm ci',
      'npm run build',
    ]) {
      assert.deepEqual(fetched(good), [], good);
    }
  });

  it('the package has a name of its own; the command is understudy', () => {
    assert.equal(ours.name, 'understudy-vrrp');
    assert.deepEqual(Object.keys(ours.bin), ['understudy']);
    const lock = readFileSync(`${ROOT}package-lock.json`, 'utf8');
    assert.equal([...lock.matchAll(/"name": "understudy-vrrp"/g)].length, 2);
  });
});
