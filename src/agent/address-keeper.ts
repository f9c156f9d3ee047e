// Makes the kernel's addresses what the core wants: one script at a time, newest desire wins, and
// the outcome comes back as an event. It decides nothing about roles.
import type { Settings, VirtualRouterSettings } from '../config/settings.js';
import type { InstanceEvent } from '../core/interface.js';
import type { Executor } from '../executor/executor.js';
import { formatAddressWithPrefix, type AddressWithPrefix } from '../model/address.js';
import type { LinkAddress } from '../model/link.js';
import { releaseScript, type AddressTarget } from '../model/netlink-script.js';
import { after, earlier, microseconds, type Instant } from '../model/units.js';
import {
  disinherit,
  keysOf,
  linesFor,
  longestActiveDown,
  sameAddress,
  scriptRequest,
  targetOf,
  unclaimed,
  type Keeping,
} from './keeping.js';
import type { Network } from './network.js';
import { failuresOf, type PlannedLine } from './script-outcome.js';

/** Addresses that could not be removed, and strays, are tried again this much later. */
const RETRY = microseconds(1_000_000);
/**
 * The kernel takes an IPv6 address into service a little after the script that added it, even without
 * duplicate address detection. Longer than this is not waited for it to say so: a script of the user's
 * own may put the address elsewhere than on this interface.
 */
const SERVICE_DELAY = microseconds(50_000);

export interface KeeperOptions {
  readonly network: Network;
  readonly executor: Executor;
  /** Gives the core an event; it is taken after the present wake-up. */
  readonly submit: (event: InstanceEvent) => void;
  readonly now: () => Instant;
  /** Addresses that a release could not remove. */
  readonly onStuck: (virtualRouter: string, detail: string) => void;
  /** What may stand on an interface has changed: state.json and the last will need to know. */
  readonly onStandingChanged: () => void;
}

export class AddressKeeper {
  readonly #options: KeeperOptions;
  readonly #kept = new Map<string, Keeping>();
  /** Of virtual routers that a reload removed while their addresses still stand. */
  #orphans: AddressTarget[] = [];
  #vip: Settings['vip'] = { script: '', leaseSeconds: 0 };
  #running = false;
  #suspended = false;
  /** The script puts addresses on the interface, as the kernel has shown; one of the user's own need not. */
  #putsHere = false;
  /** What the kernel had told when it was last looked at. */
  #revision = -1;
  #retryAt: Instant | null = null;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** When something is due: another try of what failed, or an address not in service; null for never. */
  get dueAt(): Instant | null {
    let due = this.#retryAt;
    for (const { serviceBy, inheritedUntil } of this.#kept.values()) {
      due = earlier(due, earlier(serviceBy, inheritedUntil));
    }
    return due;
  }

  /**
   * Takes over new settings. `leftovers` are addresses an earlier agent may have left: those of a
   * virtual router that does not want them now are removed; when it died as Active (`inherits`), only
   * once somebody else has the role, or Active_Down_Interval is over.
   */
  configure(
    vip: Settings['vip'],
    routers: readonly VirtualRouterSettings[],
    leftovers: readonly AddressTarget[],
    inherits = false,
  ): void {
    if (vip.script !== this.#vip.script) this.#putsHere = false;
    this.#vip = vip;
    const names = new Set(routers.map(({ name }) => name));
    for (const [name, keeping] of this.#kept) {
      if (names.has(name)) continue;
      if (keeping.standing !== null) this.#orphans.push(keeping.standing);
      this.#kept.delete(name);
    }
    const claimed = new Set(routers.flatMap(keysOf));
    this.#orphans.push(...unclaimed(leftovers, claimed));
    const left = new Set(leftovers.flatMap(keysOf));
    for (const settings of routers) this.#keep(settings, left, inherits);
  }

  #keep(settings: VirtualRouterSettings, leftovers: ReadonlySet<string>, inherits: boolean): void {
    const known = this.#kept.get(settings.name);
    if (known !== undefined && known.settings.interface === settings.interface) {
      if (keysOf(settings).join() !== keysOf(known.settings).join()) known.seen = false;
      known.settings = settings;
      return;
    }
    if (known?.standing) this.#orphans.push(known.standing);
    const present = this.#presentOf(settings);
    const owned =
      settings.priority === 255 &&
      present.length === settings.addresses.length &&
      !keysOf(settings).some((key) => leftovers.has(key));
    const left = present.length > 0 && !owned;
    const inherited = left && inherits;
    this.#kept.set(settings.name, {
      settings,
      owned,
      wanted: false,
      due: left && !inherited ? 'now' : null,
      adding: false,
      confirmed: false,
      serviceBy: null,
      disturbed: false,
      linkIndex: this.#options.network.linkNamed(settings.interface)?.index ?? null,
      seen: false,
      standing: inherited ? targetOf(settings) : null,
      inheritedUntil: inherited ? after(this.#options.now(), longestActiveDown(settings)) : null,
    });
  }

  /** The virtual routers whose addresses are kept for an agent that died. */
  inherited(): ReadonlySet<string> {
    const kept = [...this.#kept].filter(([, { inheritedUntil }]) => inheritedUntil !== null);
    return new Set(kept.map(([name]) => name));
  }

  /** Somebody else advertises the virtual router: what was kept for the dead one goes. */
  successorHeard(virtualRouter: string): void {
    const keeping = this.#kept.get(virtualRouter);
    if (keeping !== undefined && keeping.inheritedUntil !== null) disinherit(keeping);
  }

  /** The addresses of the virtual router that stand on its interface, by the kernel's word. */
  present(virtualRouter: string): AddressWithPrefix[] {
    const keeping = this.#kept.get(virtualRouter);
    return keeping === undefined ? [] : this.#presentOf(keeping.settings);
  }

  /** Everything that may stand on an interface because of us, the address owners' excepted. */
  standing(): AddressTarget[] {
    const kept = [...this.#kept.values()].map(({ standing }) => standing);
    return [...kept.filter((target) => target !== null), ...this.#orphans];
  }

  /** Of `standing`, what the kernel says does stand there. */
  remaining(): AddressTarget[] {
    return this.standing()
      .map(({ interface: name, addresses }) => {
        const present = this.#options.network.addressesOn(name);
        const left = addresses.filter((one) => present.some((two) => sameAddress(one, two)));
        return { interface: name, addresses: left };
      })
      .filter(({ addresses }) => addresses.length > 0);
  }

  /** Whether an address that is wanted was removed, and is not being put back yet. */
  get disturbed(): boolean {
    return [...this.#kept.values()].some(({ wanted, disturbed }) => wanted && disturbed);
  }

  want(virtualRouter: string, present: boolean): void {
    const keeping = this.#kept.get(virtualRouter);
    if (keeping === undefined) return;
    keeping.wanted = present;
    keeping.inheritedUntil = null;
    keeping.adding = false;
    keeping.confirmed = false;
    keeping.serviceBy = null;
    keeping.disturbed = false;
    keeping.seen = false;
    keeping.due = 'now';
  }

  /** An address vanished from an interface. */
  addressRemoved(address: LinkAddress): void {
    for (const keeping of this.#concerned(address)) {
      if (keeping.wanted && !keeping.disturbed) this.#lose(keeping);
    }
  }

  #lose(keeping: Keeping): void {
    keeping.disturbed = true;
    if (keeping.confirmed) this.#tell('addresses-removed', keeping);
  }

  /** An address appeared or changed on an interface: one that nobody wants there is removed again. */
  addressAdded(address: LinkAddress): void {
    for (const keeping of this.#concerned(address)) {
      if (keeping.serviceBy !== null && this.#serves(keeping)) this.#confirm(keeping);
      if (keeping.wanted || keeping.owned || keeping.due !== null || this.#running) continue;
      if (keeping.inheritedUntil !== null) continue;
      keeping.due = 'retry';
      this.#retryAt ??= after(this.#options.now(), RETRY);
    }
  }

  /**
   * The kernel has told what it had to tell. Addresses that stand now by its word are present, though the
   * script that put them there has yet to end: on a busy machine that takes a hundred milliseconds, in
   * which the hosts would go on sending to the one before us. Addresses that stood and no longer do are
   * lost, whether or not it was told how: notices may have been dropped, or the interface replaced by
   * another one of its name.
   */
  kernelTold(): void {
    const { revision } = this.#options.network;
    const news = revision !== this.#revision;
    this.#revision = revision;
    for (const keeping of this.#kept.values()) {
      if (!keeping.wanted || (!news && !keeping.adding)) continue;
      if (!this.#stands(keeping)) {
        if (keeping.seen && !keeping.disturbed) this.#lose(keeping);
        continue;
      }
      const put = keeping.adding || keeping.serviceBy !== null;
      if (!put && !keeping.confirmed) continue;
      keeping.seen = true;
      this.#putsHere = true;
      if (!keeping.confirmed && !keeping.disturbed) this.#confirm(keeping);
    }
  }

  /** From now on no script is started: the executor's will does what remains. */
  suspend(): void {
    this.#suspended = true;
  }

  /** Starts the script for everything that changed, unless one is running. */
  flush(): void {
    const now = this.#options.now();
    for (const keeping of this.#kept.values()) {
      if (keeping.serviceBy !== null && now >= keeping.serviceBy) this.#notInService(keeping);
      if (keeping.inheritedUntil !== null && now >= keeping.inheritedUntil) disinherit(keeping);
    }
    if (this.#running || this.#suspended) return;
    if (this.#retryAt !== null) {
      if (now < this.#retryAt && !this.#urgent()) return;
      this.#retryAt = null;
    }
    if (!this.#isDue()) return;
    const lines = this.#plan();
    if (lines.length > 0) void this.#run(lines);
  }

  /** Asked after every wake-up. */
  #isDue(): boolean {
    if (this.#orphans.length > 0) return true;
    for (const { due } of this.#kept.values()) if (due !== null) return true;
    return false;
  }

  /** A change of the core's mind does not wait for the retry of something else. */
  #urgent(): boolean {
    return [...this.#kept.values()].some(({ due }) => due === 'now');
  }

  #plan(): PlannedLine[] {
    const lines: PlannedLine[] = [];
    const orphans = this.#orphans;
    for (const orphan of orphans) {
      for (const line of releaseScript(orphan)) lines.push({ line, owner: null });
    }
    for (const [owner, keeping] of this.#kept) {
      if (keeping.due === null) continue;
      keeping.due = null;
      if (keeping.owned) {
        if (keeping.wanted) this.#tell('addresses-present', keeping);
        continue;
      }
      for (const line of linesFor(keeping, this.#vip.leaseSeconds)) lines.push({ line, owner });
      if (keeping.wanted) {
        keeping.standing = targetOf(keeping.settings);
        keeping.linkIndex = this.#indexOf(keeping);
      }
      keeping.adding = keeping.wanted;
      keeping.disturbed = false;
    }
    if (lines.length > 0) this.#options.onStandingChanged();
    return lines;
  }

  async #run(lines: readonly PlannedLine[]): Promise<void> {
    this.#running = true;
    const orphans = this.#orphans;
    const wanted = new Map([...this.#kept].map(([name, { wanted: want }]) => [name, want]));
    const result = await this.#options.executor.run(
      scriptRequest(
        this.#vip.script,
        lines.map(({ line }) => line),
      ),
    );
    this.#running = false;
    const failures = failuresOf(result, lines);
    const orphansFailed = failures.get(null);
    if (orphansFailed === undefined) {
      this.#orphans = this.#orphans.filter((orphan) => !orphans.includes(orphan));
    } else if (orphans.length > 0) this.#stuck('', orphansFailed);
    for (const owner of new Set(lines.map((line) => line.owner))) {
      if (owner !== null) this.#settle(owner, wanted.get(owner) === true, failures.get(owner));
    }
    this.#options.onStandingChanged();
    // A wake-up follows in any case: it flushes whatever was wanted meanwhile.
    this.#options.submit({ kind: 'deadline' });
  }

  #settle(virtualRouter: string, made: boolean, failure: string | undefined): void {
    const keeping = this.#kept.get(virtualRouter);
    if (keeping === undefined) return;
    if (!made) {
      if (failure === undefined && !keeping.wanted) keeping.standing = null;
      if (failure !== undefined && !keeping.wanted) {
        keeping.due = 'retry';
        this.#stuck(virtualRouter, failure);
      }
      return;
    }
    if (!keeping.wanted) return;
    keeping.adding = false;
    if (failure !== undefined) {
      this.#options.submit({ kind: 'addresses-failed', virtualRouter, detail: failure });
      return;
    }
    if (keeping.due === 'now' || keeping.confirmed) return;
    if (keeping.disturbed || this.#serves(keeping)) this.#confirm(keeping);
    else keeping.serviceBy = after(this.#options.now(), SERVICE_DELAY);
  }

  #confirm(keeping: Keeping): void {
    keeping.serviceBy = null;
    keeping.confirmed = true;
    this.#tell(keeping.disturbed ? 'addresses-removed' : 'addresses-present', keeping);
  }

  /** The kernel had its time since the script succeeded: what it lacks even so is lost, not late. */
  #notInService(keeping: Keeping): void {
    const present = this.#presentOf(keeping.settings);
    if (this.#putsHere && present.length < keeping.settings.addresses.length) {
      keeping.disturbed = true;
    }
    this.#confirm(keeping);
  }

  /** Once the script has ended: for IPv4 that it succeeded says so, where it puts addresses elsewhere. */
  #serves(keeping: Keeping): boolean {
    return (keeping.settings.family === 'ipv4' && !this.#putsHere) || this.#stands(keeping);
  }

  /** Whether the kernel answers for all of them, by its own word. */
  #stands({ settings }: Keeping): boolean {
    if (settings.family === 'ipv4') {
      const texts = this.#options.network.addressTextsOn(settings.interface);
      return settings.addresses.every((virtual) => texts.has(formatAddressWithPrefix(virtual)));
    }
    const standing = this.#options.network.addressesOn(settings.interface);
    return settings.addresses.every((virtual) =>
      standing.some((address) => address.usable && sameAddress(virtual, address)),
    );
  }

  #stuck(virtualRouter: string, detail: string): void {
    this.#retryAt = after(this.#options.now(), RETRY);
    this.#options.onStuck(virtualRouter, detail);
  }

  #tell(kind: 'addresses-present' | 'addresses-removed', { settings }: Keeping): void {
    this.#options.submit({ kind, virtualRouter: settings.name });
  }

  #concerned(address: LinkAddress): Keeping[] {
    return [...this.#kept.values()].filter(
      (keeping) =>
        keeping.linkIndex === address.linkIndex &&
        keeping.settings.addresses.some((virtual) => sameAddress(virtual, address)),
    );
  }

  #indexOf({ settings }: Keeping): number | null {
    return this.#options.network.linkNamed(settings.interface)?.index ?? null;
  }

  #presentOf(settings: VirtualRouterSettings): AddressWithPrefix[] {
    // Hundreds on either side: no comparing of each with each.
    const standing = this.#options.network.addressTextsOn(settings.interface);
    return settings.addresses.filter((virtual) => standing.has(formatAddressWithPrefix(virtual)));
  }
}
