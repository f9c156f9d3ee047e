// tcpdump at the other end of the cable, as an independent judge of what was sent. No tests in here.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { inNetns } from '../support/namespace.js';
import { until, within } from '../support/limits.js';

/** Why tcpdump cannot be used, or false. */
export function noTcpdump(): string | false {
  if (spawnSync('tcpdump', ['--version']).status !== 0) return 'tcpdump is not installed';
  // It insists on changing its groups, which a user namespace without a privileged parent forbids.
  return readFileSync('/proc/self/setgroups', 'utf8').trim() === 'deny'
    ? 'tcpdump does not run in the user namespace of an ordinary user'
    : false;
}

/** Listens at the peer, runs `action`, and resolves with the first `count` frames that arrived. */
export async function capture(count: number, action: () => void): Promise<Buffer[]> {
  const options = ['-i', 'lan', '-Q', 'in', '-c', String(count), '-U', '-w', '-'];
  const filter = ['ip proto 112 or ip6 proto 112 or arp'];
  const [program = '', ...words] = inNetns('peer', 'tcpdump', '--immediate-mode', ...options);
  const child = spawn(program, [...words, ...filter], { stdio: ['ignore', 'pipe', 'pipe'] });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  const closed = once(child, 'close');
  // Read to its end: tcpdump that cannot print its last words is killed before it has written all.
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (said += piece));
  await until(
    'tcpdump to listen',
    () => said,
    (text) => text.includes('listening on'),
    1,
  );
  action();
  await within(`${count} frames, and the end of tcpdump`, closed, () => said);
  return framesOf(Buffer.concat(pieces));
}

/** The frames of a little-endian pcap file. */
function framesOf(pcap: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 24; at + 16 <= pcap.length;) {
    const length = pcap.readUInt32LE(at + 8);
    frames.push(pcap.subarray(at + 16, at + 16 + length));
    at += 16 + length;
  }
  return frames;
}
