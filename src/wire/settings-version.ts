// TLV 7 of the report, the version of the shared settings: bytes to value and back.
import { assert } from '../model/assert.js';
import type { AnnouncedVersion } from '../model/settings-version.js';

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                          Generation                           |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                          Digest (64)                          |
//  |                                                               |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                      Previous Generation                      |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                     Previous Digest (64)                      |
//  |                                                               |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |    Author ...
//  +-+-+-+-+-+-+-+-
//  The previous version is zero when none is known. Author: 1..64 bytes of UTF-8. It moves nobody: one that cannot be
//  read is none.

const FIXED = 24;
const AUTHOR_MAXIMUM = 64;
const DIGEST = /^[\da-f]{16}$/;

/** @throws AssertionFailure when a field is out of range: names in settings have at most 64 bytes. */
export function encodeVersion(version: AnnouncedVersion): Uint8Array {
  const author = new TextEncoder().encode(version.author);
  assert(author.length >= 1 && author.length <= AUTHOR_MAXIMUM, `author of ${author.length} bytes`);
  const bytes = new Uint8Array(FIXED + author.length);
  const view = new DataView(bytes.buffer);
  put(view, 0, version);
  if (version.previous !== null) put(view, 12, version.previous);
  bytes.set(author, FIXED);
  return bytes;
}

type Counted = Pick<AnnouncedVersion, 'generation' | 'digest'>;

function put(view: DataView, at: number, { generation, digest }: Counted): void {
  assert(isGeneration(generation), `generation ${generation} is not in 1..2^32-1`);
  assert(DIGEST.test(digest), `the digest "${digest}" has not 16 hexadecimal digits`);
  view.setUint32(at, generation);
  view.setBigUint64(at + 4, BigInt(`0x${digest}`));
}

const isGeneration = (value: number): boolean =>
  Number.isInteger(value) && value >= 1 && value <= 0xffff_ffff;

/** Never throws. @returns null for what cannot be read. */
export function decodeVersion(bytes: Uint8Array): AnnouncedVersion | null {
  if (bytes.length <= FIXED || bytes.length > FIXED + AUTHOR_MAXIMUM) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const current = at(view, 0);
  if (current.generation === 0) return null;
  const previous = at(view, 12);
  try {
    const author = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      bytes.subarray(FIXED),
    );
    return { ...current, author, previous: previous.generation === 0 ? null : previous };
  } catch {
    return null;
  }
}

const at = (view: DataView, offset: number): Counted => ({
  generation: view.getUint32(offset),
  digest: view
    .getBigUint64(offset + 4)
    .toString(16)
    .padStart(16, '0'),
});
