// `understudy reload`: has the running agent read its settings again, and says what came of it. Reads no
// settings itself.
import { createControlClient } from '../../control/client.js';
import { answer, failCall, failSettings } from '../failures.js';
import { locateSocket } from '../locate.js';
import { harmless } from '../render/text.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

/** Prints what changed, or every error. @returns the exit code: 2 when the settings are refused. */
export async function reloadAgent(
  surroundings: Surroundings,
  config: ConfigChoice,
): Promise<number> {
  const located = await locateSocket(config);
  if (!located.ok) return failSettings(surroundings, located.errors, config.path);
  const { stdout, stderr } = surroundings;
  try {
    const outcome = await createControlClient(located.socketPath).reload();
    if (!outcome.ok) {
      const code = failSettings(surroundings, outcome.errors, outcome.file);
      if (surroundings.json !== true) stderr.write('the agent goes on with what it had\n');
      return code;
    }
    if (surroundings.json === true) return answer(surroundings, outcome, EXIT.done);
    for (const { path, message } of outcome.warnings) {
      stderr.write(`warning: ${path === '' ? '' : `${harmless(path)}: `}${harmless(message)}\n`);
    }
    const { changes, file } = outcome;
    const title =
      changes.length === 0
        ? `${file}: nothing differs from what the agent runs with`
        : `in force now, from ${file}:`;
    stdout.write(
      `${[title, ...changes.map((change) => `  ${change}`)].map(harmless).join('\n')}\n`,
    );
    return EXIT.done;
  } catch (error) {
    return failCall(surroundings, config, error);
  }
}
