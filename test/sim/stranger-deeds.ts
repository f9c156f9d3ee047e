// What somebody on the link does who is none of the appliances: it is Active for a while, or says farewell in the name of one
// of them. What follows for the others: watch.ts, conduct.ts.
import type { RouterConfiguration } from '../../src/core/machine/router.js';
import type { Family, IpAddress } from '../../src/model/address.js';
import type { Appliance } from './appliance.js';
import type { Deed } from './deeds.js';
import type { Setting } from './settings.js';
import type { World } from './world.js';

/** Higher than those of all appliances. */
const ADDRESSES: Readonly<Record<Family, IpAddress>> = {
  ipv4: '10.99.0.99' as IpAddress,
  ipv6: 'fe80::99' as IpAddress,
};

type Stranger = Extract<Deed, { kind: 'stranger' }>;

/** Returns what it is called in the counts, or null when there is nothing to take, or it is taken. */
export function intrude(
  world: World,
  { interval }: Setting,
  { virtualRouter, priority, intervals }: Stranger,
): string | null {
  const router = routerNamed(world, virtualRouter);
  if (router === undefined || world.strangers.has(virtualRouter)) return null;
  world.strangers.add(virtualRouter);
  world.changed = true;
  const advertise = (left: number): void => {
    const goesOn = left > 0 && world.strangers.has(virtualRouter);
    say(world, router, goesOn ? priority : 0);
    if (goesOn) world.at(world.now + interval * 10_000, () => advertise(left - 1));
    else if (world.strangers.delete(virtualRouter)) world.changed = true;
  };
  advertise(intervals);
  return 'stranger';
}

/** All of them leave. */
export function banish(world: World): void {
  for (const name of world.strangers) {
    const router = routerNamed(world, name);
    if (router !== undefined) say(world, router, 0);
  }
  world.strangers.clear();
}

/** Returns what it is called in the counts, or null when it does not have the virtual router. */
export function forge(world: World, of: Appliance, virtualRouter: string): string | null {
  const router = routerNamed(world, virtualRouter);
  if (router === undefined || !of.alive) return null;
  const source = of.addresses[router.family];
  world.intrude(router, { priority: 0, source, dialect: 'rfc9568' }, of);
  return 'farewell forged';
}

const routerNamed = (world: World, name: string): RouterConfiguration | undefined =>
  world.virtualRouters.find((router) => router.name === name);

const say = (world: World, router: RouterConfiguration, priority: number): void =>
  world.intrude(router, { priority, source: ADDRESSES[router.family], dialect: 'rfc9568' });
