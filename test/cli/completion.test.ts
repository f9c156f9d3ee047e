// Completion: what may come next, from the tree of commands; and the scripts, in the shells themselves where they
// are installed.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeEach, describe, it } from '../support/test.js';
import { SHELLS } from '../../src/cli/completion/scripts.js';
import { bare, config, folder, settingsText, startAgent, useFolder } from './command-bench.js';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

useFolder();

/** The candidates behind these words, the last of which is being typed. */
async function after(...typed: string[]): Promise<string[]> {
  const { code, out, err } = await bare(['complete', '--', ...typed]);
  assert.deepEqual([code, err], [0, '']);
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t', 1)[0] ?? '');
}

describe('what may come next', () => {
  const cases: readonly [typed: readonly string[], expected: readonly string[]][] = [
    [['ma'], ['maintenance']],
    [
      ['maintenance', ''],
      ['on', 'off'],
    ],
    [['maintenance', 'on', ''], []],
    [['maintenance', 'on', '--f'], ['--force']],
    [['bypass', 'e'], ['engage']],
    [
      ['key', ''],
      ['status', 'rotate', 'retire'],
    ],
    [['help', 'ev'], ['events']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['status', '--'],
      ['--config', '--json', '--watch', '--check', '--help'],
    ],
    [['--js'], ['--json']],
    [['--json', 'st'], ['status']],
    [['events', '--event', 'transi'], ['transition']],
    [['events', '--since', ''], []],
    [['events', '-n', '5', '--fo'], ['--follow']],
    [['set', 'mod'], ['mode']],
    [
      ['set', 'mode', ''],
      ['off', 'active-passive', 'active-active'],
    ],
    [
      ['set', 'ha.primary', ''],
      ['on', 'off'],
    ],
    [['set', 'flap-window', ''], []],
    [['set', 'mode', 'off', ''], []],
    [['set', 'nosuch', ''], []],
    [['nosuch', ''], []],
    [['status', '--config', ''], [':files']],
    [['import', ''], [':files']],
    [['import', 'k.conf', '--output', ''], [':files']],
  ];
  for (const [typed, expected] of cases) {
    it(`behind "${typed.join(' ')}"`, async () =>
      assert.deepEqual(await after(...typed), expected));
  }

  it('has every command, and none that is for programs', async () => {
    const commands = await after('');
    const { out } = await bare(['--help']);
    const listed = [...out.matchAll(/^ {2}([a-z]+)\b.* {2}\S/gm)].map(([, name = '']) => name);
    assert.deepEqual(commands, listed);
    assert.ok(!commands.includes('complete'));
  });

  it('knows the settings, peers and virtual routers of a running agent, and of the file', async () => {
    const from = (...typed: string[]): Promise<string[]> => after('--config', config, ...typed);
    const both = async (): Promise<void> => {
      assert.deepEqual(await from('get', 'virtualRouters[lan6].vr'), ['virtualRouters[lan6].vrid']);
      assert.deepEqual(await from('events', '--router', ''), ['lan', 'lan6']);
    };
    await both();
    await startAgent();
    await both();
    writeFileSync(
      config,
      settingsText().replace(
        'ha:',
        'ha:\n  peers: [{ name: dallas-2, addresses: [10.9.0.2] }]\n  keyFile: /k',
      ),
    );
    assert.deepEqual(await from('get', 'ha.p'), ['ha.peers[dallas-2]']);
  });

  it('knows the settings that there are without an agent and without a file', async () => {
    assert.deepEqual(await after('--config', join(folder, 'none'), 'get', 'preempt'), [
      'preempt',
      'preempt-delay',
    ]);
  });
});

/** What a shell answers, asked in its own way for what follows `line`. */
const ASK: Readonly<Record<(typeof SHELLS)[number], (script: string, line: string) => string[]>> = {
  bash: (script, line) => [
    '--norc',
    '-c',
    `source ${script}; line='${line}'; COMP_WORDS=(); read -ra COMP_WORDS <<<"$line"
     [[ $line != *' ' ]] || COMP_WORDS+=('')
     COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); compopt() { echo "$*"; }
     _understudy; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  // _describe is what the completion system draws from: here it prints what it is given.
  zsh: (script, line) => [
    '-f',
    '-c',
    `compdef() { : }; _files() { print -- '-o default' }
     _describe() { print -l -- "\${(@P)4}" }
     source ${script}; line='${line}'; words=("\${(@s: :)line}")
     CURRENT=$#words; _understudy`,
  ],
  fish: (script, line) => [
    '--no-config',
    '-c',
    `function __fish_complete_path; echo '-o default'; end; source ${script}; complete -C '${line}'`,
  ],
};

describe('the script', () => {
  const isThere = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

  beforeEach(() => {
    mkdirSync(join(folder, 'bin'));
    const path = join(folder, 'bin', 'understudy');
    writeFileSync(path, `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`);
    chmodSync(path, 0o755);
  });

  for (const shell of SHELLS) {
    const skip = isThere(shell) ? false : `there is no ${shell} here`;
    it(`works in ${shell}`, { skip }, async () => {
      const script = join(folder, `completion.${shell}`);
      writeFileSync(script, (await bare(['completion', shell])).out);
      const ask = async (line: string): Promise<string[]> => {
        const { stdout } = await run(shell, ASK[shell](script, line), {
          env: { ...process.env, PATH: `${folder}/bin:${process.env['PATH'] ?? ''}`, HOME: folder },
        });
        // fish puts descriptions behind a tab, zsh behind a colon.
        return stdout
          .split('\n')
          .filter((one) => one !== '')
          .map((one) => one.split(/[\t:]/, 1)[0] ?? '');
      };
      assert.deepEqual((await ask('understudy set mode ')).toSorted(), [
        'active-active',
        'active-passive',
        'off',
      ]);
      assert.deepEqual(await ask(`understudy get --config ${config} virtualRouters[lan6].vr`), [
        'virtualRouters[lan6].vrid',
      ]);
      assert.deepEqual(await ask('understudy import '), ['-o default']);
    });
  }
});
