// An agent reads its settings anew, however slow it is to say so. No test cases.
import type { ControlClient } from '../../src/control/client.js';
import { ControlRefusal } from '../../src/control/client-errors.js';

/** How often it is asked; then something hangs. */
const TIMES = 20;

/**
 * Resolves when the agent has read its settings. One that answers `too-slow` goes on all the same, and what it is asked once
 * more comes behind that.
 * @throws Error with the last refusal.
 */
export async function reread(control: ControlClient): ReturnType<ControlClient['reload']> {
  for (let time = 1; ; time += 1) {
    try {
      return await control.reload();
    } catch (error) {
      const isLate = error instanceof ControlRefusal && error.code === 'too-slow';
      if (!isLate || time === TIMES) throw error;
    }
  }
}
