// `understudy failover`, `maintenance`, `bypass engage|release`, `flaps clear`: one order to the
// running agent, and what came of it. Without an agent there is nobody to carry it out.
import { createControlClient } from '../../control/client.js';
import type { CommandName } from '../../control/protocol.js';
import { answer, fail, failCall, failSettings } from '../failures.js';
import { locateSocket } from '../locate.js';
import { harmless } from '../render/text.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

/** Prints what was done, or why not and what to do. @returns the exit code. */
export async function orderAgent(
  surroundings: Surroundings,
  config: ConfigChoice,
  name: CommandName,
  argument?: string,
  force = false,
): Promise<number> {
  const located = await locateSocket(config);
  if (!located.ok) return failSettings(surroundings, located.errors, config.path);
  try {
    const outcome = await createControlClient(located.socketPath).command(name, argument, force);
    if (!outcome.ok) {
      const { message, remedy, code } = outcome;
      return fail(surroundings, EXIT.failed, harmless(message), harmless(remedy), code);
    }
    if (surroundings.json === true) return answer(surroundings, outcome, EXIT.done);
    surroundings.stdout.write(`${harmless(outcome.detail)}\n`);
    return EXIT.done;
  } catch (error) {
    return failCall(surroundings, config, error);
  }
}
