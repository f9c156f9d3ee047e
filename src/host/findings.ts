// What of a host does not fit the settings: one list, that `check` prints and the agent records at its start,
// at a reload and as long as it runs. Pure: the facts are given, so that made-up hosts can be judged.
import type { Settings } from '../config/settings.js';
import {
  addressBytes,
  familyOf,
  formatAddressWithPrefix,
  isLinkLocal,
  isWithin,
  type AddressWithPrefix,
} from '../model/address.js';
import type { HostFacts } from './facts.js';
import { fileFindings, socketFindings } from './file-findings.js';
import { advice, type HostFinding } from './finding.js';
import { interfaceFindings } from './interface-findings.js';
import { controlSocketOf, namedFiles } from './named.js';

export type { HostFinding } from './finding.js';

/** Everything that does not fit, each once. */
export function hostFindings(settings: Settings, host: HostFacts): HostFinding[] {
  return [
    ...(host.notesProblem === undefined ? [] : [notesFinding(host.notesProblem)]),
    ...interfaceFindings(settings, host),
    ...subnetFindings(settings, host),
    ...ownAddressFindings(settings, host),
    ...foreignFindings(settings, host),
    ...pathFindings(settings),
    ...acceptModeFindings(settings, host),
    ...namedFiles(settings).flatMap((named) => fileFindings(named, host)),
    ...socketFindings(controlSocketOf(settings), host),
    ...(host.programReplaced === true ? [NEEDS_RESTART] : []),
  ];
}

const notesFinding = (problem: string): HostFinding => ({
  path: 'stateDirectory',
  level: 'missing',
  message: `${problem}; the agent keeps it beside, and begins anew with the settings in force: see understudy sync status`,
});

/** An upgrade that could not restart an Active leaves this behind until somebody does. */
const NEEDS_RESTART: HostFinding = {
  path: 'needs-restart',
  level: 'missing',
  message:
    'another program was installed, and this agent goes on with the former one; when a peer is fit and sound: systemctl restart understudy',
};

/**
 * A virtual address of another subnet is answered for, but nobody looks for it on this link. One whose prefix is
 * longer than that of the link's subnet makes a route of its own, and the kernel would send from it.
 */
function subnetFindings({ virtualRouters }: Settings, host: HostFacts): HostFinding[] {
  const virtual = new Set(
    virtualRouters.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
  );
  // Of an Active of many, nearly all that stands is virtual.
  const spanning = host.addresses.filter((one) => !virtual.has(one.address) && spansSubnet(one));
  const byLink = groupBy(spanning, (one) => `${familyOf(one.address)} ${one.interface}`);
  return virtualRouters.flatMap((router, index) => {
    const own = byLink.get(`${router.family} ${router.interface}`) ?? [];
    if (own.length === 0) return [];
    return router.addresses.flatMap((one, at) => {
      const path = `virtualRouters[${index}].addresses[${at}]`;
      return isLinkLocal(one.address) ? [] : subnetFinding(path, router.interface, one, own);
    });
  });
}

function subnetFinding(
  path: string,
  link: string,
  one: AddressWithPrefix,
  own: readonly AddressWithPrefix[],
): HostFinding[] {
  const around = own.filter((other) => isWithin(one.address, other));
  if (around.length === 0) {
    return [
      advice(
        path,
        `${one.address} is in no subnet that ${link} has: hosts on that link will not look for it there; correct the address or the interface`,
      ),
    ];
  }
  const lengths = around.map(({ prefixLength }) => prefixLength);
  if (!spansSubnet(one) || one.prefixLength <= Math.max(...lengths)) return [];
  const found = `${formatAddressWithPrefix(one)} has a longer prefix than ${link} has (/${Math.max(...lengths)})`;
  return [
    advice(
      path,
      `${found}: the kernel sends from it while it stands; write /${Math.max(...lengths)}`,
    ),
  ];
}

/** Not a lone host address, and of a link where others are. */
const spansSubnet = ({ address, prefixLength }: AddressWithPrefix): boolean =>
  prefixLength < addressBytes(address).length * 8 &&
  !isLinkLocal(address) &&
  !address.startsWith('127.');

/** A path to ourselves is healthy as long as we are: it would hide that the peer is dead. */
function ownAddressFindings({ ha, monitors }: Settings, host: HostFacts): HostFinding[] {
  const own = new Set(host.addresses.map(({ address }) => address));
  const gateways = monitors.gateway?.addresses ?? [];
  return [
    ...ha.peers.flatMap(({ addresses }, peer) =>
      addresses.flatMap((address, index) => ({
        address,
        path: `ha.peers[${peer}].addresses[${index}]`,
        instead: "the peer's own",
      })),
    ),
    ...gateways.map((address, index) => ({
      address,
      path: `gatewayMonitoring.addresses[${index}]`,
      instead: 'that of a gateway',
    })),
  ].flatMap(({ address, path, instead }) =>
    own.has(address)
      ? [advice(path, `${address} is an address of this host; write ${instead}`)]
      : [],
  );
}

/**
 * A virtual address that stands already, and that no agent has put there: it is never removed. On the interface of
 * an owner (priority 255) it is where it belongs.
 */
function foreignFindings({ virtualRouters }: Settings, host: HostFacts): HostFinding[] {
  const { addresses, recorded } = host;
  if (recorded === undefined) return [];
  const standing = groupBy(addresses, ({ address }) => address);
  return virtualRouters.flatMap((router, index) =>
    router.addresses.flatMap((virtual, at) => {
      const path = `virtualRouters[${index}].addresses[${at}]`;
      return (standing.get(virtual.address) ?? []).flatMap((one) => {
        const text = formatAddressWithPrefix(one);
        if (recorded.has(`${one.interface} ${text}`)) return [];
        const there = `${text} stands on ${one.interface} already, and no agent has put it there: it stays`;
        if (one.interface !== router.interface) {
          return [advice(path, `${there}, and that interface answers for it whatever the role`)];
        }
        if (router.priority === 255) return [];
        return [
          advice(
            path,
            `${there} whatever the role; if it is this appliance's own, give it priority 255 here, else: ip address del ${text} dev ${one.interface}`,
          ),
        ];
      });
    }),
  );
}

const pathFindings = ({ ha }: Settings): HostFinding[] =>
  ha.peers.flatMap(({ name, addresses }, index) =>
    addresses.length > 1
      ? []
      : [
          advice(
            `ha.peers[${index}].addresses`,
            `there is one path to ${name}; with a second one, a failed link is told from a dead peer`,
          ),
        ],
  );

const acceptModeFindings = ({ virtualRouters }: Settings, { lacksNft }: HostFacts): HostFinding[] =>
  virtualRouters.flatMap(({ acceptMode }, index) =>
    acceptMode || lacksNft !== true
      ? []
      : [
          {
            path: `virtualRouters[${index}].acceptMode`,
            level: 'missing',
            message:
              'expected nft, found none; with acceptMode: false no address is added without it: install nftables',
          },
        ],
  );

/** Looked through once, however many virtual routers ask: there may be a thousand, and as many addresses. */
function groupBy<Item, Key>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
