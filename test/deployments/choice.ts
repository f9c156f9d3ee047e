// Which deployments, and which of their parts, the words of a command line name. Pure: nothing is run.

/** By deployment, in the order of the words: the parts to run. */
export type Choice = ReadonlyMap<string, readonly string[]>;

/**
 * @param words are `orion` for all its parts, `orion/balancers` for one; none for everything.
 * @param parts of each deployment there is.
 * @throws Error when there is no such deployment or part.
 */
export function chosen(
  words: readonly string[],
  parts: Readonly<Record<string, readonly string[]>>,
): Choice {
  const known = Object.keys(parts);
  const choice = new Map<string, readonly string[]>();
  for (const word of words.length > 0 ? words : known) {
    const [name = '', ...rest] = word.split('/');
    const all = Object.hasOwn(parts, name) ? parts[name] : undefined;
    if (all === undefined) throw new Error(`one of ${known.join(', ')} expected, found "${name}"`);
    const part = rest.join('/');
    if (rest.length > 0 && !all.includes(part)) {
      throw new Error(`${name}: one of ${all.join(', ')} expected, found "${part}"`);
    }
    choice.set(name, rest.length === 0 ? all : [...(choice.get(name) ?? []), part]);
  }
  return choice;
}
