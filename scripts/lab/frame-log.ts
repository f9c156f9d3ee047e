// What crosses the switch of advertisements, announcements and messages of the HA port, as it comes, with the kernel's
// times. The record says in which order things happened; whole frames, byte by byte, are capture.ts.
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Network } from './network.js';
import { startTcpdump } from './tcpdump.js';

export interface Frame {
  /** When it passed, by the kernel's clock, milliseconds since the epoch. */
  readonly at: number;
  /** MAC address. */
  readonly sender: string;
  readonly what:
    | { readonly kind: 'advertisement'; readonly vrid: number; readonly priority: number }
    /** Gratuitous ARP, or an unsolicited neighbor advertisement. */
    | { readonly kind: 'announcement'; readonly address: string }
    /** To the HA port, whatever is in it: its sender lives. */
    | { readonly kind: 'ha-message' };
}

/** tcpdump's first words of a line with `-tt -e`: time and sender. */
const HEAD = /^(\d+\.\d+) ([0-9a-f:]{17}) > /;
const ADVERTISEMENT = /: VRRPv3, Advertisement, vrid (\d+), prio (\d+),/;
const GRATUITOUS_ARP = /: Request who-has (\S+) (?:\(\S+\) )?tell \1,/;
const NEIGHBOR_ADVERTISEMENT = / > ff02::1: ICMP6, neighbor advertisement, tgt is ([0-9a-f:]+),/;

/** Reads one line of `tcpdump -n -e -tt`; null when it is neither. */
export function parseFrame(line: string): Frame | null {
  const head = HEAD.exec(line);
  if (head === null) return null;
  const what = whatOf(line);
  return what && { at: Number(head[1]) * 1000, sender: head[2] ?? '', what };
}

const HA_MESSAGE = /\.7112: UDP, length \d+/;

function whatOf(line: string): Frame['what'] | null {
  const said = ADVERTISEMENT.exec(line);
  if (said !== null) {
    return { kind: 'advertisement', vrid: Number(said[1]), priority: Number(said[2]) };
  }
  if (HA_MESSAGE.test(line)) return { kind: 'ha-message' };
  const announced = GRATUITOUS_ARP.exec(line) ?? NEIGHBOR_ADVERTISEMENT.exec(line);
  return announced && { kind: 'announcement', address: announced[1] ?? '' };
}

const FILTER =
  'arp or ip proto 112 or ip6 proto 112 or (icmp6 and ip6[40] = 136) or udp dst port 7112';

export class FrameLog {
  readonly frames: Frame[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, onFrame: () => void) {
    this.#child = child;
    if (child.stdout === null) throw new Error('tcpdump has an output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const frame = parseFrame(line);
      if (frame === null) return;
      this.frames.push(frame);
      // There are many, and nobody waits for one of them.
      if (frame.what.kind !== 'ha-message') onFrame();
    });
  }

  /** Resolves when tcpdump listens; needs root. @throws Error with its words when it does not. */
  static async start(network: Network, onFrame: () => void): Promise<FrameLog> {
    const words = ['-l', '-n', '-e', '-tt', FILTER];
    const { child } = await startTcpdump(network, 'sw', 'br0', words);
    return new FrameLog(child, onFrame);
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}
