// What must hold for what is monitored: interfaces, link pairs, gateways, checks of each type. No
// form: see structure.ts.
import { isLinkLocal, parseAddress } from '../model/address.js';
import { unfitReason } from './address-checks.js';
import { hostsOf, listOf, member, numberOf, textOf, textsOf, type DraftPeer } from './draft.js';
import { formatPath, type Finding, type SettingsPath, type SettingsWarning } from './errors.js';
import { describeFound, quote } from './found.js';
import {
  checkInterface,
  checkName,
  checkPath,
  checkUniqueNames,
  repeated,
} from './plain-checks.js';

/**
 * The monitors that are no checks, and the other cause of an adjustment: a check may not be called as
 * they are in status and events.
 */
const TAKEN_NAMES: ReadonlySet<string> = new Set(['gateway', 'bandwidth', 'links', 'address-lost']);

/** The keys of each type; the others are common to all. */
const KEYS_OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  tcp: ['host', 'port'],
  http: ['url', 'expectStatus', 'expectBody', 'expectHeader', 'requestHeaders', 'verifyTls'],
  script: ['command'],
};

const REQUIRED_OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  tcp: ['host', 'port'],
  http: ['url'],
  script: ['command'],
};

const EXAMPLES: Readonly<Record<string, string>> = {
  host: '127.0.0.1',
  port: '9000',
  url: 'http://127.0.0.1:9000/upcheck',
  command: '[/usr/local/bin/upcheck]',
};

/** Every fault of meaning in what is monitored. `value`: the file as parsed. */
export function checkMonitors(value: unknown): Finding[] {
  return [
    ...checkBandwidth(member(value, 'bandwidthMonitoring')),
    ...checkLinks(member(value, 'linkMonitoring')),
    ...checkGateways(member(value, 'gatewayMonitoring')),
    ...checkChecks(listOf(value, 'checks')),
  ];
}

function checkBandwidth(section: unknown): Finding[] {
  const at = ['bandwidthMonitoring'];
  const interfaces = textsOf(section, 'interfaces', at);
  const findings = interfaces.flatMap((one) => checkInterface(one.text, one.at));
  if (member(section, 'enabled') === true && listOf(section, 'interfaces').length === 0) {
    findings.push({
      at: [...at, 'interfaces'],
      code: 'missing-setting',
      expected: 'the interfaces whose traffic is judged',
      found: 'bandwidth monitoring enabled, and no interface',
      remedy: 'add bandwidthMonitoring.interfaces: [eth1], or set enabled: false',
    });
  }
  return [...findings, ...checkOnce(interfaces)];
}

const checkOnce = (texts: readonly { at: SettingsPath; text: string }[]): Finding[] =>
  repeated(texts, ({ text }) => text).map(([second, first]) => ({
    at: second.at,
    code: 'invalid-interface' as const,
    expected: 'every interface once',
    found: `${second.text}, which stands at ${formatPath(first.at)} already`,
    remedy: 'remove one of the two, or write the interface that was meant',
  }));

function checkLinks(section: unknown): Finding[] {
  const at = ['linkMonitoring', 'pairs'];
  const pairs = listOf(section, 'pairs');
  const findings = pairs.flatMap((_, index) => {
    const ends = textsOf({ pair: pairs[index] }, 'pair', []).map(({ text, at: place }) => ({
      at: [...at, index, ...place.slice(1)],
      text,
    }));
    return [...ends.flatMap((end) => checkInterface(end.text, end.at)), ...checkOnce(ends)];
  });
  const minimum = numberOf(section, 'minimumActive') ?? 0;
  if (pairs.length > 0 && minimum > pairs.length) {
    findings.push({
      at: ['linkMonitoring', 'minimumActive'],
      code: 'contradiction',
      expected: `at most ${pairs.length}, as many as there are pairs`,
      found: `the number ${minimum}: the role could never be held`,
      remedy: 'lower linkMonitoring.minimumActive, or add the missing pairs',
    });
  }
  return findings;
}

function checkGateways(section: unknown): Finding[] {
  const at = ['gatewayMonitoring'];
  const addresses = hostsOf(section, 'addresses', at);
  const name = textOf(section, 'interface');
  const findings = addresses.flatMap((one) => checkGateway(one, name !== null));
  const twice = repeated(addresses, ({ value }) => value).map(([second, first]) =>
    invalidGateway(
      second,
      `${second.text}, which stands at ${formatPath(first.at)} already`,
      'remove one of the two',
    ),
  );
  return [...findings, ...twice, ...checkInterface(name, [...at, 'interface'])];
}

function checkGateway(gateway: DraftPeer, hasInterface: boolean): Finding[] {
  const { text, value } = gateway;
  if (value === null) {
    const bare = parseAddress(text.split(/[/%]/)[0] ?? '');
    const scope = text.includes('%') ? ', and gatewayMonitoring.interface' : '';
    const remedy = bare === null ? 'correct the address' : `write ${bare}${scope}`;
    return [invalidGateway(gateway, quote(text), remedy)];
  }
  const reason = unfitReason(value);
  if (reason !== null) {
    return [invalidGateway(gateway, `${text}, ${reason}`, 'write the address of the gateway')];
  }
  if (!isLinkLocal(value) || hasInterface) return [];
  const found = `${text}, which is link-local, and no interface`;
  return [invalidGateway(gateway, found, 'add gatewayMonitoring.interface: eth0')];
}

const invalidGateway = ({ at }: DraftPeer, found: string, remedy: string): Finding => ({
  at,
  code: 'invalid-gateway',
  expected: 'the unicast address of a gateway, without prefix length, once',
  found,
  remedy,
});

function checkChecks(checks: readonly unknown[]): Finding[] {
  const named = checks.map((check, index) => ({
    at: ['checks', index],
    name: textOf(check, 'name'),
    check,
  }));
  return [
    ...named.flatMap(({ at, name, check }) => [
      ...checkCheckName(name, [...at, 'name']),
      ...checkKeys(check, at),
      ...checkHost(textOf(check, 'host'), [...at, 'host']),
      ...checkUrl(textOf(check, 'url'), [...at, 'url']),
      ...checkStatusRange(member(check, 'expectStatus'), [...at, 'expectStatus']),
      ...checkHeaders(check, at),
      ...checkCommand(check, at),
    ]),
    ...checkUniqueNames(named, 'check'),
  ];
}

function checkCheckName(name: string | null, at: SettingsPath): Finding[] {
  if (name === null || !TAKEN_NAMES.has(name)) return checkName(name, at);
  return [
    {
      at,
      code: 'invalid-name',
      expected: `another name than ${[...TAKEN_NAMES].join(', ')}, which mean something else already`,
      found: quote(name),
      remedy: `rename it, such as ${name}-check`,
    },
  ];
}

/** Keys of another type, and keys that this type needs. */
function checkKeys(check: unknown, at: SettingsPath): Finding[] {
  const type = textOf(check, 'type') ?? '';
  const own = KEYS_OF_TYPE[type];
  if (own === undefined) return [];
  const findings = Object.entries(KEYS_OF_TYPE).flatMap(([other, keys]) =>
    keys
      .filter((key) => other !== type && member(check, key) !== undefined)
      .map((key) => ({
        at: [...at, key],
        code: 'other-type' as const,
        expected: `no ${key}: this check is of type ${type}, which has ${own.join(', ')}`,
        found: describeFound(member(check, key)),
        remedy: `remove ${key}, or write type: ${other}`,
      })),
  );
  const missing = (REQUIRED_OF_TYPE[type] ?? []).filter((key) => member(check, key) === undefined);
  return [
    ...findings,
    ...missing.map((key) => ({
      at: [...at, key],
      code: 'missing-setting' as const,
      expected: `${key}, which a check of type ${type} needs`,
      found: 'nothing',
      remedy: `add ${formatPath([...at, key])}, such as ${key}: ${EXAMPLES[key] ?? ''}`,
    })),
  ];
}

/** An address, or a name as RFC 1123 §2.1 has them (and "_"), which does not end in a number. */
function checkHost(text: string | null, at: SettingsPath): Finding[] {
  if (text === null || text === '' || parseAddress(text) !== null) return [];
  const isName = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$/.test(text) && !/(^|\.)\d+\.?$/.test(text);
  if (isName) return [];
  const bare = parseAddress(text.split(/[/%:]/)[0] ?? '');
  return [
    {
      at,
      code: 'invalid-host',
      expected: 'a host name, or an address without prefix length and port',
      found: quote(text),
      remedy: bare === null ? 'correct the host' : `write ${bare}`,
    },
  ];
}

function checkUrl(text: string | null, at: SettingsPath): Finding[] {
  if (text === null || text === '') return [];
  const wrong = (found: string, remedy: string): Finding[] => [
    { at, code: 'invalid-url', expected: 'an http:// or https:// URL with a host', found, remedy },
  ];
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return wrong(quote(text), `write it as in ${EXAMPLES['url']}`);
  }
  if (url.username !== '' || url.password !== '') {
    return wrong('a URL with user name or password', 'send them in requestHeaders (Authorization)');
  }
  return [];
}

function checkStatusRange(range: unknown, at: SettingsPath): Finding[] {
  const minimum = numberOf(range, 'minimum');
  const maximum = numberOf(range, 'maximum');
  if (minimum === null || maximum === null || minimum <= maximum) return [];
  return [
    {
      at,
      code: 'contradiction',
      expected: 'a minimum that is not above the maximum (200 and 299 unless set)',
      found: `minimum ${minimum}, maximum ${maximum}`,
      remedy: `write expectStatus: { minimum: ${minimum}, maximum: ${minimum} }`,
    },
  ];
}

/** RFC 9110 §5.6.2: a header name is a token; no value holds a line end. */
function checkHeaders(check: unknown, at: SettingsPath): Finding[] {
  const sent = member(check, 'requestHeaders');
  const entries = typeof sent === 'object' && sent !== null ? Object.entries(sent) : [];
  const findings = entries.flatMap(([name, value]) => {
    const place = [...at, 'requestHeaders', name];
    const text = typeof value === 'string' ? value : '';
    return [...checkHeaderName(name, place), ...checkHeaderValue(text, place)];
  });
  const expected = textOf(member(check, 'expectHeader'), 'name');
  return expected === null
    ? findings
    : [...findings, ...checkHeaderName(expected, [...at, 'expectHeader', 'name'])];
}

function checkHeaderName(name: string, at: SettingsPath): Finding[] {
  if (name === '' || /^[\w!#$%&'*+.^`|~-]+$/.test(name)) return [];
  return [
    {
      at,
      code: 'invalid-header',
      expected: 'the name of an HTTP header, without colon and white space',
      found: quote(name),
      remedy: 'write the name alone, such as Host',
    },
  ];
}

function checkHeaderValue(value: string, at: SettingsPath): Finding[] {
  if (/^[\t\u0020-\u007E\u0080-\u00FF]*$/.test(value)) return [];
  return [
    {
      at,
      code: 'invalid-header',
      expected: 'one line of Latin-1 text as the value of a header',
      found: quote(value),
      remedy: 'remove line ends and other characters',
    },
  ];
}

function checkCommand(check: unknown, at: SettingsPath): Finding[] {
  const [program] = textsOf(check, 'command', at);
  return program === undefined ? [] : checkPath(program.text, program.at);
}

/** Longer than this to find a fault is hardly meant: another unit, or a digit too many. */
export const LONGEST_WAIT_MS = 60_000;

/** `times` attempts `everyMs` apart: what is wrong with so long a time, if anything. */
export const slowWarning = (path: string, everyMs: number, times: number): SettingsWarning[] =>
  everyMs * times <= LONGEST_WAIT_MS
    ? []
    : [
        {
          path,
          message: `a failure is found after ${times} × ${everyMs} ms only: that is ${(everyMs * times) / 1000} s`,
        },
      ];

/**
 * Sections that somebody wrote and that do nothing, and times that are hardly meant. `written`: the
 * sections and settings of the file itself.
 */
export function monitorWarnings(value: unknown, written: ReadonlySet<string>): SettingsWarning[] {
  return [
    ...idleWarnings(value, written),
    ...gatewayWarnings(member(value, 'gatewayMonitoring')),
    ...listOf(value, 'checks').flatMap(timeoutWarnings),
  ];
}

function gatewayWarnings(section: unknown): SettingsWarning[] {
  if (listOf(section, 'addresses').length === 0) return [];
  const every = numberOf(section, 'intervalMs') ?? 0;
  const times = numberOf(section, 'failureThreshold') ?? 0;
  return slowWarning('gatewayMonitoring.failureThreshold', every, times);
}

/** No attempt begins before the one before it has ended. */
function timeoutWarnings(check: unknown, index: number): SettingsWarning[] {
  const interval = numberOf(check, 'intervalMs') ?? 0;
  const timeout = numberOf(check, 'timeoutMs') ?? 0;
  if (timeout <= interval || timeout <= LONGEST_WAIT_MS / 6) return [];
  const message = `is longer than intervalMs (${interval}): one that hangs holds up the next for ${timeout / 1000} s`;
  return [{ path: `checks[${index}].timeoutMs`, message }];
}

function idleWarnings(value: unknown, written: ReadonlySet<string>): SettingsWarning[] {
  const idle = (section: string, key: string): SettingsWarning[] =>
    written.has(section) && listOf(member(value, section), key).length === 0
      ? [{ path: section, message: `has no ${key}, so nothing is monitored` }]
      : [];
  const links = member(value, 'linkMonitoring');
  const never = listOf(links, 'pairs').length > 0 && numberOf(links, 'minimumActive') === 0;
  const unjudged =
    written.has('bandwidthMonitoring') && !written.has('bandwidthMonitoring.enabled');
  return [
    ...idle('linkMonitoring', 'pairs'),
    ...idle('gatewayMonitoring', 'addresses'),
    ...(never
      ? [{ path: 'linkMonitoring.minimumActive', message: 'is 0: no failed link is ever a fault' }]
      : []),
    ...(unjudged
      ? [{ path: 'bandwidthMonitoring', message: 'has no effect without enabled: true' }]
      : []),
  ];
}
