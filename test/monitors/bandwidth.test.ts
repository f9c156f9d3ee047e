// The prober's bandwidth monitor with real traffic over a veth pair, in namespaces of our own.
import { execFileSync, spawn } from 'node:child_process';
import { IN_CI } from '../support/in-ci.js';
import { before, describe, test, type TestContext } from '../support/test.js';
import type { BandwidthSettings } from '../../src/monitors/settings.js';
import { Words } from '../support/child.js';
import { enterNamespace, inNetns, ip, joinPeer, layCable } from '../support/namespace.js';
import { ProberBench } from './prober-bench.js';

const skip = enterNamespace(import.meta.url);

/** A packet of this size every millisecond: 8 Mbit/s and more. */
const SENDER = `
  const socket = require('node:dgram').createSocket('udp4');
  const packet = Buffer.alloc(1000);
  setInterval(() => { for (let i = 0; i < 10; i += 1) socket.send(packet, 9, '192.0.2.1'); }, 10);
  socket.send(packet, 9, '192.0.2.1', () => console.log('sending'));`;

/** Traffic from the peer to `lan` until the function returned is called. */
async function send(t: TestContext): Promise<() => void> {
  const [program = '', ...words] = inNetns('peer', process.execPath, '-e', SENDER);
  const sender = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = (): void => void sender.kill('SIGKILL');
  t.after(stop);
  await new Words(sender, sender.stdout).until('a sender that sends', (text) => text !== '');
  return stop;
}

const monitoring = (change: Partial<BandwidthSettings> = {}): BandwidthSettings => ({
  interfaces: ['lan'],
  minimumBps: 1_000_000,
  seconds: 1,
  ...change,
});

const ACTIVE = { active: true, inhibited: false };
const BACKUP = { active: false, inhibited: false };

describe('bandwidth monitor', { skip }, () => {
  before(() => {
    joinPeer();
    // What /sys/class/net shows is the network namespace in which it was mounted.
    execFileSync('mount', ['-t', 'sysfs', 'sysfs', '/sys']);
  });

  test('an Active whose traffic stops is low, and is not when it is back', async (t) => {
    const bench = new ProberBench(t);
    bench.setRole(ACTIVE);
    const stop = await send(t);
    bench.configure({ bandwidth: monitoring() });
    const line = / Mbit\/s received on lan, minimum 1 Mbit\/s over 1 s$/;
    await bench.reaches('bandwidth', 'ok', line);
    stop();
    await bench.reaches('bandwidth', 'failed');
    await bench.reaches('bandwidth', 'failed', /; lan is up, 0 packets dropped, 0 damaged$/);
    await send(t);
    await bench.reaches('bandwidth', 'ok');
  });

  test(
    'a Backup is not judged; low outlasts the role; bypass and the role begin afresh',
    { skip: IN_CI },
    async (t) => {
      const bench = new ProberBench(t);
      bench.configure({ bandwidth: monitoring() });
      await bench.reaches('bandwidth', 'ok', /^0 bit\/s .*; not judged while Backup$/);
      bench.setRole(ACTIVE);
      await bench.reaches('bandwidth', 'failed');
      bench.setRole(BACKUP);
      await bench.reaches('bandwidth', 'failed', /low since before it gave the role up/);
      bench.setRole({ active: true, inhibited: true });
      await bench.reaches('bandwidth', 'ok', /not judged while bypassed or settling/);
      bench.setRole(ACTIVE);
      await bench.reaches('bandwidth', 'failed');
    },
  );

  test('an interface that vanishes is a failure, never zero traffic', async (t) => {
    const bench = new ProberBench(t);
    await send(t);
    bench.configure({ bandwidth: monitoring({ interfaces: ['lo', 'lan'], minimumBps: 1 }) });
    await bench.reaches('bandwidth', 'ok', /received/);
    ip('link delete lan');
    await bench.reaches('bandwidth', 'failed', /^interface lan does not exist$/);
    bench.setRole({ active: false, inhibited: true });
    await bench.reaches('bandwidth', 'ok', /does not exist; not judged/);
    bench.setRole(BACKUP);
    layCable();
    await send(t);
    await bench.reaches('bandwidth', 'ok', /received/);
  });

  test('a name that a shell would read otherwise is read like any other', async (t) => {
    const bench = new ProberBench(t);
    ip('link add a$b type veth peer name c');
    t.after(() => ip('link delete c'));
    bench.configure({ bandwidth: monitoring({ interfaces: ['a$b'] }) });
    await bench.reaches('bandwidth', 'ok', /^0 bit\/s received on a\$b/);
  });
});
