// One event as one line for a person. Pure.
import type { EventRecord } from '../../model/status.js';
import { formatInstant, harmless, type Clock, type Paint } from './text.js';

/** `2026-01-01 00:00:00.000 UTC  lan: Backup → Active, no-response: no advertisement within …`. */
export function renderEvent(
  record: EventRecord,
  paint: Paint,
  clock: Pick<Clock, 'local'>,
): string {
  const when = formatInstant(record.time, clock, 'milliseconds');
  const { virtualRouter, from, to, event, reason, detail } = record;
  const subject = virtualRouter === undefined ? '' : `${harmless(virtualRouter)}: `;
  const text = detail === undefined || detail === '' ? '' : `: ${harmless(detail)}`;
  if (from !== undefined && to !== undefined) {
    const change = paint('bold', `${harmless(from)} → ${harmless(to)}`);
    return `${when}  ${subject}${change}, ${harmless(reason)}${text}`;
  }
  const what =
    (event === reason ? harmless(event) : `${harmless(event)}, ${harmless(reason)}`) +
    whence(record);
  return `${when}  ${subject}${what}${text}`;
}

/** ` from 10.99.0.7 on eth0`: whose packet it was, where the event is about one. */
function whence({ source, interface: link }: EventRecord): string {
  if (typeof source !== 'string') return '';
  return ` from ${harmless(source)}${typeof link === 'string' ? ` on ${harmless(link)}` : ''}`;
}
