// Two appliances on a switch: this namespace and `peer`, with the interfaces `lan` and `wan`, joined
// by bridges in the namespace `switch`. Cables can be pulled, and the switch can fail silently.
import { execFileSync } from 'node:child_process';
import { cable } from '../../scripts/lab/cable.js';
import { inNetns, ip } from '../support/namespace.js';

type Station = 'a' | 'b';
export type Segment = 'lan' | 'wan';

const SUBNET: Readonly<Record<Segment, string>> = { lan: '192.0.2', wan: '198.51.100' };

export function laySwitch(): void {
  ip('netns add peer');
  ip('netns add switch');
  for (const segment of ['lan', 'wan'] as const) {
    ip(`-n switch link add br-${segment} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`);
    ip(`-n switch link set br-${segment} up`);
    connect(segment, 'a', '');
    connect(segment, 'b', '-n peer ');
  }
}

function connect(segment: Segment, station: Station, where: '' | '-n peer '): void {
  const host = station === 'a' ? 1 : 2;
  const port = `${station}-${segment}`;
  ip(`-n switch ${cable({ name: port }, { name: `${port}-end` })}`);
  // Out of the switch: here, or to the peer, by the process id that stands for this namespace.
  ip(`-n switch link set ${port}-end netns ${station === 'a' ? String(process.pid) : 'peer'}`);
  ip(`${where}link set ${port}-end name ${segment} addrgenmode none`);
  ip(`${where}address add ${SUBNET[segment]}.${host}/24 dev ${segment}`);
  ip(`${where}link set ${segment} up`);
  ip(`${where}address add fe80::${host}/64 dev ${segment} nodad`);
  ip(`-n switch link set ${port} master br-${segment}`);
  ip(`-n switch link set ${port} up`);
}

/** The carrier of a station's cable, by the switch's end of it. */
export const setCable = (segment: Segment, station: Station, connected: boolean): unknown =>
  ip(`-n switch link set ${station}-${segment} ${connected ? 'up' : 'down'}`);

/** Takes station b's port out of the switch, or puts it in again: carrier stays on both sides. */
export const setPath = (segment: Segment, connected: boolean): unknown =>
  ip(`-n switch link set b-${segment} ${connected ? `master br-${segment}` : 'nomaster'}`);

/** From now on the switch drops what is sent to the groups of VRRP. */
export function dropMulticast(): void {
  filter('multicast', 'ip daddr 224.0.0.18 drop\nip6 daddr ff02::12 drop');
}

/** The switch drops what station a sends to the groups, until the returned function is called. */
export function dropFromA(): () => void {
  filter('from-a', 'iifname "a-lan" ip daddr 224.0.0.18 drop');
  return () => nft('delete table bridge from-a\n');
}

function filter(table: string, rules: string): void {
  const chain = `chain c {\ntype filter hook forward priority 0\n${rules}\n}`;
  nft(`table bridge ${table} {\n${chain}\n}\n`);
}

function nft(input: string): void {
  const [program = '', ...words] = inNetns('switch', 'nft', '-f', '-');
  execFileSync(program, words, { input });
}
