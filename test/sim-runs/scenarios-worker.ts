// Plays the scenarios that it is given, and says of each a digest of all effects and the promise that was broken. Runs in
// a thread of its own, from a bundle in which a fault may be planted (planted.ts). Compares nothing: faults.ts does.
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { watchEffects } from '../sim/effects.js';
import { SUITES, type Suite } from '../sim/suites.js';

export interface Drawn {
  /** `stormy 12` */
  readonly at: string;
  readonly suite: string;
  /** As JSON. */
  readonly scenario: string;
}

export interface Played {
  readonly at: string;
  /** Of every effect, every deadline, and what each appliance shows at the end. */
  readonly digest: string;
  readonly broken: string | null;
  readonly steps: number;
}

function played({ at, suite: name, scenario }: Drawn): Played {
  const suite = SUITES.find((one) => one.name === name) as Suite<unknown> | undefined;
  if (suite === undefined) throw new Error(`a suite expected, found ${name}`);
  const drawn: unknown = JSON.parse(scenario);
  const hash = createHash('sha256');
  const stage = suite.build(drawn, false);
  watchEffects(stage, hash);
  let broken: string | null = null;
  try {
    suite.play(stage, drawn);
    for (const appliance of stage.world.appliances)
      hash.update(JSON.stringify(appliance.snapshot()));
  } catch (error) {
    broken = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
  return { at, digest: hash.digest('hex').slice(0, 16), broken, steps: stage.world.steps };
}

for (const one of workerData as readonly Drawn[]) parentPort?.postMessage(played(one), []);
