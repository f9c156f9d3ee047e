// What must hold for the checks of the settings: names, the settings of each type, and what these say. No form: see
// form.ts.
import { parseAddress } from '../model/address.js';
import { formatPath, type Finding, type SettingsPath } from './errors.js';
import { fault } from './faults.js';
import { describeFound, quote } from './found.js';
import { textsAt, type Settled } from './placed.js';
import { checkName, checkPath, checkUniqueNames } from './plain-checks.js';
import { OF_TYPE, type CheckType } from './schema-check-types.js';

type Check = NonNullable<Settled['checks']>[number];

/**
 * The monitors that are no checks, and the other cause of an adjustment: a check may not be called as
 * they are in status and events.
 */
const TAKEN_NAMES: readonly string[] = ['gateway', 'bandwidth', 'links', 'address-lost'];

type Type = CheckType;
type Key = Exclude<keyof Check, undefined>;

const keysOf = (type: Type): readonly Key[] => [
  ...(Object.keys(OF_TYPE[type].needed) as Key[]),
  ...OF_TYPE[type].other,
];

export const checkChecks = (checks: readonly Check[]): Finding[] => [
  ...checks.flatMap((check, index) => checkCheck(check, ['checks', index])),
  ...checkUniqueNames(
    checks.map(({ name }, index) => ({ at: ['checks', index], name })),
    'check',
  ),
];

function checkCheck(check: Check, at: SettingsPath): Finding[] {
  const [program] = textsAt(check.command, [...at, 'command']);
  return [
    ...checkCheckName(check.name, [...at, 'name']),
    ...(check.type === undefined ? [] : checkKeys(check, check.type, at)),
    ...checkHost(check.host ?? '', [...at, 'host']),
    ...checkUrl(check.url ?? '', [...at, 'url']),
    ...checkStatuses(check.expectStatus, [...at, 'expectStatus']),
    ...Object.entries(check.requestHeaders ?? {}).flatMap(([name, value]) => [
      ...checkHeaderName(name, [...at, 'requestHeaders', name]),
      ...checkHeaderValue(value, [...at, 'requestHeaders', name]),
    ]),
    ...checkHeaderName(check.expectHeader?.name ?? '', [...at, 'expectHeader', 'name']),
    ...(program === undefined ? [] : checkPath(program.text, program.at)),
  ];
}

function checkCheckName(name: string | undefined, at: SettingsPath): Finding[] {
  if (name === undefined || !TAKEN_NAMES.includes(name)) return checkName(name, at);
  return [fault('takenName', at, quote(name), { taken: TAKEN_NAMES.join(', '), name })];
}

/** Keys of another type, and keys that this type needs. */
function checkKeys(check: Check, type: Type, at: SettingsPath): Finding[] {
  const keys = keysOf(type).join(', ');
  const others = (Object.keys(OF_TYPE) as Type[]).filter((other) => other !== type);
  const foreign = others.flatMap((other) =>
    keysOf(other)
      .filter((key) => check[key] !== undefined)
      .map((key) =>
        fault('otherType', [...at, key], describeFound(check[key]), { key, type, keys, other }),
      ),
  );
  const missing = Object.entries(OF_TYPE[type].needed).filter(
    ([key]) => check[key as Key] === undefined,
  );
  return [
    ...foreign,
    ...missing.map(([key, example]) => {
      const place = [...at, key];
      const words = { key, type, place: formatPath(place), example };
      return fault('noKeyOfType', place, 'nothing', words);
    }),
  ];
}

/** An address, or a name as RFC 1123 §2.1 has them (and "_"), which does not end in a number. */
function checkHost(text: string, at: SettingsPath): Finding[] {
  if (text === '' || parseAddress(text) !== null) return [];
  const isName = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$/.test(text) && !/(^|\.)\d+\.?$/.test(text);
  if (isName) return [];
  const bare = parseAddress(text.split(/[/%:]/)[0] ?? '');
  const remedy = bare === null ? 'correct the host' : `write ${bare}`;
  return [fault('host', at, quote(text), { remedy })];
}

function checkUrl(text: string, at: SettingsPath): Finding[] {
  if (text === '') return [];
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const remedy = `write it as in ${OF_TYPE.http.needed.url}`;
    return [fault('url', at, quote(text), { remedy })];
  }
  if (url.username === '' && url.password === '') return [];
  const remedy = 'send them in requestHeaders (Authorization)';
  return [fault('url', at, 'a URL with user name or password', { remedy })];
}

function checkStatuses(range: Check['expectStatus'], at: SettingsPath): Finding[] {
  const { minimum, maximum } = range ?? {};
  if (minimum === undefined || maximum === undefined || minimum <= maximum) return [];
  return [fault('statuses', at, `minimum ${minimum}, maximum ${maximum}`, { minimum })];
}

/** RFC 9110 §5.6.2: a header name is a token. */
const checkHeaderName = (name: string, at: SettingsPath): Finding[] =>
  name === '' || /^[\w!#$%&'*+.^`|~-]+$/.test(name) ? [] : [fault('headerName', at, quote(name))];

/** No value holds a line end. */
const checkHeaderValue = (value: string | undefined, at: SettingsPath): Finding[] =>
  /^[\t\u0020-\u007E\u0080-\u00FF]*$/.test(value ?? '')
    ? []
    : [fault('headerValue', at, quote(value ?? ''))];
