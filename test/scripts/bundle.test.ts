// The bundle that is installed: what its programs load, and that it is the same program as the compiled sources.
// What an installed agent does is test/systemd's and, run by scripts/test, of every test with a process.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeBundle } from '../../scripts/bundle/bundle.js';
import { ENGINE_OPTIONS } from '../../src/engine/options.js';
import { PROGRAMS, startedAs } from '../../scripts/bundle/parts.js';
import { startControlServer, type ControlServer } from '../../src/control/server.js';
import { healthy } from '../cli/statuses.js';
import { eventOf, linesOf } from '../support/limits.js';
import { after, before, describe, it } from '../support/test.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

let folder = '';
let settings = '';
let packages: readonly string[] = [];
let server: ControlServer | null = null;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-bundle-'));
  packages = await makeBundle(join(folder, 'dist'));
  cpSync(`${ROOT}package.json`, join(folder, 'package.json'));
  for (const shared of ['build', 'scripts', 'node_modules']) {
    symlinkSync(`${ROOT}${shared}`, join(folder, shared));
  }
  const runtime = join(folder, 'run');
  mkdirSync(runtime);
  settings = join(folder, 'understudy.yaml');
  writeFileSync(
    settings,
    `runtimeDirectory: ${runtime}\nvirtualRouters:\n  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24] }\n`,
  );
  server = await startControlServer({
    path: join(runtime, 'control.sock'),
    handlers: {
      status: () => healthy,
      metrics: () => Promise.resolve({ type: 'text/plain', bytes: Buffer.from('# HELP x y\n') }),
      settings: () => ({
        file: settings,
        settings: [{ setting: 'mode', value: 'off', source: 'file', settable: true }],
      }),
      set: () => assert.fail(),
      change: () => assert.fail(),
      reload: () => assert.fail(),
      command: () => assert.fail(),
      events: () => [],
      follow: () => assert.fail(),
    },
    onError: () => undefined,
  });
});
after(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

const main = (): string => join(folder, 'dist/src/main.js');

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the bundled command line without blocking this process, which is the agent. */
async function run(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Run> {
  const child = spawn(process.execPath, [main(), ...words, '--config', settings], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  await eventOf(child, 'close');
  return { code: child.exitCode, out, err };
}

/** The files of the bundle that a command loads. */
async function loadedBy(...words: string[]): Promise<string[]> {
  const coverage = mkdtempSync(join(folder, 'coverage-'));
  const { code, err } = await run(words, { NODE_V8_COVERAGE: coverage });
  assert.equal(code, 0, err);
  const urls = readdirSync(coverage).flatMap((name) => {
    const text = readFileSync(join(coverage, name), 'utf8');
    return (JSON.parse(text) as { result: { url: string }[] }).result.map(({ url }) => url);
  });
  return urls.filter((url) => url.includes('/program/')).map((url) => basename(url, '.cjs'));
}

/** What `plan` loads. */
const PLAN = ['commands', 'settings', 'settings-form', 'understudy', 'yaml'];

describe('the bundle', () => {
  it('has ajv neither for settings nor for answers: its compiler is not in it', () => {
    assert.ok(packages.includes('commander') && packages.includes('yaml'), packages.join());
    assert.ok(!packages.includes('json-schema-traverse'), 'only the compiler needs it');
  });

  it('loads one file for the status, and the commands for the events', async () => {
    assert.deepEqual(await loadedBy('status'), ['understudy']);
    assert.deepEqual((await loadedBy('events')).sort(), ['commands', 'understudy']);
  });

  it('loads the forms of answers for get, and neither yaml nor the form of settings', async () => {
    assert.deepEqual((await loadedBy('get')).sort(), ['commands', 'forms', 'understudy']);
  });

  it('loads what reads settings for check, and no agent', async () => {
    assert.deepEqual((await loadedBy('plan')).sort(), PLAN);
  });

  describe('compiled ahead', () => {
    /** What V8 says of the code that it was given, by file, as `NAME taken` or `NAME refused`. */
    const startedWith = (
      options: readonly string[],
      tree = 'dist',
    ): { out: string; said: string[] } => {
      const spy = join(folder, 'spy.cjs');
      writeFileSync(
        spy,
        `const vm = require('node:vm');
const { Script } = vm;
vm.Script = class extends Script {
  constructor(text, options) {
    super(text, options);
    const said = this.cachedDataRejected === undefined ? 'none' : this.cachedDataRejected ? 'refused' : 'taken';
    process.stderr.write(\`\${options.filename.replace(/.*[/]/, '')} \${said}\\n\`);
  }
};\n`,
      );
      const words = [
        '--require',
        spy,
        ...options,
        join(folder, tree, 'src/main.js'),
        'plan',
        '--config',
        settings,
      ];
      const { stdout, stderr, status } = spawnSync(process.execPath, words, { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      return { out: stdout, said: stderr.trim().split('\n').sort() };
    };
    const files = (said: string): string[] => PLAN.map((name) => `${name}.cjs ${said}`).sort();
    const precompile = (tree: string): void => {
      const program = join(folder, tree, 'scripts/bundle/precompile.js');
      const { status, stderr } = spawnSync(process.execPath, [...ENGINE_OPTIONS, program], {
        encoding: 'utf8',
      });
      assert.deepEqual([status, stderr], [0, '']);
    };
    const codesIn = (tree: string): string[] =>
      readdirSync(join(folder, tree, 'program')).filter((name) => name.includes('.code'));

    it('takes the code that was made for this Node, these options and this text, and is the same without', () => {
      const tree = 'ahead';
      cpSync(join(folder, 'dist'), join(folder, tree), { recursive: true });
      const plain = startedWith(ENGINE_OPTIONS, tree);
      assert.deepEqual(plain.said, files('none'));
      writeFileSync(
        join(folder, tree, 'program', 'agent.cjs.0123456789abcdef.code'),
        'of another release',
      );
      precompile(tree);
      assert.equal(
        codesIn(tree).length,
        readdirSync(join(folder, tree, 'program')).filter((name) => name.endsWith('.cjs')).length,
      );
      assert.deepEqual(startedWith(ENGINE_OPTIONS, tree), {
        out: plain.out,
        said: files('taken'),
      });
      assert.deepEqual(startedWith(['--stack-size=900'], tree), {
        out: plain.out,
        said: files('refused'),
      });
      for (const name of codesIn(tree))
        writeFileSync(join(folder, tree, 'program', name), 'no code');
      assert.deepEqual(startedWith(ENGINE_OPTIONS, tree), {
        out: plain.out,
        said: files('refused'),
      });
    });

    it('takes none for a file that was changed since, though its length is the same', () => {
      const tree = 'changed';
      cpSync(join(folder, 'dist'), join(folder, tree), { recursive: true });
      precompile(tree);
      const file = join(folder, tree, 'program/understudy.cjs');
      const later = Date.now() / 1_000 + 60;
      utimesSync(file, later, later);
      const { said } = startedWith(ENGINE_OPTIONS, tree);
      const fitting = (name: string): string => (name === 'understudy' ? 'none' : 'taken');
      assert.deepEqual(said, PLAN.map((name) => `${name}.cjs ${fitting(name)}`).sort());
    });
  });

  it('serves the page of the console, with the libraries on board', async () => {
    const socketPath = join(folder, 'http.sock');
    const file = join(folder, 'console.yaml');
    const own = { listen: `unix:${socketPath}`, tokenFile: join(folder, 'token') };
    writeFileSync(file, `${readFileSync(settings, 'utf8')}console: ${JSON.stringify(own)}\n`);
    const child = spawn(process.execPath, [main(), 'console', '--config', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = linesOf(child.stdout, 'the console');
    assert.match(await line(), /wrote a new token/);
    assert.match(await line(), /listening at unix:/);
    const statuses = ['/', '/main.js', '/preact.js', '/htm.js', '/page.css', '/icon.svg'].map(
      async (path) => {
        const asked = get({ socketPath, path, headers: { Host: 'localhost' } });
        const [response] = (await eventOf(asked, 'response')) as [IncomingMessage];
        response.resume();
        return response.statusCode;
      },
    );
    assert.deepEqual(await Promise.all(statuses), [200, 200, 200, 200, 200, 200]);
    child.kill();
    await eventOf(child, 'close');
    assert.equal(child.exitCode, 0);
    assert.equal(statSync(own.tokenFile).mode & 0o777, 0o600);
    assert.ok(packages.includes('preact') && packages.includes('htm'), packages.join());
  });

  it('has the same page for Cockpit, which finds all of it beside its own bridge', () => {
    const cockpit = join(folder, 'dist/cockpit');
    const index = readFileSync(join(cockpit, 'index.html'), 'utf8');
    const named = [...index.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name = '']) => name);
    assert.deepEqual(named.sort(), ['../base1/cockpit.js', 'cockpit.js', 'icon.svg', 'page.css']);
    const files = readdirSync(cockpit);
    for (const name of ['about.json', 'manifest.json', 'main.js', ...named.slice(1)]) {
      assert.ok(files.includes(name), name);
    }
    const about = JSON.parse(readFileSync(join(cockpit, 'about.json'), 'utf8')) as {
      fields: unknown[];
    };
    assert.ok(about.fields.length > 40);
  });

  it('names a line of the sources when something is wrong with the program', () => {
    const broken = join(folder, 'broken');
    cpSync(join(folder, 'dist'), join(broken, 'dist'), { recursive: true });
    const { stderr, status } = spawnSync(
      process.execPath,
      [join(broken, 'dist/src/main.js'), 'help'],
      { encoding: 'utf8' },
    );
    assert.equal(status, 1);
    assert.match(stderr, /a fault of the program itself: Error: ENOENT.*package\.json/);
    const line = /^ {4}at packageVersion \(src\/cli\/version\.ts:(\d+):\d+\)$/m.exec(stderr)?.[1];
    const source = readFileSync(`${ROOT}src/cli/version.ts`, 'utf8').split('\n');
    assert.match(source[Number(line) - 1] ?? '', /readFileSync/, stderr);
  });

  it('says of faulty settings what the compiled sources say', () => {
    const faulty = join(folder, 'faulty.yaml');
    writeFileSync(
      faulty,
      'virtualRouters:\n  - { name: lan, interface: eth0, vrid: 0, addresses: [], extra: 1 }\nha: { mode: on }\n',
    );
    const said = [main(), `${ROOT}dist/src/main.js`].map((program) => {
      const words = [program, 'plan', '--config', faulty];
      const { stdout, stderr, status } = spawnSync(process.execPath, words, { encoding: 'utf8' });
      return { stdout, stderr, status };
    });
    assert.equal(said[0]?.status, 2);
    assert.match(said[0].stderr, /virtualRouters\[0\]\.vrid/);
    assert.deepEqual(said[0], said[1]);
  });

  // It costs as much as all the others: a second bundle.
  const twice = process.env['CI'] === 'true' ? false : 'played in CI';
  it('has the same bytes wherever and whenever it is made', { skip: twice }, async () => {
    const again = join(folder, 'made', 'once', 'more');
    await makeBundle(again);
    const files = (top: string): Map<string, string> =>
      new Map(
        readdirSync(top, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(({ parentPath, name }) => join(parentPath, name))
          .map((path) => [relative(top, path), readFileSync(path, 'latin1')] as const)
          .sort(([one], [other]) => (one < other ? -1 : 1)),
      );
    const [first, second] = [files(join(folder, 'dist')), files(again)];
    assert.deepEqual([...first.keys()], [...second.keys()]);
    const differing = [...first].filter(([name, text]) => second.get(name) !== text);
    assert.deepEqual(
      differing.map(([name]) => name),
      [],
    );
  });

  it('has in each program of which build it is', () => {
    const [agent, ...others] = ['agent', 'prober', 'settings-thread'].map((name) => {
      const text = readFileSync(join(folder, 'dist/program', `${name}.cjs`), 'latin1');
      return /\bBUILD\s*=\s*"([0-9a-f]{16})"/.exec(text)?.[1];
    });
    assert.ok(agent !== undefined);
    assert.deepEqual(others, [agent, agent]);
  });

  it('can start each program by its path, with the options that it needs', () => {
    for (const part of PROGRAMS) {
      const text = readFileSync(join(folder, 'dist', startedAs(part)), 'utf8');
      const first = `#!/usr/bin/env -S node ${ENGINE_OPTIONS.join(' ')}\n`;
      assert.ok(text.startsWith(first), part.name);
    }
  });
});
