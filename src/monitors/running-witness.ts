// The client of the witness in the prober: which one there is, from the settings. What it is asked, and when: the room
// witness. No messages.
import { readFileSync } from 'node:fs';
import type { IpAddress } from '../model/address.js';
import type { WitnessFact, WitnessOrder } from '../model/witness.js';
import { Etcd } from '../witness/etcd.js';
import { ownerText, startKeeper, type Keeper } from '../witness/keeper.js';
import { createSources, tryRoutes } from './own-sources.js';
import type { ProberSettings, WitnessSettings } from './settings.js';

interface RunningWitness {
  /** The client goes on where nothing of its settings has changed. */
  configure(settings: Pick<ProberSettings, 'witness' | 'virtualAddresses'>): void;
  order(order: WitnessOrder): void;
  /** Asks no more, after it has given the lease back if that is the order. Never rejects. */
  leave(): Promise<void>;
}

export function createWitness(onFact: (fact: WitnessFact) => void): RunningWitness {
  let keeper: Keeper | null = null;
  let text = 'null';
  let order: WitnessOrder = 'watch';
  let virtual: ReadonlySet<IpAddress> = new Set();
  const sourceFor = createSources(() => virtual);

  const start = (settings: WitnessSettings): Keeper => {
    const { name, group, ttlSeconds } = settings;
    const started = startKeeper({
      witness: new Etcd({
        ...settings,
        reach: (host, begin, fail) => tryRoutes(host, sourceFor, begin, fail),
      }),
      owner: ownerText(name, bootOf()),
      group: new Set(group),
      ttlSeconds,
      onFact,
    });
    started.order(order);
    return started;
  };

  return {
    configure: ({ witness, virtualAddresses }) => {
      virtual = new Set(virtualAddresses);
      const wanted = JSON.stringify(witness);
      if (wanted === text) return;
      text = wanted;
      keeper?.close();
      keeper = witness === null ? null : start(witness);
    },
    order: (next) => {
      order = next;
      keeper?.order(next);
    },
    leave: async () => keeper?.leave(),
  };
}

/** What tells this boot of the machine from every other. */
const bootOf = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
