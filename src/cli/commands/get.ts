// `understudy get`: settings as the agent runs with them, or as the file has them when none runs.
import {
  findSetting,
  viewSettings,
  withUnit,
  type SettingsView,
  type SettingView,
} from '../../config/setting-names.js';
import { nearestName, plainSpelling } from '../../config/spelling.js';
import { AgentNotReachable, createControlClient } from '../../control/client.js';
import { answer, fail, failCall, failSettings } from '../failures.js';
import { locateSocket } from '../locate.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

interface Source {
  readonly view: SettingsView;
  readonly from: string;
  /** Whether a running agent said so. */
  readonly running: boolean;
}

/** Prints one value, or all settings. @returns the exit code. */
export async function getSettings(
  surroundings: Surroundings,
  config: ConfigChoice,
  name: string | undefined,
): Promise<number> {
  const source = await readSource(surroundings, config);
  if (typeof source === 'number') return source;
  if (surroundings.json === true && name === undefined) {
    return answer(surroundings, { ok: true, running: source.running, ...source.view }, EXIT.done);
  }
  if (name === undefined) {
    surroundings.stdout.write(list(source));
    return EXIT.done;
  }
  const found = findSetting(source.view, name);
  if (found === undefined) return failName(surroundings, source.view, name);
  if (surroundings.json === true) {
    const { file } = source.view;
    return answer(surroundings, { ok: true, running: source.running, file, ...found }, EXIT.done);
  }
  // A script wants the number alone, a person wants to know of what.
  const text = surroundings.isTerminal ? withUnit(found.value, found.unit) : found.value;
  surroundings.stdout.write(`${text}\n`);
  return EXIT.done;
}

/** The settings and whose they are, or the exit code of what went wrong. */
async function readSource(
  surroundings: Surroundings,
  config: ConfigChoice,
): Promise<Source | number> {
  const located = await locateSocket(config);
  if (!located.ok) return failSettings(surroundings, located.errors, config.path);
  try {
    const view = await createControlClient(located.socketPath).settings();
    return { view, from: `the running agent, from ${view.file}`, running: true };
  } catch (error) {
    if (!(error instanceof AgentNotReachable) || !error.noneRuns) {
      return failCall(surroundings, config, error);
    }
  }
  const { loadSettings } = await import('../../config/load.js');
  const result = loadSettings(config.path);
  if (!result.ok) return failSettings(surroundings, result.errors, config.path);
  const view = viewSettings(result.listed, config.path);
  return { view, from: `${config.path}; no agent is running`, running: false };
}

function list({ view, from }: Source): string {
  const width = Math.max(...view.settings.map(({ setting }) => setting.length));
  const lines = view.settings.map(
    (one) => `${one.setting.padEnd(width)}  ${withUnit(one.value, one.unit)}${sourceText(one)}`,
  );
  return `# ${from}\n${lines.join('\n')}\n`;
}

/** Nothing for what the file says and has no default; an agent of an earlier release tells no source. */
function sourceText({ value, source, unit, default: standard }: SettingView): string {
  if (source === 'default') return '   # default';
  if (standard === undefined || standard === value) return '';
  return `   # default: ${withUnit(standard, unit)}`;
}

function failName(surroundings: Surroundings, view: SettingsView, name: string): number {
  const names = view.settings.flatMap(({ setting, path = setting }) => [setting, path]);
  const near = nearestName(name, names) ?? names.find((one) => lastWord(one) === lastWord(name));
  return fail(
    surroundings,
    EXIT.usage,
    `there is no setting ${JSON.stringify(name)}`,
    near === undefined ? 'see understudy get for all of them' : `did you mean ${near}?`,
  );
}

/** `virtualRouters[lan].vrid`: `vrid`. `ha.peers[dallas-2]`: `peers`. */
const lastWord = (name: string): string =>
  plainSpelling(name.replace(/\[[^\]]*\]$/, '').replace(/^.*\./, ''));
