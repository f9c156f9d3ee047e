// What the driver has counted, for status: transitions by kind, announcements, refusals of the kernel, lateness. No
// decisions. All of it begins anew with each agent.
import type { Deadline, InstanceEffect } from '../core/interface.js';
import type { Remark } from '../model/advertisement.js';
import type { TransitionCount } from '../model/status.js';
import { Lateness } from './lateness.js';
import type { TransitionEffect } from './records.js';

type Counted = { -readonly [Key in keyof TransitionCount]: TransitionCount[Key] };

export class Tallies {
  readonly lateness = new Lateness();
  /** Wall time of each virtual router's last transition, as its record has it. */
  readonly #times = new Map<string, string>();
  /** Wall time at which each virtual router that is out of Initialize left it. */
  readonly #outSince = new Map<string, string>();
  readonly #transitions = new Map<string, Counted[]>();
  readonly #announcements = new Map<string, number>();
  readonly #sendErrors = new Map<string, number>();
  /** Wall time of the last one of each kind, ISO 8601. */
  readonly #remarks = new Map<string, Partial<Record<Remark, string>>>();

  /** @param effects what came of this deadline. */
  passed({ cause, at }: Deadline, effects: readonly InstanceEffect[]): void {
    if (cause === 'Adver_Timer' && effects.some(isAdvertisement)) this.lateness.due(at);
  }

  /** @param time of its record, ISO 8601. */
  transition({ virtualRouter, from, to, reason }: TransitionEffect, time: string): void {
    this.#times.set(virtualRouter, time);
    if (to === 'Initialize') this.#outSince.delete(virtualRouter);
    else if (from === 'Initialize') this.#outSince.set(virtualRouter, time);
    // The reasons are a closed set, so this stays short.
    const counted = this.#transitions.get(virtualRouter) ?? [];
    this.#transitions.set(virtualRouter, counted);
    const known = counted.find(
      (one) => one.from === from && one.to === to && one.reason === reason,
    );
    if (known === undefined) counted.push({ from, to, reason, count: 1 });
    else known.count += 1;
  }

  /** That many frames went out. */
  announced(virtualRouter: string, frames: number): void {
    add(this.#announcements, virtualRouter, frames);
  }

  sendFailed(virtualRouter: string): void {
    add(this.#sendErrors, virtualRouter, 1);
  }

  /** An advertisement was accepted although it is odd. @param time ISO 8601. */
  remarked(virtualRouter: string, remark: Remark, time: string): void {
    const times = this.#remarks.get(virtualRouter) ?? {};
    this.#remarks.set(virtualRouter, times);
    times[remark] = time;
  }

  /** Forgets virtual routers that the settings name no longer. */
  keepOnly(isKnown: (virtualRouter: string) => boolean): void {
    const all = [
      this.#times,
      this.#outSince,
      this.#transitions,
      this.#announcements,
      this.#sendErrors,
    ];
    for (const map of [...all, this.#remarks]) {
      for (const name of map.keys()) if (!isKnown(name)) map.delete(name);
    }
  }

  /** Undefined before the first. */
  lastTransitionOf(virtualRouter: string): string | undefined {
    return this.#times.get(virtualRouter);
  }

  /** Undefined in Initialize. */
  outOfInitializeSince(virtualRouter: string): string | undefined {
    return this.#outSince.get(virtualRouter);
  }

  transitionsOf(virtualRouter: string): readonly TransitionCount[] {
    return (this.#transitions.get(virtualRouter) ?? []).map((one) => ({ ...one }));
  }

  announcementsOf(virtualRouter: string): number {
    return this.#announcements.get(virtualRouter) ?? 0;
  }

  /** When the last of each kind came. */
  lastRemarksOf(virtualRouter: string): Readonly<Partial<Record<Remark, string>>> {
    return { ...this.#remarks.get(virtualRouter) };
  }

  /** Undefined while there were none. */
  sendErrorsOf(virtualRouter: string): number | undefined {
    return this.#sendErrors.get(virtualRouter);
  }
}

const isAdvertisement = ({ kind }: InstanceEffect): boolean => kind === 'send-advertisement';

const add = (counts: Map<string, number>, name: string, more: number): void => {
  counts.set(name, (counts.get(name) ?? 0) + more);
};
