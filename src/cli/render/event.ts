// One event as one line for a person. Pure.
import type { EventRecord } from '../../model/status.js';
import { harmless, type Paint } from './text.js';

/** `2026-01-01 00:00:00.000 UTC  lan: Backup → Active, no-response: no advertisement within …`. */
export function renderEvent(record: EventRecord, paint: Paint): string {
  const { virtualRouter, from, to, event, reason, detail } = record;
  const subject = virtualRouter === undefined ? '' : `${harmless(virtualRouter)}: `;
  const text = detail === undefined || detail === '' ? '' : `: ${harmless(detail)}`;
  if (from !== undefined && to !== undefined) {
    const change = paint('bold', `${harmless(from)} → ${harmless(to)}`);
    return `${time(record.time)}  ${subject}${change}, ${harmless(reason)}${text}`;
  }
  const what = event === reason ? harmless(event) : `${harmless(event)}, ${harmless(reason)}`;
  return `${time(record.time)}  ${subject}${what}${text}`;
}

function time(iso: string): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return harmless(iso);
  const text = new Date(at).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 23)} UTC`;
}
