// What can be wrong with a settings file, as a value a person can act on. No checks: see structure.ts
// and validate.ts.

/** The kinds of errors, stable for callers to test. The text for people is in the error itself. */
export type SettingsErrorCode =
  | 'missing-file'
  | 'unreadable'
  | 'not-a-file'
  | 'too-large'
  | 'too-deep'
  // Not told one by one.
  | 'more-errors'
  | 'encoding'
  | 'empty'
  | 'half-written'
  | 'syntax'
  | 'duplicate-key'
  | 'unknown-setting'
  | 'wrong-unit'
  // `understudy set` changes a few settings only.
  | 'not-settable'
  | 'missing-setting'
  | 'wrong-type'
  | 'out-of-range'
  | 'not-available'
  | 'invalid-name'
  | 'duplicate-name'
  | 'invalid-interface'
  | 'invalid-path'
  | 'path-too-long'
  | 'invalid-address'
  | 'missing-prefix'
  | 'mixed-families'
  | 'link-local-first'
  | 'duplicate-address'
  | 'too-many-addresses'
  | 'duplicate-vrid'
  | 'invalid-peer'
  | 'own-name'
  | 'unknown-instance'
  | 'invalid-gateway'
  | 'invalid-url'
  | 'invalid-host'
  | 'invalid-header'
  | 'other-type'
  | 'contradiction'
  | 'not-editable'
  | 'write-failed'
  // The file is another one than that the changes were made for.
  | 'changed-meanwhile'
  // The file is in order, but a running agent cannot follow it.
  | 'needs-restart'
  // It is in order for the appliance that it comes from, and this one lacks what it names.
  | 'not-here'
  // The agent runs as root, and others may change what it would start.
  | 'not-roots';

export interface SettingsError {
  /** `virtualRouters[0].addresses[1]`; empty when the file as a whole is meant. */
  readonly path: string;
  /** Where in the file, counted from 1; absent when the file has no such place. */
  readonly line?: number;
  readonly column?: number;
  readonly expected: string;
  readonly found: string;
  /** What to do, in the imperative. */
  readonly remedy: string;
  readonly code: SettingsErrorCode;
}

/** Something worth knowing about settings that are nevertheless in order. */
export interface SettingsWarning {
  readonly path: string;
  readonly message: string;
}

/** A place in the settings: keys and list positions, from the top. */
export type SettingsPath = readonly (string | number)[];

/** An error before its place in the text is looked up. */
export interface Finding extends Omit<SettingsError, 'path' | 'line' | 'column'> {
  readonly at: SettingsPath;
}

/** `['virtualRouters', 0, 'name']` to `virtualRouters[0].name`. */
export const formatPath = (path: SettingsPath): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');

/** What stands at `path` in a plain value; undefined when there is nothing. */
export const valueAt = (value: unknown, path: SettingsPath): unknown =>
  path.reduce(
    (inside, key) =>
      typeof inside === 'object' && inside !== null && Object.hasOwn(inside, key)
        ? (inside as Record<string | number, unknown>)[key]
        : undefined,
    value,
  );

/** Whether a remedy names what was meant: it is read before the list of all that there is. */
export const isSuggestion = (remedy: string): boolean => remedy.startsWith('did you mean ');

/** The error in four lines, `file:line:column` first, as compilers and editors know it. */
export function formatSettingsError(error: SettingsError, file: string): string {
  const line = error.line === undefined ? '' : `:${error.line}`;
  const column = error.column === undefined ? '' : `:${error.column}`;
  const path = error.path === '' ? '' : ` ${error.path}`;
  const lines = [
    `  expected  ${error.expected}`,
    `  found     ${error.found}`,
    `  remedy    ${error.remedy}`,
  ];
  if (isSuggestion(error.remedy)) lines.reverse();
  return [`${file}${line}${column}:${path} (${error.code})`, ...lines].join('\n');
}

/** The same in one line: `file:line:column: path: expected …, found …; remedy`. */
function settingsErrorLine(error: SettingsError, file: string): string {
  const line = error.line === undefined ? '' : `:${error.line}`;
  const column = error.column === undefined ? '' : `:${error.column}`;
  const path = error.path === '' ? '' : ` ${error.path}:`;
  if (isSuggestion(error.remedy)) {
    return `${file}${line}${column}:${path} found ${error.found}; ${error.remedy}`;
  }
  return `${file}${line}${column}:${path} expected ${error.expected}, found ${error.found}; ${error.remedy}`;
}

/** Errors as a line each, the first `most` of them, and how to see the others. */
export const settingsErrorLines = (
  errors: readonly SettingsError[],
  file: string,
  most: number,
): string[] => [
  ...errors.slice(0, most).map((error) => settingsErrorLine(error, file)),
  ...(errors.length > most ? [`${errors.length - most} more: understudy check`] : []),
];
