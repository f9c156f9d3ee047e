// Makes the kernel's addresses what the core wants: one script at a time, newest desire wins, and
// the outcome comes back as an event. It decides nothing about roles.
import type { Settings, VirtualRouterSettings } from '../config/settings.js';
import { formatAddressWithPrefix, type AddressWithPrefix } from '../model/address.js';
import type { LinkAddress } from '../model/link.js';
import type { AddressTarget } from '../model/netlink-script.js';
import { after, earlier, microseconds, type Instant } from '../model/units.js';
import { planAddresses, type Plan } from './address-plan.js';
import { answersAll, presentOf } from './address-presence.js';
import {
  awaitService,
  begin,
  concerns,
  disinherit,
  identityOf,
  isAwaited,
  isHolding,
  isIdle,
  isOfThePackage,
  isSamePlace,
  isSlow,
  isUrgent,
  letGoRequest,
  listing,
  renew,
  scriptRequest,
  settled,
  wishOf,
  type Keeping,
} from './keeping.js';
import { mayAddOf, NOTHING_LEFT, recognize, type Leftovers } from './leftovers.js';
import type { KeeperOptions } from './keeper-options.js';
import { endsLikeOurs, OwnAddresses, placeOf, placesOf } from './own-addresses.js';
import { overtaken, preparation } from './preparation.js';
import { failuresOf } from '../executor/script-outcome.js';
import { placed, type PlacedRouter } from './placement.js';
import { VirtualMacs } from './virtual-macs.js';

/** Addresses that could not be removed, and strays, are tried again this much later. */
const RETRY = microseconds(1_000_000);

export class AddressKeeper {
  readonly #options: KeeperOptions;
  /** The interfaces that some of the addresses stand on. */
  readonly virtualMacs: VirtualMacs;
  #kept = new Map<string, Keeping>();
  /** Those that list an address, by its text. */
  #listing: ReadonlyMap<string, readonly Keeping[]> = new Map();
  readonly #own = new OwnAddresses();
  /** Some of ours no virtual router names any longer. */
  #hasOrphans = false;
  /** What the script that runs, or has just ended, takes away: nobody else did. */
  #planned = new Set<string>();
  #vip: Settings['vip'] = { script: '', leaseSeconds: 0, timeoutSeconds: 5 };
  #running = false;
  #suspended = false;
  /** The script puts addresses on the interface: the package's does, the kernel has shown it of another. */
  #putsHere = false;
  /** What the kernel had told when it was last looked at. */
  #revision = -1;
  #retryAt: Instant | null = null;

  constructor(options: KeeperOptions) {
    this.#options = options;
    const wake = (): void => options.submit({ kind: 'deadline' });
    this.virtualMacs = new VirtualMacs({ ...options, wake });
  }

  /** When something is due: another try of what failed, or an address not in service; null for never. */
  get dueAt(): Instant | null {
    let due = earlier(this.#retryAt, this.virtualMacs.dueAt);
    for (const { serviceBy, inheritedUntil } of this.#kept.values()) {
      due = earlier(due, earlier(serviceBy, inheritedUntil));
    }
    return due;
  }

  /**
   * Takes over new settings. Of what stands, ours is what `leftovers` name: what no virtual router wants now is
   * removed; when an agent died as Active, only once somebody else has the role, or
   * Active_Down_Interval is over.
   */
  configure(
    vip: Settings['vip'],
    settings: readonly VirtualRouterSettings[],
    leftovers: Leftovers = NOTHING_LEFT,
  ): void {
    const routers = settings.map(placed);
    if (vip.script !== this.#vip.script) this.#putsHere = isOfThePackage(vip);
    this.#vip = vip;
    this.virtualMacs.configure(vip, settings, leftovers.virtualMacs);
    const before = new Map([...this.#kept.values()].map((one) => [identityOf(one.settings), one]));
    recognize(this.#own, { network: this.#options.network, vip, routers, leftovers });
    this.#kept = new Map(
      routers.map((router) => {
        const known = before.get(identityOf(router));
        return [router.name, this.#keep(router, known, leftovers.inherits === true)];
      }),
    );
    this.#listing = listing(this.#kept.values());
    this.#findOrphans();
  }

  #keep(settings: PlacedRouter, known: Keeping | undefined, inherits: boolean): Keeping {
    if (known === undefined) return this.#begin(settings, inherits);
    const same = isSamePlace(known.settings, settings);
    known.settings = settings;
    if (same) return known;
    if (known.wanted) renew(known);
    else if (known.inheritedUntil === null && this.#hasOwn(settings)) known.due = 'now';
    return known;
  }

  #begin(settings: PlacedRouter, inherits: boolean): Keeping {
    const left = this.#hasOwn(settings) ? { inherits, now: this.#options.now() } : null;
    return begin(settings, this.#indexOf(settings), left);
  }

  /** Whether something of ours is on the interface, or is about to be, that these settings name. */
  #hasOwn = ({ interface: name, addresses }: AddressTarget): boolean =>
    addresses.some((address) => this.#own.has(name, address));

  #findOrphans(): void {
    const listed = new Set([...this.#kept.values()].flatMap(({ settings }) => placesOf(settings)));
    this.#hasOrphans = [...this.#own].some(
      ({ interface: name, address }) => !listed.has(placeOf(name, address)),
    );
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
    return keeping === undefined ? [] : presentOf(this.#options.network, keeping.settings);
  }

  /** Of those, the ones that somebody else has put there. */
  foreign(virtualRouter: string): AddressWithPrefix[] {
    const name = this.#kept.get(virtualRouter)?.settings.interface ?? '';
    return this.present(virtualRouter).filter((address) => !this.#own.has(name, address));
  }

  /** Everything that may stand on an interface because of us. */
  standing(): AddressTarget[] {
    return this.#own.targets();
  }

  /** What the next agent must know, should this one die now. */
  leftovers(): Required<Leftovers> {
    const inherits = this.inherited().size > 0;
    const virtualMacs = this.virtualMacs.leftovers();
    return { standing: this.standing(), mayAdd: this.mayAdd(), inherits, virtualMacs };
  }

  /** What does not stand, and may any moment because of us: recorded before it is put there. */
  mayAdd(routers?: readonly VirtualRouterSettings[]): AddressTarget[] {
    const all = routers?.map(placed) ?? [...this.#kept.values()].map(({ settings }) => settings);
    return mayAddOf(this.#options.network, this.#own, all);
  }

  /** Whether an address that is wanted was removed, and is not being put back yet. */
  get disturbed(): boolean {
    return [...this.#kept.values()].some(({ wanted, disturbed }) => wanted && disturbed);
  }

  want(virtualRouter: string, present: boolean): void {
    const keeping = this.#kept.get(virtualRouter);
    if (keeping === undefined) return;
    keeping.wanted = present;
    const overtakes = !present && this.#running && keeping.adding && isSlow(this.#vip);
    if (!present) keeping.prepared = false;
    renew(keeping);
    if (overtakes) void this.#options.executor.run(letGoRequest(keeping.settings));
  }

  /** An address vanished from an interface. */
  addressRemoved(address: LinkAddress): void {
    for (const keeping of this.#concerned(address)) {
      const name = keeping.settings.interface;
      const there = this.#options.network.standingOn(name).get(formatAddressWithPrefix(address));
      if (there !== undefined) {
        this.#replaced(keeping, there);
        continue;
      }
      if (!keeping.wanted && !this.#running) this.#own.delete(name, address);
      if (!keeping.wanted || keeping.disturbed) continue;
      if (!this.#planned.has(placeOf(name, address))) this.#lose(keeping);
    }
  }

  #lose(keeping: Keeping): void {
    keeping.disturbed = true;
    if (keeping.confirmed) this.#tell('addresses-removed', keeping);
  }

  /** Gone and there again, before we looked: unless we did it, it is somebody else's now. */
  #replaced({ settings: { interface: name }, adding }: Keeping, there: LinkAddress): void {
    if (this.#running || adding || this.#planned.has(placeOf(name, there))) return;
    if (!endsLikeOurs(there, this.#vip.leaseSeconds)) this.#own.delete(name, there);
  }

  /**
   * An address appeared or changed on an interface. One of ours that nobody wants there is removed again: a
   * renewal of its lifetime has crossed its removal. What somebody else has put there stays.
   */
  addressAdded(address: LinkAddress): void {
    for (const keeping of this.#concerned(address)) {
      if (keeping.serviceBy !== null && this.#serves(keeping)) this.#confirm(keeping);
      if (keeping.wanted || keeping.due !== null || this.#running) continue;
      if (keeping.inheritedUntil !== null) continue;
      const { interface: name } = keeping.settings;
      if (!this.#own.has(name, address)) {
        if (!endsLikeOurs(address, this.#vip.leaseSeconds)) continue;
        this.#own.add({ interface: name, linkIndex: address.linkIndex, address });
      }
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
    this.#followLinks();
    this.virtualMacs.look();
    if (news) this.#takeDown();
    for (const keeping of this.#kept.values()) {
      if (!keeping.wanted || (!news && !keeping.adding)) continue;
      if (!answersAll(this.#options.network, keeping.settings)) {
        const planned = placesOf(keeping.settings).some((place) => this.#planned.has(place));
        if (keeping.seen && !keeping.disturbed && !planned) this.#lose(keeping);
        continue;
      }
      const put = keeping.adding || keeping.serviceBy !== null;
      if (!put && !keeping.confirmed) continue;
      keeping.seen = true;
      if (this.#hasOwn(keeping.settings)) this.#putsHere = true;
      if (!keeping.confirmed && !keeping.disturbed) this.#confirm(keeping);
    }
  }

  /** Somebody, or an agent before this one, has left a macvlan up that holds nothing of ours. */
  #takeDown(): void {
    for (const keeping of this.#kept.values()) {
      const { virtualMac, interface: place } = keeping.settings;
      if (virtualMac && !this.#running && isIdle(keeping) && this.#isUp(place)) keeping.due = 'now';
    }
  }

  #isUp = (name: string): boolean => this.#options.network.linkNamed(name)?.up === true;

  /** What we put on an interface that is called otherwise now stands there still, and goes. */
  #followLinks(): void {
    if (!this.#own.follow((index) => this.#options.network.linkAt(index)?.name)) return;
    for (const keeping of this.#kept.values()) {
      const released = !keeping.wanted && keeping.inheritedUntil === null;
      if (released && this.#hasOwn(keeping.settings)) keeping.due = 'now';
    }
    this.#findOrphans();
    this.#options.onStandingChanged();
  }

  /** From now on no script is started: the executor's will does what remains. */
  suspend(): void {
    this.#suspended = true;
    this.virtualMacs.suspend();
  }

  /** Whether its addresses are wanted, and have been put in place. */
  holds = (virtualRouter: string): boolean => isHolding(this.#kept.get(virtualRouter));

  /** Starts the script for everything that changed, unless one is running. */
  flush(): void {
    const now = this.#options.now();
    for (const keeping of this.#kept.values()) {
      if (keeping.serviceBy !== null && now >= keeping.serviceBy) this.#notInService(keeping, now);
      if (keeping.inheritedUntil !== null && now >= keeping.inheritedUntil) disinherit(keeping);
      this.#failWithout(keeping);
    }
    if (this.#running || this.#suspended) return;
    // Every notice of what the last script did has been heard.
    this.#planned.clear();
    if (this.#retryAt !== null) {
      if (now < this.#retryAt && !isUrgent(this.#kept.values())) return;
      this.#retryAt = null;
    }
    if (!this.#isDue()) return;
    const plan = this.#plan();
    if (plan.lines.length > 0) void this.#run(plan);
  }

  /** Asked after every wake-up. */
  #isDue(): boolean {
    if (this.#hasOrphans) return true;
    for (const keeping of this.#kept.values()) if (this.#isReady(keeping)) return true;
    return false;
  }

  /** Due, and not to wait for its macvlan. */
  #isReady({ due, wanted, settings }: Keeping): boolean {
    return due !== null && (!wanted || this.virtualMacs.isReady(settings.interface));
  }

  /** Where the macvlan cannot be had, neither can the addresses. */
  #failWithout(keeping: Keeping): void {
    const { name: virtualRouter, interface: place } = keeping.settings;
    const detail = this.virtualMacs.problemOf(place);
    if (!keeping.wanted || keeping.due === null || detail === null) return;
    keeping.due = null;
    this.#options.submit({ kind: 'addresses-failed', virtualRouter, detail });
  }

  #plan(): Plan {
    const due = [...this.#kept.values()].filter((keeping) => this.#isReady(keeping));
    const plan = planAddresses({
      own: this.#own,
      wishes: [...this.#kept].map(([name, one]) => wishOf(name, one, this.#isReady(one))),
      isUp: this.#isUp,
      standingOn: (name) => this.#options.network.addressesOn(name),
      leaseSeconds: this.#vip.leaseSeconds,
    });
    for (const { owner: _, ...added } of plan.added) {
      const linkIndex = this.#options.network.linkNamed(added.interface)?.index ?? null;
      this.#own.add({ ...added, linkIndex });
    }
    for (const { interface: name, address } of [...plan.removed, ...plan.putBack]) {
      this.#planned.add(placeOf(name, address));
    }
    const adding = new Set(plan.added.map(({ owner }) => owner));
    for (const keeping of due) {
      keeping.due = null;
      keeping.disturbed = false;
      keeping.adding = adding.has(keeping.settings.name);
      if (keeping.wanted) keeping.linkIndex = this.#indexOf(keeping.settings);
      if (keeping.wanted && !keeping.adding) this.#await(keeping);
    }
    if (plan.lines.length > 0) this.#options.onStandingChanged();
    return plan;
  }

  async #run(plan: Plan): Promise<void> {
    this.#running = true;
    const waits = preparation(plan, this.#kept, this.#options.beforeActive);
    if (waits !== null) {
      await waits;
      if (this.#suspended) return;
      if (overtaken(plan, this.#kept)) {
        this.#running = false;
        this.#options.submit({ kind: 'deadline' });
        return;
      }
    }
    const { lines } = plan;
    const wanted = new Map([...this.#kept].map(([name, { wanted: want }]) => [name, want]));
    const texts = lines.map(({ line }) => line);
    const result = await this.#options.executor.run(scriptRequest(this.#vip, texts));
    this.#running = false;
    const failures = failuresOf(result, lines);
    for (const { interface: name, address, owner } of plan.removed) {
      if (!failures.has(owner)) this.#own.release(name, address);
    }
    const orphansFailed = failures.get(null);
    if (orphansFailed !== undefined) this.#stuck('', orphansFailed);
    for (const owner of new Set(lines.map((line) => line.owner))) {
      if (owner !== null) this.#settle(owner, wanted.get(owner) === true, failures.get(owner));
    }
    this.#findOrphans();
    this.#options.onStandingChanged();
    // A wake-up follows in any case: it flushes whatever was wanted meanwhile.
    this.#options.submit({ kind: 'deadline' });
  }

  #settle(virtualRouter: string, made: boolean, failure: string | undefined): void {
    const keeping = this.#kept.get(virtualRouter);
    if (keeping === undefined) return;
    const outcome = settled(keeping, made, failure !== undefined);
    const detail = failure ?? '';
    if (outcome === 'stuck') this.#stuck(virtualRouter, detail);
    if (outcome === 'failed')
      this.#options.submit({ kind: 'addresses-failed', virtualRouter, detail });
    if (outcome === 'stands') this.#await(keeping);
  }

  /** Nothing more has to be put there: present, as soon as the kernel answers for all. */
  #await(keeping: Keeping): void {
    if (keeping.disturbed || this.#serves(keeping)) this.#confirm(keeping);
    else awaitService(keeping, this.#options.now(), this.#putsHere);
  }

  #confirm(keeping: Keeping): void {
    keeping.serviceBy = null;
    keeping.confirmed = true;
    this.#tell(keeping.disturbed ? 'addresses-removed' : 'addresses-present', keeping);
  }

  /** The kernel had its time since the script succeeded: what it lacks even so is lost, not late. */
  #notInService(keeping: Keeping, now: Instant): void {
    const present = presentOf(this.#options.network, keeping.settings);
    const lacking = present.length < keeping.settings.addresses.length;
    if (isAwaited(keeping, now, lacking)) return;
    if (this.#putsHere && lacking) keeping.disturbed = true;
    this.#confirm(keeping);
  }

  /** Once the script has ended: for IPv4 that it succeeded says so, where it puts addresses elsewhere. */
  #serves(keeping: Keeping): boolean {
    return (
      (keeping.settings.family === 'ipv4' && !this.#putsHere) ||
      answersAll(this.#options.network, keeping.settings)
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
    const all = this.#listing.get(formatAddressWithPrefix(address)) ?? [];
    return all.filter((one) => concerns(one, this.#indexOf(one.settings), address.linkIndex));
  }

  #indexOf({ interface: name }: AddressTarget): number | null {
    return this.#options.network.linkNamed(name)?.index ?? null;
  }
}
