// What the messages of the HA port become for the core, with a port in memory: which of them answers a
// check, and what is told of a discarded one. Messages, key and freshness are in ha-port.test.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from '../support/test.js';
import type { HaPort, HaPortOptions } from '../../src/agent/ha-port.js';
import type { Journal } from '../../src/agent/journal.js';
import { createPeerChannel } from '../../src/agent/peer-channel.js';
import { generateKey } from '../../src/host/peer-key.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import { instant } from '../../src/model/units.js';
import { address, reportOf } from './ha-port-rig.js';
import { routerSettings, settingsOf } from './rig.js';

const THERE = address('10.98.0.2');

/** A channel whose port tells what it is asked to send; `heard` is what the port would hear. */
async function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-channel-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const keyFile = join(folder, 'key');
  generateKey(keyFile);
  const sent: string[] = [];
  const events: InstanceEvent[] = [];
  let heard: HaPortOptions | null = null;
  const port: HaPort = {
    setReport: () => void sent.push('keep'),
    setKeys: () => void sent.push('keys'),
    keysOf: () => ({ accepts: null, speaksUnder: null, settled: false }),
    check: (peer) => void sent.push(`check ${peer}`),
    push: () => void sent.push('push'),
    bye: () => void sent.push('bye'),
    counters: () => ({ discarded: {}, receiveErrors: {}, paths: [] }),
    close: () => Promise.resolve(void sent.push('close')),
  };
  const channel = createPeerChannel({
    journal: { record: () => undefined, recordForeign: () => undefined } as unknown as Journal,
    now: () => instant(0),
    deliver: (event) => void events.push(event),
    onProblem: (problem) => assert.equal(problem, null),
    openPort: (options) => {
      heard = options;
      return Promise.resolve(port);
    },
  });
  const base = settingsOf([routerSettings({})]);
  const peers = [{ name: 'there', addresses: [THERE] }];
  await channel.configure({ ...base, name: 'here', ha: { ...base.ha, keyFile, peers } });
  assert.ok(heard !== null, 'the port was opened');
  return { channel, heard: heard as HaPortOptions, sent, events };
}

const arrival = (kind: 'answer' | 'push' | 'request' | 'bye', rttMs: number | null) => ({
  kind,
  rttMs,
  at: instant(0),
  truncated: false,
});

describe('a message of a peer, for the core', () => {
  const report = reportOf('there');

  it('that answers a check is a success of its path', async (t) => {
    const { channel, heard, events } = await open(t);
    heard.onReport('there', THERE, report, arrival('answer', 1.5));
    const event = { kind: 'peer-report', peer: 'there', address: THERE, report, answered: true };
    assert.deepEqual(events, [event]);
    assert.equal(channel.rttMs('there', THERE), 1.5);
  });

  for (const kind of ['push', 'request', 'bye', 'answer'] as const) {
    const what = kind === 'answer' ? 'that answers too late' : `that is a ${kind}`;
    it(`${what} is news, and no success of its path`, async (t) => {
      const { channel, heard, events } = await open(t);
      heard.onReport('there', THERE, report, arrival(kind, null));
      const event = { kind: 'peer-report', peer: 'there', address: THERE, report, answered: false };
      assert.deepEqual(events, [event]);
      assert.equal(channel.rttMs('there', THERE), null, 'nor a round trip');
    });
  }

  it('that was discarded explains the silence of its path until one is taken', async (t) => {
    const { channel, heard } = await open(t);
    heard.onDiscard('authentic', THERE, '');
    heard.onDiscard('authentic', '10.98.0.66', '');
    assert.match(channel.problem(THERE) ?? '', /the HMAC is wrong/);
    assert.equal(channel.problem(address('10.98.0.66')), null, 'no stranger has an entry');
    heard.onReport('there', THERE, report, arrival('push', null));
    assert.equal(channel.problem(THERE), null);
  });
});

it('the last word goes out before the port is closed', async (t) => {
  const { channel, sent } = await open(t);
  channel.news(reportOf('here'));
  channel.check('there');
  channel.check('nobody');
  await channel.close();
  assert.deepEqual(sent, ['push', 'check there', 'bye', 'close']);
});
