// What must hold for the pair: peers, key, the primaries of active-active, bypass and hooks. No form:
// see structure.ts.
import { isLinkLocal, parseAddress } from '../model/address.js';
import { unfitReason, virtualAddresses } from './address-checks.js';
import {
  hostsOf,
  listOf,
  member,
  numberOf,
  textOf,
  textsOf,
  type Draft,
  type DraftPeer,
} from './draft.js';
import { formatPath, type Finding, type SettingsPath, type SettingsWarning } from './errors.js';
import { quote } from './found.js';
import { slowWarning } from './monitor-checks.js';
import { checkName, checkPath, checkUniqueNames, repeated } from './plain-checks.js';
import { DEFAULT_PRIORITY } from './schema-ha.js';

interface DraftAppliance {
  readonly at: SettingsPath;
  readonly name: string | null;
  readonly addresses: readonly DraftPeer[];
}

/** `value`: the file as parsed. `ownName`: the name of this appliance, its default included. */
export function checkPair(value: unknown, draft: Draft, ownName: string): Finding[] {
  const ha = member(value, 'ha');
  const peers = listOf(ha, 'peers').map((peer, index) => {
    const at = ['ha', 'peers', index];
    return { at, name: textOf(peer, 'name'), addresses: hostsOf(peer, 'addresses', at) };
  });
  return [
    ...peers.flatMap(({ at, name }) => checkPeerName(name, [...at, 'name'], ownName)),
    ...checkUniqueNames(peers, 'peer'),
    ...checkPeerAddresses(peers, draft),
    ...checkKeyFile(ha, peers.length),
    ...checkPrimaries(draft, textOf(ha, 'mode'), peers, ownName),
    ...checkPrograms(value),
  ];
}

function checkPeerName(name: string | null, at: SettingsPath, ownName: string): Finding[] {
  if (name !== ownName) return checkName(name, at);
  return [
    {
      at,
      code: 'own-name',
      expected: 'the name of another appliance',
      found: `${quote(name)}, which is the name of this one`,
      remedy: 'write the name of the peer, or give this appliance another one (name: …)',
    },
  ];
}

function checkPeerAddresses(peers: readonly DraftAppliance[], draft: Draft): Finding[] {
  const all = peers.flatMap(({ addresses }) => addresses);
  const virtual = virtualAddresses(draft.virtualRouters);
  const twice = repeated(all, ({ value }) => value).map(([second, first]) =>
    invalidPeer(
      second.at,
      `${second.text}, which stands at ${formatPath(first.at)} already`,
      'remove one of the two',
    ),
  );
  return [...all.flatMap((address) => checkPeerAddress(address, virtual)), ...twice];
}

function checkPeerAddress(
  { at, text, value }: DraftPeer,
  virtual: ReturnType<typeof virtualAddresses>,
): Finding[] {
  if (value === null) return [unreadable(at, text)];
  const reason = unfitReason(value);
  if (reason !== null) {
    return [invalidPeer(at, `${text}, ${reason}`, 'write an address of the peer')];
  }
  if (isLinkLocal(value)) return [linkLocalPeer(at, text)];
  const place = virtual.get(value);
  if (place === undefined) return [];
  const found = `${text}, the virtual address at ${place}`;
  return [invalidPeer(at, found, "write the peer's own address, which it keeps in every state")];
}

const invalidPeer = (at: SettingsPath, found: string, remedy: string): Finding => ({
  at,
  code: 'invalid-peer',
  expected: "a unicast address of the peer's own, without prefix length, once",
  found,
  remedy,
});

const linkLocalPeer = (at: SettingsPath, text: string): Finding =>
  invalidPeer(
    at,
    `${text}, which is link-local: it means another host on every link`,
    'give both sides a global or unique local address (fd00::/8)',
  );

function unreadable(at: SettingsPath, text: string): Finding {
  const bare = parseAddress(text.split(/[/%]/)[0] ?? '');
  if (bare !== null && isLinkLocal(bare)) return linkLocalPeer(at, text);
  return invalidPeer(at, quote(text), bare === null ? 'correct the address' : `write ${bare}`);
}

function checkKeyFile(ha: unknown, peers: number): Finding[] {
  const keyFile = textOf(ha, 'keyFile');
  if (peers === 0 || keyFile !== null) return checkPath(keyFile, ['ha', 'keyFile']);
  return [
    {
      at: ['ha', 'keyFile'],
      code: 'missing-setting',
      expected: 'the path of the secret that the peers share',
      found: 'peers, and no ha.keyFile',
      remedy:
        'add ha.keyFile: /etc/understudy/ha.key, then: understudy keygen, and copy the file to every peer',
    },
  ];
}

/** In active-active every virtual router names the instance that is to hold it. */
function checkPrimaries(
  draft: Draft,
  mode: string | null,
  peers: readonly DraftAppliance[],
  ownName: string,
): Finding[] {
  const known = [ownName, ...peers.flatMap(({ name }) => (name === null ? [] : [name]))];
  return draft.virtualRouters.flatMap(({ at, primary }): Finding[] => {
    const place = [...at, 'primary'];
    if (primary === null) {
      return mode === 'active-active' ? [missingPrimary(place, known)] : [];
    }
    // Without peers, plain VRRP routers may be the others: their names are not known here.
    if (peers.length === 0 || known.includes(primary)) return checkName(primary, place);
    return [
      {
        at: place,
        code: 'unknown-instance',
        expected: `one of: ${known.join(', ')}`,
        found: quote(primary),
        remedy: 'write the name of this appliance or of a peer, the same on all of them',
      },
    ];
  });
}

const missingPrimary = (at: SettingsPath, known: readonly string[]): Finding => ({
  at,
  code: 'missing-setting',
  expected: `in active-active, the instance that is to hold this virtual router: one of ${known.join(', ')}`,
  found: 'nothing',
  remedy: `add ${formatPath(at)}: ${known[0] ?? ''}, the same on all appliances`,
});

function checkPrograms(value: unknown): Finding[] {
  const bypass = member(value, 'bypass');
  const segments = textsOf(bypass, 'segments', ['bypass']);
  return [
    ...checkPath(textOf(bypass, 'hook'), ['bypass', 'hook']),
    ...segments.flatMap(({ at, text }) => checkName(text, at)),
    ...repeated(segments, ({ text }) => text).map(([second, first]) => ({
      at: second.at,
      code: 'duplicate-name' as const,
      expected: 'every segment once',
      found: `${quote(second.text)}, which stands at ${formatPath(first.at)} already`,
      remedy: 'remove one of the two',
    })),
    ...['transition', 'monitor'].flatMap((hook) =>
      checkPath(textOf(member(value, 'hooks'), hook), ['hooks', hook]),
    ),
  ];
}

/** What of the pair has no effect, or hardly the one that is meant. */
export function pairWarnings(value: unknown, draft: Draft): SettingsWarning[] {
  return [...primaryWarnings(value, draft), ...oddWarnings(value)];
}

/** With peers, as plain VRRP speakers have none and may do anything. */
function oddWarnings(value: unknown): SettingsWarning[] {
  const ha = member(value, 'ha');
  const peers = listOf(ha, 'peers');
  if (peers.length === 0) return [];
  const own = new Set(
    peers.flatMap((peer) => hostsOf(peer, 'addresses', []).map((one) => one.value)),
  );
  const routers = listOf(value, 'virtualRouters');
  const every = numberOf(ha, 'peerCheckIntervalMs') ?? 0;
  const times = numberOf(ha, 'peerFailureThreshold') ?? 0;
  const passive = textOf(ha, 'mode') === 'active-passive';
  return [
    ...slowWarning('ha.peerFailureThreshold', every, times),
    ...routers.flatMap((router, index) => [
      ...(passive ? priorityWarnings(router, index, member(ha, 'primary') === true) : []),
      ...hostsOf(router, 'unicastPeers', ['virtualRouters', index])
        .filter((one) => !own.has(one.value))
        .map((one) => ({
          path: formatPath(one.at),
          message: `${one.text} is no address of a peer in ha.peers`,
        })),
    ]),
  ];
}

function priorityWarnings(router: unknown, index: number, primary: boolean): SettingsWarning[] {
  const priority = numberOf(router, 'priority');
  if (priority === null) return [];
  const path = `virtualRouters[${index}].priority`;
  if (primary && priority <= DEFAULT_PRIORITY.other) {
    const message = `is ${priority}, and one that is not primary has ${DEFAULT_PRIORITY.other}: the primary would stand back`;
    return [{ path, message }];
  }
  if (primary || priority < DEFAULT_PRIORITY.primary) return [];
  const message = `is ${priority}, and a primary has ${DEFAULT_PRIORITY.primary}: set ha.primary here, or lower it`;
  return [{ path, message }];
}

function primaryWarnings(value: unknown, draft: Draft): SettingsWarning[] {
  const ha = member(value, 'ha');
  if (textOf(ha, 'mode') === 'active-active') {
    const message = 'has no effect in active-active: each virtual router names its own primary';
    // With a relay it says who goes into hardware bypass after too many flaps, in any mode.
    const idle = member(ha, 'primary') === true && member(value, 'bypass') === undefined;
    return idle ? [{ path: 'ha.primary', message }] : [];
  }
  return draft.virtualRouters.flatMap(({ at, primary }) =>
    primary === null
      ? []
      : [
          {
            path: formatPath([...at, 'primary']),
            message: 'has no effect unless ha.mode is active-active: ha.primary decides',
          },
        ],
  );
}
