// `get` and `set`: through a running agent or on the file, and what they say about it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from '../support/test.js';
import { changeSetting } from '../../src/config/save.js';
import {
  closers,
  config,
  folder,
  say,
  settingsText,
  startAgent,
  useFolder,
} from './command-bench.js';
import { assertGolden } from './golden.js';
import { eventOf } from '../support/limits.js';

useFolder();

describe('get', () => {
  it('lists what the agent runs with', async () => {
    await startAgent();
    const { code, out } = await say(['get']);
    assert.equal(code, 0);
    assertGolden('get-agent.txt', out);
  });

  it('lists what the file has when no agent runs', async () => {
    const { code, out } = await say(['get']);
    assert.equal(code, 0);
    assertGolden('get-file.txt', out);
  });

  it('prints one value alone', async () => {
    assert.equal((await say(['get', 'mode'])).out, 'active-passive\n');
    assert.equal((await say(['get', 'ha.primary'])).out, 'true\n');
    assert.equal((await say(['get', 'virtualRouters[lan6].addresses'])).out, 'fe80::33/64\n');
  });

  it('tells a person the unit, and a script the number', async () => {
    assert.equal((await say(['get', 'peer-check-interval'])).out, '100\n');
    const { out } = await say(['get', 'peer-check-interval'], { isTerminal: true });
    assert.equal(out, '100 ms\n');
  });

  it('refuses an unknown name with exit code 2', async () => {
    const unknown = await say(['get', 'primry']);
    assert.deepEqual([unknown.code, unknown.out], [2, '']);
    assert.match(unknown.err, /did you mean primary\?/);
  });
});

describe('set', () => {
  it('changes the file when no agent runs, keeps its comments, and says so', async () => {
    const { code, out } = await say(['set', 'mode', 'off']);
    assert.equal(code, 0);
    assert.equal(
      out,
      'mode = off (was active-passive): no agent is running; saved in /run/u/understudy.yaml\n',
    );
    assert.equal(readFileSync(config, 'utf8'), settingsText().replace('active-passive #', 'off #'));
    assert.match((await say(['set', 'mode', 'off'])).out, /said so already/);
  });

  it('goes through the agent when one runs, and says so', async () => {
    const asked: string[] = [];
    await startAgent({
      set: (setting, value) => {
        asked.push(`${setting}=${value}`);
        return changeSetting(config, setting, value);
      },
    });
    const { code, out } = await say(['set', 'primary', 'no']);
    assert.equal(code, 0);
    assert.deepEqual(asked, ['primary=no']);
    assert.equal(
      out,
      'primary = false (was true): in force now, through the running agent, and saved in /run/u/understudy.yaml\n',
    );
  });

  it('says the unit of a number, before and after', async () => {
    const { code, out } = await say(['set', 'minimum-bandwidth', '5000000']);
    assert.equal(code, 0);
    assert.match(out, /^minimum-bandwidth = 5000000 bit\/s \(was 1000000 bit\/s\): no agent/);
    await startAgent();
    assert.match(
      (await say(['set', 'flap-window', '60'])).out,
      /^flap-window = 60 s \(was 900 s\)/,
    );
  });

  it('leaves the file alone when the agent is there but cannot be spoken to', async () => {
    await startAgent({ set: () => Promise.reject(new Error('broken')) });
    assert.equal((await say(['set', 'mode', 'off'])).code, 1);
    assert.equal(readFileSync(config, 'utf8'), settingsText());
  });

  it('leaves the file alone when somebody listens, but does not answer: exit code 3', async () => {
    const stranger = createServer((socket) => socket.end()).listen(join(folder, 'control.sock'));
    await eventOf(stranger, 'listening');
    closers.push(() => stranger.close());
    assert.equal((await say(['set', 'mode', 'off'])).code, 3);
    assert.equal((await say(['get', 'mode'])).code, 3);
    assert.equal(readFileSync(config, 'utf8'), settingsText());
  });

  it('tells the errors of settings that the agent refuses, exit code 2', async () => {
    await startAgent();
    const { code, err } = await say(['set', 'mode', 'active-active']);
    assert.equal(code, 2);
    assert.match(err, /virtualRouters\[0\]\.primary \(missing-setting\)/);
    assert.equal(readFileSync(config, 'utf8'), settingsText());
  });

  const refused: readonly [setting: string, value: string, expected: RegExp][] = [
    ['ha-port', '70000', /expected a whole number from 1 to 65535, found 70000/],
    [
      'peer-check-interval',
      '1s',
      /\(milliseconds\), found .*remedy {2}understudy set peer-check-interval 1000/s,
    ],
    ['mod', 'off', /did you mean mode\?/],
    ['vrid', '1', /unknown setting "vrid"/],
    ['primary', 'perhaps', /expected on or off/],
    [
      'virtualRouters[lan].vrid',
      '1',
      /^understudy: understudy set does not change virtualRouters\[lan\]\.vrid\n {2}remedy {2}change it in the file, then: understudy reload\n$/,
    ],
    ['ha.peers', 'x', /does not change ha\.peers\n/],
  ];
  for (const [setting, value, expected] of refused) {
    it(`refuses with exit code 2: ${setting} ${value}`, async () => {
      const { code, err } = await say(['set', setting, value]);
      assert.equal(code, 2);
      assert.match(err, expected);
      assert.equal(readFileSync(config, 'utf8'), settingsText());
    });
  }
});
