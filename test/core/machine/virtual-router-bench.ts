// One virtual router on the bench: the machine of RFC 9568 §6 alone, its parameters and its clock in
// the test's hand. No assertions: the tests make those.
import type { IpAddress } from '../../../src/model/address.js';
import { assert } from '../../../src/model/assert.js';
import { activeDownInterval } from '../../../src/core/machine/timing.js';
import { centiseconds, instant, type Instant } from '../../../src/model/units.js';
import {
  initialState,
  nextDeadline,
  step,
  type Effect,
  type Event,
  type Parameters,
  type State,
} from '../../../src/core/machine/virtual-router.js';
import { address } from '../../support/address.js';

export { address };

/** VRID 51, priority 100, 100 cs, preempting, not the owner: the router of every case unless said. */
export const PARAMETERS: Parameters = {
  priority: 100,
  preempt: true,
  advertisementInterval: centiseconds(100),
  primaryAddress: address('192.0.2.100'),
};

export const LOWER_ADDRESS = address('192.0.2.10');
export const HIGHER_ADDRESS = address('192.0.2.200');

/** No case is about more than that: the machine makes no progress. */
export const DEADLINES_PER_RUN = 10_000;

/** When every case starts: not at zero, so that a forgotten `now` shows. */
export const T0 = 7_000_000;

export interface Heard {
  readonly priority: number;
  /** Max Advertise Interval in centiseconds; 100 unless given. */
  readonly interval?: number;
  readonly source?: IpAddress;
}

/** Times are microseconds since `T0`. */
export class Bench {
  parameters: Parameters;
  state: State = initialState;

  constructor(parameters: Partial<Parameters> = {}) {
    this.parameters = { ...PARAMETERS, ...parameters };
  }

  take(event: Event, at: number): readonly Effect[] {
    const { state, effects } = step(this.parameters, this.state, event, instant(T0 + at));
    this.state = state;
    return effects;
  }

  hear({ priority, interval = 100, source = LOWER_ADDRESS }: Heard, at: number): readonly Effect[] {
    return this.take(
      { kind: 'advertisement', priority, interval: centiseconds(interval), source },
      at,
    );
  }

  /** When the next deadline is, since `T0`; null for none. */
  get deadline(): number | null {
    const at: Instant | null = nextDeadline(this.state);
    return at === null ? null : at - T0;
  }

  /** Lets the clock reach the next deadline, exactly; says when that was and what came of it. */
  fire(): { readonly at: number | null; readonly effects: readonly Effect[] } {
    const at = this.deadline;
    return { at, effects: at === null ? [] : this.take({ kind: 'deadline' }, at) };
  }
}

/** Fires every deadline before `at`, so that a case may begin in mid-life. */
export function runTo(bench: Bench, at: number): Bench {
  for (let fired = 0; (bench.deadline ?? at) < at; fired += 1) {
    assert(fired < DEADLINES_PER_RUN, `progress at ${bench.deadline}`);
    bench.fire();
  }
  return bench;
}

/** A router that entered Backup at 0, by the startup rules. */
export function backup(parameters: Partial<Parameters> = {}): Bench {
  const bench = new Bench(parameters);
  bench.take({ kind: 'startup', reason: 'startup' }, 0);
  return bench;
}

/**
 * A router that became Active at 0 and whose addresses stood at once; its Adver_Timer runs, its next
 * round of announcements is 1 s away, like its next advertisement.
 */
export function active(parameters: Partial<Parameters> = {}): Bench {
  const bench = new Bench(parameters);
  const { priority, advertisementInterval } = bench.parameters;
  const silence = priority === 255 ? 0 : activeDownInterval(priority, advertisementInterval);
  bench.take({ kind: 'startup', reason: 'startup' }, 0 - silence);
  bench.take({ kind: 'deadline' }, 0);
  bench.take({ kind: 'addresses-present' }, 0);
  return bench;
}

export const SEND = (priority: number): Effect => ({ kind: 'send-advertisement', priority });
export const ADD: Effect = { kind: 'set-addresses', present: true };
export const REMOVE: Effect = { kind: 'set-addresses', present: false };
export const ANNOUNCE: Effect = { kind: 'announce' };

export const transition = (
  from: 'Initialize' | 'Backup' | 'Active',
  to: 'Initialize' | 'Backup' | 'Active',
  reason: Extract<Effect, { kind: 'transition' }>['reason'],
): Effect => ({ kind: 'transition', from, to, reason });
