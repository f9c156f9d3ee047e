// What keeps an agent from starting once its executor runs: it says so, ends at once, and leaves no process.
// What keeps it from coming so far: process-stop.test.ts.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { AgentHome, AgentProcess, type StartOptions } from '../support/agent-process.js';
import { until } from '../support/limits.js';
import { enterNamespace, ip } from '../support/namespace.js';
import { afterEach, before, describe, it } from '../support/test.js';
import { router, settings } from './lan.js';

const skip = enterNamespace(import.meta.url);

/** The command lines of all other processes of this namespace that belong to an agent. */
function leftovers(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((line) => /executor|understudy-prober|main\.js run/.test(line));
}

describe('an agent that cannot start once its executor runs', { skip }, () => {
  before(() => {
    ip('link add lan type veth peer name other');
    ip('address add 192.0.2.1/24 dev lan');
    ip('link set lan up');
    ip('link set other up');
  });

  let agents: AgentProcess[] = [];
  const start = (home: AgentHome, options: StartOptions): AgentProcess => {
    const agent = new AgentProcess(home, options);
    agents.push(agent);
    return agent;
  };
  afterEach(async () => {
    await Promise.all(agents.map((agent) => agent.dispose()));
    agents = [];
  });

  async function ends(name: string, why: RegExp, options: StartOptions = {}): Promise<void> {
    const home = new AgentHome(name, settings(router()));
    if (name === 'folder') mkdirSync(`${home.runtimeDirectory}/control.sock`, { recursive: true });
    const agent = start(home, options);
    assert.deepEqual(await agent.exited, { code: 1, signal: null });
    assert.match(agent.stderr, /^understudy: cannot start: .+/m);
    assert.match(agent.stderr, why);
    assert.doesNotMatch(agent.stderr, /\n\s+at /, 'a sentence, not a stack');
    await until(
      'no process of it',
      () => leftovers().join('\n'),
      (lines) => lines === '',
    );
    // The lock is free again: the next one comes as far as this one.
    const next = start(home, options);
    assert.deepEqual(await next.exited, { code: 1, signal: null });
    assert.match(next.stderr, why);
  }

  it('because a folder stands where the control socket should be', () =>
    ends('folder', /control\.sock/));

  it('because it has not the right to open a packet socket', () =>
    ends('rights', /EPERM|not permitted/, {
      by: ['setpriv', '--bounding-set', '-net_raw', '--inh-caps', '-net_raw'],
    }));
});
