// Losses of the role on the bench, and what is counted of them. No test cases.
import type { Memory } from '../../../src/core/interface.js';
import { instant } from '../../../src/model/units.js';
import { hard, type InstanceBench } from '../instance-bench.js';
import { ACTIVE_DOWN, SECOND } from '../pair-bench.js';

export const WINDOW = 900 * SECOND;

/** The reports of flaps and latches among the effects. */
export const counted = (lines: readonly string[]): string[] =>
  lines.filter((text) => text.includes('report flap') || text.includes('report latched'));

/** The carrier goes at `at` and comes back at once; Active again an Active_Down_Interval later. */
export function flapAt(bench: InstanceBench, at: number): string[] {
  const lost = bench.take(hard('no-carrier', 'eth0'), at);
  bench.take(hard('no-carrier', 'eth0', 'ok'), at);
  bench.run(at + ACTIVE_DOWN);
  return lost;
}

export const memoryOf = (bench: InstanceBench, at = 0): Memory =>
  bench.instance.snapshot(instant(at)).memory;
