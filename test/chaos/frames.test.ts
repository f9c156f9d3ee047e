// What is read from a capture, on frames made up here.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { advertisers, describeSightings, lastAnnouncer, sightings } from './frames.js';

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

  it('says which appliance was the last to announce an address', () => {
    assert.equal(lastAnnouncer(ALL, '10.99.0.100'), 'b');
    assert.equal(lastAnnouncer(ALL, '10.99.0.101'), null);
  });

  it('says who advertised as Active since then; priority 0 is a farewell', () => {
    assert.deepEqual([...advertisers(ALL, 0)], [['IPv4 51', ['a', 'b']]]);
    assert.deepEqual([...advertisers(ALL, 1_500)], [['IPv4 51', ['b']]]);
  });
});
