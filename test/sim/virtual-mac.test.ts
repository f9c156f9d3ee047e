// That a fault of the virtual MAC address is met: each is planted in the world of scenarios that keep every promise without
// it. The scenarios themselves: sim.test.ts.
import { describe, it } from '../support/test.js';
import { meets } from './meets.js';
import { VIRTUAL_MAC } from './suites.js';

describe('a fault of the virtual MAC address', () => {
  it('that leaves the macvlan of a Backup up is met', () => {
    meets(VIRTUAL_MAC, /^virtual MAC up: /, ({ world }) => {
      for (const { kernel } of world.appliances) kernel.macvlans.lower = () => {};
    });
  });

  it('that puts addresses on a macvlan that is down is met', () => {
    meets(VIRTUAL_MAC, /^addresses without a macvlan that is up: /, ({ world }) => {
      for (const { kernel } of world.appliances) kernel.macvlans.raise = () => false;
    });
  });

  it('that has a Backup advertise is met', () => {
    meets(VIRTUAL_MAC, /^advertises and is not Active: /, ({ world }) => {
      world.onHandled = (appliance) => {
        const [router] = appliance.configuration.virtualRouters;
        if (router === undefined) return;
        world.onAdvertised(appliance, {
          kind: 'send-advertisement',
          virtualRouter: router.name,
          priority: router.priority,
          source: appliance.addresses[router.family],
          dialect: 'rfc9568',
          alsoTo: [],
        });
      };
    });
  });

  it('that has the holder say nothing is met', () => {
    meets(VIRTUAL_MAC, /^switch astray: /, ({ world }) => {
      const { seenAt } = world;
      seenAt.set = () => seenAt;
    });
  });
});
