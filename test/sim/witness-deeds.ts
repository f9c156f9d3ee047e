// What may befall the witness of a world. What follows for the appliances: watch.ts.
import type { Appliance } from './appliance.js';
import type { World } from './world.js';

export const WITNESS_FATES = ['stopped', 'started', 'cut', 'mended', 'emptied', 'leader'] as const;
export type WitnessFate = (typeof WITNESS_FATES)[number];

/** Does it; returns what it is called in the counts, or null when there was nothing to do. */
export function befallWitness(world: World, { name }: Appliance, fate: WitnessFate): string | null {
  const { engine } = world;
  if (engine === null) return null;
  world.changed = true;
  switch (fate) {
    case 'stopped':
      engine.down = true;
      break;
    case 'started':
      if (!engine.down) return null;
      engine.down = false;
      engine.changeLeader();
      break;
    case 'cut':
      engine.cut.add(name);
      break;
    case 'mended':
      if (!engine.cut.delete(name)) return null;
      break;
    case 'emptied':
      engine.empty();
      break;
    case 'leader':
      engine.changeLeader();
  }
  return `witness ${fate}`;
}

export function healWitness({ engine }: World): void {
  if (engine === null) return;
  engine.down = false;
  engine.cut.clear();
}
