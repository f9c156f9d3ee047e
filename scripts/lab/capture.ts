// Captures frames on the switch (tcpdump) and has them judged by tshark. No expectations of its own.
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { attempt, ended, run } from './command.js';
import type { NamespaceName, Network } from './network.js';
import { startTcpdump } from './tcpdump.js';

export interface CaptureOptions {
  /** The switch unless given. */
  readonly on?: NamespaceName;
  /** Its interface. Of the switch: `port-a`, `port-b`, `port-c`, or `br0` for whatever crosses it. */
  readonly port: string;
  /** `in`: only what the station on that port sent. */
  readonly direction?: 'in' | 'out' | 'inout';
  /** A pcap filter; everything when missing. */
  readonly filter?: string;
  /** Bytes kept of a frame; all unless given. The fewer, the more frames there is room for. */
  readonly snapLength?: number;
}

/** Of frames without a TCP segment, which may be larger than the link's MTU, nothing is cut by it. */
export const SMALL_FRAMES = 2_048;

/** For a machine that is busy. The kernel has a place of `snapLength` for each frame. */
const BUFFER_KIB = 16_384;

export class Capture {
  readonly file: string;
  readonly #child: ChildProcess;
  readonly #said: readonly string[];

  private constructor(file: string, child: ChildProcess, said: readonly string[]) {
    this.file = file;
    this.#child = child;
    this.#said = said;
  }

  /** Resolves when tcpdump listens. @throws Error with tcpdump's words when it does not. */
  static async start(network: Network, file: string, options: CaptureOptions): Promise<Capture> {
    const buffer = ['-B', String(BUFFER_KIB), '-s', String(options.snapLength ?? 0)];
    const { on = 'sw', port, direction = 'inout', filter = '' } = options;
    const words = ['-U', '-Q', direction, ...buffer, '-w', file, filter];
    const { child, said } = await startTcpdump(network, on, port, words);
    return new Capture(file, child, said);
  }

  /**
   * Ends the capture; the file is complete when this resolves.
   * @returns how many frames the kernel had no room for.
   */
  async stop(): Promise<number> {
    this.#child.kill('SIGTERM');
    await ended(this.#child);
    const dropped = /^(\d+) packets? dropped by kernel/m.exec(this.#said.join('\n'));
    return Number(dropped?.[1] ?? 0);
  }
}

/**
 * Resolves when `count` frames of the kind have been seen, counted from about now.
 * @throws Error when they were not within `deadlineMs`.
 */
export async function awaitFrames(
  network: Network,
  options: CaptureOptions & { readonly count: number; readonly deadlineMs: number },
): Promise<void> {
  const { port, direction = 'inout', filter = '', count, deadlineMs } = options;
  const limit = ['timeout', String(deadlineMs / 1000)];
  const flags = ['--immediate-mode', '-Z', 'root', '-Q', direction, '-c', String(count)];
  const argv = [...limit, 'tcpdump', '-i', port, ...flags, '-w', '/dev/null', filter];
  const { code, stderr } = await attempt(network.inside('sw', argv));
  if (code === 0) return;
  throw new Error(
    `expected within ${deadlineMs} ms: ${count} frames on ${port} matching "${filter}"; last seen: ${stderr.trim()}`,
  );
}

/** Length of a pcap file's own header and of that of a frame. */
const FILE_HEADER = 24;
const FRAME_HEADER = 16;

/**
 * When the first frame of a capture passed, by the kernel's clock, milliseconds since the epoch; null
 * while there is none.
 */
export function firstFrameAt(file: string): number | null {
  const bytes = readFileSync(file);
  if (bytes.length < FILE_HEADER + FRAME_HEADER) return null;
  return bytes.readUInt32LE(FILE_HEADER) * 1000 + bytes.readUInt32LE(FILE_HEADER + 4) / 1000;
}

/** A decoded frame: tshark field name to its values, in order of occurrence. */
export type DecodedFrame = Readonly<Record<string, readonly string[]>>;

/**
 * Decodes the frames of a capture that match a display filter.
 * @param preferences tshark preferences, such as `vrrp.v3_checksum_as_in_v2:TRUE` for the checksum of RFC 9568.
 */
export async function decode(
  file: string,
  displayFilter: string,
  fields: readonly string[],
  preferences: readonly string[] = [],
): Promise<DecodedFrame[]> {
  const options = preferences.flatMap((preference) => ['-o', preference]);
  const columns = fields.flatMap((field) => ['-e', field]);
  const format = ['-T', 'fields', '-E', 'separator=/t', '-E', 'aggregator=;'];
  const argv = ['tshark', '-n', '-r', file, ...options, '-Y', displayFilter, ...format, ...columns];
  const { stdout } = await run(argv);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const values = line.split('\t');
      return Object.fromEntries(
        fields.map((field, index) => [field, (values[index] ?? '').split(';').filter(Boolean)]),
      );
    });
}
