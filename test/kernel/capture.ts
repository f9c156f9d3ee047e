// tcpdump at the other end of the cable, as an independent judge of what was sent. No tests in here.
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { Words } from '../support/child.js';
import { inNetns } from '../support/namespace.js';
import { within } from '../support/limits.js';

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
  const said = await listening(child);
  action();
  await within(`${count} frames, and the end of tcpdump`, closed, () => said.text);
  return framesOf(Buffer.concat(pieces));
}

/** Resolves with its words when tcpdump listens. @throws Error with them when it ends instead. */
export async function listening(
  tcpdump: ChildProcessByStdio<null, Readable, Readable>,
): Promise<Words> {
  const said = new Words(tcpdump, tcpdump.stderr);
  await said.until('tcpdump to listen', (text) => text.includes('listening on'));
  return said;
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
