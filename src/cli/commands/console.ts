// `understudy console`: the web page, in the foreground, from the console section of the settings. No server here.
import { loadSettings } from '../../config/load.js';
import { ConsoleError, runConsole } from '../../console/console.js';
import { TokenError } from '../../console/token.js';
import { fail, failSettings } from '../failures.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

/** Serves until SIGTERM or SIGINT. @returns the exit code. */
export async function serveConsole(
  surroundings: Surroundings,
  config: ConfigChoice,
): Promise<number> {
  const loaded = loadSettings(config.path);
  if (!loaded.ok) return failSettings(surroundings, loaded.errors, config.path);
  const { console: choice, runtimeDirectory } = loaded.settings;
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
    surroundings.interrupted?.addEventListener('abort', () => resolve(), { once: true });
  });
  const say = (text: string): void => void surroundings.stdout.write(`console: ${text}\n`);
  try {
    await runConsole(choice, { runtimeDirectory, say, ended });
    return EXIT.done;
  } catch (error) {
    if (error instanceof ConsoleError || error instanceof TokenError) {
      return fail(surroundings, EXIT.failed, error.message, error.remedy);
    }
    throw error;
  }
}
