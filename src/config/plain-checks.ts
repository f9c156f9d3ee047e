// The checks of one text, whatever setting it stands at: names, interfaces, paths, repetitions. No
// addresses: see address-checks.ts.
import { formatPath, type Finding, type SettingsPath } from './errors.js';
import { quote } from './found.js';

/** IFNAMSIZ − 1. */
const LONGEST_INTERFACE_NAME = 15;

/** A name that may stand in logs, arguments and environments. Empty ones are a fault of form. */
export function checkName(name: string | null, at: SettingsPath): Finding[] {
  if (name === null || name === '' || /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return [];
  return [
    {
      at,
      code: 'invalid-name',
      expected: 'letters, digits, ".", "_" and "-", beginning with a letter or digit',
      found: quote(name),
      remedy: at.length === 1 ? 'give this appliance a plain name' : 'give it a plain name',
    },
  ];
}

/** What the kernel accepts as an interface name (dev_valid_name). */
export function checkInterface(name: string | null, at: SettingsPath): Finding[] {
  if (name === null || name === '') return [];
  const valid = name !== '.' && name !== '..' && !/[/:\s]/.test(name);
  if (valid && Buffer.byteLength(name) <= LONGEST_INTERFACE_NAME) return [];
  return [
    {
      at,
      code: 'invalid-interface',
      expected: `an interface name of at most ${LONGEST_INTERFACE_NAME} bytes, without "/", ":" and white space`,
      found: `${quote(name)}, ${Buffer.byteLength(name)} bytes`,
      remedy: 'write the name as "ip link" prints it',
    },
  ];
}

export function checkPath(path: string | null, at: SettingsPath): Finding[] {
  if (path === null || path === '' || (path.startsWith('/') && !path.includes('\0'))) return [];
  return [
    {
      at,
      code: 'invalid-path',
      expected: 'an absolute path',
      found: quote(path),
      remedy: `write the whole path, beginning with "/"`,
    },
  ];
}

/** A name once among its kind; `kind` as in "a name of its own for every virtual router". */
export function checkUniqueNames(
  items: readonly { readonly at: SettingsPath; readonly name: string | null }[],
  kind: string,
): Finding[] {
  return repeated(items, ({ name }) => name).map(([item, first]) => ({
    at: [...item.at, 'name'],
    code: 'duplicate-name' as const,
    expected: `a name of its own for every ${kind}`,
    found: `${quote(item.name ?? '')}, as ${formatPath(first.at)} has`,
    remedy: 'rename one of the two',
  }));
}

/** Each item whose identity an earlier one has, with that earlier one. */
export function repeated<Item>(
  items: readonly Item[],
  identity: (item: Item) => string | null,
): [Item, Item][] {
  const seen = new Map<string, Item>();
  const found: [Item, Item][] = [];
  for (const item of items) {
    const key = identity(item);
    if (key === null) continue;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, item);
    else found.push([item, first]);
  }
  return found;
}
