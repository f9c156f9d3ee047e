// What the prober sends from while a virtual address stands that the kernel would rather send from. Whatever
// comes from the virtual address is refused (TCP: so a check needs no deadline to fail) or lost (ICMP) here.
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, describe, test } from '../support/test.js';
import type { CheckSettings, GatewaySettings } from '../../src/monitors/settings.js';
import { enterNamespace, inNetns, ip, joinPeer } from '../support/namespace.js';
import { Words } from '../support/child.js';
import { eventOf } from '../support/limits.js';
import { httpCheck, ProberBench, tcpCheck } from './prober-bench.js';
import { address } from '../support/address.js';

const skip = enterNamespace(import.meta.url);

const PORT = 8_080;
const VIRTUAL = ['192.0.2.100', '2001:db8::100'].map(address);
const SERVER = `
  const answer = (_, response) => response.end('hello');
  const { createServer } = require('node:http');
  const one = createServer(answer).listen(${PORT}, '192.0.2.2', () =>
    createServer(answer).listen(${PORT}, '2001:db8::2', () => console.log('listening')));`;

const gateway = (one: string, change: Partial<GatewaySettings> = {}): GatewaySettings => ({
  addresses: [address(one)],
  intervalMs: 40,
  timeoutMs: 40,
  failureThreshold: 3,
  recoveryThreshold: 2,
  ...change,
});

/** Echo requests alone are lost: an answer to an IPv6 address needs what its neighbor says of it. */
const REFUSED = [
  ['ip saddr 192.0.2.100', 'icmp'],
  ['ip6 saddr 2001:db8::100', 'icmpv6'],
].reduce(
  (rules, [from, echo]) =>
    `${rules}; add rule inet t in ${from} meta l4proto tcp reject with tcp reset` +
    `; add rule inet t in ${from} ${echo} type echo-request drop`,
  'add table inet t; add chain inet t in { type filter hook input priority 0; }',
);

const CHECKS: readonly CheckSettings[] = [
  tcpCheck('tcp4', PORT, { host: '192.0.2.2' }),
  tcpCheck('tcp6', PORT, { host: '2001:db8::2' }),
  tcpCheck('named', PORT, { host: 'server.example' }),
  httpCheck('http4', `http://192.0.2.2:${PORT}/`, { expectBody: 'hello' }),
  httpCheck('http6', `http://[2001:db8::2]:${PORT}/`),
  httpCheck('http-named', `http://server.example:${PORT}/`),
];

describe('with a virtual address that has the longer prefix', { skip }, () => {
  let server: ChildProcess;
  before(async () => {
    joinPeer();
    ip('address add 2001:db8::1/64 dev lan nodad');
    ip('-n peer address add 2001:db8::2/64 dev lan nodad');
    // The first address of the name refuses the connection, the second one takes it.
    ip('-n peer address add 192.0.2.3/24 dev lan');
    writeFileSync('/run/hosts', '192.0.2.3 server.example\n192.0.2.2 server.example\n');
    execFileSync('mount', ['--bind', '/run/hosts', '/etc/hosts']);
    ip('address add 192.0.2.100/25 dev lan');
    ip('address add 2001:db8::100/80 dev lan nodad');
    const [nft = '', ...rules] = inNetns('peer', 'nft', REFUSED);
    execFileSync(nft, rules);
    const [program = '', ...words] = inNetns('peer', process.execPath, '--eval', SERVER);
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    server = child;
    await new Words(child, child.stdout).until('a server', (text) => text !== '');
  });
  after(() => server.kill());

  test('the kernel would send from it', () => {
    assert.match(ip('route get 192.0.2.2'), /src 192\.0\.2\.100 /);
    assert.match(ip('route get 192.0.2.2 oif lan'), /src 192\.0\.2\.100 /);
    assert.match(ip('route get 2001:db8::2'), /src 2001:db8::100 /);
  });

  test('tcp and http checks come from an address of our own, and would be lost otherwise', async (t) => {
    const bench = new ProberBench(t);
    bench.configure({ checks: CHECKS, virtualAddresses: VIRTUAL });
    for (const { name } of CHECKS) assert.equal(await bench.verdict(name), 'ok', name);
    // The same monitors go on: what is virtual is no part of their settings.
    bench.configure({ checks: CHECKS });
    for (const { name } of CHECKS) await bench.reaches(name, 'failed');
    bench.configure({ checks: CHECKS, virtualAddresses: VIRTUAL });
    for (const { name } of CHECKS) {
      await bench.reaches(name, 'ok');
      assert.deepEqual(bench.history.get(name), ['unknown', 'ok', 'failed', 'ok']);
    }
  });

  const questions = {
    ipv4: gateway('192.0.2.2'),
    ipv6: gateway('2001:db8::2'),
    'ipv4 through the interface': gateway('192.0.2.2', { interface: 'lan' }),
    'ipv6 through the interface': gateway('2001:db8::2', { interface: 'lan' }),
    'a link-local one': gateway('fe80::2', { interface: 'lan' }),
  };
  for (const [what, settings] of Object.entries(questions)) {
    test(`gateway, ${what}: the echo comes from an address of our own`, async (t) => {
      const bench = new ProberBench(t);
      bench.configure({ gateway: settings, virtualAddresses: VIRTUAL });
      await bench.reaches('gateway', 'ok');
      if (what === 'a link-local one') return;
      bench.configure({ gateway: settings });
      await bench.reaches('gateway', 'failed');
      bench.configure({ gateway: settings, virtualAddresses: VIRTUAL });
      await bench.reaches('gateway', 'ok');
    });
  }

  test('what is on this host answers itself, at the virtual address too', async (t) => {
    const here = createServer((socket) => socket.destroy());
    await eventOf(here.listen(PORT, '192.0.2.100'), 'listening');
    t.after(() => here.close());
    const bench = new ProberBench(t);
    bench.configure({
      gateway: gateway('192.0.2.100'),
      checks: [tcpCheck('here', PORT, { host: '192.0.2.100' })],
      virtualAddresses: VIRTUAL,
    });
    await bench.reaches('gateway', 'ok');
    await bench.reaches('here', 'ok');
  });
});
