// Kernel settings that keep a virtual address from being found, or advertisements from being heard. Pure.
import type { VirtualRouterSettings } from '../config/settings.js';
import { familyOf, isLinkLocal, isWithin, type AddressWithPrefix } from '../model/address.js';
import type { DoctorFacts, InterfaceFacts } from './facts.js';
import { orSound, type DoctorFinding, type DropIn } from './finding.js';

/** Larger than the files that distributions ship, so that it counts. */
const DROP_IN = '/etc/sysctl.d/90-understudy.conf';

interface Wish {
  readonly id: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly key: string;
  /** What it ought to be. */
  readonly value: number;
  readonly level: 'warning' | 'failure';
  /** Null when this value does no harm here. The kernel takes the greater of conf.all and the interface's. */
  readonly harm: (value: number, at: Place) => string | null;
}

interface Place {
  readonly router: VirtualRouterSettings;
  readonly facts: DoctorFacts;
  readonly link: InterfaceFacts | null;
}

/** Where two interfaces share a subnet the kernel answers on one for the other. */
function sharesSubnet({ facts, link }: Place): boolean {
  if (link === null) return false;
  return facts.interfaces.some(
    (other) =>
      other.name !== link.name &&
      other.own.some(
        (one) =>
          !isLinkLocal(one.address) &&
          link.own.some(
            (mine) => familyOf(mine.address) === familyOf(one.address) && overlap(mine, one),
          ),
      ),
  );
}

const overlap = (one: AddressWithPrefix, other: AddressWithPrefix): boolean =>
  isWithin(one.address, other) || isWithin(other.address, one);

const hasHostAddress = ({ router }: Place): boolean =>
  router.addresses.some(({ prefixLength }) => prefixLength === 32);

/** Several virtual addresses in a subnet where the interface has none of its own. */
const carriesSubnet = ({ router, link }: Place): boolean =>
  router.addresses.some((one) => {
    const inSubnet = router.addresses.filter((other) => isWithin(other.address, one));
    const own = link?.own.some((mine) => isWithin(mine.address, one)) ?? true;
    return inSubnet.length > 1 && !own;
  });

const WISHES: readonly Wish[] = [
  {
    id: 'rp-filter',
    family: 'ipv4',
    key: 'rp_filter',
    value: 2,
    level: 'warning',
    harm: (value, at) =>
      value === 1 && sharesSubnet(at)
        ? 'drops what comes in on one of two interfaces in a subnet, advertisements among it'
        : null,
  },
  {
    id: 'arp-ignore',
    family: 'ipv4',
    key: 'arp_ignore',
    value: 1,
    level: 'failure',
    harm: (value, at) => {
      if (value >= 3) return 'answers no ARP request for a virtual address';
      return value === 2 && hasHostAddress(at)
        ? 'answers ARP only to hosts in the subnet of the address, and a /32 has none'
        : null;
    },
  },
  {
    id: 'arp-filter',
    family: 'ipv4',
    key: 'arp_filter',
    value: 0,
    level: 'warning',
    harm: (value, at) =>
      value >= 1 && sharesSubnet(at)
        ? 'answers ARP on the interface of the way back only, and two are in a subnet'
        : null,
  },
  {
    id: 'arp-announce',
    family: 'ipv4',
    key: 'arp_announce',
    value: 2,
    level: 'warning',
    harm: (value, at) =>
      value === 0 && sharesSubnet(at)
        ? 'asks by ARP with the address of another interface in the subnet'
        : null,
  },
  {
    id: 'accept-dad',
    family: 'ipv6',
    key: 'accept_dad',
    value: 1,
    level: 'warning',
    harm: (value) =>
      value >= 2
        ? 'switches IPv6 off on the interface when anybody claims its link-local address'
        : null,
  },
];

export function sysctlFindings(facts: DoctorFacts): readonly DoctorFinding[] {
  return [
    ...WISHES.flatMap((wish) => wishFindings(wish, facts)),
    ...secondaryFindings(facts),
    ...readOnlyFindings(facts),
  ];
}

/** Routers of a family, one for each interface. */
function places(facts: DoctorFacts, family: string): Place[] {
  const seen = new Set<string>();
  return facts.settings.virtualRouters.flatMap((router) => {
    if (router.family !== family || seen.has(router.interface)) return [];
    seen.add(router.interface);
    const link = facts.interfaces.find(({ name }) => name === router.interface) ?? null;
    return [{ router, facts, link }];
  });
}

function wishFindings(wish: Wish, facts: DoctorFacts): readonly DoctorFinding[] {
  const { id, key, family } = wish;
  const all = places(facts, family);
  if (all.length === 0) return [];
  const found = all.flatMap((at): DoctorFinding[] => {
    const name = at.router.interface;
    const paths = ['all', name].map((where) => `net/${family}/conf/${where}/${key}`);
    const [ofAll = 0, ofLink = 0] = paths.map((path) => Number(facts.sysctls.get(path) ?? 0));
    const value = Math.max(ofAll, ofLink);
    const harm = wish.harm(value, at);
    if (harm === null) return [];
    const overriding = ofAll > ofLink;
    const where = overriding ? paths : paths.slice(1);
    return [
      {
        id,
        level: wish.level,
        message: `${key} is ${value} for ${name}${overriding ? ', by conf.all, which overrides it' : ''}: ${harm}`,
        evidence: paths.map((path) => shown(path, facts)),
        ...settingOf(where.map((path) => [path, String(wish.value)])),
      },
    ];
  });
  return orSound(found, id, `${key} lets virtual addresses be found`);
}

const shown = (path: string, { sysctls }: DoctorFacts): string =>
  `/proc/sys/${path}: ${sysctls.get(path) ?? 'not there'}`;

/** A greater one lies over a smaller, so that conf.all has to come down too. */
function settingOf(values: readonly (readonly [string, string])[]): {
  readonly remedy: readonly string[];
  readonly dropIn: DropIn;
} {
  const lines = values.map(([path, value]) => `${path} = ${value}`);
  return {
    remedy: values.map(([path, value]) => `sysctl -w ${path}=${value}`),
    dropIn: {
      path: DROP_IN,
      text: `# By understudy doctor --fix.\n${lines.join('\n')}\n`,
      apply: `sysctl -p ${DROP_IN}`,
    },
  };
}

function secondaryFindings(facts: DoctorFacts): readonly DoctorFinding[] {
  const id = 'promote-secondaries';
  const all = places(facts, 'ipv4').filter(carriesSubnet);
  const found = all.flatMap(({ router }): DoctorFinding[] => {
    const name = router.interface;
    const paths = ['all', name].map((where) => `net/ipv4/conf/${where}/promote_secondaries`);
    if (paths.some((path) => Number(facts.sysctls.get(path) ?? 0) > 0)) return [];
    return [
      {
        id,
        level: 'warning',
        message: `${name} has no address of its own in the subnet of its virtual addresses: when the kernel ends the first of them, it takes the others away`,
        evidence: paths.map((path) => shown(path, facts)),
        ...settingOf([[paths[1] ?? '', '1']]),
      },
    ];
  });
  return orSound(found, id, 'no virtual address takes others along');
}

const readOnlyFindings = ({ sysctlsReadOnly }: DoctorFacts): readonly DoctorFinding[] =>
  orSound(
    sysctlsReadOnly
      ? [
          {
            id: 'proc-sys',
            level: 'warning',
            message:
              '/proc/sys is read-only here (a container?): kernel settings are made outside of it',
            evidence: ['/proc/self/mountinfo: /proc/sys ro'],
            remedy: ['set them on the host that runs the container, as the findings beside say'],
          },
        ]
      : [],
    'proc-sys',
    'kernel settings can be made',
  );
