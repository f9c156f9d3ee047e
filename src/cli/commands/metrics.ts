// `understudy metrics`: the text that Prometheus would scrape, from the running agent. Nothing is rendered here.
import { createControlClient } from '../../control/client.js';
import { failCall, failSettings } from '../failures.js';
import { locateSocket } from '../locate.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

/** Prints the exposition text. @returns the exit code. */
export async function printMetrics(
  surroundings: Surroundings,
  config: ConfigChoice,
): Promise<number> {
  const located = await locateSocket(config);
  if (!located.ok) return failSettings(surroundings, located.errors, config.path);
  try {
    surroundings.stdout.write(await createControlClient(located.socketPath).metrics());
    return EXIT.done;
  } catch (error) {
    return failCall(surroundings, config, error);
  }
}
