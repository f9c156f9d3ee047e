// What the messages of the HA port become for the core, with a port in memory: which of them answers a
// check, and what is told of a discarded one. Messages, key and freshness are in ha-port.test.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from '../support/test.js';
import type { HaPort, HaPortCounters, HaPortOptions } from '../../src/peer-channel/ha-port.js';
import type { Journal } from '../../src/journal/journal.js';
import { createPeerChannel, type HeardReport } from '../../src/peer-channel/peer-channel.js';
import { generateKey } from '../../src/host/peer-key.js';
import { instant } from '../../src/model/units.js';
import { address, reportOf } from './ha-port-rig.js';
import { routerSettings, settingsOf } from '../agent/rig.js';

const THERE = address('10.98.0.2');
/** The address of the virtual router, and the own one beside it. */
const VIRTUAL = address('10.99.0.100');
const OWN = {
  address: address('10.99.0.1'),
  prefixLength: 16,
  linkIndex: 1,
  usable: true,
  secondary: false,
  validSeconds: null,
};

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A channel whose port tells what it is asked to send; `heard` is what the port would hear. */
async function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-channel-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const keyFile = join(folder, 'key');
  generateKey(keyFile);
  const sent: string[] = [];
  const events: HeardReport[] = [];
  let heard: HaPortOptions | null = null;
  const path: Writable<HaPortCounters['paths'][number]> = {
    peer: 'there',
    address: THERE,
    sent: 0,
    received: 0,
    receivedAt: null,
    refusal: null,
    sendFailures: {},
  };
  const clock = { now: instant(0) };
  const choice = { source: address('10.98.0.1') };
  const port: HaPort = {
    setReport: () => void sent.push('keep'),
    setKeys: () => void sent.push('keys'),
    setVersion: () => void sent.push('version'),
    keysOf: () => ({ accepts: null, speaksUnder: null, settled: false }),
    check: (...peers) => void sent.push(`check ${peers.join(' ')}`),
    hear: () => undefined,
    confirmed: () => undefined,
    isAnyConfirmed: false,
    trust: () => undefined,
    leaveChecks: () => undefined,
    checksDueAt: null,
    forgetSources: () => undefined,
    push: () => void sent.push('push'),
    bye: () => void sent.push('bye'),
    counters: () => ({
      since: instant(0),
      discarded: {},
      lastDiscarded: {},
      receiveErrors: {},
      paths: [path],
    }),
    close: () => Promise.resolve(void sent.push('close')),
  };
  const channel = createPeerChannel({
    journal: { record: () => undefined, recordForeign: () => undefined } as unknown as Journal,
    now: () => clock.now,
    addresses: () => [OWN, { ...OWN, address: VIRTUAL, prefixLength: 24 }],
    chosenSource: () => choice.source,
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
  return { channel, heard: heard as HaPortOptions, sent, events, path, clock, choice };
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
    assert.match(
      channel.problem(THERE) ?? '',
      /comes from 10\.98\.0\.2 is discarded: the HMAC is wrong/,
    );
    assert.equal(channel.problem(address('10.98.0.66')), null, 'no stranger has an entry');
    heard.onReport('there', THERE, report, arrival('push', null));
    assert.equal(channel.problem(THERE), 'nothing comes from 10.98.0.2');
  });
});

describe('a path that is not healthy', () => {
  const report = reportOf('there');

  it('that the kernel refuses to send on', async (t) => {
    const { channel, path } = await open(t);
    path.refusal = 'ENETUNREACH';
    assert.equal(channel.problem(THERE), 'the kernel refuses what goes to 10.98.0.2: ENETUNREACH');
  });

  it('on which the peer is heard, and does not answer', async (t) => {
    const { channel, heard, path, clock } = await open(t);
    path.receivedAt = instant(0);
    heard.onReport('there', THERE, report, arrival('push', null));
    assert.match(channel.problem(THERE) ?? '', /is heard from 10\.98\.0\.2, but answers no check/);
    clock.now = instant(300_000);
    assert.match(channel.problem(THERE) ?? '', /is heard from/, 'three checks of 100 ms');
    clock.now = instant(300_001);
    assert.equal(channel.problem(THERE), 'nothing comes from 10.98.0.2', 'it has died since');
  });

  it('while something sends from a virtual address, which no peer is known by', async (t) => {
    const { channel, heard, clock } = await open(t);
    heard.onDiscard('unknownSender', '10.98.0.9', '');
    assert.equal(channel.problem(THERE), 'nothing comes from 10.98.0.2');
    heard.onDiscard('unknownSender', VIRTUAL, '');
    assert.match(channel.problem(THERE) ?? '', /something from the virtual address 10\.99\.0\.100/);
    clock.now = instant(10_000_001);
    assert.equal(channel.problem(THERE), 'nothing comes from 10.98.0.2');
  });
});

it('a virtual address is never the source of what goes to a peer', async (t) => {
  const { heard, choice } = await open(t);
  assert.equal(heard.sourceFor(THERE), choice.source, 'the kernel has chosen well');
  choice.source = VIRTUAL;
  assert.equal(heard.sourceFor(THERE), OWN.address);
});

it('the last word goes out before the port is closed', async (t) => {
  const { channel, sent } = await open(t);
  channel.news(reportOf('here'));
  channel.check('there');
  channel.check('nobody');
  await channel.close();
  assert.deepEqual(sent, ['push', 'check there', 'bye', 'close']);
});
