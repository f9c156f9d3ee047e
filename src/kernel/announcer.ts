// The sender of whole Ethernet frames over the addon. Does not build frames; that is wire's.
import type { Microseconds } from '../model/units.js';
import type { Addon, Handle } from './addon.js';
import type { Announcer, SendFailure } from './kernel.js';
import { OutgoingBatch } from './outgoing.js';
import { attempt } from './refusal.js';

class NativeAnnouncer implements Announcer {
  readonly #addon: Addon;
  readonly #handle: Handle;
  readonly #outgoing = new OutgoingBatch();

  constructor(addon: Addon, handle: Handle) {
    this.#addon = addon;
    this.#handle = handle;
  }

  send(
    batch: readonly { linkIndex: number; frame: Uint8Array }[],
    notAfter?: Microseconds,
  ): SendFailure[] {
    this.#outgoing.begin(
      batch.length,
      batch.reduce((total, { frame }) => total + frame.length, 0),
    );
    for (const [index, { linkIndex, frame }] of batch.entries()) {
      this.#outgoing.put(index, frame, linkIndex);
    }
    return attempt('announcing', () =>
      this.#outgoing.send(this.#addon, this.#handle, batch.length, notAfter),
    );
  }

  close(): void {
    this.#addon.close(this.#handle);
  }
}

/** Opens the packet socket; see Kernel.openAnnouncer. */
export const openAnnouncer = (addon: Addon): Announcer =>
  new NativeAnnouncer(
    addon,
    attempt('opening the packet socket for announcements', () => addon.openAnnouncer()),
  );
