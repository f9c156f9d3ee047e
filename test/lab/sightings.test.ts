// What is read from a capture, on frames made up here.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { PeerRouter } from '../../src/model/peer-report.js';
import { encodePeerReport } from '../../src/wire/peer-message.js';
import { describeSightings, sightings } from '../../scripts/lab/sightings.js';
import { encodePeerMessage } from '../wire/peer-messages.js';

const A = '020000630001';
const B = '020000630002';
const CLIENT = '02000063000a';
const STRANGER = '020000630077';

const IPV4 = '45c0002800000000ff7000000a630001e0000012';
const frame = (at: number, from: string, type: string, rest: string) => ({
  number: 1,
  capturedAt: at * 1_000,
  bytes: Uint8Array.from(Buffer.from(`ffffffffffff${from}${type}${rest}`, 'hex')),
});

/** An advertisement of VRID 51 with two addresses. */
const advertisement = (at: number, from: string, priority: number) =>
  frame(
    at,
    from,
    '0800',
    `${IPV4}3133${priority.toString(16).padStart(2, '0')}0200640000${'00'.repeat(8)}`,
  );

const arp = (at: number, from: string, address = '0a630064') =>
  frame(at, from, '0806', `0001080006040001${from}${address}${'0'.repeat(12)}0a630064`);

const neighbor = (at: number, from: string, type: string) =>
  frame(
    at,
    from,
    '86dd',
    '6000000000203afffe80000000000000000000fffe630001ff020000000000000000000000000001' +
      `${type}000000a000000020010db80099000000000000000001000201${from}`,
  );

/** An IPv4 packet to or from the virtual address 10.99.0.100. */
const packet = (at: number, mac: string, protocol: string, from: string, to: string, hex: string) =>
  frame(at, mac, '0800', `450000000000000040${protocol}0000${from}${to}${hex}`);

const echo = (at: number, mac: string, type: 'asks' | 'answers', id = '12340001') =>
  type === 'asks'
    ? packet(at, mac, '01', '0a63000a', '0a630064', `08000000${id}`)
    : packet(at, mac, '01', '0a630064', '0a63000a', `00000000${id}`);

const router: PeerRouter = {
  state: 'Active',
  effectivePriority: 100,
  addressesPresent: true,
  wantsUnicast: false,
  releasing: false,
  evidence: 0,
};

const report = (at: number, mac: string, routers: readonly PeerRouter[]) => {
  const header = {
    kind: 'push',
    session: 1n,
    sequence: 1,
    nonce: new Uint8Array(16),
    echo: null,
  } as const;
  const digests = {
    virtualRouters: 0,
    addresses: 0,
    intervals: 0,
    thresholds: 0,
    primaries: null,
    rules: null,
  };
  const encoded = encodePeerReport({
    name: 'a',
    mode: 'active-passive',
    primary: true,
    fit: true,
    sound: true,
    gateway: 'unknown',
    bandwidthLow: false,
    digests,
    primaryAddresses: [],
    routers,
  });
  const { datagram } = encodePeerMessage(header, encoded);
  const length = (datagram.length + 8).toString(16).padStart(4, '0');
  const udp = `c0011bc8${length}0000${Buffer.from(datagram).toString('hex')}`;
  return packet(at, mac, '11', '0a620001', '0a620002', udp);
};

const ALL = sightings([
  advertisement(1_000, A, 200),
  arp(1_010, A),
  advertisement(2_000, B, 100),
  arp(2_010, B),
  advertisement(2_020, A, 0),
  arp(2_030, STRANGER),
  neighbor(2_040, B, '88'),
  arp(2_050, CLIENT, '0a63000a'),
]);

describe('a capture', () => {
  it('is read: advertisements, ARP, neighbor advertisements', () => {
    assert.equal(
      describeSightings(ALL, 1_000),
      [
        '    0.000 s  a advertises VRID 51, IPv4, priority 200',
        '    0.010 s  a says that it has 10.99.0.100',
        '    1.000 s  b advertises VRID 51, IPv4, priority 100',
        '    1.010 s  b says that it has 10.99.0.100',
        '    1.020 s  a advertises VRID 51, IPv4, priority 0',
        '    1.030 s  02:00:00:63:00:77 says that it has 10.99.0.100',
        '    1.040 s  b says that it has 2001:db8:99::100',
        '',
      ].join('\n'),
    );
  });

  it('leaves out what is cut short, and what says nothing of it', () => {
    const whole = arp(1, A);
    const cut = { ...whole, bytes: whole.bytes.subarray(0, 30) };
    const udp = frame(1, A, '0800', IPV4.replace('ff70', 'ff11') + '00'.repeat(12));
    assert.deepEqual(sightings([cut, udp, neighbor(1, A, '87')]), []);
  });

  it('has the echo requests of the client and their answers, with what tells them apart', () => {
    const seen = sightings([echo(1, CLIENT, 'asks'), echo(2, B, 'answers')]);
    const common = { kind: 'echo', address: '10.99.0.100', id: 0x12340001 };
    assert.deepEqual(seen, [
      { at: 1, from: 'c', what: { ...common, asks: true } },
      { at: 2, from: 'b', what: { ...common, asks: false } },
    ]);
    assert.equal(describeSightings(seen, 0), '', 'a thousand a second say nothing to a reader');
  });

  it('has what the HA port tells, from either of its links, when it is news', () => {
    const backup: PeerRouter = { ...router, state: 'Backup', addressesPresent: false };
    const seen = sightings([
      report(1_000, A, [backup, router]),
      report(1_100, '020000620001', [backup, router]),
      report(1_200, A, [router, router]),
      report(1_300, B, [router]),
    ]);
    assert.equal(
      describeSightings(seen, 1_000),
      [
        '    0.000 s  a reports Backup without its addresses, Active with its addresses',
        '    0.200 s  a reports Active with its addresses, Active with its addresses',
        '    0.300 s  b reports Active with its addresses',
        '',
      ].join('\n'),
    );
  });
});
