// How shared settings stand to those of each peer, and what differs, as text. Pure.
import { valueText } from '../../model/shared-settings.js';
import type { PeerDifferences } from '../../model/shared-settings.js';
import type { Status, SyncStatus } from '../../model/status.js';
import { formatDuration, hang, harmless, type Clock, type Line, type Paint } from './text.js';

type PeerSync = SyncStatus['peers'][number];

const row = (title: string, text: string): Line[] => hang(title.padEnd(14), text);

/** Names that a line has room for; the others are counted. */
const NAMED = 4;

/** One line a peer; nothing where no settings are shared. */
export function syncLines({ sync }: Status, paint: Paint, clock: Clock): Line[] {
  const texts = [
    ...(sync?.problem === undefined ? [] : [paint('red', harmless(sync.problem))]),
    ...(sync?.remark === undefined ? [] : [paint('yellow', harmless(sync.remark))]),
    ...(sync?.peers ?? []).map((peer) => peerText(peer, paint, clock)),
  ];
  return texts.flatMap((text, index) => row(index === 0 ? 'settings' : '', text));
}

/** `ours for another 5.2 s if it is not renewed`; nothing where the settings name no witness. */
export function witnessLines({ witness }: Status, paint: Paint, { now }: Clock): Line[] {
  if (witness === undefined) return [];
  const { state, since, detail, lease, holder, remainingMs } = witness;
  const instant = Date.parse(since ?? '');
  const age = Number.isNaN(instant) ? '' : ` for ${formatDuration(now - instant)}`;
  const why = detail === undefined ? '' : `: ${harmless(detail)}`;
  const left = ((remainingMs ?? 0) / 1_000).toFixed(1);
  const words: Readonly<Record<string, string>> = {
    ours: `the lease is ours, for another ${left} s unless it is renewed`,
    others: `${harmless(holder ?? 'another')} has the lease`,
    free: 'nobody has the lease',
    unknown: 'whose the lease is, is not known',
  };
  const lines = row(
    'witness',
    state === 'away'
      ? `${paint('yellow', 'away')}${age}${why}`
      : state === 'seen'
        ? `seen${age}; ${words[lease] ?? harmless(lease)}`
        : `not asked yet`,
  );
  return state === 'away' && lease === 'ours' ? [...lines, ...row('', words['ours'] ?? '')] : lines;
}

/** `in sync with dallas-2 for 2 s` (one that is not heard any longer is not), or what differs and since when. */
export function peerText(peer: PeerSync, paint: Paint, { now }: Clock): string {
  const name = harmless(peer.name);
  const since = Date.parse(peer.since);
  const age = Number.isNaN(since) ? '' : ` for ${formatDuration(now - since)}`;
  const detail = peer.detail === undefined ? '' : `: ${harmless(peer.detail)}`;
  // One of a later release is told as it is called.
  switch (peer.state) {
    case 'in-sync':
      return `in sync with ${name}${age}${peer.problem === undefined ? detail : paint('yellow', detail)}`;
    case 'differs':
      return `${paint('yellow', `differ from ${name}`)}${age}${detail}${namesText(peer)}; see "understudy sync diff"`;
    case 'conflict':
      return `${paint('red', `in conflict with ${name}`)}${age}${detail}${namesText(peer)}; decide by "understudy sync pull" or "push"`;
    case 'refused':
      return `${paint('red', `what ${name} has is refused here`)}${age}${detail}`;
    case 'unknown':
      return `not known whether they are those of ${name}${detail}`;
  }
  return `${name}: ${harmless(peer.state)}${detail}`;
}

function namesText({ differing = [] }: PeerSync): string {
  if (differing.length === 0) return '';
  const more = differing.length > NAMED ? ` and ${differing.length - NAMED} more` : '';
  return ` (${differing.slice(0, NAMED).map(harmless).join(', ')}${more})`;
}

/** A table of three columns for each peer. */
export function differenceText(self: string, peers: readonly PeerDifferences[]): string {
  return peers.map((peer) => `${differencesWith(self, peer).join('\n')}\n`).join('\n');
}

function differencesWith(self: string, { name, differences }: PeerDifferences): string[] {
  const peer = harmless(name);
  if (differences === undefined) return [`${peer}: its settings are not known`];
  if (differences.length === 0) return [`${peer}: nothing differs`];
  const rows = [
    ['setting', 'both had', harmless(self), peer, 'changed'],
    ...differences.map((one) => [
      harmless(one.setting),
      one.changed === 'unknown' ? '?' : harmless(valueText(one.base)),
      harmless(valueText(one.mine)),
      harmless(valueText(one.theirs)),
      changedBy(one.changed, harmless(self), peer),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

const changedBy = (
  changed: NonNullable<PeerDifferences['differences']>[number]['changed'],
  self: string,
  peer: string,
): string => ({ here: self, there: peer, both: 'both', unknown: '?' })[changed];
