// The prober's gateway monitor over a veth pair between two namespaces of our own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, describe, test, type TestContext } from '../support/test.js';
import type { IpAddress } from '../../src/model/address.js';
import { openEcho, type Echo } from '../../src/monitors/echo.js';
import { createGatewayProbe, judgedAfterMs } from '../../src/monitors/gateway-probe.js';
import { PROBER_COMMAND } from '../../src/monitors/prober-process.js';
import type { GatewaySettings } from '../../src/monitors/settings.js';
import { enterNamespace, inNetns, ip, joinPeer } from '../support/namespace.js';
import { ProberBench } from './prober-bench.js';
import { until } from '../support/limits.js';
import { address } from '../support/address.js';

const skip = enterNamespace(import.meta.url);

const GATEWAYS = { ipv4: address('192.0.2.2'), ipv6: address('2001:db8::2') };
const ABSENT = address('192.0.2.99');
const NO_ROUTE = address('198.51.100.1');

const gateway = (
  addresses: readonly IpAddress[],
  change: Partial<GatewaySettings> = {},
): GatewaySettings => ({
  addresses,
  intervalMs: 50,
  timeoutMs: 2_000,
  failureThreshold: 3,
  recoveryThreshold: 3,
  ...change,
});

/** Both families: the peer drops echo requests, or lets them in again. */
function filter(drop: boolean): void {
  const rule =
    'add table inet t; add chain inet t in { type filter hook input priority 0; }; ' +
    'add rule inet t in icmp type echo-request drop; ' +
    'add rule inet t in icmpv6 type echo-request drop';
  const [program = '', ...words] = inNetns('peer', 'nft', drop ? rule : 'delete table inet t');
  execFileSync(program, words);
}

describe('gateway', { skip }, () => {
  before(() => {
    joinPeer();
    ip('address add 2001:db8::1/64 dev lan nodad');
    ip('-n peer address add 2001:db8::2/64 dev lan nodad');
  });

  for (const [family, gatewayAddress] of Object.entries(GATEWAYS)) {
    test(`${family}: answers, is filtered, answers again`, async (t) => {
      const bench = new ProberBench(t);
      bench.configure({ gateway: gateway([gatewayAddress], { timeoutMs: 50 }) });
      const detail = await bench.reaches('gateway', 'ok', /limit/);
      assert.match(detail, / answered in .* ms; limit 3 failures in a row$/);
      filter(true);
      assert.match(
        await bench.reaches('gateway', 'failed'),
        / no answer within 50 ms; 0 of 3 successes in a row to recover$/,
      );
      filter(false);
      await bench.reaches('gateway', 'ok');
      assert.equal(bench.statuses.get('gateway')?.weight, 'soft');
    });
  }

  test('no route is a failure that says so', async (t) => {
    const bench = new ProberBench(t);
    bench.configure({ gateway: gateway([NO_ROUTE]) });
    assert.match(
      await bench.reaches('gateway', 'failed'),
      /^198\.51\.100\.1 Network is unreachable; 0 of 3 /,
    );
  });

  test('one of several that answers is enough, the others are named', async (t) => {
    const bench = new ProberBench(t);
    const all = [ABSENT, NO_ROUTE, GATEWAYS.ipv6, GATEWAYS.ipv4];
    bench.configure({ gateway: gateway(all, { timeoutMs: 100 }) });
    const detail = await bench.reaches('gateway', 'ok', /2 of 4/);
    assert.match(detail, /^2 of 4 answered \(192\.0\.2\.99 no answer within 100 ms; /);
    assert.match(detail, /198\.51\.100\.1 Network is unreachable; 2001:db8::2 answered in /);
  });

  test('a link-local gateway is reached through the interface', async (t) => {
    const bench = new ProberBench(t);
    bench.configure({ gateway: gateway([address('fe80::2')], { interface: 'lan' }) });
    await bench.reaches('gateway', 'ok', /^fe80::2 answered/);
  });

  test('an interface that comes later is used when it is there', async (t) => {
    const bench = new ProberBench(t);
    bench.configure({ gateway: gateway([GATEWAYS.ipv4], { interface: 'later' }) });
    await bench.reaches('gateway', 'unknown', /interface "later": No such device/);
    ip('link set lan down');
    ip('link set lan name later');
    ip('link set later up');
    t.after(() => {
      ip('link set later down');
      ip('link set later name lan');
      ip('link set lan up');
      ip('address add 2001:db8::1/64 dev lan nodad');
    });
    await bench.reaches('gateway', 'ok');
  });

  test('without CAP_NET_RAW it is unknown, with the remedy, and no failure', async (t) => {
    const drop = ['setpriv', '--bounding-set', '-net_raw', '--inh-caps', '-net_raw'];
    const bench = new ProberBench(t, [...drop, ...PROBER_COMMAND]);
    bench.configure({ gateway: gateway([GATEWAYS.ipv4]) });
    const { reports } = bench;
    await bench.until('three more reports', () => bench.reports > reports + 2);
    await bench.reaches('gateway', 'unknown', /^ICMP needs CAP_NET_RAW: run as root/);
    assert.deepEqual(bench.history.get('gateway'), ['unknown']);
  });

  test('without the package it is unknown, with the reason', async (t) => {
    const hook = `export const resolve = (name, context, next) => {
      if (name === 'raw-socket') throw new Error('not built for this Node');
      return next(name, context);
    };`;
    const dataUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
    const register = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(hook))});`;
    const [node = '', ...words] = PROBER_COMMAND;
    const bench = new ProberBench(t, [node, '--import', dataUrl(register), ...words]);
    bench.configure({ gateway: gateway([GATEWAYS.ipv4]) });
    await bench.reaches('gateway', 'unknown', /^no echo socket: not built for this Node/);
  });

  test('an answer that waits to be read counts, however late the process is', async (t) => {
    const controller = new AbortController();
    let stall = false;
    const probe = createGatewayProbe(
      gateway([GATEWAYS.ipv4], { timeoutMs: 5 }),
      4_711,
      () => null,
      async (family, options) => {
        const opening = await openEcho(family, options);
        if (opening.kind === 'unavailable') return opening;
        const { echo } = opening;
        const late: Echo = {
          close: () => echo.close(),
          send: (...request) => {
            const sent = echo.send(...request);
            // The kernel has the answer at once; this process does nothing until far too late.
            if (stall) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
            return sent;
          },
        };
        return { kind: 'open', echo: late };
      },
    );
    t.after(() => probe.close());
    assert.match((await probe.run(controller.signal)).measured, /^192\.0\.2\.2 /);
    stall = true;
    for (let round = 0; round < 5; round += 1) {
      assert.equal((await probe.run(controller.signal)).outcome, 'success');
    }
  });

  test('an answer long overdue, a second time, or from another host, is none', async (t) => {
    const { run, reply, last } = answeredByHand(t);
    assert.equal(await run(() => reply(last())), 'success');
    assert.equal(await run(() => reply(last() - 1)), 'failure');
    assert.equal(await run(() => reply(last(), ABSENT)), 'failure');
    assert.equal(await run(() => undefined), 'failure');
    assert.equal(await run(() => reply(last() - 2)), 'failure');
  });

  test('a gateway that always answers too late for the judgement fails once, and never again', async (t) => {
    const { run, reply, last } = answeredByHand(t);
    assert.equal(await run(() => undefined), 'failure');
    for (let round = 0; round < 5; round += 1) {
      // Before the next round, or while that one is under way.
      if (round % 2 === 0) reply(last());
      const between = (): void => (round % 2 === 0 ? undefined : reply(last() - 1));
      assert.equal(await run(between), 'success', `round ${round}`);
    }
    assert.equal(await run(() => undefined), 'failure', 'what was late counts once');
  });

  test('in a hurry a round is judged when an answer would usually have come', async (t) => {
    const { probe, run, reply, last } = answeredByHand(t, { timeoutMs: 3_600_000 });
    assert.equal(await run(() => probe.hurry?.()), 'failure', 'the one under way');
    assert.equal(await run(() => undefined, true), 'failure', 'one of its own');
    const slowly = (): void => void setTimeout(() => reply(last()), 100);
    assert.equal(await run(slowly), 'success');
    assert.equal(await run(slowly, true), 'success', 'it waits for what takes as long as before');
  });

  test('told to ask, the prober finds a lost gateway long before its turn', async (t) => {
    const bench = new ProberBench(t);
    bench.configure({ gateway: gateway([GATEWAYS.ipv4], { intervalMs: 3_600_000 }) });
    await bench.reaches('gateway', 'ok');
    filter(true);
    t.after(() => filter(false));
    bench.askGateway();
    await bench.reaches('gateway', 'failed', /no answer within \d+ ms/);
  });

  test('a request names the source that is chosen for its gateway and interface', async (t) => {
    const sources: unknown[] = [];
    const probe = createGatewayProbe(
      gateway([GATEWAYS.ipv4], { timeoutMs: 5, interface: 'lan' }),
      1,
      (destination, through) =>
        destination === GATEWAYS.ipv4 && through === 'lan' ? address('192.0.2.1') : null,
      () => {
        const echo: Echo = {
          close: () => undefined,
          send: (_destination, _sequence, _payload, source) => {
            sources.push(source);
            return { ok: true, sentAt: 0 as never };
          },
        };
        return Promise.resolve({ kind: 'open', echo });
      },
    );
    t.after(() => probe.close());
    await probe.run(new AbortController().signal);
    assert.deepEqual(sources, ['192.0.2.1']);
  });

  test('is judged half an interval after the question, where a late answer still counts', () => {
    const judged = (intervalMs: number, failureThreshold: number): number =>
      judgedAfterMs(gateway([ABSENT], { intervalMs, failureThreshold }));
    assert.deepEqual([judged(100, 3), judged(200, 2), judged(100, 1)], [50, 100, 100]);
  });
});

/** A probe whose requests go nowhere, judged after 5 ms: every answer is given by the test. */
function answeredByHand(t: TestContext, change: Partial<GatewaySettings> = {}) {
  const sent: number[] = [];
  let receive: (sequence: number, source: IpAddress) => void = () => undefined;
  const settings = gateway([GATEWAYS.ipv4], { timeoutMs: 5, ...change });
  const probe = createGatewayProbe(
    settings,
    1,
    () => null,
    (_, options) => {
      receive = (sequence, source) => options.onReply(sequence, source, 0 as never);
      const echo: Echo = {
        close: () => undefined,
        send: (_destination, sequence) => {
          sent.push(sequence);
          return { ok: true, sentAt: 0 as never };
        },
      };
      return Promise.resolve({ kind: 'open', echo });
    },
  );
  t.after(() => probe.close());
  return {
    probe,
    reply: (sequence: number, source = GATEWAYS.ipv4) => receive(sequence, source),
    /** The sequence number of the last request. */
    last: () => sent.at(-1) ?? -1,
    /** One round, with `during` done after its request. */
    run: async (during: () => void, hasty = false): Promise<string> => {
      const asked = sent.length;
      const result = probe.run(new AbortController().signal, hasty);
      const sentMore = (): boolean => sent.length > asked;
      await until('a request', sentMore, Boolean, () => Promise.resolve());
      during();
      return (await result).outcome;
    },
  };
}
