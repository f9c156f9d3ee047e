// The bandwidth monitor and its counters on virtual time: no prober, no interfaces.
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from '../support/test.js';
import { instant } from '../../src/model/units.js';
import { circumstances } from '../../src/monitors/bandwidth-circumstances.js';
import { formatBps, startBandwidthMonitor } from '../../src/monitors/bandwidth-monitor.js';
import { createTrafficSource, type Counter } from '../../src/monitors/bandwidth-source.js';

const LIMITS = { interfaces: ['eth1'], minimumBps: 8_000, seconds: 10 };
const ACTIVE = { active: true, inhibited: false };
const BACKUP = { active: false, inhibited: false };

/** One interface whose counter the test sets, and the time that each reading of it takes. */
function rig(t: TestContext, readingMs = 0, explain = () => Promise.resolve('')) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let clock = 0;
  let bytes = 0;
  let rate = 0;
  const asked: string[][] = [];
  const now = () => instant(clock * 1_000);
  const read = (): Counter | null => {
    clock += readingMs;
    return { interfaceIndex: '7', bytes };
  };
  const monitor = startBandwidthMonitor(LIMITS, ACTIVE, () => undefined, {
    source: createTrafficSource(LIMITS.interfaces, read, now),
    now,
    circumstances: (interfaces) => {
      asked.push([...interfaces]);
      return explain();
    },
  });
  t.after(() => monitor.close());
  return {
    monitor,
    asked,
    /** Bytes a second from now on. */
    flow: (next: number) => void (rate = next),
    pass: (seconds: number): void => {
      for (let passed = 0; passed < seconds; passed += 1) {
        clock += 1_000;
        bytes += rate;
        t.mock.timers.tick(1_000);
      }
    },
  };
}

describe('a bandwidth monitor', () => {
  test('an idle interface is known from the first reading, and low after two windows', (t) => {
    const { monitor, pass } = rig(t);
    assert.equal(monitor.status().state, 'ok');
    pass(1);
    assert.match(
      monitor.status().detail,
      /^0 bit\/s received on eth1, minimum 8 kbit\/s over 10 s/,
    );
    pass(19);
    assert.equal(monitor.status().state, 'failed');
    assert.match(monitor.status().detail, /^0 bit\/s received on eth1/);
  });

  test('one that has just become Active is not judged for a window, then takes another to be low', (t) => {
    const { monitor, pass } = rig(t);
    monitor.setRole(BACKUP);
    pass(30);
    assert.match(monitor.status().detail, /; not judged while Backup$/);
    monitor.setRole(ACTIVE);
    const remarks = Array.from({ length: 21 }, () => {
      const { state, detail } = monitor.status();
      pass(1);
      return `${state}${detail.split(' over 10 s')[1]}`;
    });
    const unarmed = 'ok; waiting for traffic before judging';
    const expected = [
      ...Array<string>(10).fill(unarmed),
      ...Array<string>(10).fill('ok'),
      'failed',
    ];
    assert.deepEqual(remarks, expected);
  });

  for (const readingMs of [90, 110, 600, 2_500]) {
    test(`readings that take ${readingMs} ms are readings`, (t) => {
      const { monitor, pass } = rig(t, readingMs);
      assert.equal(monitor.status().state, 'ok');
      pass(20);
      assert.equal(monitor.status().state, 'failed');
    });
  }

  test('what stands behind low traffic is asked once each time, and told until it is over', async (t) => {
    const said = 'eth1 is down, 3 packets dropped, 0 damaged';
    const { monitor, pass, flow, asked } = rig(t, 0, () => Promise.resolve(said));
    pass(40);
    await Promise.resolve();
    assert.deepEqual(asked, [['eth1']]);
    assert.ok(monitor.status().detail.endsWith(`; ${said}`), monitor.status().detail);
    flow(1_000);
    pass(11);
    assert.equal(monitor.status().state, 'ok');
    assert.ok(!monitor.status().detail.includes('dropped'));
    flow(0);
    pass(20);
    assert.equal(asked.length, 2);
  });
});

describe('traffic source', () => {
  const scripted = (...answers: readonly (Counter | null | Error)[]) => {
    const left = [...answers];
    let at = 0;
    const answer = (): Counter | null => {
      const next = left.shift() ?? null;
      if (next instanceof Error) throw next;
      return next;
    };
    return createTrafficSource(['lo'], answer, () => instant((at += 1)));
  };
  const counted = (bytes: number, interfaceIndex = '1'): Counter => ({ interfaceIndex, bytes });

  test('the first reading has nothing to compare with; the second has', () => {
    const source = scripted(counted(500), counted(900));
    const first = source.read();
    assert.ok(first.kind === 'read' && first.interrupted && first.bytes === 0);
    const second = source.read();
    assert.ok(second.kind === 'read' && !second.interrupted && second.bytes === 400);
    assert.ok(second.at > first.at);
  });

  test('counters that went back, and another interface of the name, interrupt', () => {
    const source = scripted(counted(500), counted(20), counted(70, '2'), counted(90, '2'));
    const readings = [1, 2, 3, 4].map(() => source.read());
    const seen = readings.map((one) => one.kind === 'read' && [one.interrupted, one.bytes]);
    assert.deepEqual(seen, [
      [true, 0],
      [true, 0],
      [true, 0],
      [false, 20],
    ]);
  });

  test('a missing interface is no traffic and no unread counter; what it had is forgotten', () => {
    const source = scripted(counted(500), null, counted(600));
    source.read();
    assert.deepEqual(source.read(), { kind: 'missing', interface: 'lo' });
    const back = source.read();
    assert.ok(back.kind === 'read' && back.interrupted && back.bytes === 0);
  });

  test('a counter that cannot be read is said with its errno', () => {
    const refused = Object.assign(new Error('read'), { code: 'EINVAL' });
    assert.deepEqual(scripted(refused).read(), {
      kind: 'unavailable',
      reason: 'no counters of lo: EINVAL',
    });
  });
});

describe('what stands behind low traffic', () => {
  const answering = (operstate: string) => () => ({
    networkStats: () => Promise.resolve([{ operstate, rx_dropped: 12, rx_errors: 1 }]),
  });

  test('is what systeminformation says of each interface', async () => {
    const text = await circumstances(['eth1', 'eth2'], answering('up'));
    assert.equal(
      text,
      'eth1 is up, 12 packets dropped, 1 damaged; eth2 is up, 12 packets dropped, 1 damaged',
    );
  });

  test('is nothing where it knows nothing, fails, or cannot be loaded', async () => {
    assert.equal(await circumstances(['eth1'], answering('unknown')), '');
    const failing = () => ({ networkStats: () => Promise.reject(new Error('no shell')) });
    assert.equal(await circumstances(['eth1'], failing), '');
    const absent = () => {
      throw new Error('no such package');
    };
    assert.equal(await circumstances(['eth1'], absent), '');
  });
});

test('rates are told with three digits', () => {
  const texts = [0, 999, 999.6, 1_000_000, 12_345_678, 10e9, 400e9].map(formatBps);
  assert.deepEqual(texts, [
    '0 bit/s',
    '999 bit/s',
    '1 kbit/s',
    '1 Mbit/s',
    '12.3 Mbit/s',
    '10 Gbit/s',
    '400 Gbit/s',
  ]);
});
