// The checks of one text, whatever setting it stands at: names, interfaces, paths, repetitions. No
// addresses: see address-checks.ts. Empty texts are a fault of form.
import { credentialOf, isCredentialName } from './credential.js';
import { formatPath, type Finding, type SettingsPath } from './errors.js';
import { fault, type Fault } from './faults.js';
import { quote } from './found.js';
import type { PlacedText } from './placed.js';

/** IFNAMSIZ − 1. */
const LONGEST_INTERFACE_NAME = 15;

/** A name that may stand in logs, arguments and environments. */
export function checkName(name: string | undefined, at: SettingsPath): Finding[] {
  if (!name || /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return [];
  return [fault('name', at, quote(name), { whom: at.length === 1 ? 'this appliance' : 'it' })];
}

/** What the kernel accepts as an interface name (dev_valid_name). */
export function checkInterface(name: string | undefined, at: SettingsPath): Finding[] {
  if (!name) return [];
  const valid = name !== '.' && name !== '..' && !/[/:\s]/.test(name);
  const bytes = Buffer.byteLength(name);
  if (valid && bytes <= LONGEST_INTERFACE_NAME) return [];
  return [fault('interface', at, `${quote(name)}, ${bytes} bytes`)];
}

export function checkPath(path: string | undefined, at: SettingsPath): Finding[] {
  if (!path || (path.startsWith('/') && !path.includes('\0'))) return [];
  return [fault('path', at, quote(path))];
}

/** Of a file with a secret: a path, or a credential of the unit. */
export function checkSecret(file: string | undefined, at: SettingsPath): Finding[] {
  const credential = file === undefined ? null : credentialOf(file);
  if (file === undefined || credential === null) return checkPath(file, at);
  return isCredentialName(credential) ? [] : [fault('credential', at, quote(file))];
}

/** A name once among its kind; `kind` as in "a name of its own for every virtual router". */
export const checkUniqueNames = (
  items: readonly { readonly at: SettingsPath; readonly name: string | undefined }[],
  kind: string,
): Finding[] =>
  repeated(items, ({ name }) => name).map(([{ at, name }, first]) =>
    fault('nameTwice', [...at, 'name'], `${quote(name ?? '')}, as ${formatPath(first.at)} has`, {
      kind,
    }),
  );

/** Each text once in its list. */
export const checkOnce = (
  texts: readonly PlacedText[],
  kind: Fault & ('interfaceTwice' | 'segmentTwice'),
  say: (text: string) => string = (text) => text,
): Finding[] =>
  repeated(texts, ({ text }) => text).map(([{ at, text }, first]) =>
    fault(kind, at, standsAlready(say(text), first.at)),
  );

export const standsAlready = (text: string, at: SettingsPath): string =>
  `${text}, which stands at ${formatPath(at)} already`;

/** Each item whose identity an earlier one has, with that earlier one. */
export function repeated<Item>(
  items: readonly Item[],
  identity: (item: Item) => string | null | undefined,
): [Item, Item][] {
  const seen = new Map<string, Item>();
  return items.flatMap((item): [Item, Item][] => {
    const key = identity(item) ?? null;
    if (key === null) return [];
    const first = seen.get(key);
    if (first !== undefined) return [[item, first]];
    seen.set(key, item);
    return [];
  });
}
