// The bench itself, shown on keepalived pairs: it sees outages, leftovers and double holders when
// there are some. No understudy runs here.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { IN_CI } from '../support/in-ci.js';
import { until, WAIT_LIMIT_MS } from '../support/limits.js';
import { describe, it } from '../support/test.js';
import { decode } from '../../scripts/lab/capture.js';
import type { Program } from '../../scripts/lab/program.js';
import { enterSandbox, mappedUser } from '../../scripts/lab/sandbox.js';
import { Pair, withLab, type PairOptions } from './pair.js';

const refusal = await enterSandbox();
const skip = refusal ?? false;
const skipCapture = refusal ?? (mappedUser() ? 'tcpdump needs root, not a mapped user' : false);

const PAIR: PairOptions = {
  family: 'ipv4',
  intervalMs: 100,
  a: { software: 'keepalived', priority: 200 },
  b: { software: 'keepalived', priority: 100 },
};

describe('the bench sees', { skip: skip || IN_CI }, () => {
  it('an outage after a stop, and nobody holding the address meanwhile', (t) =>
    withLab(t, async (lab) => {
      const pair = await Pair.start(t, lab, PAIR);
      const { addresses } = await pair.fail('stop');
      const [measured] = addresses;
      assert.deepEqual(measured?.holdersBefore, ['a']);
      assert.deepEqual(measured?.holdersAfter, ['b']);
      assert.ok((measured?.probes.lost ?? 0) > 0, JSON.stringify(measured));
      assert.ok((measured?.held.nobodyHeldMs ?? 0) > 0, JSON.stringify(measured));
    }));

  it('an address left behind by a kill, held by both', (t) =>
    withLab(t, async (lab) => {
      const pair = await Pair.start(t, lab, PAIR);
      const { addresses } = await pair.fail('kill');
      const [measured] = addresses;
      assert.deepEqual(measured?.holdersAfter, ['a', 'b']);
      assert.equal(measured?.leftBehind, true);
      assert.ok((measured?.held.bothHeldMs ?? 0) > 0, JSON.stringify(measured));
    }));

  it('the loss of carrier, and the role going back with the cable', (t) =>
    withLab(t, async (lab) => {
      const pair = await Pair.start(t, lab, { ...PAIR, family: 'ipv6' });
      await pair.survive('unplug');
    }));

  it('two Actives while the switch drops VRRP silently, and one after it heals', (t) =>
    withLab(t, async (lab) => {
      const pair = await Pair.start(t, lab, PAIR);
      const heal = await lab.drop({ traffic: 'vrrp', from: 'a', to: 'b' });
      await lab.waitForHolders(pair.address, ['a', 'b'], WAIT_LIMIT_MS);
      await heal();
      await pair.settle();
    }));

  it('frames on the wire', { skip: skipCapture }, (t) =>
    withLab(t, async (lab) => {
      const capture = await lab.capture({
        port: 'port-a',
        direction: 'in',
        filter: 'ip proto 112',
      });
      const pair = await Pair.start(t, lab, PAIR);
      await pair.fail('stop');
      await capture.stop();
      const frames = await decode(capture.file, 'vrrp', ['vrrp.prio', 'vrrp.checksum.status']);
      assert.ok(frames.length > 1);
      // tshark counts from 0: 1 is good. keepalived's checksum is that of RFC 5798.
      assert.ok(frames.every((frame) => frame['vrrp.checksum.status']?.[0] === '1'));
      assert.equal(frames.at(-1)?.['vrrp.prio']?.[0], '0');
    }),
  );
});

describe('the bench says', { skip }, () => {
  it('what it waited for and what it saw last', (t) =>
    withLab(t, async (lab) => {
      await assert.rejects(
        lab.waitForHolders('10.99.0.100', ['a'], 50),
        /expected within 50 ms: 10\.99\.0\.100 held by a; last seen: held by nobody/,
      );
    }));

  it('of the daemon that was started last what that one has said, not the one before it', (t) =>
    withLab(t, async (lab) => {
      const a = lab.appliance('a');
      const says = (text: string): Program => ({
        software: 'understudy',
        prepare: (directory) => {
          mkdirSync(`${directory}/run`, { recursive: true });
          return ['sh', '-c', `${text}; exec sleep infinity`];
        },
        crashing: (pid) => [pid],
      });
      a.start(says('echo "{}" >run/status.json'));
      await until('a word of the first', () => a.status() !== null);
      await a.kill();
      assert.deepEqual(a.status(), {}, 'the last word of one that was killed can be read');
      a.start(says(':'));
      assert.equal(a.status(), null);
    }));
});
