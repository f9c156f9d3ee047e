// What happened between two appliances, in one ordered list: addresses by the kernels' word, frames,
// messages of the HA port, roles. No judgement but who held what for how long.
import type { PeerMessageKind } from '../../../src/wire/peer-message.js';

export type Side = 'a' | 'b';
export const SIDES: readonly Side[] = ['a', 'b'];
export const otherOf = (side: Side): Side => (side === 'a' ? 'b' : 'a');

export type Happening = { readonly at: number; readonly side: Side } & (
  | { readonly kind: 'address'; readonly address: string; readonly there: boolean }
  | {
      readonly kind: 'advertisement';
      readonly vrid: number;
      readonly priority: number;
      readonly to: string;
      /** The executor's, for an agent that is silent or dead. */
      readonly executor: boolean;
    }
  | { readonly kind: 'announcement'; readonly address: string }
  | {
      readonly kind: 'message';
      readonly message: PeerMessageKind;
      readonly path: string;
      /** Of its first virtual router. */
      readonly present: boolean;
    }
  | {
      readonly kind: 'transition';
      readonly virtualRouter: string;
      readonly from: string;
      readonly to: string;
      readonly reason: string;
    }
  | { readonly kind: 'process'; readonly what: string }
);

export type Kind = Happening['kind'];
type Of<K extends Kind> = Extract<Happening, { readonly kind: K }>;

/** How long in microseconds. */
export interface Held {
  readonly nobody: number;
  readonly both: number;
}

export class Story {
  readonly all: Happening[] = [];

  tell(happening: Happening): void {
    this.all.push(happening);
  }

  /** Position to look from later. */
  get end(): number {
    return this.all.length;
  }

  of<K extends Kind>(kind: K, from = 0, side?: Side): Of<K>[] {
    return this.all
      .slice(from)
      .filter(
        (one): one is Of<K> => one.kind === kind && (side === undefined || one.side === side),
      );
  }

  /** One line each, in order, without times: what a test compares. */
  lines(from = 0, ...kinds: readonly Kind[]): string[] {
    return this.all
      .slice(from)
      .filter(({ kind }) => kinds.length === 0 || kinds.includes(kind))
      .map(lineOf);
  }

  /** Reasons of the transitions of one side: `Active → Backup, preempted`. */
  moves(side: Side, from = 0): string[] {
    return this.of('transition', from, side).map((one) => `${one.from} → ${one.to}, ${one.reason}`);
  }

  /** Who has the address after everything so far. */
  holders(address: string, before = this.end): Side[] {
    const changes = this.all.slice(0, before).filter((one) => one.kind === 'address');
    return SIDES.filter(
      (side) => changes.findLast((one) => one.side === side && one.address === address)?.there,
    );
  }

  /** What one side has after everything so far. */
  addresses(side: Side): string[] {
    const there = new Set<string>();
    for (const one of this.of('address', 0, side)) {
      if (one.there) there.add(one.address);
      else there.delete(one.address);
    }
    return [...there];
  }

  /** For how long nobody, and both, had the address, from a position of the story to `now`. */
  held(address: string, from: number, fromAt: number, now: number): Held {
    const held = { nobody: 0, both: 0 };
    let at = fromAt;
    let holders = new Set(this.holders(address, from));
    const pass = (until: number): void => {
      if (holders.size === 0) held.nobody += until - at;
      if (holders.size === 2) held.both += until - at;
      at = until;
    };
    for (const one of this.of('address', from)) {
      if (one.address !== address) continue;
      pass(one.at);
      holders = new Set(holders);
      if (one.there) holders.add(one.side);
      else holders.delete(one.side);
    }
    pass(now);
    return held;
  }

  /** Everything since a position, with times in milliseconds since `origin`, for a person. */
  told(from: number, origin: number): string {
    return this.all
      .slice(from)
      .map((one) => `${((one.at - origin) / 1_000).toFixed(1).padStart(9)} ${lineOf(one)}`)
      .join('\n');
  }
}

function lineOf(one: Happening): string {
  switch (one.kind) {
    case 'address':
      return `${one.side} ${one.there ? 'has' : 'has no'} ${one.address}`;
    case 'advertisement':
      return `${one.side} ${one.executor ? 'executor ' : ''}advertises ${one.priority} to ${one.to}`;
    case 'announcement':
      return `${one.side} announces ${one.address}`;
    case 'message':
      return `${one.side} ${one.message} ${one.path}${one.present ? ' present' : ''}`;
    case 'transition':
      return `${one.side} ${one.virtualRouter} ${one.from} → ${one.to}, ${one.reason}`;
    case 'process':
      return `${one.side} ${one.what}`;
  }
}
