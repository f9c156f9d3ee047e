// `understudy bypass status`: what is wanted of the relay and what was read back. Orders are in
// order.ts.
import { createControlClient } from '../../control/client.js';
import { answer, failCall, failSettings } from '../failures.js';
import { locateSocket } from '../locate.js';
import { bypassLines } from '../render/standing.js';
import { columnsFor, layout, painter } from '../render/text.js';
import { EXIT, usesColour, type ConfigChoice, type Surroundings } from '../surroundings.js';

/** Prints the bypass as `status` does. @returns the exit code. */
export async function showBypass(
  surroundings: Surroundings,
  config: ConfigChoice,
): Promise<number> {
  const located = await locateSocket(config);
  if (!located.ok) return failSettings(surroundings, located.errors, config.path);
  try {
    const status = await createControlClient(located.socketPath).status();
    if (surroundings.json === true) {
      return answer(surroundings, { ok: true, bypass: status.bypass ?? null }, EXIT.done);
    }
    const lines = bypassLines(status, painter(usesColour(surroundings)));
    const width = columnsFor(surroundings.columns);
    const text = lines.length === 0 ? ['bypass        none: the settings name no hook'] : lines;
    surroundings.stdout.write(`${layout(text, width).join('\n')}\n`);
    return EXIT.done;
  } catch (error) {
    return failCall(surroundings, config, error);
  }
}
