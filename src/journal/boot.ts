// What the kernel's addresses do not outlive, as a text to compare: this boot of the host, and this network
// namespace.
import { readFileSync, readlinkSync } from 'node:fs';

/** @returns null where it cannot be known. */
export function thisBoot(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/net')}`;
  } catch {
    return null;
  }
}
