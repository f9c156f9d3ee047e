// The sysctls of one interface: read in /proc/sys, IPv4 set by netlink, which needs no writable /proc/sys. It knows
// none of their meanings.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Addon } from './addon.js';
import type { Ipv4LinkSettings } from './kernel.js';
import { attempt, refusal } from './refusal.js';

/** enum of linux/ip.h, and the name below net.ipv4.conf. */
const IPV4 = {
  forwarding: { id: 1, file: 'forwarding' },
  rpFilter: { id: 8, file: 'rp_filter' },
  arpAnnounce: { id: 18, file: 'arp_announce' },
  arpIgnore: { id: 19, file: 'arp_ignore' },
} as const;

const NAMES = Object.keys(IPV4) as (keyof typeof IPV4)[];

const RTM_SETLINK = 19;
const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLA_F_NESTED = 0x8000;
const IFLA_AF_SPEC = 26;
const AF_INET = 2;
const IFLA_INET_CONF = 1;
/** struct nlmsghdr and struct ifinfomsg, then three attributes, each in the one before: the values are in the last. */
const VALUES_AT = 16 + 16 + 3 * 4;

/**
 * The netlink message that sets these values of the interface, whatever it is called: RTM_SETLINK with
 * IFLA_AF_SPEC { AF_INET { IFLA_INET_CONF { id: value … } } } (rtnetlink(7)).
 */
export function ipv4SettingsMessage(
  linkIndex: number,
  values: Partial<Ipv4LinkSettings>,
): Uint8Array<ArrayBuffer> {
  const given = NAMES.flatMap((name) => {
    const value = values[name];
    return value === undefined ? [] : [{ id: IPV4[name].id, value }];
  });
  const length = VALUES_AT + given.length * 8;
  const bytes = new ArrayBuffer(length);
  const halves = new Uint16Array(bytes);
  const words = new Int32Array(bytes);
  words[0] = length;
  halves[2] = RTM_SETLINK;
  halves[3] = NLM_F_REQUEST | NLM_F_ACK;
  words[5] = linkIndex;
  const attribute = (at: number, type: number): void => {
    halves[at / 2] = length - at;
    halves[at / 2 + 1] = type | NLA_F_NESTED;
  };
  attribute(32, IFLA_AF_SPEC);
  attribute(36, AF_INET);
  attribute(40, IFLA_INET_CONF);
  for (const [index, { id, value }] of given.entries()) {
    const at = VALUES_AT + index * 8;
    halves[at / 2] = 8;
    halves[at / 2 + 1] = id;
    words[at / 4 + 1] = value;
  }
  return new Uint8Array(bytes);
}

export function ipv4Settings(linkName: string): Ipv4LinkSettings {
  const read = (name: keyof typeof IPV4): number =>
    Number(readFileSync(`/proc/sys/net/ipv4/conf/${linkName}/${IPV4[name].file}`, 'utf8'));
  return {
    forwarding: read('forwarding'),
    rpFilter: read('rpFilter'),
    arpAnnounce: read('arpAnnounce'),
    arpIgnore: read('arpIgnore'),
  };
}

export function setIpv4Settings(
  addon: Addon,
  linkIndex: number,
  values: Partial<Ipv4LinkSettings>,
): void {
  const what = `setting ${Object.keys(values)
    .map((name) => IPV4[name as keyof typeof IPV4].file)
    .join(', ')} of interface ${linkIndex}`;
  const { buffer } = ipv4SettingsMessage(linkIndex, values);
  const answer = attempt(what, () => addon.netlink(buffer));
  if (answer < 0) throw refusal(what, answer, 'RTM_SETLINK');
}

export function setIpv6Settings(linkName: string, values: Readonly<Record<string, number>>): void {
  if (!existsSync('/proc/sys/net/ipv6')) return;
  for (const [name, value] of Object.entries(values)) {
    const path = `/proc/sys/net/ipv6/conf/${linkName}/${name}`;
    // Where it is so already, nothing has to be allowed.
    if (Number(readFileSync(path, 'utf8')) !== value) writeFileSync(path, String(value));
  }
}
