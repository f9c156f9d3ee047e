// The shipped bypass hooks as programs: arguments, answers, exit codes, and what the vendor ones call,
// against stand-ins for the vendor's tool and for its sysfs files.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from '../support/test.js';
import { fileURLToPath } from 'node:url';

const HOOKS = fileURLToPath(new URL('../../../scripts/hooks/', import.meta.url));

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'understudy-hooks-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function run(hook: string, words: string, environment: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(join(HOOKS, hook), words.split(' '), {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...environment },
  });
  const lines = stdout.split('\n').filter((line) => line !== '');
  assert.ok(lines.length <= 1, `one JSON object on stdout, found: ${stdout}`);
  const answer = lines.map((line) => JSON.parse(line) as Record<string, unknown>)[0] ?? {};
  const detail = typeof answer['detail'] === 'string' ? answer['detail'] : '';
  return { code: status, answer, detail, stderr };
}

for (const hook of ['null', 'command', 'silicom', 'caswell']) {
  for (const words of ['', 'status', 'frobnicate x', 'set tap x', 'set unknown x', 'set bypass']) {
    test(`${hook} ${words || '(nothing)'}: usage`, () => {
      const { code, answer, stderr } = run(hook, words);
      assert.equal(code, 2);
      assert.deepEqual(answer, {});
      assert.match(stderr, /expected.*found|none was given/);
      assert.match(stderr, /usage: /);
    });
  }
  for (const segment of ['-x', '../x', '/etc', 'a;b', 'a$b']) {
    test(`${hook} takes no ${segment} for a segment`, () => {
      assert.equal(run(hook, `status ${segment}`).code, 2);
    });
  }
}

test('null: inline, and nothing else', () => {
  assert.deepEqual(run('null', 'capabilities x').answer['capabilities'], []);
  assert.deepEqual(run('null', 'status x'), {
    code: 0,
    answer: { state: 'inline' },
    detail: '',
    stderr: '',
  });
  assert.equal(run('null', 'set inline x').code, 0);
  for (const word of ['bypass', 'disconnect']) {
    const { code, answer } = run('null', `set ${word} x`);
    assert.equal(code, 3);
    assert.deepEqual(answer, { state: 'inline', detail: 'no bypass hardware' });
  }
});

/** Commands over a file that holds the word. */
function commands(t: TestContext, more: Record<string, string> = {}) {
  const path = directory(t);
  const state = join(path, 'state');
  writeFileSync(state, 'inline\n');
  const environment = {
    UNDERSTUDY_BYPASS_CONF: join(path, 'conf'),
    UNDERSTUDY_BYPASS_STATUS: `cat ${state}`,
    UNDERSTUDY_BYPASS_INLINE: `echo inline >${state}`,
    UNDERSTUDY_BYPASS_BYPASS: `echo "$1" >${state}.segment; echo bypass >${state}`,
    ...more,
  };
  writeFileSync(join(path, 'conf'), '');
  return { path, state, environment };
}

test('command: switches, verifies, repeats; what is not given is not supported', (t) => {
  const { state, environment } = commands(t);
  const call = (words: string) => run('command', words, environment);
  assert.deepEqual(call('capabilities pair-1').answer, { capabilities: ['inline', 'bypass'] });
  for (const word of ['bypass', 'bypass', 'inline']) {
    assert.deepEqual(call(`set ${word} pair-1`), {
      code: 0,
      answer: { state: word },
      detail: '',
      stderr: '',
    });
    assert.equal(call('status pair-1').answer['state'], word);
  }
  assert.equal(readFileSync(`${state}.segment`, 'utf8'), 'pair-1\n');
  const refused = call('set disconnect pair-1');
  assert.equal(refused.code, 3);
  assert.equal(refused.detail, 'pair-1 cannot be switched to disconnect');
});

test('command: what is already so is not done again', (t) => {
  const { state, environment } = commands(t);
  writeFileSync(state, 'bypass\n');
  assert.equal(run('command', 'set bypass pair-1', environment).code, 0);
  assert.equal(existsSync(`${state}.segment`), false);
});

for (const [script, code, detail] of [
  ['exit 3', 3, 'the bypass command exited with 3: '],
  ['exit 75', 75, 'the bypass command exited with 75: '],
  ['echo "a \\"relay\\" is stuck"; exit 9', 9, 'exited with 9: a "relay" is stuck'],
  ['exit 0', 4, 'bypass was set, but pair-1 reads inline'],
] as const) {
  test(`command: \`${script}\` switches nothing, exit ${code}`, (t) => {
    const { environment } = commands(t, { UNDERSTUDY_BYPASS_BYPASS: script });
    const result = run('command', 'set bypass pair-1', environment);
    assert.equal(result.code, code);
    assert.equal(result.answer['state'], 'inline');
    assert.ok(result.detail.includes(detail.trim()), result.detail);
  });
}

for (const [status, detail] of [
  ['echo tap', 'found: tap'],
  ['echo no; exit 5', 'the status command exited with 5: no'],
  ['', 'no UNDERSTUDY_BYPASS_STATUS'],
] as const) {
  test(`command: status by \`${status}\` verifies nothing, and the switch is tried`, (t) => {
    const { state, environment } = commands(t, { UNDERSTUDY_BYPASS_STATUS: status });
    const result = run('command', 'set bypass pair-1', environment);
    assert.equal(result.code, 1);
    assert.equal(result.answer['state'], 'unknown');
    assert.ok(result.detail.includes(detail), result.detail);
    assert.equal(readFileSync(state, 'utf8'), 'bypass\n', 'the bypass is the last resort');
  });
}

test('command: the file overrides the environment; one that is named must be there', (t) => {
  const { path, environment } = commands(t);
  writeFileSync(join(path, 'conf'), "UNDERSTUDY_BYPASS_STATUS='echo disconnect'\n");
  assert.equal(run('command', 'status x', environment).answer['state'], 'disconnect');
  const missing = run('command', 'status x', { UNDERSTUDY_BYPASS_CONF: join(path, 'missing') });
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /readable file is expected at .*missing/);
});

/**
 * A stand-in for Silicom's tool, after its public source: it says everything on stdout and exits with
 * 0. Its state is a file per feature; `broken` names the commands that fail.
 */
const BPCTL = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
echo "$*" >>calls
[ -e device ] || { echo "Can't open device file: bpctl"; exit 255; }
[ "$1" = eth2 ] || { echo "$1 is not exist!"; exit 0; }
[ ! -e other ] || { cat other; exit 0; }
on() { [ "$(cat "$1")" = on ]; }
case $2 in
get_bypass) on bypass && echo 'The interface is in the Bypass mode.' || echo 'The interface is in the non-Bypass mode.' ;;
get_disc)
    if [ ! -e disc ]; then echo 'The interface is not capable of the operation.'
    elif on disc; then echo 'The interface is in the Disconnect mode.'
    else echo 'The interface is in the non-Disconnect mode.'; fi ;;
get_std_nic) on std_nic && echo 'The interface is in Standard NIC mode.' || echo 'The interface is not in Standard NIC mode.' ;;
get_dis_bypass) on dis_bypass && echo 'Bypass mode is disabled.' || echo 'Bypass mode is enabled.' ;;
set_bypass | set_disc)
    if [ -e unsupported ]; then echo "The interface doesn't support Bypass."; exit 0; fi
    [ -e stuck ] || echo "$3" >"\${2#set_}"
    echo "$2 completed successfully." ;;
*) echo 'Command line error!' ;;
esac
exit 0
`;

function silicom(t: TestContext) {
  const path = directory(t);
  writeFileSync(join(path, 'bpctl'), BPCTL);
  chmodSync(join(path, 'bpctl'), 0o755);
  const put = (name: string, text = '') => writeFileSync(join(path, name), text);
  put('device');
  for (const feature of ['bypass', 'disc', 'std_nic', 'dis_bypass']) put(feature, 'off\n');
  return {
    put,
    drop: (name: string) => rmSync(join(path, name)),
    call: (words: string) => run('silicom', words, { UNDERSTUDY_BPCTL: join(path, 'bpctl') }),
    calls: () => readFileSync(join(path, 'calls'), 'utf8').trim().split('\n'),
  };
}

test('silicom: every word from every word', (t) => {
  const { call } = silicom(t);
  assert.deepEqual(call('capabilities eth2').answer['capabilities'], [
    'inline',
    'bypass',
    'disconnect',
  ]);
  const words = ['inline', 'bypass', 'disconnect', 'bypass', 'inline', 'disconnect', 'inline'];
  for (const word of words) {
    assert.deepEqual(call(`set ${word} eth2`), {
      code: 0,
      answer: { state: word },
      detail: '',
      stderr: '',
    });
    assert.equal(call('status eth2').answer['state'], word);
  }
});

test('silicom: what is already so is not set again', (t) => {
  const { call, calls } = silicom(t);
  call('set inline eth2');
  assert.deepEqual(calls(), ['eth2 get_disc', 'eth2 get_bypass']);
});

test('silicom: an adapter that cannot disconnect', (t) => {
  const { call, drop } = silicom(t);
  drop('disc');
  assert.deepEqual(call('capabilities eth2').answer['capabilities'], ['inline', 'bypass']);
  assert.equal(call('set bypass eth2').code, 0);
  const refused = call('set disconnect eth2');
  assert.equal(refused.code, 3);
  assert.equal(refused.answer['state'], 'bypass');
});

test('silicom: a tool that says success and does nothing is a mismatch', (t) => {
  const { call, put } = silicom(t);
  put('stuck');
  const { code, answer } = call('set bypass eth2');
  assert.equal(code, 4);
  assert.deepEqual(answer, { state: 'inline', detail: 'bypass was set, but eth2 reads inline' });
});

for (const [feature, remedy] of [
  ['std_nic', /Standard NIC mode: .*bpctl eth2 set_std_nic off$/],
  ['dis_bypass', /disabled: .*bpctl eth2 set_dis_bypass off$/],
] as const) {
  test(`silicom: ${feature} keeps the adapter from bypassing, and the remedy is named`, (t) => {
    const { call, put, calls } = silicom(t);
    put(feature, 'on\n');
    const { code, detail } = call('set bypass eth2');
    assert.equal(code, 3);
    assert.match(detail, remedy);
    assert.ok(!calls().includes('eth2 set_bypass on'));
    assert.equal(call('set inline eth2').code, 0);
  });
}

test('silicom: an adapter that refuses is unsupported', (t) => {
  const { call, put } = silicom(t);
  put('unsupported');
  const { code, detail } = call('set bypass eth2');
  assert.equal(code, 3);
  assert.match(detail, /doesn't support Bypass/);
});

test('silicom: no such interface, no driver, no tool: unknown, with the cause', (t) => {
  const { call, drop } = silicom(t);
  assert.equal(call('status eth9').code, 1);
  assert.match(call('status eth9').detail, /eth9 get_bypass: eth9 is not exist/);
  drop('device');
  assert.match(call('set bypass eth2').detail, /exited with 255: Can't open device file/);
  const missing = run('silicom', 'status eth2', { UNDERSTUDY_BPCTL: '/nonexistent/bpctl' });
  assert.equal(missing.code, 1);
  assert.equal(missing.answer['state'], 'unknown');
  assert.match(missing.detail, /bpctl is not there: install Silicom's driver package/);
});

test('silicom: words that are not known are no state', (t) => {
  const { call, put } = silicom(t);
  const usage =
    'Command line error!\nset_bypass - set Bypass mode state\nset_disc - set Disconnect mode\n';
  for (const other of [usage, 'WDT state is unknown.\n', '']) {
    put('other', other);
    const { code, answer } = call('status eth2');
    assert.deepEqual([code, answer['state']], [1, 'unknown']);
    assert.deepEqual(call('capabilities eth2').answer['capabilities'], ['inline', 'bypass']);
    assert.equal(call('set bypass eth2').code, 1);
  }
});

/** Files as the two drivers have them; their letters differ. */
function caswell(t: TestContext) {
  const sysfs = directory(t);
  const file = (name: string): string => {
    const path = join(sysfs, 'class', name);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  };
  const put = (name: string, text: string) => writeFileSync(file(name), `${text}\n`);
  put('bypass/g3bp0/bypass', 'n');
  put('bypass/g3bp0/bpe', '1');
  put('bypass/g3bp0/func', '0');
  put('bypass/g3bp0/nextboot', '1');
  put('bypass/g3bp1/bypass', 'n');
  put('misc/caswell_bpgen2/slot0/bypass1', '0');
  return {
    put,
    file,
    read: (name: string) => readFileSync(file(name), 'utf8').trim(),
    call: (words: string) => run('caswell', words, { UNDERSTUDY_SYSFS: sysfs }),
  };
}

for (const [segment, name, letters] of [
  ['g3bp0', 'bypass/g3bp0/bypass', { inline: 'n', bypass: 'b', disconnect: 'o' }],
  [
    'slot0/bypass1',
    'misc/caswell_bpgen2/slot0/bypass1',
    { inline: '0', bypass: '2', disconnect: '1' },
  ],
] as const) {
  test(`caswell ${segment}: every word, in the driver's letters`, (t) => {
    const { call, read } = caswell(t);
    assert.deepEqual(call(`capabilities ${segment}`).answer['capabilities'], [
      'inline',
      'bypass',
      'disconnect',
    ]);
    for (const word of ['bypass', 'disconnect', 'inline', 'bypass', 'inline'] as const) {
      const { code, answer } = call(`set ${word} ${segment}`);
      assert.deepEqual({ code, answer }, { code: 0, answer: { state: word } });
      assert.equal(read(name), letters[word]);
      assert.deepEqual(call(`status ${segment}`).answer, { state: word });
    }
  });
}

test('caswell: the third generation is switched on, its next boot is left alone', (t) => {
  const { call, read } = caswell(t);
  call('set inline g3bp0');
  assert.equal(read('bypass/g3bp0/func'), '0', 'nothing to do, nothing written');
  call('set bypass g3bp0');
  assert.equal(read('bypass/g3bp0/func'), '1');
  assert.equal(read('bypass/g3bp0/nextboot'), '1');
  assert.equal(read('bypass/g3bp0/bpe'), '1');
});

test('caswell: a board without bpe cannot disconnect', (t) => {
  const { call, read } = caswell(t);
  assert.deepEqual(call('capabilities g3bp1').answer['capabilities'], ['inline', 'bypass']);
  assert.equal(call('set disconnect g3bp1').code, 3);
  assert.equal(read('bypass/g3bp1/bypass'), 'n');
  assert.equal(call('set bypass g3bp1').code, 0);
});

test('caswell: a file that does not take the word fails, and nothing is claimed', (t) => {
  const { call, file } = caswell(t);
  rmSync(file('bypass/g3bp0/func'));
  symlinkSync('/proc/version', file('bypass/g3bp0/func')); // not even root may write there
  const { code, answer, detail } = call('set bypass g3bp0');
  assert.equal(code, 1);
  assert.equal(answer['state'], 'inline');
  assert.match(detail, /func does not take 1: check the rights/);
});

test('caswell: a word of the driver that is not known, no driver, no such segment', (t) => {
  const { call, put } = caswell(t);
  put('bypass/g3bp0/bypass', 'MCU fails!!');
  const failed = call('status g3bp0');
  assert.equal(failed.code, 1);
  assert.deepEqual(failed.answer['state'], 'unknown');
  assert.match(failed.detail, /n, b or o is expected in .*, found: MCU fails!!/);
  assert.match(call('status g3bp7').detail, /no .*g3bp7\/bypass: load the driver/);
  assert.match(call('set bypass slot0/bypass0').detail, /load the driver/);
  assert.match(call('status eth2').detail, /g3bp0 to g3bp99 or .* is expected, found: eth2/);
});

test('fake: a link to it in a directory of its own is a hook of its own', (t) => {
  const path = directory(t);
  const hook = join(path, 'bypass');
  symlinkSync(join(HOOKS, 'fake'), hook);
  const { status, stdout } = spawnSync(hook, ['set', 'bypass', 'pair/1'], { encoding: 'utf8' });
  assert.equal(status, 0);
  assert.equal(stdout, '{"state":"bypass"}\n');
  assert.equal(readFileSync(join(path, 'relay', 'pair_1.state'), 'utf8'), 'bypass\n');
});

test('a hook works through a link from elsewhere', (t) => {
  const hook = join(directory(t), 'bypass');
  symlinkSync(join(HOOKS, 'null'), hook);
  assert.equal(
    spawnSync(hook, ['status', 'x'], { encoding: 'utf8' }).stdout,
    '{"state":"inline"}\n',
  );
});
