// How the instance as a whole stands: flaps, hardware bypass, maintenance, a handover under way. Pure.
import type { Status } from '../../model/status.js';
import { TRANSITION_REASONS } from '../../model/reasons.js';
import {
  formatDuration,
  formatInstant,
  hang,
  harmless,
  type Clock,
  type Line,
  type Paint,
} from './text.js';

const row = (title: string, text: string): Line[] => hang(title.padEnd(14), text);

export const standingLines = (status: Status, paint: Paint, clock: Clock): Line[] => [
  ...flapLines(status, paint),
  ...bypassLines(status, paint),
  ...maintenanceLines(status, paint),
  ...standBackLines(status, paint, clock),
  ...realtimeLines(status, paint),
];

/** `1 of 3 in 15 min`; more than the limit latch. */
function flapLines({ flaps, bypass }: Status, paint: Paint): Line[] {
  if (flaps === undefined || flaps.windowSeconds === 0) return [];
  const { count, limit, windowSeconds, latched = false } = flaps;
  const window = formatDuration(windowSeconds * 1_000);
  if (limit === 0) return row('flaps', `${count} in ${window}, no limit`);
  const counted = `${count} of ${limit} in ${window}`;
  if (!latched) return row('flaps', counted);
  // Of two latches the relay is the one to release: that clears the flaps too.
  const until = bypass?.latched ? '' : ' until "understudy flaps clear"';
  return row('flaps', `${paint('red', counted)}; latched${until}`);
}

/** What is wanted and what was read back; nothing when the settings name no hook. */
export function bypassLines({ bypass }: Status, paint: Paint): Line[] {
  if (bypass === undefined) return [];
  const { desired, actual, latched, segments = [] } = bypass;
  if (segments.length === 0 && actual === 'unknown' && desired !== 'bypass') return [];
  const isAsWanted = desired === actual;
  const shown = paint(isAsWanted && actual === 'inline' ? 'green' : 'red', harmless(actual));
  const text = isAsWanted ? `${shown}, as wanted` : `${shown}, but ${harmless(desired)} is wanted`;
  const until = latched ? '; latched until "understudy bypass release"' : '';
  return [
    ...row('bypass', `${text}${until}`),
    ...(segments.length > 1 ? segments : []).flatMap((one) =>
      row('', `${harmless(one.name)}  ${harmless(one.actual)}`),
    ),
  ];
}

function maintenanceLines({ maintenance }: Status, paint: Paint): Line[] {
  if (maintenance === undefined) return [];
  const on = `${paint('yellow', 'on')}: out of the election until "understudy maintenance off"`;
  return row('maintenance', maintenance ? on : 'off');
}

/** Where it was handed over, nothing says so but this. */
function standBackLines({ standsBack }: Status, paint: Paint, clock: Clock): Line[] {
  if (standsBack === undefined) return [];
  const by = standsBack.by === '' ? 'an operator' : harmless(standsBack.by);
  const until = 'until it is asked back ("understudy failover" at the holder) or needed';
  const when = `handed over by ${by}, ${formatInstant(standsBack.since, clock)}`;
  return row('role', `${paint('yellow', 'stands back')} ${until}; ${when}`);
}

/** Only what was asked for and not had: that all is in place is nothing to read every day. */
function realtimeLines({ realtime }: Status, paint: Paint): Line[] {
  const missing = realtime?.missing ?? [];
  return missing.flatMap((text, index) =>
    row(index === 0 ? 'real time' : '', `${paint('yellow', 'without')} ${harmless(text)}`),
  );
}

/** `> handing lan over to dallas-2: an operator asked for a handover`. */
export function handoverLines({ handover }: Status, paint: Paint): Line[] {
  if (handover === undefined || handover === null) return [];
  const { virtualRouters, to, reason } = handover;
  const texts: Readonly<Record<string, string>> = TRANSITION_REASONS;
  const why = Object.hasOwn(texts, reason) ? texts[reason] : harmless(reason);
  const whom = to === null ? 'a peer' : harmless(to);
  const what = virtualRouters.map(harmless).join(', ');
  return hang(`  ${paint('yellow', '>')} `, `handing ${what} over to ${whom}: ${why}`);
}
