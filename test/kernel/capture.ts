// tcpdump at the other end of the cable, as an independent judge of what was sent. No tests in here.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { inNetns } from '../support/namespace.js';

/** Why there is no tcpdump, or false. */
export const noTcpdump = (): string | false =>
  spawnSync('tcpdump', ['--version']).status === 0 ? false : 'tcpdump is not installed';

/** Listens at the peer, runs `action`, and resolves with the first `count` frames that arrived. */
export async function capture(count: number, action: () => void): Promise<Buffer[]> {
  const options = ['-i', 'lan', '-Q', 'in', '-c', String(count), '-U', '-w', '-'];
  const filter = ['ip proto 112 or ip6 proto 112 or arp'];
  const [program = '', ...words] = inNetns('peer', 'tcpdump', '--immediate-mode', ...options);
  const child = spawn(program, [...words, ...filter], { stdio: ['ignore', 'pipe', 'pipe'] });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  let said = '';
  while (!said.includes('listening on')) {
    const [piece] = (await once(child.stderr, 'data')) as [Buffer];
    said += piece.toString();
  }
  const closed = once(child, 'close');
  action();
  await closed;
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
