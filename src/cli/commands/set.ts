// `understudy set`: through the running agent, which applies it at once, or on the file when none
// runs. Says which.
import { isSuggestion } from '../../config/errors.js';
import { quote } from '../../config/found.js';
import { readChange, withUnit } from '../../config/setting-names.js';
import { changeSetting, type SetOutcome } from '../../config/save.js';
import { AgentNotReachable, createControlClient } from '../../control/client.js';
import { answer, fail, failCall, failSettings, refusalToAct } from '../failures.js';
import { locateSocket } from '../locate.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

/** Changes one setting. @returns the exit code. */
export async function setSetting(
  surroundings: Surroundings,
  config: ConfigChoice,
  setting: string,
  words: readonly string[],
): Promise<number> {
  const [value = ''] = words;
  if (words.length !== 1) {
    return fail(
      surroundings,
      EXIT.usage,
      `expected one word as the value of ${setting}, found ${words.length}: ${words.join(' ')}`,
      `understudy set ${setting} ${value}`,
    );
  }
  const change = readChange(setting, value);
  if (!change.ok) {
    const { expected, found, remedy, code } = change.error;
    // What was meant is enough: nobody reads through all that there is.
    const message = isSuggestion(remedy)
      ? `there is no setting ${quote(setting)}`
      : code === 'not-settable'
        ? `understudy set does not change ${setting}`
        : `expected ${expected}, found ${found}`;
    return fail(surroundings, EXIT.usage, message, remedy, code);
  }
  const located = await locateSocket(config);
  if (!located.ok) return failSettings(surroundings, located.errors, config.path);
  try {
    const outcome = await createControlClient(located.socketPath).set(setting, value);
    return report(surroundings, outcome, 'in force now, through the running agent, and');
  } catch (error) {
    if (!(error instanceof AgentNotReachable) || !error.noneRuns) {
      return failCall(surroundings, config, error);
    }
  }
  const foreign = await refusalToAct(surroundings, config.path);
  if (foreign !== null) return foreign;
  const outcome = await changeSetting(config.path, setting, value);
  return report(surroundings, outcome, 'no agent is running;');
}

function report(surroundings: Surroundings, outcome: SetOutcome, how: string): number {
  if (!outcome.ok) return failSettings(surroundings, outcome.errors, outcome.file);
  if (surroundings.json === true) return answer(surroundings, outcome, EXIT.done);
  for (const { path, message } of outcome.warnings) {
    surroundings.stderr.write(`warning: ${path === '' ? '' : `${path} `}${message}\n`);
  }
  const where = outcome.changed ? `saved in ${outcome.file}` : `${outcome.file} said so already`;
  const { setting, value, unit, previous } = outcome;
  const before = outcome.changed && previous !== null ? ` (was ${withUnit(previous, unit)})` : '';
  surroundings.stdout.write(`${setting} = ${withUnit(value, unit)}${before}: ${how} ${where}\n`);
  return EXIT.done;
}
