// tcpdump at the peer's end of the cable, and the frames it saw. No dissection beyond what is asked.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { listening } from '../kernel/capture.js';
import { inNetns } from '../support/namespace.js';
import { until, within } from '../support/limits.js';

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET = 14;

/** An Ethernet frame taken apart as far as VRRP, ARP and neighbor advertisements need it. */
export interface Frame {
  /** Microseconds since the epoch. */
  readonly at: number;
  readonly destinationMac: string;
  readonly sourceMac: string;
  readonly kind: 'vrrp4' | 'vrrp6' | 'arp' | 'icmp6' | 'other';
  /** What follows the Ethernet header. */
  readonly packet: Buffer;
}

/** Frames that arrive at the peer from this end of the cable, in order. */
export class Capture {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #bytes = Buffer.alloc(0);

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#closed = once(child, 'close');
    child.stdout?.on('data', (piece: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, piece]);
    });
  }

  /** Resolves when tcpdump listens. */
  static async start(filter: string): Promise<Capture> {
    const options = ['-i', 'lan', '-Q', 'in', '-U', '--immediate-mode', '-Z', 'root', '-w', '-'];
    const [program = '', ...words] = inNetns('peer', 'tcpdump', ...options, filter);
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const capture = new Capture(child);
    await listening(child);
    return capture;
  }

  /** Everything from the beginning, once `enough` says so. */
  async until(enough: (frames: readonly Frame[]) => boolean): Promise<Frame[]> {
    return until(`frames for which ${String(enough)}`, () => this.frames(), enough);
  }

  frames(): Frame[] {
    const frames: Frame[] = [];
    for (let at = FILE_HEADER; at + RECORD_HEADER <= this.#bytes.length;) {
      const length = this.#bytes.readUInt32LE(at + 8);
      const end = at + RECORD_HEADER + length;
      if (end > this.#bytes.length) break;
      const seconds = this.#bytes.readUInt32LE(at);
      const time = seconds * 1_000_000 + this.#bytes.readUInt32LE(at + 4);
      frames.push(frameOf(this.#bytes.subarray(at + RECORD_HEADER, end), time));
      at = end;
    }
    return frames;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await within('the end of tcpdump', this.#closed);
  }
}

const macOf = (bytes: Buffer): string => (bytes.toString('hex').match(/../g) ?? []).join(':');

function frameOf(bytes: Buffer, at: number): Frame {
  const packet = bytes.subarray(ETHERNET);
  return {
    at,
    destinationMac: macOf(bytes.subarray(0, 6)),
    sourceMac: macOf(bytes.subarray(6, 12)),
    kind: kindOf(bytes.readUInt16BE(12), packet),
    packet,
  };
}

function kindOf(type: number, packet: Buffer): Frame['kind'] {
  if (type === 0x0806) return 'arp';
  if (type === 0x0800 && packet[9] === 112) return 'vrrp4';
  if (type === 0x86dd && packet[6] === 112) return 'vrrp6';
  return type === 0x86dd && packet[6] === 58 ? 'icmp6' : 'other';
}
