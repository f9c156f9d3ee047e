// SIGHUP: the difference is applied, and a file that cannot be used changes nothing.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from '../support/test.js';
import { openKernel } from '../../src/kernel/native.js';
import { Peer } from '../kernel/peer.js';
import { AgentHome, AgentProcess, type LogLine } from '../support/agent-process.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { Lan, priorityOf, router, settings, VIRTUAL } from './lan.js';

const skip = enterNamespace(import.meta.url);

const second = (change: object = {}): object =>
  router({ name: 'second', vrid: 52, addresses: ['192.0.2.120/24'], ...change });

const addresses = (): string[] =>
  [...ip('-o -4 address show dev lan').matchAll(/inet (\S+)/g)].map((match) => match[1] ?? '');

describe('reload', { skip }, () => {
  const both = settings(router(), second());
  let agent: AgentProcess;
  let lan: Lan;
  let peer: Peer;
  before(async () => {
    joinPeer();
    lan = new Lan(openKernel());
    peer = await Peer.start();
    agent = new AgentProcess(new AgentHome('a', both));
    await agent.takenOver();
    await agent.takenOver('second');
    await agent.until(() => addresses().length === 3);
  });
  after(async () => {
    await agent.dispose();
    lan.close();
    await peer.stop();
  });

  /** SIGHUP; resolves with the event that tells the outcome. */
  function reload(): Promise<LogLine> {
    const from = agent.lines.length;
    agent.signal('SIGHUP');
    return agent.line(
      ({ event }) => event === 'settings-applied' || event === 'reload-refused',
      from,
    );
  }

  it('gives addresses that stand another lifetime, also none, and nobody moves', async () => {
    const { since } = await agent.router('lan');
    const shown = (): string => ip('-o -4 address show dev lan to 192.0.2.100/32');
    assert.match(shown(), /valid_lft [123]sec preferred_lft [123]sec/);
    const leases = [
      [0, /valid_lft forever preferred_lft forever/],
      [600, /valid_lft (600|5\d\d)sec preferred_lft (600|5\d\d)sec/],
      [3, /valid_lft [123]sec/],
    ] as const;
    for (const [leaseSeconds, expected] of leases) {
      agent.home.configure({ ...both, vip: { leaseSeconds } });
      const told = await reload();
      assert.match(told.detail ?? '', new RegExp(`vip.leaseSeconds: \\d+ → ${leaseSeconds}`));
      await agent.until(() => expected.test(shown()));
    }
    assert.equal((await agent.router('lan')).since, since);
  });

  it('applies the difference: a virtual router that did not change does not notice', async () => {
    await lan.heardBy(peer);
    const unchanged = await agent.router('lan');
    const from = agent.lines.length;
    agent.home.configure(settings(router(), second({ addresses: ['192.0.2.121/24'] })));

    const told = await reload();

    assert.match(told.detail ?? '', /192\.0\.2\.120\/24.* → .*192\.0\.2\.121\/24/);
    await agent.until(() => addresses().includes('192.0.2.121/24'));
    const now = await agent.router('lan');
    assert.deepEqual(
      [now.since, now.state, now.counters.transitions],
      [unchanged.since, unchanged.state, unchanged.counters.transitions],
    );
    assert.ok(now.counters.advertisementsSent >= unchanged.counters.advertisementsSent);
    assert.deepEqual(addresses().sort(), ['192.0.2.1/24', VIRTUAL, '192.0.2.121/24']);
    assert.deepEqual(
      agent.lines.slice(from).filter(({ event }) => event === 'transition'),
      [],
    );
    const sent = await lan.heardBy(peer);
    assert.ok(sent.every((packet) => priorityOf(packet) === 200));
  });

  it('adds and removes a virtual router beside one that goes on', async () => {
    const { since } = await agent.router('lan');
    // What was said until now is another story.
    await lan.heardBy(peer);
    agent.home.configure(settings(router()));
    await reload();
    await agent.until(() => !addresses().includes('192.0.2.121/24'));
    const farewells = (await lan.heardBy(peer)).filter((packet) => priorityOf(packet) === 0);
    assert.deepEqual(
      farewells.map(({ message }) => message[1]),
      [52],
    );
    const from = agent.lines.length;
    agent.home.configure(both);
    await reload();
    await agent.takenOver('second', from);
    assert.equal((await agent.router('lan')).since, since);
  });

  it('changes priority and interval in place: the next advertisements carry them (case 69)', async () => {
    const { since } = await agent.router('lan');
    const change = { priority: 150, advertisementIntervalMs: 40 };
    agent.home.configure(settings(router(change), second()));
    await reload();
    const packet = await peer.packets.takeUntil(({ message }) => message[2] === 150);
    assert.deepEqual(packet.message.slice(4, 6), Uint8Array.of(0, 4));
    assert.equal((await agent.router('lan')).since, since);
    agent.home.configure(both);
    await reload();
  });

  const text = (): string => agent.home.textOf(both);
  const clear = (): void => rmSync(agent.home.settingsFile, { recursive: true, force: true });
  const unusable: [string, () => void][] = [
    ['that is invalid', () => agent.home.configure(settings(router({ vrid: 0 })))],
    ['with an unknown key', () => agent.home.configure({ ...both, colour: 'blue' })],
    ['without virtual routers', () => agent.home.configure({ virtualRouters: [] })],
    ['that is empty', () => writeFileSync(agent.home.settingsFile, '')],
    ['cut in its middle', () => writeFileSync(agent.home.settingsFile, half(text(), 2))],
    ['cut near its end', () => writeFileSync(agent.home.settingsFile, text().slice(0, -3))],
    ['cut near its beginning', () => writeFileSync(agent.home.settingsFile, half(text(), 20))],
    ['that is no text', () => writeFileSync(agent.home.settingsFile, Buffer.alloc(4096, 0xfe))],
    ['that is missing', clear],
    ['that is a directory', () => (clear(), mkdirSync(agent.home.settingsFile))],
    [
      'that cannot be opened',
      () => (clear(), symlinkSync(agent.home.settingsFile, agent.home.settingsFile)),
    ],
    ['that moves a directory', () => agent.home.configure({ ...both, stateDirectory: '/run/b' })],
  ];

  for (const [what, spoil] of unusable) {
    it(`a file ${what} changes nothing; mended, it is used again`, async () => {
      const [status, inForce] = [await agent.status(), await agent.control.settings()];
      const from = agent.lines.length;
      spoil();

      const told = await reload();

      assert.equal(told.event, 'reload-refused');
      // Where, what was expected, what was found and what to do; the same in log, event and health.
      assert.match(
        told.detail ?? '',
        /^the settings in force stay: \S+understudy\.yaml(:\d+:\d+)?:.* expected .*, found .*; \S/,
      );
      assert.doesNotMatch(told.detail ?? '', /\n/);
      if (what === 'with an unknown key') assert.match(told.detail ?? '', /yaml:27:3: colour: /);
      const now = await agent.status();
      assert.deepEqual(
        now.virtualRouters.map(({ state, since, reason }) => [state, since, reason]),
        status.virtualRouters.map(({ state, since, reason }) => [state, since, reason]),
      );
      assert.deepEqual(await agent.control.settings(), inForce);
      assert.deepEqual(addresses().sort(), ['192.0.2.1/24', VIRTUAL, '192.0.2.120/24']);
      assert.equal(now.health.state, 'degraded');
      const [reason = '', ...others] = now.health.reasons;
      assert.deepEqual(others, []);
      const first = reason.replace(/; \d+ more: understudy check$/, '');
      assert.ok(told.detail?.startsWith(first), `${reason}\nbegins\n${told.detail}`);
      clear();
      agent.home.configure(both);
      assert.equal((await reload()).detail, 'nothing differs');
      const { state, reasons } = (await agent.status()).health;
      assert.deepEqual([state, reasons], ['healthy', []]);
      assert.deepEqual(
        agent.said(from).map(({ event }) => event),
        ['reload-refused', 'settings-applied'],
        'and none of a virtual router',
      );
    });
  }

  it('SIGHUP again and again, faster than it is served, leaves the role alone', async () => {
    const { since } = await agent.router('lan');
    const from = agent.lines.length;
    for (let count = 0; count < 20; count += 1) {
      if (count % 2 === 0) rmSync(agent.home.settingsFile);
      else agent.home.configure(both);
      agent.signal('SIGHUP');
    }
    agent.home.configure(both);
    agent.signal('SIGHUP');
    await agent.until(({ health }) => health.state === 'healthy');
    const now = await agent.router('lan');
    assert.deepEqual([now.state, now.since], ['Active', since]);
    assert.ok(agent.lines.slice(from).every(({ event }) => event !== 'transition'));
  });
});

const half = (text: string, part: number): string => text.slice(0, text.length / part);
