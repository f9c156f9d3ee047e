// `reload`, and what every command answers with --json: one object, a failure too.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from '../support/test.js';
import type { ReloadOutcome } from '../../src/control/protocol.js';
import { config, folder, say, settingsText, startAgent, useFolder } from './command-bench.js';
import { pair } from './pair-statuses.js';

useFolder();

const REFUSED: ReloadOutcome = {
  ok: false,
  file: '/etc/u.yaml',
  errors: [
    {
      path: 'virtualRouters[0].vrid',
      line: 12,
      column: 5,
      code: 'out-of-range',
      expected: 'a whole number from 1 to 255',
      found: 'the number 0',
      remedy: 'write virtualRouters[0].vrid: 1',
    },
    { path: '', code: 'needs-restart', expected: 'a', found: 'b', remedy: 'c' },
  ],
};

describe('reload', () => {
  it('says what changed, and warns', async () => {
    const outcome: ReloadOutcome = {
      ok: true,
      file: '/etc/u.yaml',
      changes: ['primary: true → false', 'flap-window: 900 s → 60 s'],
      warnings: [{ path: 'hooks.transition', message: 'there is no /x' }],
    };
    await startAgent({ reload: () => Promise.resolve(outcome) });
    assert.deepEqual(await say(['reload']), {
      code: 0,
      out: 'in force now, from /etc/u.yaml:\n  primary: true → false\n  flap-window: 900 s → 60 s\n',
      err: 'warning: hooks.transition: there is no /x\n',
    });
    const { out, err } = await say(['reload', '--json']);
    assert.deepEqual([JSON.parse(out), err], [outcome, '']);
  });

  it('ends with 1 where the settings are in force and this host does not fit them, as check does', async () => {
    const wrong = { path: 'ha.keyFile', message: '/k may be read by others; chmod 600 /k' };
    const later = { path: 'hooks.transition', message: 'there is no /x' };
    const outcome: ReloadOutcome = {
      ok: true,
      file: '/etc/u.yaml',
      changes: ['primary: true → false'],
      warnings: [later, wrong],
      unfit: [wrong],
    };
    await startAgent({ reload: () => Promise.resolve(outcome) });
    assert.deepEqual(await say(['reload']), {
      code: 1,
      out: 'in force now, from /etc/u.yaml:\n  primary: true → false\n',
      err: `warning: ${later.path}: ${later.message}\nerror: ${wrong.path}: ${wrong.message}\n`,
    });
    const { code, out } = await say(['reload', '--json']);
    const { ok, code: name, message, changes } = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual(
      [code, ok, name, changes],
      [1, false, 'unfit-host', ['primary: true → false']],
    );
    assert.match(String(message), /^the settings are in force, but .*ha\.keyFile: \/k may be read/);
  });

  it('says that nothing differs', async () => {
    const outcome: ReloadOutcome = { ok: true, file: '/etc/u.yaml', changes: [], warnings: [] };
    await startAgent({ reload: () => Promise.resolve(outcome) });
    const { out } = await say(['reload']);
    assert.equal(out, '/etc/u.yaml: nothing differs from what the agent runs with\n');
  });

  it('tells every error with its line, and ends with 2', async () => {
    await startAgent({ reload: () => Promise.resolve(REFUSED) });
    assert.deepEqual(await say(['reload']), {
      code: 2,
      out: '',
      err: `/etc/u.yaml:12:5: virtualRouters[0].vrid (out-of-range)
  expected  a whole number from 1 to 255
  found     the number 0
  remedy    write virtualRouters[0].vrid: 1
/etc/u.yaml: (needs-restart)
  expected  a
  found     b
  remedy    c
the agent goes on with what it had
`,
    });
  });

  it('says with exit code 3 that no agent runs', async () => {
    const { code, err } = await say(['reload']);
    assert.equal(code, 3);
    assert.match(err, /start it: understudy run/);
  });

  it('tells the errors of a file by which no agent is found: it may lead to another place', async () => {
    writeFileSync(config, settingsText().replace('mode:', 'mdoe:'));
    const { code, err } = await say(['reload']);
    assert.equal(code, 2);
    assert.match(err, /ha\.mdoe \(unknown-setting\)/);
    assert.doesNotMatch(err, /not reachable/);
  });
});

describe('--json', () => {
  const parsed = async (
    words: readonly string[],
    changed: Parameters<typeof say>[1] = {},
  ): Promise<[code: number, value: Record<string, unknown>]> => {
    const { code, out, err } = await say([...words, '--json'], changed);
    assert.equal(err, '', words.join(' '));
    return [code, JSON.parse(out) as Record<string, unknown>];
  };

  it('answers an order with what was done, or with why not', async () => {
    await startAgent({
      command: (name) =>
        Promise.resolve(
          name === 'failover'
            ? { ok: true, detail: 'done so' }
            : { ok: false, code: 'no-successor', message: 'nobody', remedy: 'mend it' },
        ),
    });
    assert.deepEqual(await parsed(['failover']), [0, { ok: true, detail: 'done so' }]);
    for (const words of [
      ['maintenance', 'on'],
      ['bypass', 'engage'],
      ['flaps', 'clear'],
    ]) {
      assert.deepEqual(await parsed(words), [
        1,
        { ok: false, code: 'no-successor', message: 'nobody', remedy: 'mend it' },
      ]);
    }
  });

  it('is an object without an agent, too, with the exit code of the text', async () => {
    for (const words of [
      ['failover'],
      ['maintenance', 'off'],
      ['bypass', 'release'],
      ['bypass', 'status'],
      ['flaps', 'clear'],
      ['reload'],
      ['key', 'status'],
    ]) {
      const [code, value] = await parsed(words);
      assert.deepEqual([code, value['ok'], value['code']], [3, false, 'not-reachable']);
      assert.match(String(value['remedy']), /understudy run/);
    }
  });

  it('holds every error of refused settings, with its line', async () => {
    await startAgent({ reload: () => Promise.resolve(REFUSED) });
    assert.deepEqual(await parsed(['reload']), [2, { code: 'invalid-settings', ...REFUSED }]);
    writeFileSync(config, settingsText().replace('vrid: 51', 'vrid: 0'));
    for (const words of [['check'], ['plan']]) {
      const [code, { ok, errors }] = await parsed(words);
      assert.deepEqual([code, ok], [2, false]);
      const [first] = errors as { path: string; line: number; remedy: string }[];
      assert.deepEqual([first?.path, first?.line], ['virtualRouters[0].vrid', 10]);
    }
  });

  it('of check has the summary and the warnings', async () => {
    const [code, value] = await parsed(['check']);
    assert.deepEqual([code, value['ok'], value['errors']], [0, true, []]);
    assert.match(String(value['summary']), /^dallas-1, active-passive, primary; 2 virtual/);
    assert.equal((value['warnings'] as unknown[]).length, 2);
  });

  it('of plan has each script as lines', async () => {
    const [code, value] = await parsed(['plan']);
    assert.deepEqual([code, value['script']], [0, `${folder}/vip`.replace(folder, '/run/u')]);
    const [lan] = value['virtualRouters'] as { name: string; takeover: string[] }[];
    assert.equal(lan?.name, 'lan');
    assert.match(lan.takeover.join('\n'), /10\.99\.0\.100\/24/);
  });

  it('of get and set has the setting, its value and its unit', async () => {
    const [, all] = await parsed(['get']);
    assert.deepEqual(
      [all['ok'], all['running'], all['file']],
      [true, false, '/run/u/understudy.yaml'],
    );
    assert.ok((all['settings'] as unknown[]).length > 20);
    const [, one] = await parsed(['get', 'peer-check-interval']);
    assert.deepEqual([one['value'], one['unit']], [100, 'ms']);
    assert.equal((await parsed(['get', 'nosuch']))[0], 2);
    const [code, done] = await parsed(['set', 'flap-window', '60']);
    assert.deepEqual([code, done['value'], done['previous'], done['changed']], [0, 60, 900, true]);
    assert.match(readFileSync(config, 'utf8'), /flapWindowSeconds: 60/);
    const [refused, { code: name }] = await parsed(['set', 'mdoe', 'off']);
    assert.deepEqual([refused, name], [2, 'unknown-setting']);
  });

  it('of bypass status, key and keygen has what the text says', async () => {
    writeFileSync(config, settingsText().replace('ha:', 'ha:\n  keyFile: /etc/u/ha.key'));
    assert.deepEqual(await parsed(['keygen'], { keygen: () => Promise.resolve() }), [
      0,
      { ok: true, file: '/etc/u/ha.key' },
    ]);
    const rotated = await parsed(['key', 'rotate'], { rotateKey: () => Promise.resolve('11') });
    assert.deepEqual(rotated, [
      0,
      { ok: true, file: '/etc/u/ha.key', digest: '11', agent: 'not-running' },
    ]);
    await startAgent({ status: () => pair });
    assert.deepEqual(await parsed(['bypass', 'status']), [0, { ok: true, bypass: pair.bypass }]);
    const [code, keys] = await parsed(['key', 'status']);
    assert.deepEqual([code, Object.keys(keys)], [0, ['ok', 'keys', 'peers']]);
  });
});

describe('a word that was mistyped', () => {
  it('of get is told by the last word of what was meant, too', async () => {
    const { code, err } = await say(['get', 'vrid']);
    assert.equal(code, 2);
    assert.equal(
      err,
      'understudy: there is no setting "vrid"\n  remedy  did you mean virtualRouters[lan].vrid?\n',
    );
  });

  it('is told by what was meant, before all that there is', async () => {
    assert.deepEqual(await say(['set', 'mdoe', 'off']), {
      code: 2,
      out: '',
      err: 'understudy: there is no setting "mdoe"\n  remedy  did you mean mode?\n',
    });
    const { err } = await say(['set', 'nothing-like-it', 'off']);
    assert.match(err, /^understudy: expected one of: mode, .*"nothing-like-it"\n/);
    writeFileSync(config, settingsText().replace('mode:', 'mdoe:'));
    const check = await say(['check']);
    assert.match(check.err, /ha\.mdoe \(unknown-setting\)\n {2}remedy {4}did you mean mode\?\n/);
  });
});
