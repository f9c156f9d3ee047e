// From instances to virtual routers: addresses of another interface or family get a virtual router of their own, and
// no address, VRID or name stands twice. No priorities: see settings.ts.
import {
  familyOf,
  formatAddressWithPrefix,
  isLinkLocal,
  parseAddress,
  type AddressWithPrefix,
  type Family,
} from '../model/address.js';
import { MAXIMUM_ADDRESSES, MAXIMUM_IPV6_ADDRESSES } from '../config/schema.js';
import type { Account } from './account.js';
import type { Instance, VirtualAddress } from './parts.js';

/** A virtual router as the settings file has it, but for what depends on the others. */
export interface ImportedRouter {
  readonly name: string;
  /** The instance that it came from. */
  readonly instance: Instance;
  readonly interface: string;
  readonly family: Family;
  readonly vrid: number;
  readonly addresses: AddressWithPrefix[];
  readonly virtualMac: boolean;
  readonly acceptMode: boolean;
}

const MOST_ADDRESSES: Readonly<Record<Family, number>> = {
  ipv4: MAXIMUM_ADDRESSES,
  ipv6: MAXIMUM_IPV6_ADDRESSES,
};
/** Limit of docs/SETTINGS.md. */
const MOST_ROUTERS = 1024;

export function routersOf(instances: readonly Instance[], account: Account): ImportedRouter[] {
  if (instances.length > MOST_ROUTERS) {
    failMany(instances.length, instances, account);
    return [];
  }
  const names = new Names();
  const routers: ImportedRouter[] = [];
  const mains = instances.map((instance) => {
    const main = mainRouter(instance, names, routers, account);
    const taken = routers.find((one) => sameVrid(one, main));
    if (taken === undefined) routers.push(main);
    else failVrid(main, taken, account);
    return main;
  });
  const seen = new Set<string>();
  for (const [index, instance] of instances.entries()) {
    const main = mains[index];
    if (main === undefined || routers.length > MOST_ROUTERS) continue;
    for (const one of instance.addresses) {
      place(one, main, routers, { names, seen, account });
    }
  }
  const held = routers.filter((router) => hasAddresses(router, account));
  for (const router of held) finish(router, account);
  if (held.length > MOST_ROUTERS) failMany(held.length, instances, account);
  return held;
}

/** An instance may advertise where none of its addresses are; a virtual router advertises where its addresses are. */
function hasAddresses(router: ImportedRouter, account: Account): boolean {
  if (router.addresses.length > 0) return true;
  account.changed(
    router.instance.place,
    `no virtual router on ${router.interface}: no address of the instance is left there, and advertisements go where the addresses are`,
  );
  return false;
}

const failMany = (found: number, instances: readonly Instance[], account: Account): void =>
  account.fail({
    place: instances.at(-1)?.place ?? { file: '', line: 1 },
    expected: `at most ${MOST_ROUTERS} virtual routers`,
    found: `${found} and more`,
    remedy: 'divide them between several pairs',
  });

const sameVrid = (
  one: Pick<ImportedRouter, 'interface' | 'family' | 'vrid'>,
  other: Pick<ImportedRouter, 'interface' | 'family' | 'vrid'>,
): boolean =>
  one.interface === other.interface && one.family === other.family && one.vrid === other.vrid;

function failVrid(router: ImportedRouter, taken: ImportedRouter, account: Account): void {
  account.fail({
    place: router.instance.place,
    expected: `a virtual_router_id of its own for every instance on ${router.interface}`,
    found: `${router.vrid}, which ${taken.instance.name} has too`,
    remedy: 'give one of the two another one, on both hosts, before you move',
  });
}

function mainRouter(
  instance: Instance,
  names: Names,
  before: readonly ImportedRouter[],
  account: Account,
): ImportedRouter {
  const advertised = instance.addresses.find(({ excluded }) => !excluded);
  const family = advertised === undefined ? 'ipv4' : familyOf(advertised.value.address);
  const name = names.of(instance.name);
  if (name !== instance.name) {
    account.changed(instance.place, `called ${name}: a name has letters, digits, ".", "_" and "-"`);
  }
  return {
    name,
    instance,
    interface: instance.interface,
    family,
    vrid: instance.vrid,
    addresses: [],
    virtualMac: virtualMacOf(instance, family, before, account),
    acceptMode: acceptModeOf(instance, account),
  };
}

/** Whether it has a virtual MAC address here, too. */
function virtualMacOf(
  { vmacAt: at, priority, vrid }: Instance,
  family: Family,
  before: readonly ImportedRouter[],
  account: Account,
): boolean {
  if (at === null) return false;
  const same = before.find((one) => one.virtualMac && one.vrid === vrid && one.family === family);
  if (priority !== 255 && same === undefined) {
    account.kept(at, 'virtualMac: true');
    return true;
  }
  account.dropped(
    at,
    same === undefined
      ? 'the owner of the addresses (priority 255) has none: its interface answers with its own MAC address'
      : `${same.name} has this one: a VRID has one virtual MAC address here, so give one of the two another virtual_router_id, on both hosts`,
  );
  return false;
}

function acceptModeOf({ noAcceptAt: at }: Instance, account: Account): boolean {
  if (at === null) return true;
  account.kept(at, 'acceptMode: false');
  return false;
}

interface Placing {
  readonly names: Names;
  readonly seen: Set<string>;
  readonly account: Account;
}

/** Puts an address where it belongs. */
function place(
  one: VirtualAddress,
  main: ImportedRouter,
  routers: ImportedRouter[],
  { names, seen, account }: Placing,
): void {
  const { instance } = main;
  const device = one.device ?? instance.interface;
  const family = familyOf(one.value.address);
  const identity = isLinkLocal(one.value.address)
    ? `${one.value.address} ${device}`
    : one.value.address;
  if (seen.has(identity)) {
    account.changed(one.place, `${one.value.address} stands in this file already: once is enough`);
    return;
  }
  seen.add(identity);
  if (device === main.interface && family === main.family) {
    if (one.excluded) {
      account.changed(one.place, 'advertised as well: every router of the group lists the same');
    }
    main.addresses.push(one.value);
    return;
  }
  const wish = { interface: device, family, vrid: instance.vrid };
  const known = routers.find((router) => sameVrid(router, wish));
  if (known !== undefined) {
    account.changed(one.place, `on ${device} it belongs to the virtual router ${known.name}`);
    known.addresses.push(one.value);
    return;
  }
  const suffix = device === instance.interface ? family : device;
  const name = names.of(`${main.name}-${suffix}`);
  account.changed(
    one.place,
    `a virtual router of its own, ${name}: ${device} carries its advertisements too, and moves with the others`,
  );
  // A VRID has one virtual MAC address per family, wherever it is.
  const virtualMac = main.virtualMac && device === main.interface;
  routers.push({ ...main, ...wish, name, virtualMac, addresses: [one.value] });
}

/** RFC 9568 §5.2.9: the first IPv6 address is link-local. */
function finish(router: ImportedRouter, account: Account): void {
  const { addresses, instance, family } = router;
  if (family === 'ipv6') {
    const at = addresses.findIndex(({ address }) => isLinkLocal(address));
    const [first] = at < 0 ? [linkLocalOf(router.vrid)] : addresses.splice(at, 1);
    if (first !== undefined) addresses.unshift(first);
    const text = first === undefined ? '' : formatAddressWithPrefix(first);
    if (at < 0) {
      account.changed(
        instance.place,
        `${text} is added in front: RFC 9568 wants a link-local address first, on every router of the group`,
      );
    } else if (at > 0) account.changed(instance.place, `${text} comes first, as RFC 9568 wants it`);
  }
  if (addresses.length <= MOST_ADDRESSES[family]) return;
  account.fail({
    place: instance.place,
    expected: `at most ${MOST_ADDRESSES[family]} addresses in one virtual router`,
    found: `${addresses.length}, the excluded ones among them`,
    remedy: 'divide them between two instances, on both hosts, before you move',
  });
}

/** The one that the virtual MAC address 00-00-5E-00-02-VRID would have (RFC 9568 §7.3, RFC 4291). */
function linkLocalOf(vrid: number): AddressWithPrefix | undefined {
  const address = parseAddress(`fe80::200:5eff:fe00:${(0x200 + vrid).toString(16)}`);
  return address === null ? undefined : { address, prefixLength: 64 };
}

/** Names as the settings take them, each once. */
export class Names {
  readonly #taken: Set<string>;

  constructor(taken: readonly string[] = []) {
    this.#taken = new Set(taken);
  }

  of(wish: string): string {
    const plain = wish.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
    const short = plain.slice(0, 60) || 'unnamed';
    let name = short;
    for (let count = 2; this.#taken.has(name); count += 1) name = `${short}-${count}`;
    this.#taken.add(name);
    return name;
  }
}
