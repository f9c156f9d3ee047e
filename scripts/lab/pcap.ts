// Reads a classic pcap file of Ethernet frames. No dissection, no pcapng.
import { readFileSync } from 'node:fs';

export interface CapturedFrame {
  /** Counted from 1, as capture tools count. */
  readonly number: number;
  /** Microseconds since the Unix epoch. */
  readonly capturedAt: number;
  readonly bytes: Uint8Array;
}

const LITTLE_ENDIAN_MAGIC = 0xa1b2c3d4;
const LINK_TYPE_ETHERNET = 1;
const FILE_HEADER_LENGTH = 24;
const RECORD_HEADER_LENGTH = 16;

/** @throws Error when the file is not a little-endian microsecond pcap of whole Ethernet frames. */
export function readPcap(path: string | URL): CapturedFrame[] {
  const file = readFileSync(path);
  if (
    file.readUInt32LE(0) !== LITTLE_ENDIAN_MAGIC ||
    file.readUInt32LE(20) !== LINK_TYPE_ETHERNET
  ) {
    throw new Error(`${String(path)}: expected a little-endian pcap of Ethernet frames`);
  }
  const frames: CapturedFrame[] = [];
  let offset = FILE_HEADER_LENGTH;
  while (offset < file.length) {
    const capturedLength = file.readUInt32LE(offset + 8);
    if (capturedLength !== file.readUInt32LE(offset + 12)) {
      throw new Error(`${String(path)}: frame ${frames.length + 1} was cut when it was captured`);
    }
    const start = offset + RECORD_HEADER_LENGTH;
    if (start + capturedLength > file.length) {
      throw new Error(`${String(path)}: ends in the middle of frame ${frames.length + 1}`);
    }
    frames.push({
      number: frames.length + 1,
      capturedAt: file.readUInt32LE(offset) * 1_000_000 + file.readUInt32LE(offset + 4),
      bytes: Uint8Array.from(file.subarray(start, start + capturedLength)),
    });
    offset = start + capturedLength;
  }
  return frames;
}
