// How what the driver sees becomes events of the journal, and counts: the words stand in model. No decisions.
import { isOrdered } from '../core/fitness/restraint.js';
import type { InstanceEffect } from '../core/interface.js';
import { formatAddressWithPrefix } from '../model/address.js';
import { REMARKS, type Remark } from '../model/advertisement.js';
import type { AddressTarget } from '../model/netlink-script.js';
import { REPORTS, TRANSITION_REASONS, type Report } from '../model/reasons.js';
import type { EventRecord } from '../model/status.js';
import type { Journal } from '../journal/journal.js';
import type { Moves } from './moves.js';
import type { NetworkEvents } from './network.js';
import type { Tallies } from './tallies.js';

export type TransitionEffect = Extract<InstanceEffect, { kind: 'transition' }>;
export type ReportEffect = Extract<InstanceEffect, { kind: 'report' }>;

/** Remarks are about packets, so that anybody on the link can cause them. */
export const isRemark = (report: Report | Remark): report is Remark => report in REMARKS;

/** Nothing is wrong: what was ordered, or is as it should be again. */
const GOOD_NEWS: ReadonlySet<Report> = new Set([
  'taken-over',
  'peer-healthy',
  'path-back',
  'adverts-back',
  'settings-agree',
  'failover',
  'maintenance',
]);

export class Records {
  readonly #journal: Journal;
  readonly #tallies: Tallies;
  readonly #moves: Moves;

  constructor(journal: Journal, tallies: Tallies, moves: Moves) {
    this.#journal = journal;
    this.#tallies = tallies;
    this.#moves = moves;
  }

  /** Returns the record, with its time. */
  transition(effect: TransitionEffect): EventRecord {
    const { virtualRouter, from, to, reason, because, orderedBy, effectivePriority } = effect;
    const isFault = to === 'Initialize' && !isOrdered(reason);
    const record = this.#journal.record(isFault ? 'warn' : 'info', {
      event: 'transition',
      virtualRouter,
      from,
      to,
      reason,
      detail: TRANSITION_REASONS[reason] + (because === '' ? '' : ` (${because})`),
      ...(because === '' ? {} : { because }),
      ...(orderedBy === undefined ? {} : { orderedBy }),
      effectivePriority,
    });
    this.#tallies.transition(effect, record.time);
    this.#moves.transition(effect, record.time);
    return record;
  }

  report({ virtualRouter, report, detail, nobodyHeldAtMostMs }: ReportEffect): void {
    const subject = virtualRouter === undefined ? {} : { virtualRouter };
    if (isRemark(report)) {
      this.#tallies.remarked(virtualRouter ?? '', report, this.#journal.now());
      // Anyone on the link can cause these, as often as he likes.
      this.#journal.recordForeign('warn', `${virtualRouter ?? ''} ${report} ${detail}`, {
        event: 'remark',
        ...subject,
        reason: report,
        detail,
      });
      return;
    }
    this.#journal.record(GOOD_NEWS.has(report) ? 'info' : 'warn', {
      event: report,
      ...subject,
      reason: report,
      detail: `${REPORTS[report]}: ${detail}`,
      ...(nobodyHeldAtMostMs === undefined ? {} : { nobodyHeldAtMostMs }),
    });
  }

  addressesLeft({ interface: name, addresses }: AddressTarget): void {
    const list = addresses.map(formatAddressWithPrefix).join(' ');
    this.#journal.record('error', {
      event: 'addresses-stuck',
      reason: 'release-failed',
      detail: `${list} on ${name} could not be removed: run "understudy release"`,
    });
  }

  addressesStuck(virtualRouter: string, detail: string): void {
    this.#journal.recordLimited('error', `stuck ${virtualRouter}`, {
      event: 'addresses-stuck',
      ...(virtualRouter === '' ? {} : { virtualRouter }),
      reason: 'release-failed',
      detail: `addresses could not be removed, trying again every second: ${detail}`,
    });
  }

  sendFailed(virtualRouter: string, what: string, code: string): void {
    this.#tallies.sendFailed(virtualRouter);
    this.#journal.recordLimited('warn', `send ${virtualRouter} ${what} ${code}`, {
      event: 'send-failed',
      virtualRouter,
      reason: code,
      detail: `the kernel refused to send an ${what}`,
    });
  }

  resynchronized(): void {
    this.#journal.recordLimited('warn', 'netlink-overrun', {
      event: 'netlink-overrun',
      reason: 'overrun',
      detail: 'the kernel dropped notifications; links and addresses were read anew',
    });
  }

  socketFailed(...[port, code]: Parameters<NetworkEvents['socketFailed']>): void {
    this.#journal.record('error', {
      event: 'socket-failed',
      reason: code,
      detail: `the advertisement socket of ${port.interface} (${port.family}) failed`,
      interface: port.interface,
    });
  }
}
