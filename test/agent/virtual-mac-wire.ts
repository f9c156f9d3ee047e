// The virtual MAC address on the wire, for tests that judge it from another host on the cable: who has which MAC address,
// ARP from there, and an echo. No tests in here.
import { execFileSync } from 'node:child_process';
import { ethernetFrame } from '../../src/wire/ethernet.js';
import { inNetns } from '../support/namespace.js';
import type { Frame } from './capture.js';
import { PEER } from './lan.js';

export const VIRTUAL_MAC = '00:00:5e:00:01:33';
export const OWN_MAC = '02:00:00:00:00:01';
export const PEER_MAC = '02:00:00:00:00:02';
export const BROADCAST = 'ff:ff:ff:ff:ff:ff';

export const four = (text: string): number[] => text.split('.').map(Number);
const six = (mac: string): number[] => mac.split(':').map((byte) => Number.parseInt(byte, 16));

export const arpRequest = (target: string): Uint8Array =>
  ethernetFrame(
    { destination: BROADCAST, source: PEER_MAC, etherType: 0x0806 },
    Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 1, ...six(PEER_MAC), ...four(PEER.ipv4), 0, 0, 0, 0, 0, 0),
    Uint8Array.from(four(target)),
  );

/** Who answers for the address: the MAC addresses of the answers, each with the one of its frame. */
export const answersFor = (frames: readonly Frame[], target: string): string[] =>
  frames
    .filter(({ kind, packet }) => kind === 'arp' && packet.readUInt16BE(6) === 2)
    .filter(({ packet }) => packet.subarray(14, 18).join('.') === target)
    .map(({ packet, sourceMac }) => {
      const said = packet
        .subarray(8, 14)
        .toString('hex')
        .replace(/(..)(?!$)/g, '$1:');
      return said === sourceMac ? said : `${said} in a frame of ${sourceMac}`;
    });

/** How many of one echo request are answered, by the kernel of the peer. */
export const ping = (target: string): number => {
  const words = ['ping', '-c', '1', '-W', '20', '-I', 'lan', target];
  const [program = '', ...rest] = inNetns('peer', ...words);
  return Number(/(\d+) received/.exec(execFileSync(program, rest, { encoding: 'utf8' }))?.[1]);
};
