// The command line by its streams and exit codes, without a process of its own. get and set:
// settings-commands.test.ts; orders, events and keygen: operator.test.ts.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, it } from '../support/test.js';
import { plainRuntimeDirectory } from '../../src/cli/locate.js';
import type { Surroundings } from '../../src/cli/surroundings.js';
import type { ControlHandlers } from '../../src/control/protocol.js';
import { startControlServer } from '../../src/control/server.js';
import type { Status } from '../../src/model/status.js';
import {
  bare,
  config,
  folder,
  pairText,
  say,
  settingsText,
  startAgent,
  useFolder,
} from './command-bench.js';
import { assertGolden } from './golden.js';
import { healthy, twoRouters } from './statuses.js';

useFolder();

describe('the command line', () => {
  it('says what there is', async () => {
    const { code, out } = await bare(['--help']);
    assert.equal(code, 0);
    assertGolden('help.txt', out);
    assert.deepEqual(await bare(['help']), { code: 0, out, err: '' });
  });

  it('says its version', async () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    assert.deepEqual(await bare(['--version']), { code: 0, out: `${version}\n`, err: '' });
  });

  it('refuses wrong usage with exit code 2, and nothing on stdout', async () => {
    const said: string[] = [];
    for (const words of [
      ['statsu'],
      ['nothing-like-it'],
      ['--bad'],
      ['status', '--jsn'],
      ['status', 'extra'],
      ['check', '--config'],
      ['set'],
      ['set', 'mode'],
      ['set', 'mode', 'off', 'now'],
      ['get', 'mode', 'primary'],
      ['plan', 'extra'],
      ['failover', 'now'],
      ['maintenance'],
      ['maintenance', 'maybe'],
      ['bypass', 'open'],
      ['sync', 'pul'],
      ['flaps'],
      ['events', 'all'],
      ['events', '--folow'],
      ['keygen', '/etc/key'],
      // The settings file, where it is meant by its name alone.
      ['check', 'here/understudy.yaml'],
      ['plan', 'understudy.json'],
      ['key', 'status', './other.yml'],
      ['/etc/understudy/understudy.yaml'],
    ]) {
      const { code, out, err } = await bare(words);
      assert.deepEqual([code, out], [2, ''], words.join(' '));
      said.push(`$ understudy ${words.join(' ')}\n${err}`);
    }
    assertGolden('usage.txt', said.join('\n'));
  });

  it('hands run and release the settings file, as an absolute path, and their exit code on', async () => {
    const called: string[] = [];
    const surroundings = {
      run: (path: string) => Promise.resolve(called.push(`run ${path}`) + 6),
      release: (path: string) => Promise.resolve(called.push(`release ${path}`) + 6),
    };
    assert.equal((await bare(['run', '--config', '/x/y.yaml'], surroundings)).code, 7);
    assert.equal((await bare(['--config', 'z.yaml', 'release'], surroundings)).code, 8);
    assert.equal((await bare(['run'], surroundings)).code, 9);
    assert.deepEqual(called, [
      'run /x/y.yaml',
      `release ${process.cwd()}/z.yaml`,
      'run /etc/understudy/understudy.yaml',
    ]);
  });
});

describe('help', () => {
  it('of every command is what its --help says, and ends with 0', async () => {
    const { out: list } = await bare(['--help']);
    const names = [...list.matchAll(/^ {2}([a-z]+)\b.* {2}\S/gm)].map(([, name = '']) => name);
    assert.ok(names.length > 10, names.join());
    for (const name of names.filter((one) => one !== 'demo')) {
      const { code, out, err } = await bare(['help', name]);
      assert.deepEqual([code, err], [0, ''], name);
      assert.equal(out, (await bare([name, '--help'])).out);
    }
    assert.match((await bare(['help', 'demo'])).out, /arguments/);
    assert.match(
      (await bare(['help', 'maintenance', 'on'])).out,
      /^Usage: understudy maintenance /,
    );
  });

  it('of what is no command says so', async () => {
    const { code, out, err } = await bare(['help', 'mainenance']);
    assert.deepEqual([code, out], [2, '']);
    assert.match(
      err,
      /there is no command "mainenance"\n +remedy +did you mean understudy maintenance\?/,
    );
  });
});

describe('check and plan', () => {
  it('says ok in one line', async () => {
    assert.deepEqual(await say(['check']), {
      code: 0,
      out: 'ok: dallas-1, active-passive, primary; 2 virtual routers, 3 addresses on lo\n',
      // The one interface that there is on every machine.
      err: [0, 1]
        .map(
          (index) =>
            `warning: virtualRouters[${index}].interface: lo is the loopback: no other router hears an advertisement on it, and none comes from there\n`,
        )
        .join(''),
    });
  });

  it('warns of what this host does not have', async () => {
    writeFileSync(
      config,
      `${settingsText().replace('interface: lo', 'interface: nosuch0').replace('/vip }', '/none }').replace('ha:', pairText())}
linkMonitoring: { pairs: [[lo, nosuch1]] }
bandwidthMonitoring: { enabled: true, interfaces: [nosuch2] }
gatewayMonitoring: {}
checks:
  - { name: fine, type: script, command: [${folder}/vip] }
  - { name: gone, type: script, command: [${folder}/none] }
bypass: { hook: ${folder}/none, segments: [a] }
hooks: { transition: ${folder}/none, monitor: ${folder}/none }
`,
    );
    const { code, err } = await say(['check']);
    assert.equal(code, 0);
    assertGolden('check-warnings.txt', err);
  });

  it('tells notes of shared settings that cannot be used, and is ok all the same', async () => {
    const key = join(folder, 'ha.key');
    writeFileSync(key, '0f'.repeat(32), { mode: 0o600 });
    const text = settingsText().replace('ha:', pairText());
    const notes = join(folder, 'sync.json');
    for (const [written, found] of [
      ['{"format":1,"lineage"', /expected the notes of shared settings, found half of them/],
      ['{"format":9}', /found format 9, of another release; .* see understudy sync status/],
      ['{"format":1}', null],
    ] as const) {
      writeFileSync(notes, written);
      writeFileSync(config, `${text}stateDirectory: ${folder}\n`);
      const { code, err } = await say(['check']);
      assert.equal(code, 0, err);
      if (found === null) assert.doesNotMatch(err, /sync\.json/);
      else assert.match(err, found);
    }
    writeFileSync(notes, 'x');
    writeFileSync(config, `${text.replace('ha:', 'ha:\n  sync: off')}stateDirectory: ${folder}\n`);
    assert.doesNotMatch((await say(['check'])).err, /sync\.json/);
  });

  it('is not ok with a key that the agent cannot use', async () => {
    writeFileSync(config, settingsText().replace('ha:', pairText()));
    writeFileSync(join(folder, 'ha.key'), '0f'.repeat(16), { mode: 0o600 });
    const { code, out, err } = await say(['check']);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^error: ha\.keyFile: .*expected 64 hexadecimal digits, found 32; .*keygen/m);
    assert.match(err, /^1 error; the settings themselves are in order$/m);
  });

  const ownAddress = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  const noAddress = ownAddress === undefined ? 'this host has no address but loopback' : false;
  it('warns of a peer that is this host', { skip: noAddress }, async () => {
    writeFileSync(
      config,
      settingsText()
        .replace('ha:', pairText())
        .replace('10.98.0.2', ownAddress ?? ''),
    );
    const { code, out, err } = await say(['check']);
    assert.equal(code, 0);
    assert.match(out, /on lo; 1 peer\n$/);
    assert.match(err, /ha\.peers\[0\]\.addresses\[0\]: .* is an address of this host/);
  });

  it('tells every error and counts them', async () => {
    writeFileSync(
      config,
      settingsText()
        .replace('vrid: 51', 'vrid: 0')
        .replace('lo\n', '"l o"\n')
        .replace('ha:', 'ha:\n  port: 0'),
    );
    const { code, out, err } = await say(['check']);
    assert.deepEqual([code, out], [2, '']);
    assertGolden('check-errors.txt', err);
  });

  it('says when there is no settings file', async () => {
    const { code, err } = await bare(['check', '--config', join(folder, 'none.yaml')]);
    assert.equal(code, 2);
    assert.match(err, /none\.yaml: \(missing-file\)/);
  });

  it('prints the scripts that would run', async () => {
    const { code, out } = await say(['plan']);
    assert.equal(code, 0);
    assertGolden('plan.txt', out);
    writeFileSync(config, settingsText().replace('mode: active-passive', 'mode: off'));
    assert.match((await say(['plan'])).out, /^# ha\.mode is off/);
    writeFileSync(config, '');
    assert.equal((await say(['plan'])).code, 2);
  });
});

describe('status', () => {
  it('prints the screen, with and without the word', async () => {
    await startAgent();
    for (const words of [['status'], []]) {
      const { code, out, err } = await say(words);
      assert.deepEqual([code, err], [0, '']);
      assertGolden('status-healthy-active.txt', out);
    }
  });

  it('prints the status as it came with --json', async () => {
    const later = { ...healthy, novelty: { is: 'kept' } };
    await startAgent({ status: () => later });
    for (const words of [['status', '--json'], ['--json'], ['--json', 'status']]) {
      assert.deepEqual(JSON.parse((await say(words)).out), later);
    }
  });

  it('has colour on a terminal only, and not with NO_COLOR or a dumb terminal', async () => {
    await startAgent();
    const coloured = async (changed: Partial<Surroundings>): Promise<boolean> =>
      (await say(['status'], changed)).out.includes('\u001B[');
    assert.equal(await coloured({ isTerminal: true }), true);
    assert.equal(await coloured({ isTerminal: false }), false);
    assert.equal(await coloured({ isTerminal: true, environment: { NO_COLOR: '1' } }), false);
    assert.equal(await coloured({ isTerminal: true, environment: { NO_COLOR: '' } }), true);
    assert.equal(await coloured({ isTerminal: true, environment: { TERM: 'dumb' } }), false);
  });

  it('says with exit code 3 that no agent runs, and how to start it', async () => {
    const { code, out, err } = await say(['status']);
    assert.deepEqual([code, out], [3, '']);
    assertGolden('not-reachable.txt', err);
  });

  it('tells a refusal of the agent with exit code 1', async () => {
    await startAgent({ status: () => assert.fail('broken') });
    const { code, err } = await say(['status']);
    assert.equal(code, 1);
    assert.match(err, /^understudy: the agent refused: .*\n {2}remedy {2}see its log/);
  });

  it('finds the socket behind a settings file that is wrong elsewhere, and not behind one that is not there', async () => {
    await startAgent();
    writeFileSync(config, `${settingsText()}nonsense: true\n`);
    assert.equal((await say(['status'])).code, 0);
    assert.equal((await bare(['status', '--config', join(folder, 'none.yaml')])).code, 2);
  });

  it('watches: one JSON line for each change, none for what moves all the time', async () => {
    const [router] = healthy.virtualRouters;
    assert.ok(router);
    const moved: Status = {
      ...healthy,
      time: '2026-01-01T02:05:00.500Z',
      lateness: { atMost: [], count: 7501, sumMs: 3 },
      virtualRouters: [
        {
          ...router,
          lastAdvertisementAgeMs: 7,
          counters: {
            ...router.counters,
            advertisementsSent: 7501,
            lastErrors: { vrid: '2026-01-01T02:05:00.400Z' },
          },
        },
      ],
    };
    const said = [healthy, moved, twoRouters, twoRouters];
    const stop = new AbortController();
    await startAgent({
      status: () => {
        const next = said.shift();
        if (next === undefined) stop.abort();
        return next ?? twoRouters;
      },
    });
    const { code, out } = await say(['status', '--json', '--watch'], {
      watchIntervalMs: 1,
      interrupted: stop.signal,
    });
    assert.equal(code, 0);
    const lines = out.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      [healthy, twoRouters],
    );
  });

  it('watches: redraws a terminal, and waits for an agent that goes away', async () => {
    const stop = new AbortController();
    const path = join(folder, 'control.sock');
    const handlers = { status: () => healthy } as ControlHandlers;
    const server = await startControlServer({ path, handlers, onError: () => undefined });
    let redraws = 0;
    let complaints = 0;
    const { code, err } = await say(['status', '--watch'], {
      watchIntervalMs: 1,
      interrupted: stop.signal,
      isTerminal: true,
      stdout: {
        write: (text) => {
          if (text.startsWith('\u001B[H\u001B[2J') && text.includes('dallas-1')) redraws += 1;
          if (redraws === 3) void server.close();
        },
      },
      stderr: {
        write: () => {
          complaints += 1;
          if (complaints === 4) stop.abort();
        },
      },
    });
    assert.equal(code, 0, err);
    assert.ok(redraws >= 3 && complaints >= 4);
  });
});

describe('demo', () => {
  const script = (text: string): string => {
    const path = join(folder, 'demo');
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  };

  it('hands its words to the script, options too, and its exit code on', async () => {
    const demoScript = script(`echo "$@" > ${folder}/words; exit 5`);
    const { code } = await bare(['demo', '--help', '-x', 'status', '--config', 'y'], {
      demoScript,
    });
    assert.equal(code, 5);
    assert.equal(readFileSync(join(folder, 'words'), 'utf8'), '--help -x status --config y\n');
  });

  it('tells a signal as 128 and its number, and a missing script', async () => {
    assert.equal((await bare(['demo'], { demoScript: script('kill -TERM $$') })).code, 143);
    const { code, err } = await bare(['demo'], { demoScript: join(folder, 'none') });
    assert.equal(code, 1);
    assert.match(err, /cannot be started/);
  });
});

describe('finding the control socket without a YAML parser', () => {
  it('is sure, or leaves it to the parser', () => {
    const cases: readonly [text: string, expected: string | null][] = [
      ['name: x\n', '/run/understudy'],
      ['runtimeDirectory: /run/a-b.c/d\n', '/run/a-b.c/d'],
      ['a: 1\r\nruntimeDirectory:  /x # c\r\nb: 2\r\n', '/x'],
      ['# runtimeDirectory: /x\n', null],
      ['runtimeDirectory: "/x"\n', null],
      ['runtimeDirectory: /x y\n', null],
      ['runtimeDirectory: *x\n', null],
      ['runtimeDirectory: /x\nruntimeDirectory: /y\n', null],
      ['{ "runtimeDirectory": "/x" }', null],
      ['{\n  "name": "x",\n  "runtimeDirectory": "/run/x",\n  "b": {}\n}\n', '/run/x'],
      ['{\n  "runtimeDirectory": "/x y"\n}\n', null],
      ['{\n  "ha": {\n    "runtimeDirectory": "/x"\n  }\n}\n', null],
      ['"runtime\\u0044irectory": /x\n', null],
      ['ha:\n  runtimeDirectory: /x\n', null],
    ];
    for (const [text, expected] of cases) assert.equal(plainRuntimeDirectory(text), expected, text);
  });

  it('agrees with the parser in all of them', async () => {
    await startAgent();
    const directory = `runtimeDirectory: ${folder}   # a comment`;
    for (const spelling of [
      `runtimeDirectory: "${folder}"`,
      `runtimeDirectory: ${folder} # not the runtimeDirectory: /x`,
      `"runtime\\u0044irectory": ${folder}`,
    ]) {
      writeFileSync(config, settingsText().replace(directory, spelling));
      assert.equal((await say(['status'])).code, 0, spelling);
    }
  });
});
