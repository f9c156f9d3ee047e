// The HA port between two appliances: what arrives, when, and on which path. Nothing hostile here:
// see ha-port-hostile.test.ts.
import assert from 'node:assert/strict';
import { test } from '../support/test.js';
import { HaPortError } from '../../src/peer-channel/ha-port.js';
import { MAC_LENGTH } from '../../src/wire/peer-message.js';
import { address, Appliance, freePort, KEY, Pair, reportOf } from './ha-port-rig.js';

async function withPair(body: (pair: Pair) => Promise<void>, paths = 2): Promise<void> {
  const pair = await Pair.open(paths);
  try {
    await body(pair);
  } finally {
    await pair.close();
  }
}

test('first contact takes one round trip more: the first request is answered, not believed', () =>
  withPair(async ({ a, b }) => {
    a.ha.check('b');
    const [answer] = await a.reports.matching((each) => each.rttMs !== null);
    assert.equal(answer?.kind, 'answer');
    assert.deepEqual(
      b.discards.all.map(({ reason, detail }) => [reason, detail]),
      [['stale', 'request']],
    );
    assert.equal(b.reports.all.length, 0);
    a.ha.check('b');
    const [request] = await b.reports.matching(() => true);
    assert.equal(request?.kind, 'request');
    assert.deepEqual(request.report, reportOf('a'));
    assert.equal(request.rttMs, null);
    assert.equal(b.discards.all.length, 1);
  }, 1));

test('a check is answered on every path, IPv4 and IPv6, with its report and round trip', () =>
  withPair(async (pair) => {
    const { a, b } = pair;
    await pair.meet();
    b.ha.setReport(reportOf('b', { primary: true }));
    const start = a.reports.all.length;
    // Answers are held back until the clock has moved.
    pair.network.passes = ({ to }) => to === 'b';
    a.ha.check('b');
    const held = await pair.network.recorded.matching(({ to }) => to === 'a', 3, recorded(pair));
    a.clock.microseconds += 700;
    for (const packet of held) pair.network.inject(packet);
    await a.answers(pair.pathsAtB, start);
    const answers = a.reports.all.slice(start);
    assert.deepEqual(answers.map(({ path }) => path).toSorted(), [...pair.pathsAtB].toSorted());
    for (const { rttMs, at, report } of answers) {
      assert.equal(rttMs, 0.7);
      assert.equal(at, a.clock.microseconds);
      assert.equal(report.primary, true);
    }
  }, 3));

const recorded = (pair: Pair): number => pair.network.recorded.all.length;

test('a silent path has no answer, and the other goes on', () =>
  withPair(async (pair) => {
    await pair.meet();
    pair.network.passes = ({ path }) => path !== 0;
    const start = pair.a.reports.all.length;
    for (let round = 0; round < 3; round += 1) {
      const before = pair.a.reports.all.length;
      pair.a.ha.check('b');
      await pair.a.answers(pair.pathsAtB.slice(1), before);
    }
    await pair.network.recorded.matching(({ to, path }) => to === 'b' && path === 0, 3);
    const paths = new Set(pair.a.reports.all.slice(start).map(({ path }) => path));
    assert.deepEqual([...paths], pair.pathsAtB.slice(1));
  }));

test('an answer to an earlier check is news of the peer, but no success', () =>
  withPair(async (pair) => {
    const { a, network } = pair;
    await pair.meet();
    network.passes = ({ to }) => to === 'b';
    const start = recorded(pair);
    a.ha.check('b');
    const [late] = await network.recorded.matching(({ to }) => to === 'a', 1, start);
    a.ha.check('b');
    const answers = await network.recorded.matching(({ to }) => to === 'a', 2, start);
    const before = a.reports.all.length;
    assert.ok(late !== undefined && answers[1] !== undefined);
    network.inject(late);
    await a.reports.until((all) => all.length > before);
    assert.equal(a.reports.all[before]?.rttMs, null);
    network.inject(answers[1]);
    await a.reports.until((all) => all.length > before + 1);
    assert.notEqual(a.reports.all[before + 1]?.rttMs, null);
  }, 1));

test('an answer from another address of the peer is no success of the path asked', () =>
  withPair(async (pair) => {
    const { a, network } = pair;
    await pair.meet();
    // The link of path 0 is down, and its request finds the peer by the route of path 1.
    network.passes = (packet) => {
      if (packet.path === 0) network.inject({ ...packet, path: 1 });
      return packet.path === 1;
    };
    const start = a.reports.all.length;
    a.ha.check('b');
    await a.reports.until((all) => all.length === start + 2);
    const arrivals = a.reports.all.slice(start);
    assert.deepEqual(
      arrivals.map(({ path, rttMs }) => [path, rttMs !== null]),
      [
        [pair.pathsAtB[1], true],
        [pair.pathsAtB[1], false],
      ],
    );
  }));

test('a change is pushed at once on all paths, and answers carry it from then on', () =>
  withPair(async (pair) => {
    const { a, b } = pair;
    await pair.meet();
    const start = b.reports.all.length;
    a.ha.push(reportOf('a', { fit: false }));
    const pushes = await b.reports.matching(({ kind }) => kind === 'push', 2, start);
    assert.deepEqual(pushes.map(({ path }) => path).toSorted(), pair.pathsAtA);
    assert.ok(pushes.every(({ report, rttMs }) => !report.fit && rttMs === null));
    await pair.checkB();
    assert.equal(b.reports.all.at(-1)?.report.fit, false);
  }));

test('the last word arrives although the port is closed in the same breath', () =>
  withPair(async (pair) => {
    await pair.meet();
    pair.a.ha.bye(reportOf('a', { fit: false }));
    const closed = pair.a.stop();
    await pair.b.reports.matching(({ kind }) => kind === 'bye', 2);
    await closed;
  }));

test('a message overtaken on another path proves its path and brings the newest report', () =>
  withPair(async (pair) => {
    const { a, b, network } = pair;
    await pair.meet();
    network.passes = ({ path }) => path === 1;
    const start = recorded(pair);
    const before = b.reports.all.length;
    a.ha.push(reportOf('a', { gateway: 'reachable' }));
    const [slow] = await network.recorded.matching(({ path }) => path === 0, 1, start);
    a.ha.push(reportOf('a', { gateway: 'unreachable' }));
    await b.reports.matching(({ report }) => report.gateway === 'unreachable');
    assert.ok(slow !== undefined);
    network.inject(slow);
    await b.reports.matching(({ path }) => path === pair.pathsAtA[0], 1, before);
    const last = b.reports.all.at(-1);
    assert.equal(last?.path, pair.pathsAtA[0]);
    assert.equal(last?.report.gateway, 'unreachable');
  }));

test('after a restart of either side both are in touch after one check each', () =>
  withPair(async (pair) => {
    const { a, b } = pair;
    await pair.meet();
    for (const restart of [
      async (): Promise<void> => (await a.stop(), pair.startA()),
      async (): Promise<void> => (await b.stop(), pair.startB()),
    ]) {
      await restart();
      await pair.meet();
      const start = b.reports.all.length;
      a.ha.push(reportOf('a', { bandwidthLow: true }));
      await b.reports.matching(({ kind }) => kind === 'push', 2, start);
    }
  }));

test('nothing is sent, and nothing answered, before there is a report', () =>
  withPair(async (pair) => {
    const { a, b, network } = pair;
    await b.stop();
    await pair.startB([KEY], null);
    b.ha.check('a');
    assert.equal(b.ha.counters().paths[0]?.sent, 0);
    a.ha.check('b');
    await b.discards.matching(({ reason }) => reason === 'stale');
    b.ha.setReport(reportOf('b'));
    await pair.checkA();
    assert.equal(network.recorded.all.filter(({ to }) => to === 'a').length, 1);
  }, 1));

test('a path the kernel refuses is counted; the others work', () =>
  withPair(async (pair) => {
    await pair.a.stop();
    // A broadcast address, which the kernel refuses on any host without sending anything: it needs no other route.
    const refused = address('127.255.255.255');
    const port = pair.network.entrance.forA;
    await pair.a.start([{ name: 'b', addresses: [refused, ...pair.pathsAtB], port }]);
    await pair.checkA();
    const [first, second] = pair.a.ha.counters().paths;
    assert.deepEqual(first, {
      peer: 'b',
      address: refused,
      sent: 1,
      received: 0,
      receivedAt: null,
      refusal: 'EACCES',
      sendFailures: { EACCES: 1 },
    });
    assert.deepEqual(second?.sendFailures, {});
    assert.equal(second.received, 1);
  }));

test('a port in use is refused with what to do, and a family opened before is closed again', async () => {
  const taken = new Appliance('taken', await freePort());
  await taken.start([{ name: 'peer', addresses: [address('::1')] }]);
  const late = new Appliance('late', taken.port);
  const peers = [{ name: 'peer', addresses: [address('127.10.2.1'), address('::1')] }];
  try {
    await assert.rejects(late.start(peers), (error) => {
      assert.ok(error instanceof HaPortError);
      assert.equal(error.code, 'EADDRINUSE');
      assert.match(error.message, /HA port \d+\/udp \(IPv6\).*ss -ulpn.*ha\.port/);
      return true;
    });
    const ipv4 = new Appliance('ipv4', taken.port);
    await ipv4.start([{ name: 'peer', addresses: [address('127.10.2.1')] }]);
    await ipv4.stop();
  } finally {
    await taken.stop();
  }
});

test('1024 virtual routers fit in one datagram of at most 1200 bytes, or the report says so', () =>
  withPair(async (pair) => {
    const { a, b, network } = pair;
    await pair.meet();
    const [router] = reportOf('a').routers;
    assert.ok(router !== undefined);
    const routersOf = (priority: (index: number) => number) =>
      Array.from({ length: 1024 }, (_, index) => ({
        ...router,
        effectivePriority: priority(index),
      }));
    const [uniform, mixed] = [routersOf(() => 200), routersOf((index) => 1 + (index % 2))];
    for (const routers of [uniform, mixed]) {
      const start = b.reports.all.length;
      a.ha.push(reportOf('a', { routers }));
      const [push] = await b.reports.matching(() => true, 1, start);
      const size = network.recorded.all.at(-1)?.bytes.length ?? 0;
      assert.ok(size > MAC_LENGTH && size <= 1200, `${size} bytes`);
      assert.equal(push?.truncated, routers === mixed);
      const arrived = push?.report.routers ?? [];
      assert.deepEqual(arrived, routers.slice(0, arrived.length));
      assert.equal(arrived.length === routers.length, routers === uniform);
    }
  }, 1));
