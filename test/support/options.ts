// Values of options on the command lines of scripts that run tests: numbers within bounds, names out of a list. Which
// options there are: the options.ts or main.ts of each script.

const outside = (option: string, expected: string, found: string): Error =>
  new Error(`${option}: expected ${expected}, found "${found}"`);

/** @throws Error that says what was expected and what was found. */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw outside(option, `a whole number from ${least} to ${most}`, text);
}

/** A number with or without a fraction. @throws Error that says what was expected and what was found. */
export function decimal(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= least && value <= most) return value;
  throw outside(option, `a number from ${least} to ${most}`, text);
}

/**
 * Those that were named, in the order of `all`.
 * @throws Error that says what was expected and what was found.
 */
export function chosen<Name extends string>(
  option: string,
  all: readonly Name[],
  named: readonly string[],
): readonly Name[] {
  const stranger = named.find((name) => !all.some((known) => known === name));
  if (stranger !== undefined) throw outside(option, `one of ${all.join(', ')}`, stranger);
  return all.filter((name) => named.includes(name));
}

/** A seed is a whole number above 0. */
export const MOST_SEED = 2 ** 31 - 1;

/** The seed that was given, or one that is drawn. @throws Error like `wholeNumber`. */
export const seedOf = (text: string | undefined): number =>
  text === undefined
    ? 1 + Math.floor(Math.random() * MOST_SEED)
    : wholeNumber('--seed', text, 1, MOST_SEED);
