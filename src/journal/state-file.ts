// state.json: what must survive the agent: the addresses that may stand on an interface because of us,
// maintenance, flaps and their latch. No decisions.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatAddressWithPrefix, parseAddressWithPrefix } from '../model/address.js';
import type { AddressTarget } from '../model/netlink-script.js';
import {
  NO_VIRTUAL_MACS,
  virtualMacNamed,
  type ParentSettings,
  type VirtualMacLeftovers,
} from '../model/virtual-mac.js';
import { thisBoot } from './boot.js';

export const stateFilePath = (stateDirectory: string): string => join(stateDirectory, 'state.json');

/** What an agent leaves to the next one. Times are wall times in milliseconds: they outlive a boot. */
export interface State {
  /** What it has put on an interface, or has begun to. */
  readonly standing: readonly AddressTarget[];
  /** What did not stand, and it might have put there any moment after this was written. */
  readonly mayAdd: readonly AddressTarget[];
  /** Macvlans that it has made, or was about to, and how the interfaces under them were set before. */
  readonly virtualMacs: VirtualMacLeftovers;
  readonly maintenance: boolean;
  readonly bypassEngaged: boolean;
  readonly flaps: readonly number[];
  readonly latched: boolean;
  /** Handed over by an operator: who, and when. */
  readonly standBack: { readonly by: string; readonly since: number } | null;
  /** Some virtual router is Active: if this is read at a start, the agent ended unasked. */
  readonly active: boolean;
  /** Some stand that such an agent had left, and are kept until somebody has the role. */
  readonly keeps: boolean;
}

export const EMPTY_STATE: State = {
  standing: [],
  mayAdd: [],
  virtualMacs: NO_VIRTUAL_MACS,
  maintenance: false,
  bypassEngaged: false,
  flaps: [],
  latched: false,
  standBack: null,
  active: false,
  keeps: false,
};

export function formatState(
  { standing, mayAdd, flaps, standBack, ...rest }: State,
  boot: string | null = thisBoot(),
): string {
  const state = {
    version: 1,
    boot,
    ...rest,
    flaps: flaps.map((at) => new Date(at).toISOString()),
    standBack: standBack && { by: standBack.by, since: new Date(standBack.since).toISOString() },
    addresses: standing.flatMap(entriesOf),
    mayAdd: mayAdd.flatMap(entriesOf),
  };
  return `${JSON.stringify(state, null, 2)}\n`;
}

const entriesOf = ({
  interface: name,
  linkIndex: index,
  addresses,
  acceptMode,
}: AddressTarget): object[] =>
  addresses.map((address) => ({
    interface: name,
    ...(index === undefined ? {} : { index }),
    address: formatAddressWithPrefix(address),
    ...(acceptMode === false ? { acceptMode } : {}),
  }));

/**
 * The state recorded in the file. A missing file means none; one that cannot be understood is told
 * in `problem` and means none. No address outlives the boot: what stands after it, somebody else has put there.
 */
export function readState(
  path: string,
  boot: string | null = thisBoot(),
): { state: State; problem: string | null } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { state: EMPTY_STATE, problem: code === 'ENOENT' ? null : `${path}: ${message}` };
  }
  const state = parseState(text, boot);
  return state === null
    ? { state: EMPTY_STATE, problem: `${path}: a state file expected; it will be written anew` }
    : { state, problem: null };
}

function parseState(text: string, boot: string | null): State | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const file = value as Readonly<Record<string, unknown>>;
  const standing = targetsOf(file['addresses']);
  // A file of an agent before this version has neither `mayAdd` nor `boot`.
  const mayAdd = targetsOf(file['mayAdd'] ?? []);
  if (file['version'] !== 1 || standing === null || mayAdd === null) return null;
  const written = file['boot'];
  const isOver = boot !== null && typeof written === 'string' && written !== boot;
  return {
    standing: isOver ? [] : standing,
    mayAdd: isOver ? [] : mayAdd,
    virtualMacs: isOver ? NO_VIRTUAL_MACS : virtualMacsOf(file['virtualMacs']),
    maintenance: file['maintenance'] === true,
    bypassEngaged: file['bypassEngaged'] === true,
    flaps: timesOf(file['flaps']),
    latched: file['latched'] === true,
    standBack: standBackOf(file['standBack']),
    active: file['active'] === true,
    keeps: file['keeps'] === true,
  };
}

/** What is not as we write it is left out: of an agent before this version all of it. */
function virtualMacsOf(value: unknown): VirtualMacLeftovers {
  if (typeof value !== 'object' || value === null) return NO_VIRTUAL_MACS;
  const { links, parents } = value as { links?: unknown; parents?: unknown };
  return {
    links: Array.isArray(links)
      ? links.filter((name) => typeof name === 'string' && virtualMacNamed(name) !== null)
      : [],
    parents: Array.isArray(parents) ? parents.filter(isParent) : [],
  };
}

function isParent(value: unknown): value is ParentSettings {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Readonly<Record<string, unknown>>;
  const numbers = ['linkIndex', 'arpIgnore', 'arpAnnounce'];
  return (
    typeof entry['interface'] === 'string' && numbers.every((one) => Number.isInteger(entry[one]))
  );
}

function targetsOf(list: unknown): AddressTarget[] | null {
  if (!Array.isArray(list)) return null;
  const targets: AddressTarget[] = [];
  for (const entry of list as unknown[]) {
    if (typeof entry !== 'object' || entry === null) return null;
    const fields = entry as Readonly<Record<string, unknown>>;
    const { interface: name, index, address: text } = fields;
    if (typeof name !== 'string' || typeof text !== 'string') return null;
    const address = parseAddressWithPrefix(text);
    const link = typeof index === 'number' ? { linkIndex: index } : {};
    const accepts = fields['acceptMode'] === false ? { acceptMode: false } : {};
    if (address !== null)
      targets.push({ interface: name, ...link, addresses: [address], ...accepts });
  }
  return targets;
}

function standBackOf(value: unknown): State['standBack'] {
  if (typeof value !== 'object' || value === null) return null;
  const { by, since } = value as { by?: unknown; since?: unknown };
  const [time] = timesOf([since]);
  return typeof by === 'string' && time !== undefined ? { by, since: time } : null;
}

const timesOf = (list: unknown): number[] =>
  (Array.isArray(list) ? (list as unknown[]) : [])
    .map((entry) => (typeof entry === 'string' ? Date.parse(entry) : Number.NaN))
    .filter((time) => Number.isFinite(time));
