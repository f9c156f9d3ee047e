// Every requirement of RFC 9568 (with its verified errata) on an implementation, and the test that holds it. The one
// table: docs/CONFORMANCE.md is made from it, and conformance.test.ts fails when a test that it names is not there.

export type Level = 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT' | 'MAY';

interface Held {
  readonly file: string;
  /** The title of the test, as it stands in the file. */
  readonly test: string;
}

export interface Requirement {
  /** Of RFC 9568. */
  readonly section: string;
  readonly level: Level;
  /** In our words. */
  readonly says: string;
  readonly held: readonly Held[];
  /** A deviation that is a choice: what is done instead, and why. */
  readonly choice?: string;
}

const at =
  (file: string) =>
  (test: string): Held => ({ file, test });

const wire = at('test/wire/advertisement.test.ts');
const announced = at('test/wire/announcement.test.ts');
const active = at('test/core/machine/conformance-active.test.ts');
const backup = at('test/core/machine/conformance-backup.test.ts');
const instance = at('test/core/conformance-instance.test.ts');
const timing = at('test/core/machine/timing.test.ts');
const driver = at('test/agent/driver.test.ts');
const driverAddresses = at('test/agent/driver-addresses.test.ts');
const received = at('test/agent/environment-received.test.ts');
const sent = at('test/agent/environment-sent.test.ts');
const flood = at('test/agent/environment-flood.test.ts');
const owner = at('test/agent/environment-owner.test.ts');
const accepts = at('test/agent/process-accept-mode.test.ts');
const macs = at('test/agent/virtual-mac.test.ts');
const neighbours = at('test/agent/process-virtual-mac.test.ts');
const frames = at('test/net/frames.test.ts');
const settings = at('test/config/errors.test.ts');
const defaults = at('test/config/load.test.ts');

const GOLDEN = settings(
  'is told in exactly the words of the golden file (UPDATE_GOLDEN=1 writes it)',
);
const FRAMES = frames('are what RFC 9568 says, from the first advertisement to the last');
const OWN_MAC =
  'unless virtualMac: true: the interface keeps its own MAC address, and gratuitous ARP and neighbor advertisements say where the addresses are';
const KERNEL = 'the kernel does it';
const RADVD =
  'router advertisements are left to the daemon of the host (radvd, systemd-networkd): start and stop it by hooks.transition';

const PACKETS: readonly Requirement[] = [
  {
    section: '5.1.1.1',
    level: 'MUST',
    says: 'An IPv4 advertisement is sent from the primary address of the interface.',
    held: [wire('case 6: a sent frame has TTL 255, the group, our source, TOS 0xC0'), FRAMES],
  },
  {
    section: '5.1.1.2',
    level: 'MUST NOT',
    says: 'A packet to 224.0.0.18 is never forwarded.',
    held: [sent('case 6, IPv4: TTL 255, TOS 0xC0, to the group, from the primary address')],
    choice: `${KERNEL}: packets to a link-local group are not forwarded, whoever routes`,
  },
  {
    section: '5.1.1.3',
    level: 'MUST',
    says: 'The TTL is 255.',
    held: [sent('case 6, IPv4: TTL 255, TOS 0xC0, to the group, from the primary address'), FRAMES],
  },
  {
    section: '5.1.1.3',
    level: 'MUST',
    says: 'A packet with any other TTL is discarded.',
    held: [wire('case 8: TTL 254 → hopLimit'), wire('case 9: TTL 1 → hopLimit')],
  },
  {
    section: '5.1.2.1',
    level: 'MUST',
    says: 'An IPv6 advertisement is sent from the link-local address of the interface.',
    held: [
      sent('case 6, IPv6: hop limit 255, class 0xC0, to the group, from the link-local address'),
    ],
  },
  {
    section: '5.1.2.2',
    level: 'MUST NOT',
    says: 'A packet to ff02::12 is never forwarded.',
    held: [
      sent('case 6, IPv6: hop limit 255, class 0xC0, to the group, from the link-local address'),
    ],
    choice: `${KERNEL}: packets to a link-local group are not forwarded, whoever routes`,
  },
  {
    section: '5.1.2.3',
    level: 'MUST',
    says: 'The hop limit is 255.',
    held: [
      sent('case 6, IPv6: hop limit 255, class 0xC0, to the group, from the link-local address'),
    ],
  },
  {
    section: '5.1.2.3',
    level: 'MUST',
    says: 'A packet with any other hop limit is discarded.',
    held: [wire('case 10: IPv6 hop limit 254 → hopLimit')],
  },
  {
    section: '5.2.1',
    level: 'MUST',
    says: 'The version is 3.',
    held: [wire('case 1: three addresses, priority 150, RFC 5798 checksum')],
  },
  {
    section: '5.2.2',
    level: 'MUST',
    says: 'A packet of unknown type is discarded.',
    held: [wire('case 13: types 0 and 2 → type')],
  },
  {
    section: '5.2.3',
    level: 'MUST',
    says: 'A VRID is 1 to 255.',
    held: [GOLDEN, wire('case 24: VRID 0 → vrid')],
  },
  {
    section: '5.2.4',
    level: 'MUST',
    says: 'The owner of the addresses has priority 255.',
    held: [
      backup('46. Startup with priority 255: Active at once, advertised, the next one 1 s later'),
      GOLDEN,
    ],
  },
  {
    section: '5.2.4',
    level: 'MUST',
    says: 'Routers that back an address up have priority 1 to 254.',
    held: [GOLDEN, wire('fields out of range and addresses of the other family are refused')],
  },
  {
    section: '5.2.5',
    level: 'MUST',
    says: 'An advertisement with an address count of 0 is ignored (erratum 8299).',
    held: [
      wire('case 27: count 0, no addresses → addressList'),
      wire('case 28: count 0 before addresses → length'),
    ],
  },
  {
    section: '5.2.6',
    level: 'MUST',
    says: 'The reserved bits are 0 when sent.',
    held: [wire('case 4: interval 4095 is 0fff, 1 is 0001, 0 and 4096 are refused')],
  },
  {
    section: '5.2.6',
    level: 'MUST',
    says: 'The reserved bits are ignored when received.',
    held: [wire('case 38: a reserved nibble of 0xF is ignored')],
  },
  {
    section: '5.2.7',
    level: 'MUST',
    says: 'Max Advertise Interval is 1 to 4095 centiseconds; 0 is discarded (erratum 8301).',
    held: [
      wire('case 4: interval 4095 is 0fff, 1 is 0001, 0 and 4096 are refused'),
      wire('case 29: interval 0 → interval, whatever the reserved nibble holds'),
    ],
  },
  {
    section: '5.2.8',
    level: 'MUST',
    says: 'The checksum covers the message; for IPv6 the pseudo-header, too.',
    held: [
      wire('case 2: the same with the checksum of RFC 9568'),
      wire('case 3: IPv6 has one checksum; a global address first is refused'),
    ],
    choice:
      'the IPv4 checksum of RFC 5798, which keepalived and FRR send, is accepted as well; checksum: auto answers an Active in its own',
  },
  {
    section: '5.2.9',
    level: 'MUST',
    says: 'The first IPv6 address is link-local; others are discarded (erratum 8300).',
    held: [
      wire('case 3: IPv6 has one checksum; a global address first is refused'),
      wire('case 30: first IPv6 address global → addressList'),
    ],
  },
];

const PARAMETERS: readonly Requirement[] = [
  {
    section: '6.1',
    level: 'MUST',
    says: 'Skew_Time and Active_Down_Interval follow from priority and Active_Adver_Interval.',
    held: [
      timing('priority ${priority}: Skew_Time ${skew} µs at 100 cs, Active_Down_Interval exact'),
      timing('the longest of all, priority 1 at 4095 cs, is 163.640039 s'),
    ],
  },
  {
    section: '6.1',
    level: 'MUST',
    says: 'Preempt_Mode false: a Backup does not take the role from an Active of lower priority.',
    held: [backup('53. Preempt_Mode false, lower priority: stays Backup and learns the interval')],
  },
  {
    section: '6.1',
    level: 'MUST',
    says: 'The owner preempts, whatever Preempt_Mode says.',
    held: [instance('always preempts, whatever Preempt_Mode says')],
  },
  {
    section: '6.1',
    level: 'MUST',
    says: 'Accept_Mode is false unless configured.',
    held: [
      defaults('fills in every default'),
      accepts('78. Accept_Mode true, and the owner whatever it says: accepted'),
    ],
    choice:
      'acceptMode is true unless set: the services of an appliance answer at its virtual addresses',
  },
  {
    section: '6.1',
    level: 'MUST NOT',
    says: 'With Accept_Mode false neighbor solicitations and advertisements are not dropped.',
    held: [
      accepts(
        '78. Accept_Mode false: neighbor discovery that is addressed to the address itself is let through',
      ),
      accepts('78. Accept_Mode false: no TCP, ARP and neighbor discovery and echo are answered'),
    ],
  },
  {
    section: '6.2',
    level: 'MUST',
    says: 'Active_Down_Timer and Adver_Timer fire when they are due.',
    held: [
      backup(
        '47. silence: Active at 3.609375 s; addresses, then advertisement, then announcements',
      ),
      active('61. priority 0: an advertisement at once, the next one 1 s later, no announcement'),
    ],
  },
];

const INITIALIZE: readonly Requirement[] = [
  {
    section: '6.4.1',
    level: 'MUST',
    says: 'Startup with priority 255: advertise, announce, Adver_Timer, Active.',
    held: [
      backup('46. Startup with priority 255: Active at once, advertised, the next one 1 s later'),
      owner('case 46: the owner is Active at once, announces, and goes on at its interval'),
    ],
  },
  {
    section: '6.4.1',
    level: 'MUST',
    says: 'Startup otherwise: Active_Down_Timer, Backup.',
    held: [
      backup(
        '47. silence: Active at 3.609375 s; addresses, then advertisement, then announcements',
      ),
    ],
  },
];

const BACKUP: readonly Requirement[] = [
  {
    section: '6.4.2',
    level: 'MUST NOT',
    says: 'A Backup does not answer ARP for the addresses.',
    held: [
      neighbours(
        '75: a Backup answers no ARP for the virtual address; its own address it answers for',
      ),
    ],
    choice: `the addresses are not there in Backup, so ${KERNEL}`,
  },
  {
    section: '6.4.2',
    level: 'MUST NOT',
    says: 'A Backup does not answer neighbor solicitations for the addresses.',
    held: [
      neighbours(
        '76: an Active answers a neighbor solicitation with R = 1 and the virtual MAC address, a Backup none',
      ),
    ],
    choice: `the addresses are not there in Backup, so ${KERNEL}`,
  },
  {
    section: '6.4.2',
    level: 'MUST NOT',
    says: 'A Backup sends no router advertisements for the virtual router.',
    held: [],
    choice: RADVD,
  },
  {
    section: '6.4.2',
    level: 'MUST',
    says: 'A Backup discards frames to the virtual MAC address.',
    held: [
      neighbours('77: a Backup neither accepts nor forwards a frame to the virtual MAC address'),
    ],
  },
  {
    section: '6.4.2',
    level: 'MUST NOT',
    says: 'A Backup accepts no packets to the addresses.',
    held: [
      driverAddresses(
        'go with the role: a Backup has none of them, and takes none that comes back',
      ),
      active('55. higher priority: Backup, nothing sent, addresses removed, timer of its interval'),
      driverAddresses('go when somebody else advertises the virtual router'),
    ],
  },
  {
    section: '6.4.2',
    level: 'MUST',
    says: 'Shutdown: cancel Active_Down_Timer, Initialize, send nothing.',
    held: [backup('64. Shutdown: Initialize, nothing sent, no timer left')],
  },
  {
    section: '6.4.2',
    level: 'MUST',
    says: 'Active_Down_Timer fires: advertise, announce every address, Adver_Timer, Active.',
    held: [
      backup(
        '47. silence: Active at 3.609375 s; addresses, then advertisement, then announcements',
      ),
    ],
    choice:
      'where another router may have the addresses still (priority 0, a lower priority), ours stand before the first advertisement, at most one Advertisement_Interval: so nothing is lost',
  },
  {
    section: '6.4.2',
    level: 'MUST',
    says: 'Priority 0: Active_Down_Timer is Skew_Time.',
    held: [
      backup('48. priority 0: Active_Down_Timer = Skew_Time, 0.609375 s'),
      backup(
        '54. priority 0 carrying interval 5: not learned; the skew is that of the old interval',
      ),
    ],
    choice:
      'the best candidate of a group that knows its peers over the HA port takes the role at once',
  },
  {
    section: '6.4.2',
    level: 'MUST',
    says: 'A priority at least as high, or Preempt_Mode false: learn the interval, compute anew, restart the timer.',
    held: [
      backup('50. priority 150 every second: stays Backup; 3.609375 s after the last one, Active'),
      backup('51. equal priority restarts the timer, from a lower and from a higher address'),
      instance('40. interval 200 for our 100: remarked and counted, learned, 6 s + skew'),
    ],
  },
  {
    section: '6.4.2',
    level: 'MUST',
    says: 'A lower priority with Preempt_Mode: discard.',
    held: [
      backup('52. preempting, lower priority: discarded, the timer keeps running, then Active'),
    ],
  },
];

const ACTIVE: readonly Requirement[] = [
  {
    section: '6.4.3',
    level: 'MUST',
    says: 'An Active answers ARP for the addresses.',
    held: [
      neighbours(
        '75: an Active answers once, with the virtual MAC address; its own address keeps the own one',
      ),
      accepts('78. Accept_Mode false: no TCP, ARP and neighbor discovery and echo are answered'),
    ],
  },
  {
    section: '6.4.3',
    level: 'MUST',
    says: 'An Active is a member of the solicited-node groups, and answers neighbor solicitations.',
    held: [
      neighbours(
        '76: an Active answers a neighbor solicitation with R = 1 and the virtual MAC address, a Backup none',
      ),
      accepts('78. Accept_Mode false: no TCP, ARP and neighbor discovery and echo are answered'),
    ],
  },
  {
    section: '6.4.3',
    level: 'MUST',
    says: 'An Active of an IPv6 virtual router sends router advertisements for it.',
    held: [],
    choice: RADVD,
  },
  {
    section: '6.4.3',
    level: 'MUST',
    says: 'An Active forwards what is sent to the virtual MAC address.',
    held: [
      accepts('forwards what is not addressed to it'),
      macs('takes it up with the addresses, and says all from its MAC address'),
    ],
  },
  {
    section: '6.4.3',
    level: 'MUST',
    says: 'An Active accepts packets to the addresses if it owns them or Accept_Mode is true.',
    held: [accepts('78. Accept_Mode true, and the owner whatever it says: accepted')],
  },
  {
    section: '6.4.3',
    level: 'MUST NOT',
    says: 'Otherwise it does not.',
    held: [
      accepts('78. Accept_Mode false: no TCP, ARP and neighbor discovery and echo are answered'),
    ],
    choice: 'echo requests are answered all the same: operators look for an address by ping',
  },
  {
    section: '6.4.3',
    level: 'MUST',
    says: 'Shutdown: cancel Adver_Timer, advertise priority 0, Initialize.',
    held: [
      active('63. Shutdown: one advertisement of priority 0, then the addresses go, Initialize'),
    ],
  },
  {
    section: '6.4.3',
    level: 'MUST',
    says: 'Adver_Timer fires: advertise, set it again.',
    held: [
      backup('46. Startup with priority 255: Active at once, advertised, the next one 1 s later'),
    ],
  },
  {
    section: '6.4.3',
    level: 'MUST',
    says: 'Priority 0 heard: advertise at once, set Adver_Timer again.',
    held: [
      active('61. priority 0: an advertisement at once, the next one 1 s later, no announcement'),
    ],
  },
  {
    section: '6.4.3',
    level: 'MUST',
    says: 'A higher priority, or the same from a higher address: Backup, with the interval that is heard.',
    held: [
      active('55. higher priority: Backup, nothing sent, addresses removed, timer of its interval'),
      active('56. equal priority, higher address: Backup'),
      active('57. ${higher} is higher than ${lower}: unsigned, over all bits'),
    ],
  },
  {
    section: '6.4.3',
    level: 'MUST',
    says: 'Any other advertisement: discard, and advertise at once.',
    held: [
      active('58. equal priority, lower address: stays, answers at once, 1 s to the next one'),
      active('59. lower priority: stays, answers and announces at once, and again a second later'),
    ],
    choice: 'at most every 10 ms, so that two never storm',
  },
];

const RECEIVING: readonly Requirement[] = [
  {
    section: '7.1',
    level: 'MUST',
    says: 'The TTL or hop limit is verified.',
    held: [wire('case 8: TTL 254 → hopLimit')],
  },
  {
    section: '7.1',
    level: 'MUST',
    says: 'The version is verified.',
    held: [
      wire('case ${number}: version ${version} → version'),
      wire('case 31: VRRPv2 without authentication → version'),
    ],
  },
  {
    section: '7.1',
    level: 'MUST',
    says: 'The type is verified.',
    held: [wire('case 13: types 0 and 2 → type')],
  },
  {
    section: '7.1',
    level: 'MUST',
    says: 'The packet is complete.',
    held: [
      wire('case 14: 7 bytes → length, and no VRID is claimed'),
      wire('case 17: last address cut by 2 bytes → length'),
      received('case 15: no byte at all, IPv4 and IPv6: length, and the sockets stay open'),
    ],
    choice: 'trailing bytes are refused, too, as every other implementation does',
  },
  {
    section: '7.1',
    level: 'MUST',
    says: 'The checksum is verified.',
    held: [
      wire('case 20: bad checksum → checksum'),
      wire('case 22: IPv6 checksum without the pseudo-header → checksum'),
    ],
  },
  {
    section: '7.1',
    level: 'MUST',
    says: 'The VRID is configured on the interface.',
    held: [
      driver('case 23: of a VRID that nobody configured are the interface’s'),
      received('case 26: a VRID that is known on another interface only: vrid'),
    ],
  },
  {
    section: '7.1',
    level: 'MUST',
    says: 'The local router is not the owner of the addresses (erratum 8298: it processes the packet, and says so).',
    held: [instance('66. two owners: both remark it, the lower address goes to Backup')],
    choice: 'as in the erratum: of two owners the lower address goes to Backup',
  },
  {
    section: '7.1',
    level: 'MUST',
    says: 'What fails is discarded: no timer, no state changes.',
    held: [driver('are counted by reason, logged once, and leave deadlines alone')],
  },
  {
    section: '7.1',
    level: 'SHOULD',
    says: 'It is logged, at a limited rate.',
    held: [flood('case 37: no advertisement is missing, all is counted, the log is bounded')],
  },
  {
    section: '7.1',
    level: 'MAY',
    says: 'Management is told.',
    held: [driver('are counted by reason, logged once, and leave deadlines alone')],
  },
  {
    section: '7.1',
    level: 'SHOULD',
    says: 'The interval is compared with our own; another one is told.',
    held: [instance('40. interval 200 for our 100: remarked and counted, learned, 6 s + skew')],
  },
  {
    section: '7.1',
    level: 'MAY',
    says: 'The addresses are compared with our own; others are told.',
    held: [instance('41. ${what}: remarked and counted, accepted all the same')],
  },
];

const SENDING: readonly Requirement[] = [
  {
    section: '7.2',
    level: 'MUST',
    says: 'Fields are as configured, the checksum is computed, protocol 112, source and group as in 5.1.',
    held: [wire('case 6: a sent frame has TTL 255, the group, our source, TOS 0xC0'), FRAMES],
  },
  {
    section: '7.2',
    level: 'MUST',
    says: 'The source MAC address is the virtual one.',
    held: [macs('takes it up with the addresses, and says all from its MAC address')],
    choice: OWN_MAC,
  },
  {
    section: '7.3',
    level: 'MUST',
    says: 'It is 00-00-5E-00-01-{VRID}, for IPv6 00-00-5E-00-02-{VRID}.',
    held: [announced('virtual router MAC addresses (RFC 9568 §7.3)')],
  },
  {
    section: '7.4',
    level: 'MUST NOT',
    says: 'No interface identifier is made from the virtual MAC address.',
    held: [macs('has its macvlan made at the start, down, recorded before')],
  },
];

const HOSTS: readonly Requirement[] = [
  {
    section: '8.1.2',
    level: 'MUST',
    says: 'ARP is answered with the virtual MAC address, never with the own one.',
    held: [
      neighbours(
        '75: an Active answers once, with the virtual MAC address; its own address keeps the own one',
      ),
    ],
    choice: OWN_MAC,
  },
  {
    section: '8.1.2',
    level: 'MUST',
    says: 'A gratuitous ARP for each address when becoming Active (errata 7947, 7949).',
    held: [
      announced(
        'case 79: a broadcast request, SPA = TPA = the address, SHA = THA = the virtual MAC',
      ),
      sent('case 79, IPv4: a gratuitous ARP request per address, after the first advertisement'),
    ],
  },
  {
    section: '8.1.2',
    level: 'MUST',
    says: 'Gratuitous ARP waits until address and virtual MAC address are configured.',
    held: [
      driver('adds the addresses, advertises, and announces only once the addresses are there'),
    ],
  },
  {
    section: '8.1.2',
    level: 'SHOULD NOT',
    says: 'The owner sends no ARP from its own MAC address for an address that it owns.',
    held: [owner('the owner’s address is neither added nor removed, whatever becomes of the role')],
    choice: OWN_MAC,
  },
  {
    section: '8.1.3',
    level: 'MUST',
    says: 'Proxy ARP is answered with the virtual MAC address.',
    held: [],
    choice:
      'the kernel answers proxy ARP with the address of the interface; do not use it on a virtual router',
  },
  {
    section: '8.2.2',
    level: 'MUST',
    says: 'Neighbor solicitations are answered with the virtual MAC address and the Router flag.',
    held: [
      neighbours(
        '76: an Active answers a neighbor solicitation with R = 1 and the virtual MAC address, a Backup none',
      ),
    ],
    choice: `${OWN_MAC}; the Router flag of the kernel's answers follows net.ipv6.conf.*.forwarding`,
  },
  {
    section: '8.2.2',
    level: 'MUST',
    says: 'An unsolicited neighbor advertisement for each address when becoming Active: R 1, S 0, O 1, with the MAC address.',
    held: [
      announced('case 79: to ff02::1 from the address, hop limit 255, R = 1, S = 0, O = 1, TLLA'),
      sent('case 79, IPv6: a neighbor advertisement per address: R1 S0 O1, target link-layer'),
    ],
  },
  {
    section: '8.2.3',
    level: 'MUST',
    says: 'Router advertisements have the same options on all routers of the group.',
    held: [],
    choice: RADVD,
  },
  {
    section: '8.2.4',
    level: 'SHOULD',
    says: 'Unsolicited neighbor advertisements are accepted in both states.',
    held: [
      accepts('78. Accept_Mode false: no TCP, ARP and neighbor discovery and echo are answered'),
    ],
    choice: `${KERNEL}; acceptMode: false drops none`,
  },
  {
    section: '8.3.1',
    level: 'SHOULD NOT',
    says: 'Packets to the addresses are not forwarded by an Active that is not the owner.',
    held: [
      accepts('78. Accept_Mode false: no TCP, ARP and neighbor discovery and echo are answered'),
    ],
  },
  {
    section: '8.4',
    level: 'MAY',
    says: 'VRRPv2 is spoken beside version 3, with its timeouts and units translated.',
    held: [
      wire('case 31: VRRPv2 without authentication → version'),
      wire('case 32: VRRPv2 with a password → version'),
    ],
    choice: 'version 3 only; packets of version 2 are discarded, counted and told',
  },
];

export const REQUIREMENTS: readonly Requirement[] = [
  ...PACKETS,
  ...PARAMETERS,
  ...INITIALIZE,
  ...BACKUP,
  ...ACTIVE,
  ...RECEIVING,
  ...SENDING,
  ...HOSTS,
];
