// Which settings the HA page changes: those that name no program, no file and no secret. Whoever may use the control
// socket may change these; the others are changed in the file alone. No text of a file: see edit-at.ts.
import type { SettingsPath } from './errors.js';
import { schemaAt, type SettingSchema } from './schema.js';

const SECTIONS: ReadonlySet<string> = new Set([
  'ha',
  'virtualRouters',
  'bandwidthMonitoring',
  'linkMonitoring',
  'gatewayMonitoring',
  'checks',
]);

/** Its own, and yet nothing but a number, a word or addresses. */
const OWN: ReadonlySet<string> = new Set([
  'primary',
  'sync',
  'priority',
  'unicastPeers',
  'addresses',
]);

/** Whether the setting at `path` is one that the page changes. */
export function onPage(path: SettingsPath): boolean {
  const schema = schemaAt(path);
  const [section] = path;
  const key = path.at(-1);
  if (schema === undefined || typeof section !== 'string' || typeof key !== 'string') return false;
  // This release takes one value only.
  if (schema.const !== undefined) return false;
  if (!SECTIONS.has(section) || path.length < 2 || !isLeaf(schema)) return false;
  // A name tells one virtual router from another, and a type one check: they are not changed, but made anew.
  if (typeof path.at(-2) === 'number' && (key === 'name' || key === 'type')) return false;
  if (schema.names !== undefined && schema.names !== 'interface') return false;
  return schema.scope === 'shared' || OWN.has(key);
}

/** The lists to which the page adds items, and from which it removes them. */
export const PAGE_LISTS = ['virtualRouters', 'checks'] as const;
export type PageList = (typeof PAGE_LISTS)[number];

/** Whether the setting at `path`, which says what an item is, is given by the page when it makes one. */
export const namesItem = ([list, index, key, ...more]: SettingsPath): boolean =>
  PAGE_LISTS.some((one) => one === list) &&
  typeof index === 'number' &&
  (key === 'name' || (key === 'type' && list === 'checks')) &&
  more.length === 0;

const isLeaf = ({ type, items }: SettingSchema): boolean =>
  type !== 'object' && items?.properties === undefined;

/** `virtualRouters[0].vrid` as a path; null when it is none. */
export function parsePath(text: string): SettingsPath | null {
  if (!/^[A-Za-z]+(?:\[\d{1,4}\])?(?:\.[A-Za-z]+(?:\[\d{1,4}\])?)*$/.test(text)) return null;
  return [...text.matchAll(/([A-Za-z]+)|\[(\d+)\]/g)].map(([, key, index]) => key ?? Number(index));
}
