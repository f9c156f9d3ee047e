// What usually goes wrong with a host, to be planted into a sound pair: firewall, bridge, sysctls, addresses and routes,
// what manages the network, what the process may do and has room for. No test cases.
import { LINKS, PID, type Plant, type Planted } from './bench.js';
import { chain, L4, match, nft, rule } from './nft.js';

const two = JSON.stringify(
  LINKS.map((link) =>
    link.ifname === 'eth1' ? { ...link, addr_info: [{ local: '10.99.0.9', prefixlen: 24 }] } : link,
  ),
);
/** eth1 is in the subnet of eth0. */
const SHARED = { 'ip -json address show': two };
const sysctl = (
  key: string,
  value: string,
  where = 'eth0',
  family = 'ipv4',
): Readonly<Record<string, string>> => ({
  [`/proc/sys/net/${family}/conf/${where}/${key}`]: value,
});

export const DPORT = { payload: { protocol: 'udp', field: 'dport' } };
export const NETWORK_FILE = '/etc/systemd/network/10-lan.network';
export const NETWORKD = {
  '/run/systemd/netif/links/2': `ADMIN_STATE=configured\nNETWORK_FILE=${NETWORK_FILE}\n`,
  [NETWORK_FILE]: '[Match]\nName=eth0\n[Network]\nAddress=10.99.0.1/24\n',
};
export const NM = { '/run/NetworkManager/devices/2': '[device]\nmanaged=full\n' };
const BRIDGED: Plant = {
  links: { '/sys/class/net/eth0/master': '../../devices/virtual/net/br0' },
  files: {
    '/sys/class/net/br0/bridge/multicast_snooping': '1\n',
    '/sys/class/net/br0/bridge/multicast_querier': '0\n',
  },
};

export const HOST_PLANTS: readonly Planted[] = [
  [
    'networkd without KeepConfiguration',
    { files: NETWORKD },
    ['warning networkd'],
    /10-lan\.network: no KeepConfiguration=/,
  ],
  [
    'networkd with KeepConfiguration=no',
    { files: { ...NETWORKD, [NETWORK_FILE]: '[Network]\nKeepConfiguration=no\n' } },
    ['warning networkd'],
    /KeepConfiguration=no/,
  ],
  [
    'NetworkManager that manages the interface',
    { files: NM },
    ['warning NetworkManager'],
    /devices\/2: managed/,
  ],
  [
    'nftables that drops protocol 112',
    {
      commands: nft(
        chain('input', 'accept'),
        rule(match(L4, 'vrrp'), { counter: {} }, { drop: null }),
      ),
    },
    ['failure firewall'],
    /handle 7/,
  ],
  [
    'nftables whose policy drops',
    {
      commands: nft(
        chain('input', 'drop'),
        rule(match(L4, { set: ['tcp', 'udp'] }), { accept: null }),
      ),
    },
    ['failure firewall'],
    /policy drop/,
  ],
  [
    'nftables that drops the HA port',
    {
      commands: nft(
        chain('input', 'accept'),
        rule(match(DPORT, { range: [7000, 8000] }), { drop: null }),
      ),
    },
    ['failure firewall'],
    /handle 7/,
  ],
  [
    'nftables that drops shared settings',
    {
      commands: nft(
        chain('input', 'accept'),
        rule(match({ payload: { protocol: 'tcp', field: 'dport' } }, 7112), { drop: null }),
      ),
    },
    ['warning firewall'],
    /"tcp".*7112/,
  ],
  [
    'nftables that drops what goes out',
    { commands: nft(chain('output', 'drop')) },
    ['failure firewall'],
    /policy drop/,
  ],
  [
    'iptables that drops protocol 112',
    {
      commands: {
        'iptables-legacy-save': '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p vrrp -j DROP\nCOMMIT\n',
      },
    },
    ['failure firewall'],
    /-A INPUT -p vrrp -j DROP/,
  ],
  [
    'rules that cannot be read',
    { commands: { 'nft --json list ruleset': null } },
    ['warning firewall'],
    /nft --json/,
  ],
  [
    'a bridge that snoops without a querier',
    BRIDGED,
    ['warning multicast'],
    /multicast_querier: 0/,
  ],
  [
    'rp_filter, strict, with two interfaces in a subnet',
    { files: { ...sysctl('rp_filter', '1'), ...sysctl('arp_announce', '2') }, commands: SHARED },
    ['warning rp-filter'],
    /eth0\/rp_filter: 1/,
  ],
  [
    'rp_filter, strict, by conf.all',
    {
      files: { ...sysctl('rp_filter', '1', 'all'), ...sysctl('arp_announce', '2') },
      commands: SHARED,
    },
    ['warning rp-filter'],
    /all\/rp_filter: 1/,
  ],
  [
    'arp_ignore that answers nothing',
    { files: sysctl('arp_ignore', '8') },
    ['failure arp-ignore'],
    /arp_ignore: 8/,
  ],
  [
    'arp_ignore of 2 with a /32',
    {
      files: sysctl('arp_ignore', '2', 'all'),
      settings:
        'virtualRouters: [{ name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/32] }]',
    },
    ['failure arp-ignore'],
    /all\/arp_ignore: 2/,
  ],
  [
    'arp_filter, with two interfaces in a subnet',
    { files: { ...sysctl('arp_filter', '1'), ...sysctl('arp_announce', '2') }, commands: SHARED },
    ['warning arp-filter'],
    /arp_filter: 1/,
  ],
  [
    'arp_announce, with two interfaces in a subnet',
    { commands: SHARED },
    ['warning arp-announce'],
    /arp_announce: 0/,
  ],
  [
    'accept_dad that switches IPv6 off',
    { files: sysctl('accept_dad', '2', 'eth0', 'ipv6') },
    ['warning accept-dad'],
    /accept_dad: 2/,
  ],
  [
    'promote_secondaries, where the subnet is only virtual',
    {
      settings:
        'virtualRouters: [{ name: lan, interface: eth0, vrid: 51, addresses: [10.50.0.100/24, 10.50.0.101/24] }]',
    },
    ['warning promote-secondaries'],
    /promote_secondaries: 0/,
  ],
  [
    'a read-only /proc/sys',
    {
      files: {
        '/proc/self/mountinfo': '20 1 0:1 / / rw - ext4\n22 20 0:2 / /proc/sys ro,nosuid - proc\n',
      },
    },
    ['warning proc-sys'],
    /\/proc\/sys ro/,
  ],
  [
    'leftovers of a dead agent',
    {
      status: null,
      files: {
        '/var/lib/understudy/state.json':
          '{"addresses":[{"interface":"eth0","address":"10.99.0.1/24"}]}',
      },
    },
    ['failure leftovers'],
    /10\.99\.0\.1\/24 on eth0, and it stands/,
  ],
  ['no agent', { status: null }, ['warning agent'], /^$/],
  [
    'keepalived beside',
    {
      files: { '/proc/99/comm': 'keepalived\n', '/proc/99/cmdline': '/usr/sbin/keepalived\0-n\0' },
      links: { '/proc/99/ns/net': 'net:[1]' },
    },
    ['failure keepalived'],
    /process 99: \/usr\/sbin\/keepalived -n/,
  ],
  [
    'an own IPv6 address that is tentative',
    {
      commands: {
        'ip -json address show': JSON.stringify([
          {
            ifname: 'eth0',
            addr_info: [
              { local: '10.99.0.1', prefixlen: 24 },
              { local: 'fe80::1', prefixlen: 64, tentative: true },
            ],
          },
        ]),
      },
    },
    ['failure tentative'],
    /fe80::1\/64 tentative/,
  ],
  [
    'an own IPv6 address that is refused',
    {
      commands: {
        'ip -json address show': JSON.stringify([
          {
            ifname: 'eth0',
            addr_info: [
              { local: '10.99.0.1', prefixlen: 24 },
              { local: 'fe80::1', prefixlen: 64, dadfailed: true },
            ],
          },
        ]),
      },
    },
    ['failure tentative'],
    /fe80::1\/64 tentative/,
  ],
  [
    'HA path and LAN on one interface',
    { commands: { 'ip -json route get 10.98.0.2': '[{"dev":"eth0"}]' } },
    ['warning one-wire'],
    /route get 10\.98\.0\.2: dev eth0/,
  ],
  [
    'HA path on a VLAN of the LAN',
    {
      commands: { 'ip -json route get 10.98.0.2': '[{"dev":"eth0.7"}]' },
      links: { '/sys/class/net/eth0.7/lower_eth0': '../eth0' },
    },
    ['warning one-wire'],
    /dev eth0\.7/,
  ],
  [
    'real time refused',
    {
      status: {
        realtime: {
          enabled: true,
          scheduling: 'ordinary',
          priority: null,
          programLocked: false,
          missing: ['SCHED_FIFO: EPERM'],
        },
      },
    },
    ['warning realtime'],
    /realtime\.missing/,
  ],
  [
    'swap',
    { files: { '/sys/fs/cgroup/system.slice/understudy.service/memory.swap.max': 'max\n' } },
    ['warning swap'],
    /\/dev\/sda2/,
  ],
  [
    'a route that sends from a virtual address',
    {
      commands: {
        'ip -4 -json route show table all':
          '[{"dst":"default","gateway":"10.99.0.254","dev":"eth0","protocol":"static","prefsrc":"10.99.0.100"}]',
      },
    },
    ['warning source'],
    /default via 10\.99\.0\.254 dev eth0 src 10\.99\.0\.100/,
  ],
  [
    'a lacking capability',
    { files: { [`/proc/${PID}/status`]: 'CapEff:\t0000000000001000\n' } },
    ['failure capabilities'],
    /CapEff/,
  ],
  [
    'AppArmor that enforces',
    { files: { [`/proc/${PID}/attr/current`]: 'understudy (enforce)\n' } },
    ['warning confinement'],
    /understudy \(enforce\)/,
  ],
  [
    'SELinux that confines',
    {
      files: {
        '/sys/fs/selinux/enforce': '1',
        [`/proc/${PID}/attr/current`]: 'system_u:system_r:understudy_t:s0\0',
      },
    },
    ['warning confinement'],
    /understudy_t/,
  ],
  ['a full disk', { disk: { freeBytes: 1000, freeFiles: 1e6 } }, ['failure disk'], /1000 bytes/],
  [
    'a disk without files left',
    { disk: { freeBytes: 1e9, freeFiles: 3 } },
    ['failure disk'],
    /3 files free/,
  ],
  [
    'a disk that is nearly full',
    { disk: { freeBytes: 8e6, freeFiles: 1e6 } },
    ['warning disk'],
    /8000000 bytes/,
  ],
  [
    'a read-only state directory',
    {
      files: { '/proc/self/mountinfo': '20 1 0:1 / / rw - ext4\n22 20 0:2 / /var/lib ro - ext4\n' },
    },
    ['failure disk'],
    /statfs/,
  ],
  ['an update that waits', { status: { version: '1.0.0' } }, ['warning update'], /version/],
  [
    'a program that was replaced',
    {
      files: {
        [`/proc/${PID}/maps`]:
          '55 r-xp 0 08:02 1 /usr/lib/understudy/build/Release/understudy.node (deleted)\n',
      },
    },
    ['warning update'],
    /understudy\.node/,
  ],
  [
    'a unit that systemd has not read',
    {
      commands: {
        'systemctl show understudy --property=NeedDaemonReload': 'NeedDaemonReload=yes\n',
      },
    },
    ['warning update'],
    /NeedDaemonReload=yes/,
  ],
];
