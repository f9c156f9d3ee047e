// What stands on a host of all that settings name: files, folders, interfaces, addresses; and who the agent is.
// Values only: what they mean is in findings.ts, how they are gathered in observe.ts.
import type { AddressWithPrefix } from '../model/address.js';

/** An address that stands on an interface. */
export interface StandingAddress extends AddressWithPrefix {
  readonly interface: string;
}

/**
 * `no-mac`: without a link-layer address, as tun, WireGuard and PPP are. `no-arp`: with one, and nobody asks for it
 * or is answered (IFF_NOARP).
 */
export type LinkKind = 'ethernet' | 'loopback' | 'no-mac' | 'no-arp' | 'unknown';

export interface FileFacts {
  /** A symbolic link is followed; `unknown` when the observer may not look. */
  readonly kind: 'absent' | 'file' | 'folder' | 'socket' | 'special' | 'unknown';
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** The first line of a program, at most 255 bytes; empty when it cannot be read. */
  readonly firstLine: string;
}

/** Whom the kernel asks when the agent opens or runs something. */
export interface Identity {
  readonly uid: number;
  readonly gids: ReadonlySet<number>;
}

export interface HostFacts {
  /** Null when it cannot be told: then nothing is said of rights. */
  readonly agent: Identity | null;
  /** By name; null when interfaces cannot be told. */
  readonly links: ReadonlyMap<string, LinkKind> | null;
  /** Those without IFF_MULTICAST; absent when it cannot be told. */
  readonly noMulticast?: ReadonlySet<string>;
  readonly addresses: readonly StandingAddress[];
  /**
   * What an agent has recorded as put there by itself: `eth0 10.99.0.100/24`. Absent where that is not known, or
   * is known better: by an agent that runs.
   */
  readonly recorded?: ReadonlySet<string>;
  /** By path: what the settings name, the interpreters of programs, and all folders above. */
  readonly files: ReadonlyMap<string, FileFacts>;
  /** By path: what the agent says of a key file that it cannot use. */
  readonly keyProblems: ReadonlyMap<string, string>;
  /** What stands in place of the notes of shared settings, where they cannot be used. */
  readonly notesProblem?: string;
  /** No nft is where programs are looked for. */
  readonly lacksNft?: boolean;
  /** Another program lies where the one that looks was started from. */
  readonly programReplaced?: boolean;
}

export const ABSENT: FileFacts = { kind: 'absent', mode: 0, uid: 0, gid: 0, firstLine: '' };

/** A file of the settings, and what it is there for. */
export interface NamedFile {
  /** `hooks.transition`. */
  readonly setting: string;
  readonly file: string;
  readonly use:
    'program' | 'key' | 'signing-keys' | 'folder' | 'textfile' | 'certificate' | 'secret';
  /** What does not work without it: `the relay could not be moved`. */
  readonly effect: string;
}

const INTERPRETER = /^#!\s*(\S+)/;

/** The program that the kernel starts for a script; null for what is no script. A CR belongs to its name. */
export const interpreterOf = (firstLine: string): string | null =>
  // `\S` would leave the CR of a file with Windows line ends out, and the kernel does not.
  INTERPRETER.test(firstLine) ? firstLine.replace(/^#!\s*/, '').replace(/[ \t].*$/, '') : null;
