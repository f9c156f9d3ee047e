// `understudy reload`: has the running agent read its settings again, and says what came of it. Reads
// the settings itself only where no agent is found by them.
import type { SettingsError } from '../../config/errors.js';
import { AgentNotReachable, createControlClient } from '../../control/client.js';
import { answer, failCall, failSettings } from '../failures.js';
import type { ReloadOutcome } from '../../control/protocol.js';
import { locateSocket } from '../locate.js';
import { harmless } from '../render/text.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

/**
 * Prints what changed, or every error.
 * @returns the exit code: 2 when the settings are refused, 1 when they are in force and this host does not fit them, as
 * `check` judges.
 */
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
    // An earlier agent does not say what is wrong.
    const { unfit = [] } = outcome;
    const code = unfit.length === 0 ? EXIT.done : EXIT.failed;
    if (surroundings.json === true) return answer(surroundings, jsonOf(outcome), code);
    for (const { path, message } of outcome.warnings) {
      const isWrong = unfit.some((one) => one.path === path && one.message === message);
      const where = path === '' ? '' : `${harmless(path)}: `;
      stderr.write(`${isWrong ? 'error' : 'warning'}: ${where}${harmless(message)}\n`);
    }
    const { changes, file } = outcome;
    const title =
      changes.length === 0
        ? `${file}: nothing differs from what the agent runs with`
        : `in force now, from ${file}:`;
    stdout.write(
      `${[title, ...changes.map((change) => `  ${change}`)].map(harmless).join('\n')}\n`,
    );
    return code;
  } catch (error) {
    const errors = await errorsOfTheFile(config, error);
    if (errors !== null) return failSettings(surroundings, errors, config.path);
    return failCall(surroundings, config, error);
  }
}

type Applied = Extract<ReloadOutcome, { ok: true }>;

/** `ok` tells a script what the exit code does. */
function jsonOf(outcome: Applied): object {
  const [first] = outcome.unfit ?? [];
  if (first === undefined) return outcome;
  const message = `the settings are in force, but this host does not fit them: ${first.path}: ${first.message}`;
  return { ...outcome, ok: false, code: 'unfit-host', message, remedy: 'understudy check' };
}

/**
 * Where nobody runs at the socket that the file leads to, the errors of that file: half a file does not lead to the
 * socket of its agent. Null when it has none, or when there is no file and none was named.
 */
async function errorsOfTheFile(
  config: ConfigChoice,
  error: unknown,
): Promise<readonly SettingsError[] | null> {
  if (!(error instanceof AgentNotReachable) || !error.noneRuns) return null;
  const { loadSettings } = await import('../../config/load.js');
  const result = loadSettings(config.path);
  if (result.ok) return null;
  const isMissing = result.errors.every(({ code }) => code === 'missing-file');
  return isMissing && !config.explicit ? null : result.errors;
}
