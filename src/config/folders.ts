// Which folders an agent has used whose settings file is invalid now, or gone: a good guess, for `release`. No
// check of anything else.
import { readDocument } from './document.js';
import { readSettingsText } from './load.js';
import { DEFAULT_RUNTIME_DIRECTORY, DEFAULT_STATE_DIRECTORY } from './schema.js';

export interface Folders {
  readonly runtimeDirectory: string;
  readonly stateDirectory: string;
}

/**
 * What the file names all the same; else what the service manager names (RUNTIME_DIRECTORY,
 * STATE_DIRECTORY); else the usual ones.
 */
export function namedFolders(
  settingsFile: string,
  environment: Readonly<Record<string, string | undefined>>,
): Folders {
  const read = readSettingsText(settingsFile);
  const text = read.ok ? read.text : '';
  const document = readDocument(text);
  const value: unknown = document.ok ? document.document.value : null;
  const of = (key: keyof Folders, variable: string, usual: string): string => {
    const named =
      typeof value === 'object' && value !== null
        ? (value as Readonly<Record<string, unknown>>)[key]
        : new RegExp(`^${key}:\\s*["']?(/[^"'\\s#]*)`, 'm').exec(text)?.[1];
    if (typeof named === 'string' && named.startsWith('/')) return named;
    const [given = ''] = (environment[variable] ?? '').split(':');
    return given.startsWith('/') ? given : usual;
  };
  return {
    runtimeDirectory: of('runtimeDirectory', 'RUNTIME_DIRECTORY', DEFAULT_RUNTIME_DIRECTORY),
    stateDirectory: of('stateDirectory', 'STATE_DIRECTORY', DEFAULT_STATE_DIRECTORY),
  };
}
