// One virtual router on the status screen. Pure.
import { DISCARD_REASONS } from '../../model/advertisement.js';
import { TRANSITION_REASONS } from '../../model/reasons.js';
import type { MoveStatus, PeerSight, VirtualRouterStatus } from '../../model/status.js';
import { countLines, sinceLines, type Counting } from './counts.js';
import {
  formatDuration,
  formatSince,
  harmless,
  row,
  type Clock,
  type Colour,
  type Line,
  type Paint,
} from './text.js';

/** More addresses than this are counted, not listed; those that are not as they should be come first. */
const LISTED_ADDRESSES = 8;

const STATE_COLOUR: Readonly<Record<string, Colour>> = {
  Active: 'green',
  Backup: 'bold',
  Initialize: 'red',
};

const FAMILY_NAME: Readonly<Record<string, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' };

/** The lines of one virtual router: its role first. */
export function renderRouter(router: VirtualRouterStatus, paint: Paint, clock: Counting): Line[] {
  const { name, state, vrid, family } = router;
  const isOff = router.reason === 'mode-off';
  const colour = isOff ? 'dim' : (STATE_COLOUR[state] ?? 'yellow');
  const primary = router.primary === undefined ? '' : `, primary ${harmless(router.primary)}`;
  const where = `VRID ${vrid} on ${harmless(router.interface)}, ${FAMILY_NAME[family] ?? harmless(family)}${primary}`;
  return [
    `${paint('bold', harmless(name))}  ${paint(colour, harmless(state))}  ${where}`,
    ...row('since', formatSince(router.since, clock)),
    ...row('because', reasonText(router.reason) + whoseDoing(router) + gapText(router)),
    ...lastMoveRows(router, clock),
    ...row('priority', priorityText(router)),
    ...addressRows(router, paint),
    ...virtualMacRows(router, paint),
    ...row('active', activeText(router)),
    ...row('adverts', advertText(router)),
    ...checksumRows(router),
    ...counterRows(router, clock),
  ];
}

/** A reason of a later version has no text here; its name must do. */
function reasonText(reason: string): string {
  const texts: Readonly<Record<string, string>> = TRANSITION_REASONS;
  return Object.hasOwn(texts, reason) ? (texts[reason] ?? reason) : harmless(reason);
}

/** `200`; `150 = 200 - 50 upcheck`; out of the election it takes part with none. */
function priorityText(router: VirtualRouterStatus): string {
  const { configuredPriority, effectivePriority, state } = router;
  if (state === 'Initialize') return `${configuredPriority}, out of the election`;
  const adjustments = (router.adjustments ?? []).map(
    ({ name, amount }) => `${amount < 0 ? '-' : '+'} ${Math.abs(amount)} ${harmless(name)}`,
  );
  if (effectivePriority === configuredPriority && adjustments.length === 0) {
    return `${effectivePriority}`;
  }
  return `${effectivePriority} = ${[configuredPriority, ...adjustments].join(' ')}`;
}

/** ` (dallas-1: in maintenance, by an operator)`. */
const whoseDoing = ({ because }: VirtualRouterStatus): string =>
  because === undefined ? '' : ` (${harmless(because)})`;

/** `; nobody had the addresses for at most 3612 ms`. */
function gapText({ nobodyHeldAtMostMs: atMost }: VirtualRouterStatus): string {
  if (atMost === undefined) return '';
  return atMost === 0
    ? '; somebody had the addresses throughout'
    : `; nobody had the addresses for at most ${harmless(`${atMost}`)} ms`;
}

/** When the role came or went last, who ordered it, and when the addresses stood; why stands in `because`. */
function lastMoveRows({ lastMove }: VirtualRouterStatus, clock: Clock): Line[] {
  if (lastMove === undefined) return [];
  const { way, orderedBy, noticedAt, peerSaw } = lastMove;
  const by = orderedBy === undefined ? '' : `, ordered by ${harmless(orderedBy)}`;
  const earlier = lastMove.beforeStart === true;
  const text = [
    `${way === 'taken' ? 'came here' : 'went'} ${formatSince(noticedAt, clock)}${by}`,
    // Of what an earlier agent had under way nothing more will be known.
    ...(earlier && lastMove.stoodAt === null ? [] : [stoodText(lastMove)]),
    ...peerSaw.map(sightText),
    ...(earlier ? ['before this agent started'] : []),
  ];
  return row('last move', text.join('; '));
}

function stoodText({ way, noticedAt, stoodAt }: MoveStatus): string {
  if (stoodAt === null) {
    return way === 'taken'
      ? 'the addresses do not stand here yet'
      : 'no peer has said yet that it has the addresses';
  }
  const where = way === 'taken' ? 'here' : 'at a peer';
  // The wall clock may have been set meanwhile.
  const took = Math.max(0, Date.parse(stoodAt) - Date.parse(noticedAt));
  return `the addresses stood ${where} ${formatDuration(took)} later`;
}

const sightText = ({ peer, state, addressesPresent }: PeerSight): string =>
  `${harmless(peer)} said ${harmless(state)}, ${addressesPresent ? 'with' : 'without'} the addresses`;

function addressRows(router: VirtualRouterStatus, paint: Paint): Line[] {
  const wanted = router.state === 'Active';
  const { addresses } = router;
  const wrong = addresses.filter(({ present }) => present !== wanted);
  const few = addresses.length <= LISTED_ADDRESSES;
  const listed = (few ? addresses : wrong).slice(0, LISTED_ADDRESSES);
  const width = Math.max(0, ...listed.map(({ address }) => address.length));
  const lines = listed.map(({ address, present, foreign }) => {
    const text = foreign === true ? "present, somebody else's" : presence(present, wanted);
    return `${address.padEnd(width)}  ${present === wanted ? text : paint('red', text)}`;
  });
  if (!few) {
    const present = addresses.filter((one) => one.present).length;
    lines.unshift(`${addresses.length} ${wanted ? 'wanted' : 'not wanted'}, ${present} present`);
    const unlisted = wrong.length - listed.length;
    if (unlisted > 0) lines.push(`and ${unlisted} more like these`);
  }
  return lines.flatMap((line, index) => row(index === 0 ? 'addresses' : '', line));
}

function presence(present: boolean, wanted: boolean): string {
  if (wanted) return present ? 'present' : 'MISSING';
  return present ? 'PRESENT, but must not be' : 'not here';
}

/** `00:00:5e:00:01:33 on us51v4  in use`. */
function virtualMacRows({ state, virtualMac }: VirtualRouterStatus, paint: Paint): Line[] {
  if (virtualMac === undefined) return [];
  const { address, interface: name, inUse, problem } = virtualMac;
  const wanted = state === 'Active';
  const text = problem === undefined ? useText(inUse, wanted) : 'CANNOT BE HAD';
  const isRight = problem === undefined && inUse === wanted;
  return row(
    'virtual MAC',
    `${harmless(address)} on ${harmless(name)}  ${isRight ? text : paint('red', text)}`,
  );
}

function useText(inUse: boolean, wanted: boolean): string {
  if (wanted) return inUse ? 'in use' : 'NOT IN USE';
  return inUse ? 'IN USE, but must not be' : 'not in use here';
}

function activeText({ state, activeAddress }: VirtualRouterStatus): string {
  if (activeAddress === null || activeAddress === undefined) return '-';
  return state === 'Active' ? `${activeAddress}, this router` : activeAddress;
}

function advertText(router: VirtualRouterStatus): string {
  const age = router.lastAdvertisementAgeMs ?? null;
  const heard = age === null ? 'none received' : `last received ${formatDuration(age)} ago`;
  const own = router.advertisementIntervalMs;
  const learned = router.activeAdvertisementIntervalMs ?? own;
  const interval =
    learned === own ? `every ${own} ms` : `every ${own} ms, the Active every ${learned} ms`;
  return `${interval}; ${heard}`;
}

/** IPv6 has one form only (RFC 9568 §5.2.8), so there is nothing to tell. */
function checksumRows({ family, checksum }: VirtualRouterStatus): Line[] {
  if (family === 'ipv6' || checksum === undefined) return [];
  const { setting, sending, received } = checksum;
  const how = setting === 'auto' ? `${sending} (auto)` : sending;
  const heard = received === null ? '' : `, received ${received}`;
  return row('checksum', `sends ${how}${heard}`);
}

function counterRows({ counters }: VirtualRouterStatus, clock: Counting): Line[] {
  const { send = 0, ...others } = counters?.errors ?? {};
  const isDiscard = (name: string): boolean => Object.hasOwn(DISCARD_REASONS, name);
  const entries = Object.entries(others);
  const last = counters?.lastErrors ?? {};
  const counted = (title: string, ofDiscards: boolean): Line[] =>
    countLines(
      Object.fromEntries(entries.filter(([name]) => isDiscard(name) === ofDiscards)),
      title,
      last,
      clock,
    );
  const lines = [
    ...counted('discarded', true),
    ...counted('remarked', false),
    ...(send > 0 ? row('not sent', `${send} advertisements: the kernel refused them`) : []),
  ];
  return [...lines, ...sinceLines(lines, clock)];
}
