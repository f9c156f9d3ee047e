// Interfaces: who else looks after them, whether multicast and duplicate detection let us through, and whether two
// paths are one wire. Pure.
import type { Caretaker, DoctorFacts } from './facts.js';
import { orSound, type DoctorFinding } from './finding.js';

export function networkFindings(facts: DoctorFacts): readonly DoctorFinding[] {
  return [
    ...caretakerFindings(facts),
    ...firewallFindings(facts),
    ...multicastFindings(facts),
    ...tentativeFindings(facts),
    ...wireFindings(facts),
    ...sourceFindings(facts),
  ];
}

function caretakerFindings({ caretakers }: DoctorFacts): readonly DoctorFinding[] {
  const found = caretakers.flatMap((one) => {
    if (one.by === 'networkd')
      return one.keeps === null || one.keeps === 'no' ? [networkd(one)] : [];
    return one.keeps === null ? [networkManager(one)] : [];
  });
  return orSound(found, 'caretaker', 'nobody else takes addresses off these interfaces');
}

/** systemd.network(5): `static` and `yes` leave addresses alone when it starts anew. */
function networkd({ interface: name, file, keeps }: Caretaker): DoctorFinding {
  const folder = `/etc/systemd/network/${file.slice(file.lastIndexOf('/') + 1)}.d`;
  return {
    id: 'networkd',
    level: 'warning',
    message: `${name} is systemd-networkd's, which takes addresses off that it does not know when it starts anew or reconfigures`,
    evidence: [
      `${file}: ${keeps === null ? 'no KeepConfiguration=' : `KeepConfiguration=${keeps}`}`,
    ],
    remedy: [`understudy doctor --fix, then networkctl reload`],
    dropIn: {
      path: `${folder}/understudy.conf`,
      text: '# By understudy doctor --fix: virtual addresses stay when networkd starts anew.\n[Network]\nKeepConfiguration=static\n',
      apply: 'networkctl reload',
    },
  };
}

function networkManager({ interface: name, file }: Caretaker): DoctorFinding {
  return {
    id: 'NetworkManager',
    level: 'warning',
    message: `${name} is NetworkManager's, which takes addresses off that it does not know when it activates the connection anew`,
    evidence: [`${file}: managed, and no keep-configuration in NetworkManager.conf`],
    remedy: ['understudy doctor --fix, then systemctl reload NetworkManager'],
    dropIn: {
      path: `/etc/NetworkManager/conf.d/90-understudy-${name}.conf`,
      text: `# By understudy doctor --fix: virtual addresses stay when NetworkManager starts anew.\n[device-understudy-${name}]\nmatch-device=interface-name:=${name}\nkeep-configuration=yes\n`,
      apply: 'systemctl reload NetworkManager',
    },
  };
}

function passing(what: string): string {
  if (what.includes('protocol 112')) return 'meta l4proto 112';
  return `${what.includes('TCP') ? 'tcp' : 'udp'} dport HA_PORT`;
}

function firewallFindings({ blocked, firewallUnread }: DoctorFacts): readonly DoctorFinding[] {
  const found = blocked.map(({ what, rule }): DoctorFinding => ({
    id: 'firewall',
    // Roles do without shared settings.
    level: what.includes('TCP') ? 'warning' : 'failure',
    message: `the firewall drops ${what}`,
    evidence: [rule],
    remedy: [
      `nft insert rule FAMILY TABLE CHAIN ${passing(what)} accept, in front of that rule; and in the file of the rules`,
    ],
  }));
  if (found.length === 0 && firewallUnread !== null) {
    return [
      {
        id: 'firewall',
        level: 'warning',
        message: `the rules of the firewall could not be read: ${firewallUnread}`,
        evidence: ['nft --json list ruleset'],
        remedy: ['run understudy doctor as root, with nft installed'],
      },
    ];
  }
  return orSound(found, 'firewall', 'no rule keeps advertisements or the HA port out');
}

/** 224.0.0.18 is flooded by every bridge (RFC 4541 §2.1.2); ff02::12 only to ports that have asked for it. */
function multicastFindings({ interfaces, settings }: DoctorFacts): readonly DoctorFinding[] {
  const found = interfaces.flatMap(({ name, bridge }): DoctorFinding[] => {
    const sixth = settings.virtualRouters.some(
      (router) =>
        router.interface === name && router.family === 'ipv6' && router.unicastPeers.length === 0,
    );
    if (!sixth || bridge === null || !bridge.snooping || bridge.querier) return [];
    return [
      {
        id: 'multicast',
        level: 'warning',
        message: `the bridge ${bridge.name} of ${name} snoops on multicast and asks nobody: it forgets who wants ff02::12, and advertisements no longer arrive`,
        evidence: [
          `/sys/class/net/${bridge.name}/bridge/multicast_snooping: 1`,
          `/sys/class/net/${bridge.name}/bridge/multicast_querier: 0`,
        ],
        remedy: [`ip link set ${bridge.name} type bridge mcast_querier 1`],
      },
    ];
  });
  return orSound(found, 'multicast', 'no bridge of this host holds advertisements back');
}

function tentativeFindings({ interfaces, settings }: DoctorFacts): readonly DoctorFinding[] {
  const carries = new Set(settings.virtualRouters.map((router) => router.interface));
  const concerned = interfaces.filter(({ name }) => carries.has(name));
  const found = concerned.flatMap(({ name, tentative }) =>
    tentative.map((address): DoctorFinding => ({
      id: 'tentative',
      level: 'failure',
      message: `${address} on ${name} does not pass duplicate address detection: nothing is sent from it`,
      evidence: [`ip -6 address show dev ${name}: ${address} tentative`],
      remedy: [
        `look for the other host that has it: ip -6 neighbor show ${address.split('/')[0]}`,
        `ip -6 address del ${address} dev ${name}; ip -6 address add ${address} dev ${name}`,
      ],
    })),
  );
  return orSound(found, 'tentative', 'every own IPv6 address can be used');
}

/** Two paths to a peer that are one wire fail together. */
function wireFindings({ ways, interfaces }: DoctorFacts): readonly DoctorFinding[] {
  const wiresOf = (device: string): readonly string[] =>
    interfaces.find(({ name }) => name === device)?.wires ?? [device];
  const peers = [...new Set(ways.map(({ peer }) => peer))];
  const found = peers.flatMap((peer): DoctorFinding[] => {
    const all = ways.filter((way) => way.peer === peer);
    const wires = new Set(all.map(({ device }) => [...wiresOf(device)].toSorted().join('+')));
    if (all.length < 2 || wires.size > 1) return [];
    return [
      {
        id: 'one-wire',
        level: 'warning',
        message: `all ${all.length} paths to ${peer} go over ${[...wires].join()}: one pulled cable is all of them, and cannot be told from a dead peer`,
        evidence: all.map(({ address, device }) => `ip route get ${address}: dev ${device}`),
        remedy: ['connect the two by a cable of its own, and list its address first in ha.peers'],
      },
    ];
  });
  return orSound(found, 'one-wire', 'the paths to a peer are different wires');
}

const sourceFindings = ({ sources }: DoctorFacts): readonly DoctorFinding[] =>
  orSound(
    sources.map((route) => ({
      id: 'source',
      level: 'warning',
      message:
        'a route sends from a virtual address: while this appliance is Backup, answers go to the other one',
      evidence: [`ip route show table all: ${route}`],
      remedy: [
        'ip route change the same route without src, or with an own address; and in the network configuration',
      ],
    })),
    'source',
    'no route sends from a virtual address',
  );
