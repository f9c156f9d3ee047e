// How each appliance goes about what it does: the order, the pace and the form of its effects, whatever becomes of them
// (docs/INVARIANTS.md, Spoken as it should be). What follows for who holds what: watch.ts.
import type { InstanceEffect, InstanceEvent } from '../../src/core/interface.js';
import type { RouterConfiguration } from '../../src/core/machine/router.js';
import { centisecondsToMicroseconds } from '../../src/model/units.js';
import type { Appliance } from './appliance.js';
import { AT_ONCE } from './bounds.js';
import { Violation } from './violation.js';
import type { Advertised, World } from './world.js';

/** Reasons for taking the role from one that keeps the addresses until it hears its successor. */
const FROM_ONE_THAT_ANSWERS: ReadonlySet<string> = new Set([
  'priority',
  'priority-zero',
  'peer-released',
  'better-placed',
]);

/** Advertisements of one Active in a row, and their answers, are no storm: at most so many in an interval. */
const MOST_AT_ONCE = 12;

/** An order, and other settings. */
const MAY_UNLATCH: ReadonlySet<InstanceEvent['kind']> = new Set(['operator', 'configure']);

/** Who could not add its addresses tries once more when an operator insists, and then in its turn. */
const MOST_TRIES = 2;

export class Conduct {
  readonly #world: World;
  /** Of each Active since nothing was done to the world: its first advertisement, and how many came after it. */
  readonly #paces = new Map<string, { readonly from: number; count: number }>();
  /** Of each Active: whether it may advertise before its addresses stand. */
  readonly #early = new Map<string, boolean>();
  /** When the last advertisements were sent. */
  readonly #sent = new Map<string, readonly number[]>();
  /** What was last told to the peers, as JSON, and by which life. */
  readonly #news = new Map<string, string>();
  readonly #latched = new Set<string>();
  /** When each has given the role up because its addresses could not be added. */
  readonly #failed = new Map<string, readonly number[]>();
  /** An operator insists on a handover: the order was just given, or is the last thing that was done to the world. */
  #insists: 'just' | 'still' | null = null;
  /** Who has taken a role because of that. */
  readonly #insistedOn = new Set<string>();

  constructor(world: World) {
    this.#world = world;
    world.onAdvertised = (from, effect) => this.#advertises(from, effect);
    world.onAnnounced = (from, virtualRouter) => this.#announces(from, virtualRouter);
    world.onDone = (appliance, event, effects) => this.#does(appliance, event, effects);
  }

  /** Something was done to the world. */
  disturbed(): void {
    this.#paces.clear();
    this.#failed.clear();
    this.#insistedOn.clear();
    this.#insists = this.#insists === 'just' ? 'still' : null;
  }

  /** Whoever is not Active, or lacks its addresses, has no pace. */
  changed(): void {
    for (const key of this.#paces.keys()) {
      const [name, virtualRouter = ''] = key.split(' ');
      const one = this.#world.appliances.find((appliance) => appliance.name === name);
      const speaks = one?.agent === 'running' && one.active.has(virtualRouter);
      if (!speaks || !one.kernel.told.has(virtualRouter)) this.#paces.delete(key);
    }
  }

  #does(appliance: Appliance, event: InstanceEvent, effects: readonly InstanceEffect[]): void {
    for (const [index, effect] of effects.entries()) {
      if (effect.kind === 'transition') {
        const key = `${appliance.name} ${effect.virtualRouter}`;
        this.#early.set(key, !FROM_ONE_THAT_ANSWERS.has(effect.reason));
      }
      if (effect.kind === 'transition') this.#moves(appliance, effect);
      if (effect.kind === 'peer-news') this.#tells(appliance, JSON.stringify(effect.report));
      if (effect.kind === 'transition' && effect.from === 'Active' && effect.to === 'Initialize')
        this.#saysFarewell(appliance, effect.virtualRouter, effects);
      if (effect.kind === 'send-advertisement' && effect.priority === 0)
        isBeforeTheAddressesGo(appliance, effect.virtualRouter, effects.slice(0, index));
    }
    if (event.kind === 'addresses-removed' || event.kind === 'addresses-failed')
      this.#endRow(`${appliance.name} ${event.virtualRouter} `);
    // Whoever asks is answered at once (RFC 9568 §6.4.3), and so the role is claimed.
    if (event.kind === 'advertisement' && event.advertisement.priority === 0)
      this.#early.set(`${appliance.name} ${event.virtualRouter}`, true);
    if (event.kind === 'operator' && event.command === 'failover' && event.force === true)
      this.#insists = 'just';
    // What it finds now nobody knew when the order was given.
    if (event.kind === 'monitor') {
      this.#insists = null;
      this.#insistedOn.clear();
    }
    this.#latch(appliance, event, effects);
  }

  #moves(
    { name, configuration }: Appliance,
    { virtualRouter, to, reason }: Extract<InstanceEffect, { kind: 'transition' }>,
  ): void {
    const key = `${name} ${virtualRouter}`;
    const router = configuration.virtualRouters.find((one) => one.name === virtualRouter);
    if (reason === 'address-failed' && router !== undefined) this.#fails(key, router);
    if (to === 'Active' && reason === 'peer-released' && this.#insists !== null)
      this.#insistedOn.add(key);
    if (reason === 'soft-fault' && this.#insistedOn.has(key))
      throw new Violation(`gives back what an operator insisted on: ${key}`);
  }

  /** One whose addresses cannot be added waits for its turn, at the lowest priority: Skew_Time is nearly an interval then. */
  #fails(key: string, { advertisementInterval }: RouterConfiguration): void {
    const { now } = this.#world;
    const since = now - 0.9 * centisecondsToMicroseconds(advertisementInterval);
    const recent = [...(this.#failed.get(key) ?? []), now].filter((at) => at > since);
    this.#failed.set(key, recent);
    if (recent.length > MOST_TRIES)
      throw new Violation(`tries as fast as its script fails: ${key}`);
  }

  /** Who leaves the election says so, wherever the link carries it. */
  #saysFarewell(
    { name, unplugged }: Appliance,
    virtualRouter: string,
    effects: readonly InstanceEffect[],
  ): void {
    const isSaid = effects.some(
      (one) =>
        one.kind === 'send-advertisement' &&
        one.virtualRouter === virtualRouter &&
        one.priority === 0,
    );
    const on = this.#world.virtualRouters.find(
      (router) => router.name === virtualRouter,
    )?.interface;
    if (!isSaid && on !== undefined && !unplugged.has(on))
      throw new Violation(`leaves without a farewell: ${name} ${virtualRouter}`);
  }

  #endRow(of: string): void {
    for (const key of this.#paces.keys()) if (key.startsWith(of)) this.#paces.delete(key);
  }

  /** Nobody is told again what was told before. */
  #tells({ name, life }: Appliance, report: string): void {
    const news = `${life} ${report}`;
    if (this.#news.get(name) === news) throw new Violation(`tells what it has told: ${name}`);
    this.#news.set(name, news);
  }

  /** What was latched is so until somebody orders otherwise. */
  #latch(appliance: Appliance, event: InstanceEvent, effects: readonly InstanceEffect[]): void {
    const { name } = appliance;
    if (effects.some((effect) => effect.kind === 'report' && effect.report === 'latched'))
      this.#latched.add(name);
    const isFound = event.kind === 'remember';
    if (isFound && event.memory.flaps.latched) this.#latched.add(name);
    if (MAY_UNLATCH.has(event.kind)) this.#latched.delete(name);
    // What is shown costs more than all the rest: it is asked for where something else has changed.
    else if ((effects.length > 0 || isFound) && this.#latched.has(name)) {
      const isLatched = appliance.snapshot()?.memory.flaps.latched === true;
      if (!isLatched) throw new Violation(`unlatched by nobody: ${name}`);
    }
  }

  #advertises(from: Appliance, effect: Advertised): void {
    const router = from.configuration.virtualRouters.find(
      ({ name }) => name === effect.virtualRouter,
    );
    if (router === undefined) return;
    form(from, router, effect);
    this.#claims(from, router);
    this.#pace(from, router);
    this.#storm(from, router);
  }

  /** Nobody says that it is Active before it has been told that its addresses stand, but after a silence. */
  #claims({ name, kernel }: Appliance, router: RouterConfiguration): void {
    const key = `${name} ${router.name}`;
    if (kernel.told.has(router.name)) this.#early.set(key, false);
    else if (this.#early.get(key) === false)
      throw new Violation(`advertises before its addresses stand: ${key}`);
  }

  /** Advertisements come as often as Advertisement_Interval says: what is late does not add up. */
  #pace(from: Appliance, router: RouterConfiguration): void {
    const { name, late } = from;
    // By its own clock.
    const now = from.local();
    const interval = centisecondsToMicroseconds(router.advertisementInterval);
    // A change of it begins a new row.
    const key = `${name} ${router.name} ${interval}`;
    const pace = this.#paces.get(key);
    if (pace === undefined) {
      this.#paces.set(key, { from: now, count: 0 });
      return;
    }
    pace.count += 1;
    if (now > pace.from + pace.count * interval + late + AT_ONCE)
      throw new Violation(`advertises too seldom: ${key}, number ${pace.count} of a row`);
  }

  /** Two that answer each other do so now and then. */
  #storm({ name }: Appliance, router: RouterConfiguration): void {
    const key = `${name} ${router.name}`;
    const since = this.#world.now - 10_000;
    const recent = [...(this.#sent.get(key) ?? []), this.#world.now].filter((at) => at > since);
    this.#sent.set(key, recent);
    if (recent.length > MOST_AT_ONCE)
      throw new Violation(`${recent.length} advertisements within 10 ms: ${key}`);
  }

  /** Nobody announces what it was not told to stand. */
  #announces({ name, kernel }: Appliance, virtualRouter: string): void {
    if (kernel.told.has(virtualRouter)) return;
    throw new Violation(`announces addresses that do not stand: ${name} ${virtualRouter}`);
  }
}

/** The farewell comes first: whoever hears it has its addresses sooner. */
function isBeforeTheAddressesGo(
  { name }: Appliance,
  virtualRouter: string,
  before: readonly InstanceEffect[],
): void {
  const isGone = before.some(
    (one) => one.kind === 'set-addresses' && one.virtualRouter === virtualRouter && !one.present,
  );
  if (isGone)
    throw new Violation(`says farewell after its addresses went: ${name} ${virtualRouter}`);
}

/** Who was told by an Active to speak the old form speaks it, and nobody else does. */
function form(
  { name, heardOld }: Appliance,
  router: RouterConfiguration,
  { dialect }: Advertised,
): void {
  if (router.family === 'ipv6') return;
  const isOld = router.checksum === 'rfc5798' || heardOld.has(router.name);
  if ((dialect === 'rfc5798') === isOld) return;
  throw new Violation(`speaks ${dialect}, which nobody asked for: ${name} ${router.name}`);
}
