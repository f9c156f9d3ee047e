// The macvlan of each virtual router that has a virtual MAC address (RFC 9568 §7.3): made, prepared and taken away.
// No addresses, and whether it is up: that is the keeper's, with its addresses.
import type { VirtualRouterSettings } from '../config/settings.js';
import type { Executor } from '../executor/executor.js';
import { failuresOf, type PlannedLine } from '../executor/script-outcome.js';
import type { Kernel } from '../kernel/kernel.js';
import { ipv4SettingsMessage } from '../kernel/link-settings.js';
import type { AddressWithPrefix, Family } from '../model/address.js';
import type { Link } from '../model/link.js';
import {
  NO_VIRTUAL_MACS,
  placeOfAddresses,
  virtualMacAddress,
  virtualMacNamed,
  type ParentSettings,
  type VirtualMacLeftovers,
} from '../model/virtual-mac.js';
import type { VirtualMacStatus } from '../model/status.js';
import { after, earlier, microseconds, type Instant } from '../model/units.js';
import { linkRemovalLines } from '../model/netlink-script.js';
import { scriptRequest, type Runner } from './keeping.js';
import { MulticastSilence } from './multicast-silence.js';
import type { Network } from './network.js';
import {
  holdsParent,
  parentOf,
  prepareLink,
  putBackParent,
  stillChanged,
} from './virtual-mac-settings.js';

/** What failed is tried again this much later; so often, too, the parents' settings are looked at. */
const RETRY = microseconds(5_000_000);

export interface VirtualMacOptions {
  readonly network: Network;
  readonly kernel: Pick<
    Kernel,
    | 'ipv4Settings'
    | 'setIpv4Settings'
    | 'setIpv6Settings'
    | 'dropMulticastReports'
    | 'openMembership'
  >;
  readonly executor: Pick<Executor, 'run'>;
  readonly now: () => Instant;
  /** What an agent leaves behind, should it die now, has changed. */
  readonly onStandingChanged: () => void;
  /** Has everything looked at once more. */
  readonly wake: () => void;
  /** Writes state.json: what is about to be changed is known there before it is. */
  readonly recordAhead: () => Promise<void>;
}

interface Wanted {
  readonly name: string;
  readonly parent: string;
  readonly family: Family;
  readonly addresses: readonly AddressWithPrefix[];
  readonly macAddress: string;
  readonly virtualRouter: string;
}

/** What has to be done about one of them. */
type Verdict = 'nothing' | 'make' | 'make-anew' | 'prepare' | { readonly problem: string };

export class VirtualMacs {
  readonly #options: VirtualMacOptions;
  readonly #silence: MulticastSilence;
  #runner: Runner = { script: '', timeoutSeconds: 5 };
  #wanted = new Map<string, Wanted>();
  /** By name: the index of those that are prepared. */
  readonly #ready = new Map<string, number>();
  /** By name, in words. */
  readonly #problems = new Map<string, string>();
  /** By the parent's name, as long as they differ from what they were. */
  readonly #parents = new Map<string, ParentSettings>();
  /** Ours, and no longer wanted. */
  readonly #stale = new Set<string>();
  /** A script was told to make them, and the kernel has not said yet that they are there. */
  readonly #making = new Set<string>();
  /** By name: the index of one that stood on another interface, and is replaced. */
  readonly #replaced = new Map<string, number>();
  #running = false;
  #suspended = false;
  #retryAt: Instant | null = null;
  #checkAt: Instant | null = null;
  #revision = -1;

  constructor(options: VirtualMacOptions) {
    this.#options = options;
    this.#silence = new MulticastSilence(options.kernel);
  }

  get dueAt(): Instant | null {
    return this.#suspended ? null : earlier(this.#retryAt, this.#checkAt);
  }

  /** `left`: of an agent before this one. */
  configure(
    vip: Runner,
    routers: readonly VirtualRouterSettings[],
    left: VirtualMacLeftovers = NO_VIRTUAL_MACS,
  ): void {
    this.#runner = vip;
    const before = [...this.#wanted.keys(), ...left.links];
    this.#wanted = new Map(routers.flatMap(wantedOf).map((one) => [one.name, one]));
    for (const name of before) if (!this.#wanted.has(name)) this.#stale.add(name);
    for (const name of this.#wanted.keys()) this.#stale.delete(name);
    for (const name of [...this.#ready.keys(), ...this.#problems.keys()]) {
      if (!this.#wanted.has(name)) this.#forget(name);
    }
    this.#silence.retry();
    for (const parent of left.parents) this.#parents.set(parent.interface, parent);
    this.#revision = -1;
  }

  /** From now on nothing is made any more: the executor's will does what remains. */
  suspend(): void {
    this.#suspended = true;
  }

  /** Whether addresses may be put on this interface: any that is no macvlan of ours, and those that are prepared. */
  isReady(interfaceName: string): boolean {
    return !this.#wanted.has(interfaceName) || this.#ready.has(interfaceName);
  }

  /** Why it cannot be had; null while nothing is wrong. */
  problemOf(interfaceName: string): string | null {
    return this.#problems.get(interfaceName) ?? null;
  }

  /** Of this virtual router; null when it is to have none. */
  statusOf(virtualRouter: string): VirtualMacStatus | null {
    const one = [...this.#wanted.values()].find((other) => other.virtualRouter === virtualRouter);
    if (one === undefined) return null;
    const { name, macAddress: address } = one;
    const link = this.#options.network.linkNamed(name);
    const problem = this.problemOf(name);
    return {
      address,
      interface: name,
      inUse: this.#isOurs(link) && link?.up === true,
      ...(problem === null ? {} : { problem }),
    };
  }

  /** In words, for health. */
  problems(): string[] {
    return [...this.#wanted.values()].flatMap(({ name, virtualRouter }) => {
      const lacks = this.#problems.get(name);
      if (lacks !== undefined) return [`${virtualRouter}: no virtual MAC address: ${lacks}`];
      const loud = this.#silence.problemOf(name);
      return loud === null ? [] : [`${virtualRouter}: ${loud}`];
    });
  }

  /** What the next agent, the will and a release must know. */
  leftovers(): VirtualMacLeftovers {
    return {
      links: [...this.#wanted.keys(), ...this.#stale],
      parents: [...this.#parents.values()],
    };
  }

  /** Those that are there. */
  present(): string[] {
    return this.leftovers().links.filter((name) =>
      this.#isOurs(this.#options.network.linkNamed(name)),
    );
  }

  /** Those that a will has to take away: they are there, or may be in a moment. The script is content with one that is not. */
  removable(): string[] {
    const { network } = this.#options;
    const coming = [...this.#making].filter((name) => network.linkNamed(name) === undefined);
    return [...this.present(), ...coming];
  }

  /** After the will was done: what is left nevertheless. */
  remaining(): VirtualMacLeftovers {
    const { network, kernel } = this.#options;
    return {
      links: this.present(),
      parents: stillChanged(kernel, network, this.#parents.values()),
    };
  }

  /** The netlink messages that give the parents back what they had. */
  putBackMessages(): Uint8Array[] {
    return [...this.#parents.values()].flatMap(({ linkIndex, ...before }) => {
      const link = this.#options.network.linkAt(linkIndex);
      if (link === undefined) return [];
      const { arpIgnore, arpAnnounce } = before;
      return [ipv4SettingsMessage(linkIndex, { arpIgnore, arpAnnounce })];
    });
  }

  /** Does what there is to do, by what the kernel has told. */
  look(): void {
    const now = this.#options.now();
    const { revision } = this.#options.network;
    const isDue = this.dueAt !== null && now >= (this.dueAt ?? now);
    if (this.#suspended || (revision === this.#revision && !isDue)) return;
    this.#revision = revision;
    if (this.#retryAt !== null && now >= this.#retryAt) this.#retryAt = null;
    if (this.#checkAt !== null && now >= this.#checkAt) this.#holdParents();
    this.#checkAt = this.#parents.size === 0 ? null : (this.#checkAt ?? after(now, RETRY));
    this.#dropParents();
    const lines = [...this.#staleLines(), ...this.#wantedLines()];
    const unrecorded = this.#unrecordedParents();
    if ((lines.length > 0 || unrecorded.length > 0) && !this.#running) {
      void this.#run(lines, unrecorded);
    }
  }

  #staleLines(): PlannedLine[] {
    return [...this.#stale].flatMap((name) => {
      if (!this.#isOurs(this.#options.network.linkNamed(name))) {
        this.#stale.delete(name);
        return [];
      }
      return this.#retryAt === null
        ? linkRemovalLines([name]).map((line) => ({ line, owner: name }))
        : [];
    });
  }

  /** Another interface may have the name: its MAC address says whose it is. */
  #isOurs = (link: Link | undefined): boolean =>
    link !== undefined && virtualMacNamed(link.name)?.macAddress === link.macAddress;

  #wantedLines(): PlannedLine[] {
    return [...this.#wanted.values()].flatMap((one) => {
      const verdict = this.#judge(one);
      if (typeof verdict === 'object') {
        this.#fail(one.name, verdict.problem);
        return [];
      }
      if (verdict === 'prepare') this.#prepare(one);
      if (verdict !== 'make' && verdict !== 'make-anew') return [];
      this.#ready.delete(one.name);
      if (this.#retryAt !== null && this.#problems.has(one.name)) return [];
      this.#making.add(one.name);
      const removal = verdict === 'make-anew' ? linkRemovalLines([one.name]) : [];
      return [...removal, ...additionLines(one)].map((line) => ({ line, owner: one.name }));
    });
  }

  #judge(one: Wanted): Verdict {
    const { name, parent: parentName, macAddress } = one;
    const { network } = this.#options;
    const parent = network.linkNamed(parentName);
    const link = network.linkNamed(name);
    if (parent === undefined) {
      // A fault of the link, which has words of its own.
      this.#forget(name);
      return 'nothing';
    }
    const refused = refusalOf(parent, network);
    if (refused !== null) return { problem: refused };
    if (link === undefined) return 'make';
    this.#making.delete(name);
    if (link.macAddress !== macAddress) {
      return { problem: `there is another interface ${name}, with ${link.macAddress}: rename it` };
    }
    if (link.lower !== parent.index) return this.#elsewhere(one, link);
    this.#replaced.delete(name);
    if (this.#ready.get(name) !== link.index) return 'prepare';
    this.#silence.keep(one, link, parent);
    return 'nothing';
  }

  /** It stands on another interface: of an agent before us, or as often as we make it. */
  #elsewhere({ name, parent }: Wanted, link: Link): Verdict {
    const replaced = this.#replaced.get(name) ?? link.index;
    if (replaced !== link.index) {
      return {
        problem: `${parent} is a macvlan itself, so ${name} stands on the interface under it: name that one as interface`,
      };
    }
    this.#replaced.set(name, link.index);
    return 'make-anew';
  }

  #prepare(one: Wanted): void {
    const { network, kernel } = this.#options;
    const link = network.linkNamed(one.name);
    const parent = network.linkNamed(one.parent);
    if (link === undefined || parent === undefined || this.#running) return;
    if (one.family === 'ipv4' && !this.#parents.has(one.parent)) return;
    if (this.#retryAt !== null && this.#problems.has(one.name)) return;
    try {
      prepareLink(kernel, one.family, link, parent);
      if (one.family === 'ipv4') holdsParent(kernel, parent);
      this.#silence.keep(one, link, parent);
      this.#ready.set(one.name, link.index);
      this.#problems.delete(one.name);
      this.#options.onStandingChanged();
    } catch (error) {
      this.#fail(one.name, (error as Error).message);
    }
  }

  #fail(name: string, problem: string): void {
    this.#ready.delete(name);
    this.#making.delete(name);
    this.#problems.set(name, problem);
    this.#retryAt ??= after(this.#options.now(), RETRY);
  }

  #forget(name: string): void {
    this.#silence.forget(name);
    this.#ready.delete(name);
    this.#problems.delete(name);
  }

  /** Parents of IPv4 whose settings are about to be changed, and are written down first. */
  #unrecordedParents(): string[] {
    const needed = [...this.#wanted.values()].filter(({ family }) => family === 'ipv4');
    const names = new Set(needed.map(({ parent }) => parent));
    return [...names].filter(
      (name) => !this.#parents.has(name) && this.#options.network.linkNamed(name) !== undefined,
    );
  }

  /** Somebody may have loaded his sysctls again. */
  #holdParents(): void {
    this.#checkAt = null;
    for (const { interface: name, linkIndex } of this.#parents.values()) {
      const parent = this.#options.network.linkNamed(name);
      if (parent?.index !== linkIndex) continue;
      try {
        holdsParent(this.#options.kernel, parent);
      } catch (error) {
        for (const one of this.#wanted.values()) {
          if (one.parent === name) this.#fail(one.name, (error as Error).message);
        }
      }
    }
  }

  /** One that nobody needs any longer is put back; one that is gone, or was made anew, has nothing of ours. */
  #dropParents(): void {
    const needed = new Set([...this.#wanted.values()].map(({ parent }) => parent));
    for (const parent of this.#parents.values()) {
      const link = this.#options.network.linkAt(parent.linkIndex);
      if (link !== undefined && needed.has(parent.interface) && link.name === parent.interface)
        continue;
      if (link !== undefined && needed.has(parent.interface)) continue;
      if (link !== undefined) putBackParent(this.#options.kernel, parent, link);
      this.#parents.delete(parent.interface);
    }
  }

  async #run(lines: readonly PlannedLine[], unrecorded: readonly string[]): Promise<void> {
    const { network, kernel, executor, recordAhead, onStandingChanged, wake } = this.#options;
    this.#running = true;
    for (const name of unrecorded) {
      const link = network.linkNamed(name);
      if (link !== undefined) this.#parents.set(name, parentOf(kernel, link));
    }
    await recordAhead();
    const result =
      lines.length === 0 || this.#suspended
        ? null
        : await executor.run(
            scriptRequest(
              this.#runner,
              lines.map(({ line }) => line),
            ),
          );
    this.#running = false;
    const failures = result === null ? new Map<string | null, string>() : failuresOf(result, lines);
    for (const [name, failure] of failures) if (name !== null) this.#fail(name, failure);
    this.#revision = -1;
    onStandingChanged();
    wake();
  }
}

/** Why no macvlan can serve on this interface, in words; null when one can. */
function refusalOf(parent: Link, network: Pick<Network, 'linkAt'>): string | null {
  const { name, controller, noArp } = parent;
  if (noArp === true) return `${name} has no ARP (a VRF, a tunnel): name an Ethernet interface`;
  if (controller === undefined) return null;
  const by = network.linkAt(controller);
  // Of all that interfaces belong to, a VRF alone has no ARP.
  if (by?.noArp === true) return `${name} belongs to the VRF ${by.name}: take ${name} out of it`;
  const found = by?.name ?? 'another interface';
  return `${name} belongs to ${found}: name ${found} as interface, or take ${name} out of it`;
}

/** The macvlan of the virtual router, if it is to have one. */
function wantedOf(router: VirtualRouterSettings): Wanted[] {
  const { virtualMac, family, vrid, addresses, interface: parent, name: virtualRouter } = router;
  if (!virtualMac) return [];
  const macAddress = virtualMacAddress(family, vrid);
  const name = placeOfAddresses(router);
  return [{ name, parent, family, addresses, macAddress, virtualRouter }];
}

/**
 * Mode bridge: of frames that come from our own virtual MAC address, which are those of a rival, a private macvlan
 * takes the multicast ones away from its parent, where advertisements are heard. No address of its own making.
 */
const additionLines = ({ name, parent, macAddress }: Wanted): string[] => [
  `link add link ${parent} name ${name} address ${macAddress} type macvlan mode bridge`,
  `link set dev ${name} addrgenmode none`,
];
