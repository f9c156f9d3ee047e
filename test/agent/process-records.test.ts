// What a running agent tells of its transitions: status, log, events.jsonl and recording.jsonl use
// the same words.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from '../support/test.js';
import { parseRecording, replay } from '../../src/agent/recorder.js';
import type { Status } from '../../src/model/status.js';
import { Peer } from '../kernel/peer.js';
import {
  AgentHome,
  AgentProcess,
  MAIN,
  recordsIn,
  type LogLine,
} from '../support/agent-process.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { advertisementOfPeer, router, settings } from './lan.js';

const skip = enterNamespace(import.meta.url);

/** What the log adds to a record. */
const LOG_FIELDS = new Set(['level', 'msg', 'pid', 'name']);

const recordOf = (line: LogLine): object =>
  Object.fromEntries(Object.entries(line).filter(([key]) => !LOG_FIELDS.has(key)));

const shortOf = ({ virtualRouter, from, to, reason }: Partial<LogLine>): string =>
  `${virtualRouter}: ${from} ${to} ${reason}`;

describe('the records of a running agent', { skip }, () => {
  let agent: AgentProcess;
  let peer: Peer;
  before(async () => {
    joinPeer();
    peer = await Peer.start();
    // It is asked before its next transition, which Active_Down_Interval brings about.
    const slow = settings(router({ advertisementIntervalMs: 500 }));
    agent = new AgentProcess(new AgentHome('a', slow));
  });
  after(async () => {
    await agent.dispose();
    await peer.stop();
  });

  it('each transition: state, reason, time and priority in status are those of its record', async () => {
    const steps: [() => unknown, string, string][] = [
      [() => {}, 'Backup', 'startup'],
      [() => {}, 'Active', 'no-response'],
      [() => peer.send(advertisementOfPeer(250, { interval: 100 })), 'Backup', 'preempted'],
      [() => peer.send(advertisementOfPeer(0)), 'Active', 'priority-zero'],
      [() => ip('-n peer link set lan down'), 'Initialize', 'no-carrier'],
      [() => ip('-n peer link set lan up'), 'Backup', 'fault-cleared'],
      [() => peer.send(advertisementOfPeer(50)), 'Active', 'priority'],
    ];
    for (const [act, state, reason] of steps) {
      const from = state === 'Backup' && reason === 'startup' ? 0 : agent.lines.length;
      await act();
      const line = await agent.line(
        ({ event, to }) => event === 'transition' && to === state,
        from,
      );
      const now = await agent.router();
      assert.deepEqual(
        [now.state, now.reason, now.since, now.effectivePriority],
        [state, reason, line.time, line['effectivePriority']],
      );
      assert.equal(line.reason, reason);
    }
    const { counters } = await agent.router();
    assert.equal(counters.transitions, steps.length);
  });

  it('the command line shows what the control socket says', async () => {
    const words = [MAIN, 'status', '--json', '--config', agent.home.settingsFile];
    const shown = JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as Status;
    const asked = await agent.status();
    const told = ({ virtualRouters }: Status): object[] =>
      virtualRouters.map(({ state, reason, since, addresses }) => ({
        state,
        reason,
        since,
        addresses,
      }));
    assert.deepEqual(told(shown), told(asked));
  });

  it('SIGUSR2 writes a recording that replays to the transitions of the log', async () => {
    agent.signal('SIGUSR2');
    await agent.line(({ msg }) => msg.startsWith('recording written to'));
    const text = readFileSync(`${agent.home.stateDirectory}/recording.jsonl`, 'utf8');
    const replayed = replay(parseRecording(text))
      .flat()
      .flatMap((effect) => (effect.kind === 'transition' ? [shortOf(effect)] : []));
    assert.deepEqual(replayed, agent.transitions().map(shortOf));
    assert.equal(replayed.length, 7);
  });

  it('events.jsonl has every record of the log, field by field, in the same order', async () => {
    await agent.end('SIGTERM');
    const logged = agent.lines.filter(({ event }) => event !== undefined);
    assert.deepEqual(agent.home.events(), logged.map(recordOf));
    assert.equal(agent.transitions().at(-1)?.reason, 'shutdown');
  });

  it('the next agent tells what happened before it, and goes on', async () => {
    const earlier = agent.home.events();
    agent = new AgentProcess(agent.home);
    await agent.transition('Active');
    const words = [MAIN, 'events', '--json', '--config', agent.home.settingsFile];
    const printed = recordsIn(execFileSync(process.execPath, words, { encoding: 'utf8' }));
    await agent.end('SIGTERM');
    assert.deepEqual(printed.slice(0, earlier.length), earlier);
    assert.deepEqual(printed, agent.home.events().slice(0, printed.length));
    assert.ok(printed.length > earlier.length);
  });

  it('status.json, left behind, says how it ended', () => {
    const text = readFileSync(`${agent.home.runtimeDirectory}/status.json`, 'utf8');
    const { virtualRouters } = JSON.parse(text) as Status;
    assert.deepEqual(
      virtualRouters.map(({ state, reason }) => [state, reason]),
      [['Initialize', 'shutdown']],
    );
    assert.equal(virtualRouters[0]?.addresses[0]?.present, false);
  });
});
