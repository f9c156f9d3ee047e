// `status --check`: one line and an exit code, as monitoring plug-ins have them.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from '../support/test.js';
import { pluginAnswer } from '../../src/cli/render/plugin.js';
import type { Status } from '../../src/model/status.js';
import { config, say, settingsText, startAgent, useFolder } from './command-bench.js';
import * as pairs from './pair-statuses.js';
import * as statuses from './statuses.js';

useFolder();

const OF_ONE = 'transitions=2c discarded=0c';

describe('status --check', () => {
  const cases: readonly [name: string, status: Status, code: number, line: string][] = [
    [
      'all is well',
      pairs.pair,
      0,
      `UNDERSTUDY OK - dallas-1: lan Active | active=1;;;0;1 peers=1;;;0;1 ready=1;;;0;1 flaps=0;3;;0 ${OF_ONE}`,
    ],
    [
      'a router without a peer, and nothing to be ready for',
      statuses.healthy,
      0,
      `UNDERSTUDY OK - dallas-1: lan Active | active=1;;;0;1 peers=0;;;0;0 flaps=0;;;0 ${OF_ONE}`,
    ],
    [
      'degraded, with why a failover would fail; one reason is told once',
      pairs.peerDead,
      1,
      `UNDERSTUDY WARNING - dallas-1: lan Active; dallas-2 is silent on every path | active=1;;;0;1 peers=0;;;0;1 ready=0;;;0;1 flaps=0;3;;0 ${OF_ONE}`,
    ],
    [
      'healthy, and yet nobody to take over',
      { ...pairs.pair, ...pick(pairs.settingsDiffer) },
      1,
      `UNDERSTUDY WARNING - dallas-1: lan Active; failover would fail: dallas-2 has a monitor that fails | active=1;;;0;1 peers=1;;;0;1 ready=0;;;0;1 flaps=0;3;;0 ${OF_ONE}`,
    ],
    [
      'a fault',
      pairs.suspended,
      2,
      `UNDERSTUDY CRITICAL - dallas-1: lan Initialize; lan: the role was lost too often: suspended until an operator clears the flaps; failover would fail: this appliance is out of the election: the role was lost too often: suspended until an operator clears the flaps | active=0;;;0;1 peers=1;;;0;1 ready=0;;;0;1 flaps=4;3;;0 ${OF_ONE}`,
    ],
  ];
  for (const [name, status, code, line] of cases) {
    it(`${name}: ${code}`, async () => {
      await startAgent({ status: () => status });
      assert.deepEqual(await say(['status', '--check']), { code, out: `${line}\n`, err: '' });
      assert.deepEqual((await say(['--check'])).code, code);
    });
  }

  it('of many reasons tells some, and keeps the bar for what it separates', () => {
    const reasons = ['a|b', 'two', 'three', 'four', 'five', 'six', 'seven\n'];
    const { line } = pluginAnswer({ ...pairs.pair, health: { state: 'degraded', reasons } });
    assert.match(line, /; a\/b; two; three; four; five; 2 more reasons \| active=/);
    assert.equal(line.split('|').length, 2);
  });

  it('no agent, refused settings, and wrong usage are 3, on stdout', async () => {
    for (const [words, expected] of [
      [[], /^UNDERSTUDY UNKNOWN - the agent is not reachable: there is no socket .*\n$/],
      [['--json'], /^UNDERSTUDY UNKNOWN - expected --check alone/],
    ] as const) {
      const { code, out, err } = await say(['status', '--check', ...words]);
      assert.deepEqual([code, err], [3, '']);
      assert.match(out, expected);
    }
    writeFileSync(config, settingsText().replace('runtimeDirectory: ', 'runtimeDirectory: *x '));
    const { code, out, err } = await say(['status', '--check']);
    assert.deepEqual([code, err], [3, '']);
    assert.match(out, /^UNDERSTUDY UNKNOWN - the settings in .* are refused/);
  });
});

function pick({ readiness = [] }: Status): Pick<Status, 'readiness'> {
  return { readiness };
}
