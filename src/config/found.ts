// How a value that was found in the file is named in an error. No judgement of it.

/** Longest quotation of a value in an error. */
const LONGEST = 60;

/** The value as a person would name it: `the text "yes"`, `the number 1`, `a list of 2`. */
export function describeFound(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return `the text ${quote(value)}`;
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (Array.isArray(value))
    return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  return 'a mapping of settings';
}

/** The text in double quotes, control characters escaped, shortened when long. */
export const quote = (text: string): string =>
  JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
