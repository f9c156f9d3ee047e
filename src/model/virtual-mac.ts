// The virtual MAC address of a virtual router (RFC 9568 §7.3), and the interface of ours that has it: a macvlan on
// the router's interface. Names only: nothing is made here.
import type { Family } from './address.js';
import { assert } from './assert.js';

/** Virtual router MAC address, 00-00-5E-00-01-{VRID} or 00-00-5E-00-02-{VRID} (RFC 9568 §7.3). */
export function virtualMacAddress(family: Family, vrid: number): string {
  assert(Number.isInteger(vrid) && vrid >= 1 && vrid <= 255, `VRID 1 to 255, found ${vrid}`);
  const last = vrid.toString(16).padStart(2, '0');
  return `00:00:5e:00:0${family === 'ipv4' ? 1 : 2}:${last}`;
}

/** `us51v4`: no dots, which are separators in sysctl names, and always the same. */
export const virtualMacInterface = (family: Family, vrid: number): string =>
  `us${vrid}v${family === 'ipv4' ? 4 : 6}`;

export interface VirtualMacName {
  readonly family: Family;
  readonly vrid: number;
  readonly macAddress: string;
}

/** What such a name says; null for the name of any other interface. */
export function virtualMacNamed(interfaceName: string): VirtualMacName | null {
  const [, digits = '', version] = /^us([1-9][0-9]{0,2})v([46])$/.exec(interfaceName) ?? [];
  const vrid = Number(digits);
  if (vrid < 1 || vrid > 255) return null;
  const family = version === '4' ? 'ipv4' : 'ipv6';
  return { family, vrid, macAddress: virtualMacAddress(family, vrid) };
}

export interface Placeable {
  readonly interface: string;
  readonly family: Family;
  readonly vrid: number;
  readonly virtualMac: boolean;
}

/** The interface that the virtual addresses stand on: the macvlan, where there is one. */
export const placeOfAddresses = (router: Placeable): string =>
  router.virtualMac ? virtualMacInterface(router.family, router.vrid) : router.interface;

/** The interface under such a macvlan, and what of its sysctls was changed: its own values as they were before. */
export interface ParentSettings {
  readonly interface: string;
  readonly linkIndex: number;
  readonly arpIgnore: number;
  readonly arpAnnounce: number;
}

/** What an agent has made and changed for virtual MAC addresses, or was about to. */
export interface VirtualMacLeftovers {
  /** Names of macvlans. */
  readonly links: readonly string[];
  readonly parents: readonly ParentSettings[];
}

export const NO_VIRTUAL_MACS: VirtualMacLeftovers = { links: [], parents: [] };
