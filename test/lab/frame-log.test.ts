// Reading tcpdump's lines. No tcpdump runs.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { parseFrame } from '../../scripts/lab/frame-log.js';

const head = (to: string): string => `1795207500.872646 02:00:00:63:00:01 > ${to}, ethertype`;
const said = (line: string): unknown => parseFrame(line)?.what;

describe('a line of tcpdump', () => {
  it('is an advertisement of version 3, IPv4 or IPv6, with time and sender', () => {
    const four = `${head('01:00:5e:00:00:12')} IPv4 (0x0800), length 50: 10.99.0.1 > 224.0.0.18: VRRPv3, Advertisement, vrid 51, prio 200, intvl 100cs, length 12`;
    assert.deepEqual(parseFrame(four), {
      at: 1795207500872.646,
      sender: '02:00:00:63:00:01',
      what: { kind: 'advertisement', vrid: 51, priority: 200 },
    });
    const six = `${head('33:33:00:00:00:12')} IPv6 (0x86dd), length 94: fe80::ff:1 > ff02::12: VRRPv3, Advertisement, vrid 61, prio 0, intvl 20cs, length 40`;
    assert.deepEqual(said(six), { kind: 'advertisement', vrid: 61, priority: 0 });
  });

  it('is an announcement: gratuitous ARP, or a neighbor advertisement to all nodes', () => {
    const arp = `${head('ff:ff:ff:ff:ff:ff')} ARP (0x0806), length 42: Request who-has 10.99.0.100 (02:00:00:63:00:01) tell 10.99.0.100, length 28`;
    assert.deepEqual(said(arp), { kind: 'announcement', address: '10.99.0.100' });
    const neighbor = `${head('33:33:00:00:00:01')} IPv6 (0x86dd), length 86: fe80::64 > ff02::1: ICMP6, neighbor advertisement, tgt is 2001:db8:99::100, length 32`;
    assert.deepEqual(said(neighbor), { kind: 'announcement', address: '2001:db8:99::100' });
  });

  it('is a message to the HA port', () => {
    const four = `${head('02:00:00:63:00:02')} IPv4 (0x0800), length 178: 10.99.0.1.7112 > 10.99.0.2.7112: UDP, length 136`;
    assert.deepEqual(said(four), { kind: 'ha-message' });
    const six = `${head('02:00:00:63:00:02')} IPv6 (0x86dd), length 198: 2001:db8:99::1.7112 > 2001:db8:99::2.7112: UDP, length 136`;
    assert.deepEqual(said(six), { kind: 'ha-message' });
  });

  it('is nothing else: a question, an answer, an advertisement of version 2', () => {
    const lines = [
      `${head('ff:ff:ff:ff:ff:ff')} ARP (0x0806), length 42: Request who-has 10.99.0.100 tell 10.99.0.10, length 28`,
      `${head('02:00:00:63:00:0a')} ARP (0x0806), length 42: Reply 10.99.0.100 is-at 02:00:00:63:00:01, length 28`,
      `${head('02:00:00:63:00:0a')} IPv6 (0x86dd), length 86: fe80::64 > fe80::ff:10: ICMP6, neighbor advertisement, tgt is fe80::64, length 32`,
      `${head('01:00:5e:00:00:12')} IPv4 (0x0800), length 58: 192.0.2.10 > 224.0.0.18: VRRPv2, Advertisement, vrid 56, prio 200, authtype none, intvl 1s, length 24`,
      'tcpdump: listening on br0',
    ];
    for (const line of lines) assert.equal(parseFrame(line), null, line);
  });
});
