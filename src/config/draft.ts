// The settings as far as they have the right types, while other parts may be wrong: what the checks
// across settings work on, so that one error does not hide the next. No checks.
import {
  familyOf,
  parseAddress,
  parseAddressWithPrefix,
  type AddressWithPrefix,
  type Family,
  type IpAddress,
} from '../model/address.js';
import type { SettingsPath } from './errors.js';

/** One text of the file with its place. */
export interface DraftText {
  readonly at: SettingsPath;
  readonly text: string;
}

export interface DraftAddress extends DraftText {
  /** Null when the text is not an address with prefix length. */
  readonly value: AddressWithPrefix | null;
}

export interface DraftRouter {
  readonly at: SettingsPath;
  readonly name: string | null;
  readonly interface: string | null;
  readonly vrid: number | null;
  readonly addresses: readonly DraftAddress[];
  /** The family of the first address that can be read. */
  readonly family: Family | null;
  readonly unicastPeers: readonly DraftPeer[];
  readonly primary: string | null;
}

/** An address without prefix length, as peers, gateways and unicast peers are written. */
export interface DraftPeer extends DraftText {
  readonly value: IpAddress | null;
}

export interface Draft {
  readonly name: string | null;
  readonly virtualRouters: readonly DraftRouter[];
  readonly vipScript: string | null;
  readonly leaseSeconds: number | null;
  readonly runtimeDirectory: string | null;
  readonly stateDirectory: string | null;
}

/** Reads what has the right type; everything else is null or left out. */
export function draftOf(value: unknown): Draft {
  return {
    name: textOf(value, 'name'),
    virtualRouters: listOf(value, 'virtualRouters').map((item, index) =>
      draftRouter(item, ['virtualRouters', index]),
    ),
    vipScript: textOf(member(value, 'vip'), 'script'),
    leaseSeconds: numberOf(member(value, 'vip'), 'leaseSeconds'),
    runtimeDirectory: textOf(value, 'runtimeDirectory'),
    stateDirectory: textOf(value, 'stateDirectory'),
  };
}

function draftRouter(value: unknown, at: SettingsPath): DraftRouter {
  const addresses = textsOf(value, 'addresses', at).map(({ at: place, text }) => ({
    at: place,
    text,
    value: parseAddressWithPrefix(text),
  }));
  const first = addresses.find((address) => address.value !== null)?.value;
  const vrid = member(value, 'vrid');
  return {
    at,
    name: textOf(value, 'name'),
    interface: textOf(value, 'interface'),
    vrid: typeof vrid === 'number' ? vrid : null,
    addresses,
    family: first ? familyOf(first.address) : null,
    unicastPeers: hostsOf(value, 'unicastPeers', at),
    primary: textOf(value, 'primary'),
  };
}

/** The list of addresses without prefix length that stands at `key`. */
export const hostsOf = (value: unknown, key: string, at: SettingsPath): DraftPeer[] =>
  textsOf(value, key, at).map(({ at: place, text }) => ({
    at: place,
    text,
    value: parseAddress(text),
  }));

export const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;

export const textOf = (value: unknown, key: string): string | null => {
  const found = member(value, key);
  return typeof found === 'string' ? found : null;
};

export const listOf = (value: unknown, key: string): readonly unknown[] => {
  const found = member(value, key);
  return Array.isArray(found) ? found : [];
};

export const textsOf = (value: unknown, key: string, at: SettingsPath): DraftText[] =>
  listOf(value, key).flatMap((text, index) =>
    typeof text === 'string' ? [{ at: [...at, key, index], text }] : [],
  );

export const numberOf = (value: unknown, key: string): number | null => {
  const found = member(value, key);
  return typeof found === 'number' ? found : null;
};
