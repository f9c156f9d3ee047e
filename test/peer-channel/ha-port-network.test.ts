// The HA port across real cables, in namespaces: the same port on both sides, sources chosen by the
// kernel's routing while virtual addresses stand beside the own ones. And the process at the far
// end, which is this file again.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, test } from '../support/test.js';
import { fileURLToPath } from 'node:url';
import { cable } from '../../scripts/lab/cable.js';
import { takeoverScript } from '../../src/model/netlink-script.js';
import { wordOf } from '../support/child.js';
import { enterNamespace, inNetns, ip, joinPeer } from '../support/namespace.js';
import { address, Appliance, Happenings } from './ha-port-rig.js';

const PORT = 7112;
const HERE = ['198.51.100.1', '192.0.2.1', '2001:db8::1'].map(address);
const THERE = ['198.51.100.2', '192.0.2.2', '2001:db8::2'].map(address);
const [HA_LINK, LAN, LAN_IPV6] = THERE;

if (process.argv[2] === 'peer') {
  const b = new Appliance('b', PORT);
  await b.start([{ name: 'a', addresses: HERE }]);
  process.on('message', () => {
    const start = b.reports.all.length;
    b.ha.check('a');
    void b.answers(HERE, start).then(() => process.send?.('answered'));
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.('ready');
} else {
  const skip = enterNamespace(import.meta.url);
  describe('HA port between two network namespaces', { skip }, tests);
}

function tests(): void {
  const a = new Appliance('a', PORT);
  const words = new Happenings<unknown>();
  let askPeer = (): void => undefined;
  let stopPeer = (): void => undefined;

  before(async () => {
    joinPeer();
    ip(cable({ name: 'ha' }, { name: 'ha', netns: 'peer' }));
    for (const side of ['', '-n peer ']) {
      const last = side === '' ? 1 : 2;
      ip(`${side}address add 198.51.100.${last}/24 dev ha`);
      ip(`${side}address add 2001:db8::${last}/64 dev lan nodad`);
      ip(`${side}link set ha up`);
    }
    const [program = '', ...prefix] = inNetns('peer', process.execPath);
    const child = spawn(program, [...prefix, fileURLToPath(import.meta.url), 'peer'], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    child.on('message', (word) => words.add(word));
    askPeer = () => void child.send('check');
    stopPeer = () => child.disconnect();
    const ready = words.until((all) => all.length === 1);
    await wordOf(child, 'the peer to be ready', ready);
    await a.start([{ name: 'b', addresses: THERE }]);
  });
  after(async () => {
    stopPeer();
    await a.stop();
  });

  async function check(paths: typeof THERE): Promise<void> {
    const start = a.reports.all.length;
    a.ha.check('b');
    await a.answers(paths, start);
  }

  test('both sides answer on every path, and each knows the other by its address', async () => {
    await check(THERE);
    askPeer();
    await words.until((all) => all.length === 2);
    await check(THERE);
  });

  test('with virtual addresses on the interface the own addresses stay the source', async () => {
    const addresses = [
      { address: address('192.0.2.100'), prefixLength: 24 },
      { address: address('2001:db8::'), prefixLength: 64 },
      { address: address('2001:db8::3'), prefixLength: 64 },
    ];
    for (const line of takeoverScript({ interface: 'lan', addresses }, 0)) ip(line);
    await check(THERE);
    askPeer();
    await words.until((all) => all.length === 3);
    assert.equal(a.ha.counters().discarded.unknownSender, undefined);
  });

  test('a dead link: the kernel refuses, which is counted, and the other paths go on', async () => {
    ip('link set ha down');
    await check(THERE.slice(1));
    const [path] = a.ha.counters().paths;
    assert.equal(path?.address, HA_LINK);
    assert.deepEqual(path?.sendFailures, { ENETUNREACH: 1 });
  });

  test('a dead link whose address is reached by another route is no healthy path', async () => {
    ip('route add default via 192.0.2.2');
    const start = a.reports.all.length;
    a.ha.check('b');
    // The peer takes the request for its HA address from the LAN, and answers from there.
    await a.reports.until((all) => all.length >= start + 3);
    const arrivals = a.reports.all.slice(start);
    const from = (wanted: typeof LAN): number =>
      arrivals.filter(({ path }) => path === wanted).length;
    assert.deepEqual([HA_LINK, LAN, LAN_IPV6].map(from), [0, 2, 1]);
    assert.equal(arrivals.filter(({ rttMs }) => rttMs !== null).length, 2);
  });
}
