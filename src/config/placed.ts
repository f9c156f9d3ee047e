// Texts and addresses of the settings together with where they stand, so that a fault can say so. No checks.
import {
  familyOf,
  parseAddress,
  parseAddressWithPrefix,
  type AddressWithPrefix,
  type Family,
  type IpAddress,
} from '../model/address.js';
import type { SettingsPath } from './errors.js';
import type { Remainder } from './form.js';
import type { SettingsFile } from './schema.js';

/** The settings as far as their form is right. */
export type Settled = Remainder<SettingsFile>;

export interface PlacedText {
  readonly at: SettingsPath;
  readonly text: string;
}

/** An address without prefix length; null when the text is none. */
export interface PlacedHost extends PlacedText {
  readonly value: IpAddress | null;
}

/** An address with prefix length; null when the text is none. */
export interface PlacedAddress extends PlacedText {
  readonly value: AddressWithPrefix | null;
}

export interface PlacedRouter {
  readonly at: SettingsPath;
  readonly file: NonNullable<Settled['virtualRouters']>[number];
  readonly addresses: readonly PlacedAddress[];
  /** The family of the first address that can be read. */
  readonly family: Family | null;
}

export const textsAt = (
  list: readonly (string | undefined)[] | undefined,
  at: SettingsPath,
): PlacedText[] =>
  (list ?? []).flatMap((text, index) => (text === undefined ? [] : [{ at: [...at, index], text }]));

export const hostsAt = (...list: Parameters<typeof textsAt>): PlacedHost[] =>
  textsAt(...list).map(({ at, text }) => ({ at, text, value: parseAddress(text) }));

export const routersOf = (settings: Settled): PlacedRouter[] =>
  (settings.virtualRouters ?? []).map((file, index) => {
    const at = ['virtualRouters', index];
    const addresses = textsAt(file.addresses, [...at, 'addresses']).map((address) => ({
      ...address,
      value: parseAddressWithPrefix(address.text),
    }));
    const first = addresses.find(({ value }) => value !== null)?.value;
    return { at, file, addresses, family: first ? familyOf(first.address) : null };
  });
