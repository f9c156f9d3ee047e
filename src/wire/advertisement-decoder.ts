// decodeAdvertisement with a memory: an Active repeats the same bytes for hours, and the same bytes
// need no second look. No rule of its own: what it answers is what decodeAdvertisement answers.
import type { IpAddress } from '../model/address.js';
import {
  decodeAdvertisement,
  type DecodedAdvertisement,
  type ReceivedMessage,
} from './advertisement.js';

/** Senders remembered; a flood of forged sources empties the memory instead of filling it. */
export const DECODER_MAXIMUM_SOURCES = 64;

interface Memory {
  readonly destination: IpAddress;
  readonly hopLimit: number;
  readonly message: Uint8Array;
  readonly decoded: DecodedAdvertisement;
}

/**
 * A decoder that reuses its last answer per source and VRID while the packet stays the same. The
 * reused `advertisement` is the same object, so `===` tells that nothing changed. Only accepted
 * packets are remembered.
 */
export function createAdvertisementDecoder(): (packet: ReceivedMessage) => DecodedAdvertisement {
  // The family needs no key of its own: it follows from the source.
  const memories = new Map<IpAddress, Map<number, Memory>>();

  return (packet) => {
    const vrid = packet.message[1] ?? 0;
    const known = memories.get(packet.source)?.get(vrid);
    if (known !== undefined && isSame(known, packet)) return known.decoded;
    const decoded = decodeAdvertisement(packet);
    if (decoded.ok) {
      if (!memories.has(packet.source) && memories.size >= DECODER_MAXIMUM_SOURCES) {
        memories.clear();
      }
      const ofSource = memories.get(packet.source) ?? new Map<number, Memory>();
      memories.set(packet.source, ofSource);
      ofSource.set(vrid, {
        destination: packet.destination,
        hopLimit: packet.hopLimit,
        // A copy: the packet's bytes are a view of a buffer that the next packet overwrites.
        message: packet.message.slice(),
        decoded,
      });
    }
    return decoded;
  };
}

function isSame(known: Memory, packet: ReceivedMessage): boolean {
  const { message } = packet;
  return (
    known.hopLimit === packet.hopLimit &&
    known.destination === packet.destination &&
    isSameMessage(known.message, message)
  );
}

/** A loop: with a call for each byte this was half of what a Backup does. */
export function isSameMessage(known: Uint8Array, message: Uint8Array): boolean {
  if (known.length !== message.length) return false;
  for (let index = 0; index < known.length; index += 1) {
    if (known[index] !== message[index]) return false;
  }
  return true;
}
