// How much the HA port does for a check that says nothing new: system calls, and what becomes of messages that
// only look like one. Two ports in memory; what is sent waits until the test carries it.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { ArrivedDatagram } from '../../src/kernel/datagram-socket.js';
import type { IpAddress } from '../../src/model/address.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import { instant } from '../../src/model/units.js';
import { haKey } from '../../src/peer-channel/ha-key.js';
import { openHaPort, type HaPort } from '../../src/peer-channel/ha-port.js';
import { address, KEY, reportOf } from './ha-port-rig.js';

const PORT = 7112;

interface Side {
  readonly ha: HaPort;
  /** What the socket was asked for, in order: `put ADDRESS`, `flush`, `receive`. */
  readonly calls: string[];
  /** What was sent and nobody has carried. */
  readonly sent: { readonly bytes: Buffer; readonly to: IpAddress }[];
  readonly reports: PeerReport[];
  readonly discards: string[];
  hear(bytes: Buffer, source: IpAddress): void;
}

async function side(
  name: string,
  peers: readonly { readonly name: string; readonly addresses: readonly IpAddress[] }[],
): Promise<Side> {
  const calls: string[] = [];
  const sent: Side['sent'] = [];
  const put: Side['sent'] = [];
  const arrived: ArrivedDatagram[] = [];
  const reports: PeerReport[] = [];
  const discards: string[] = [];
  const ha = await openHaPort({
    port: PORT,
    keys: [haKey(KEY)],
    self: name,
    peers,
    now: () => instant(1_000),
    sourceFor: () => null,
    onReport: (_peer, _path, report) => void reports.push(report),
    onDiscard: (reason) => void discards.push(reason),
    openSocket: () =>
      Promise.resolve({
        receive: (handler) => {
          calls.push('receive');
          arrived.splice(0).forEach(handler);
        },
        put: (datagram, _source, to) => {
          calls.push(`put ${to}`);
          put.push({ bytes: Buffer.from(datagram), to });
        },
        flush: () => {
          if (put.length > 0) calls.push('flush');
          sent.push(...put.splice(0));
        },
        close: () => Promise.resolve(),
      }),
  });
  ha.setReport(reportOf(name));
  const hear = (datagram: Buffer, source: IpAddress): void => {
    const bytes = Buffer.concat([Buffer.alloc(100, 0xff), datagram]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    arrived.push({ bytes, view, start: 100, length: datagram.length, source, port: PORT });
  };
  return { ha, calls, sent, reports, discards, hear };
}

const [A1, A2] = [address('10.98.0.1'), address('10.99.0.1')] as const;
const [B1, B2] = [address('10.98.0.2'), address('10.99.0.2')] as const;
const [C1, C2] = [address('10.98.0.3'), address('10.99.0.3')] as const;

const SOURCE_OF: ReadonlyMap<IpAddress, IpAddress> = new Map([
  [A1, B1],
  [A2, B2],
  [B1, A1],
  [B2, A2],
]);

/** Carries all that `from` has sent to `to`, which hears it in one go. */
function carry(from: Side, to: Side): void {
  for (const { bytes, to: where } of from.sent.splice(0)) {
    to.hear(bytes, SOURCE_OF.get(where) ?? where);
  }
  to.ha.hear();
}

/** `a` and `b`, in touch over both paths. */
async function inTouch(): Promise<{ a: Side; b: Side }> {
  const a = await side('a', [{ name: 'b', addresses: [B1, B2] }]);
  const b = await side('b', [{ name: 'a', addresses: [A1, A2] }]);
  for (let round = 0; round < 2; round += 1) {
    for (const [asks, answers] of [
      [a, b],
      [b, a],
    ] as const) {
      asks.ha.check(asks === a ? 'b' : 'a');
      carry(asks, answers);
      carry(answers, asks);
    }
  }
  for (const one of [a, b])
    [one.calls, one.reports, one.discards].forEach((list) => (list.length = 0));
  return { a, b };
}

describe('batches', () => {
  it('all peers are asked over all paths with one call', async () => {
    const a = await side('a', [
      { name: 'b', addresses: [B1, B2] },
      { name: 'c', addresses: [C1, C2] },
    ]);
    a.ha.check('b', 'c');
    assert.deepEqual(a.calls, [`put ${B1}`, `put ${B2}`, `put ${C1}`, `put ${C2}`, 'flush']);
  });

  it('what was asked over both paths is received with one call, and answered with another', async () => {
    const { a, b } = await inTouch();
    a.ha.check('b');
    carry(a, b);
    assert.deepEqual(b.calls, ['receive', `put ${A1}`, `put ${A2}`, 'flush']);
  });
});

describe('the source of what is sent', () => {
  it('is asked for every two seconds and path, and at once when the kernel refuses to send, or addresses have changed', async () => {
    let now = 0;
    let refusal: string | null = null;
    const asked: string[] = [];
    const ha = await openHaPort({
      port: PORT,
      keys: [haKey(KEY)],
      self: 'a',
      peers: [{ name: 'b', addresses: [B1, B2] }],
      now: () => instant(now),
      sourceFor: (destination) => {
        asked.push(`${now / 1_000} ${destination}`);
        return null;
      },
      onReport: () => undefined,
      onDiscard: () => undefined,
      openSocket: () =>
        Promise.resolve({
          receive: () => undefined,
          put: (_bytes, _source, to, _port, done) => done(to === B2 ? refusal : null),
          flush: () => undefined,
          close: () => Promise.resolve(),
        }),
    });
    ha.setReport(reportOf('a'));
    for (const [at, refused] of [
      [0, null],
      [100, null],
      [200, 'ENETUNREACH'],
      [300, null],
      [1_999, null],
      [2_000, null],
      [2_100, null],
    ] as const) {
      now = at * 1_000;
      refusal = refused;
      ha.check('b');
    }
    ha.forgetSources();
    ha.check('b');
    assert.deepEqual(asked, [
      `0 ${B1}`,
      `0 ${B2}`,
      `300 ${B2}`,
      `2000 ${B1}`,
      `2000 ${B2}`,
      `2100 ${B1}`,
      `2100 ${B2}`,
    ]);
  });
});

describe('a message that only confirms', () => {
  it('is the report that was known, and no other object', async () => {
    const { a, b } = await inTouch();
    a.ha.check('b');
    carry(a, b);
    carry(b, a);
    a.ha.check('b');
    carry(a, b);
    carry(b, a);
    assert.equal(a.reports.length, 4);
    assert.equal(new Set(a.reports).size, 1);
    assert.deepEqual(a.discards, []);
  });

  it('with another report says so, and so does the next with the old one', async () => {
    const { a, b } = await inTouch();
    const said = (): unknown[] => a.reports.splice(0).map(({ fit }) => fit);
    for (const fit of [false, true, true]) {
      b.ha.push(reportOf('b', { fit }));
      carry(b, a);
      assert.deepEqual(said(), [fit, fit]);
      a.ha.check('b');
      carry(a, b);
      carry(b, a);
      assert.deepEqual(said(), [fit, fit]);
    }
  });

  it('is worth nothing a second time', async () => {
    const { a, b } = await inTouch();
    a.ha.check('b');
    const requests = [...a.sent];
    carry(a, b);
    for (const { bytes } of requests) b.hear(bytes, A1);
    b.ha.hear();
    assert.deepEqual(b.discards, ['replayed', 'replayed']);
    assert.equal(b.reports.length, 2);
  });

  it('with any bit changed is discarded and counted, and the next right one is taken', async () => {
    const { a, b } = await inTouch();
    a.ha.check('b');
    const [request] = a.sent.splice(0);
    assert.ok(request !== undefined);
    const reserved = (bit: number): boolean => bit >> 3 === 7;
    for (let bit = 0; bit < request.bytes.length * 8; bit += 1) {
      const forged = Buffer.from(request.bytes);
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit % 8));
      b.hear(forged, A1);
      b.ha.hear();
      assert.equal(b.discards.length, bit + 1, `bit ${bit}`);
      if (reserved(bit)) assert.equal(b.discards[bit], 'authentic');
    }
    assert.deepEqual(b.reports, []);
    assert.deepEqual(b.sent, [], 'none was answered');
    b.hear(request.bytes, A1);
    b.ha.hear();
    assert.equal(b.reports.length, 1);
  });

  it('cut short anywhere is discarded', async () => {
    const { a, b } = await inTouch();
    a.ha.check('b');
    const [request] = a.sent.splice(0);
    assert.ok(request !== undefined);
    for (let length = 0; length < request.bytes.length; length += 1) {
      b.hear(request.bytes.subarray(0, length), A1);
    }
    b.ha.hear();
    assert.equal(b.discards.length, request.bytes.length);
    assert.deepEqual([b.reports, b.sent], [[], []]);
  });

  it('under a key that was retired is discarded', async () => {
    const { a, b } = await inTouch();
    b.ha.setKeys([haKey(new Uint8Array(32).fill(9))]);
    a.ha.check('b');
    carry(a, b);
    assert.deepEqual(b.discards, ['authentic', 'authentic']);
    assert.deepEqual([b.reports, b.sent], [[], []]);
  });
});
