// What a pair and its hosts would notice of settings that load: which differences the two tell of each
// other, which paths stay silent, what a host does not have. Computed with the program's own functions
// where there are some. No tests.
import { ABSENT, type HostFacts } from '../../src/host/facts.js';
import { hostFindings } from '../../src/host/findings.js';
import { namedFiles, namedInterfaces } from '../../src/host/named.js';
import { parseSettings } from '../../src/config/load.js';
import type { Host } from '../../src/config/defaults.js';
import type { Settings } from '../../src/config/settings.js';
import { agreementOf, differencesWith } from '../../src/core/agreement.js';
import { createPeer } from '../../src/core/peers/peers.js';
import { instanceConfiguration } from '../../src/agent/instance-configuration.js';
import type { IpAddress } from '../../src/model/address.js';
import { instant } from '../../src/model/units.js';
import { pairsOf, type Deployment } from './deployments.js';

/** A host without an installed vip script, whose name is none of a deployment's. */
export const BARE_HOST: Host = { hostName: () => 'localhost', fileExists: () => false };

/** Settings files with peers that are neither X-1.yaml nor X-2.yaml of a pair. */
export function unpairedIn(deployment: Deployment): string[] {
  const paired = new Set(pairsOf(deployment).flatMap((pair) => pair.map(({ path }) => path)));
  return deployment.settings.flatMap(({ path, text }) => {
    const result = parseSettings(text, path, BARE_HOST);
    return result.ok && result.settings.ha.peers.length > 0 && !paired.has(path) ? [path] : [];
  });
}

/** How a pair is wired in truth, as its files have it before any slip. */
export interface PairFacts {
  /** The addresses of the one with these settings, and of its partner. */
  readonly own: readonly IpAddress[];
  readonly partner: readonly IpAddress[];
  readonly host: HostFacts;
}

export const factsOf = (own: Settings, partner: Settings): PairFacts => ({
  own: addressesKnownTo(partner),
  partner: addressesKnownTo(own),
  host: hostOf(own, addressesKnownTo(partner)),
});

const addressesKnownTo = ({ ha }: Settings): IpAddress[] =>
  ha.peers.flatMap(({ addresses }) => addresses);

/** A host that has exactly what the settings name. */
function hostOf(settings: Settings, own: readonly IpAddress[]): HostFacts {
  const files = namedFiles(settings).map(({ file, use }) => {
    const kind = use === 'folder' ? ('folder' as const) : ('file' as const);
    return [file, { ...ABSENT, kind, mode: 0o700 }] as const;
  });
  return {
    agent: null,
    links: new Map(namedInterfaces(settings).map(({ name }) => [name, 'ethernet'])),
    addresses: [
      ...own.map((address) => ({ interface: '', address, prefixLength: 32 })),
      ...settings.virtualRouters.flatMap((router) => senders(router.interface)),
    ],
    files: new Map(files),
    keyProblems: new Map(),
  };
}

/** Something to advertise from, of each family and scope. */
const senders = (name: string): HostFacts['addresses'] => [
  { interface: name, address: '192.0.2.250' as IpAddress, prefixLength: 32 },
  { interface: name, address: 'fe80::250' as IpAddress, prefixLength: 64 },
  { interface: name, address: '2001:db8::250' as IpAddress, prefixLength: 128 },
];

/** What `understudy check` would warn of there. */
export const warnedAt = (settings: Settings, { host }: PairFacts): string[] =>
  hostFindings(settings, host).map(({ path, message }) => `${path}: ${message}`);

/** What the health of one of the two would say once both run; `facts` are those of the first. */
export function seenBy(own: Settings, partner: Settings, facts: PairFacts): string[] {
  const silence = silenceBetween(own, partner, facts);
  if (silence.length > 0 || own.ha.peers.length === 0) return silence;
  return [
    ...differences(own, partner),
    ...differences(partner, own),
    ...lostPaths(own, facts.partner, partner.name),
  ];
}

/** Nothing of the other one is believed: status says what is discarded, and why. */
function silenceBetween(own: Settings, partner: Settings, facts: PairFacts): string[] {
  const [speaks, listens] = [own, partner].map(({ ha }) => ha.peers.length > 0);
  // Plain VRRP: nobody tells anybody anything.
  if (!speaks) return listens ? [`silent: ${own.name} has no peers`] : [];
  if (own.ha.port !== partner.ha.port) return ['silent: another port'];
  if (own.name === partner.name) return ['silent: the sender has our own name'];
  if (!partner.ha.peers.some(({ name }) => name === own.name)) {
    return [`silent: calls itself ${own.name}`];
  }
  const [peer] = own.ha.peers;
  if (peer?.name !== partner.name) return [`silent: ${peer?.name} calls itself ${partner.name}`];
  const reachable = peer.addresses.filter((address) => facts.partner.includes(address));
  return reachable.length === 0 ? ['silent: no path'] : [];
}

/** A path that only one of the two knows stays unanswered: the other discards what comes over it. */
function lostPaths({ ha }: Settings, truth: readonly IpAddress[], partner: string): string[] {
  const known = new Set(addressesKnownTo({ ha } as Settings));
  return [
    ...[...known].filter((address) => !truth.includes(address)),
    ...truth.filter((address) => !known.has(address)),
  ].map((address) => `no answer between us and ${partner} over ${address}`);
}

/** What `listener` says of `speaker`, by the core's own comparison. */
function differences(listener: Settings, speaker: Settings): string[] {
  const configuration = instanceConfiguration(listener);
  const other = instanceConfiguration(speaker);
  const peer = createPeer(
    { name: speaker.name, addresses: [] },
    configuration.peerCheck,
    instant(0),
  );
  const { digests, places } = agreementOf(other);
  const inOrder = [...places].toSorted(([, a], [, b]) => a.position - b.position);
  peer.report = {
    name: speaker.name,
    mode: other.mode,
    primary: other.primary,
    fit: true,
    sound: true,
    gateway: 'unknown',
    bandwidthLow: false,
    digests,
    primaryAddresses: [],
    routers: inOrder.map(([name]) => ({
      state: 'Backup',
      effectivePriority: other.virtualRouters.find((router) => router.name === name)?.priority ?? 0,
      addressesPresent: false,
      wantsUnicast: false,
      releasing: false,
      evidence: 0,
    })),
  };
  return differencesWith([peer], configuration, agreementOf(configuration));
}
