// One `vrrp_instance` with what stands in it. What becomes of it is in settings.ts.
import { familyOf, parseAddress, type IpAddress } from '../model/address.js';
import type { Account, Place } from './account.js';
import type { Statement } from './blocks.js';
import { ADDRESS_OPTIONS, INSTANCE_REASONS } from './keywords.js';
import type { Instance, VirtualAddress } from './parts.js';
import { trackedOf, TRACKED_WORDS } from './tracks.js';
import { addressOf, failWord, keywordOf, leaveOut, numberOf, timeOf, wordAt } from './values.js';

/** The longest that fits into the twelve bits of RFC 9568 §5.2.7, in seconds. */
const LONGEST_INTERVAL_SECONDS = 40.95;

const ONE_BYTE = { minimum: 1, maximum: 255, fallback: 1 };

interface Draft {
  interface: string | null;
  vrid: number | null;
  priority: number;
  priorityAt: Place;
  intervalMs: number;
  startsActive: boolean;
  version: number | null;
  noPreemptAt: Place | null;
  preemptDelaySeconds: number;
  addresses: VirtualAddress[];
  unicastPeers: IpAddress[];
  vmacAt: Place | null;
  noAcceptAt: Place | null;
}

type Reader = (draft: Draft, statement: Statement, account: Account) => void;

/** By keyword. Each says itself what became of its line. */
const READERS: Readonly<Record<string, Reader>> = {
  state: (draft, statement, account) => {
    draft.startsActive = wordAt(statement, 1).toUpperCase() === 'MASTER';
    account.changed(
      statement.place,
      'only how keepalived begins: the priority decides, and ha.primary says which appliance is preferred (--primary)',
    );
  },
  interface: (draft, statement, account) => {
    draft.interface = wordAt(statement, 1);
    if (draft.interface === '') failWord(statement, 'an interface', '', account);
    account.kept(statement.place);
  },
  virtual_router_id: (draft, statement, account) => {
    draft.vrid = numberOf(statement, ONE_BYTE, account);
    account.kept(statement.place);
  },
  priority: (draft, statement, account) => {
    draft.priority = numberOf(statement, { ...ONE_BYTE, fallback: 100 }, account);
    draft.priorityAt = statement.place;
    account.kept(statement.place);
  },
  advert_int: readInterval,
  version: (draft, statement, account) => {
    draft.version = numberOf(statement, { minimum: 2, maximum: 3, fallback: 2 }, account);
    if (draft.version === 3) account.kept(statement.place, 'understudy speaks version 3');
    else account.changed(statement.place, 'understudy speaks version 3 only');
  },
  nopreempt: (draft, statement) => (draft.noPreemptAt = statement.place),
  preempt: (draft, statement, account) => {
    draft.noPreemptAt = null;
    account.kept(statement.place);
  },
  preempt_delay: (draft, statement, account) => {
    const range = { minimum: 0, maximum: 1000, fallback: 0 };
    draft.preemptDelaySeconds = Math.ceil(timeOf(statement, range, account) / 1000);
    account.kept(statement.place);
  },
  virtual_ipaddress: (draft, statement, account) => readAddresses(draft, statement, false, account),
  virtual_ipaddress_excluded: (draft, statement, account) =>
    readAddresses(draft, statement, true, account),
  unicast_peer: readPeers,
  use_vmac: (draft, statement) => (draft.vmacAt = statement.place),
  accept: (draft, statement, account) => {
    draft.noAcceptAt = null;
    account.kept(statement.place);
  },
  no_accept: (draft, statement) => (draft.noAcceptAt = statement.place),
  native_ipv6: (_, statement, account) =>
    account.kept(statement.place, 'the addresses say which family it is'),
  old_unicast_checksum: (_, statement, account) =>
    account.changed(
      statement.place,
      'checksum: auto follows what the Active sends, and accepts both dialects',
    ),
};

const KNOWN_WORDS: readonly string[] = [...Object.keys(READERS), ...TRACKED_WORDS];

export function instanceOf(
  block: Statement,
  name: string,
  defaultInterface: string,
  account: Account,
): Instance {
  const draft: Draft = {
    interface: null,
    vrid: null,
    priority: 100,
    priorityAt: block.place,
    intervalMs: 1000,
    startsActive: false,
    version: null,
    noPreemptAt: null,
    preemptDelaySeconds: 0,
    addresses: [],
    unicastPeers: [],
    vmacAt: null,
    noAcceptAt: null,
  };
  const { tracked, others } = trackedOf(block.inside ?? [], account);
  for (const statement of others) {
    const word = keywordOf(statement);
    const read = Object.hasOwn(READERS, word) ? READERS[word] : undefined;
    if (read === undefined) leaveOut(statement, INSTANCE_REASONS, KNOWN_WORDS, account);
    else read(draft, statement, account);
  }
  const { place } = block;
  const { noPreemptAt } = draft;
  if (noPreemptAt !== null && draft.startsActive) {
    account.changed(noPreemptAt, 'keepalived itself does not heed it beside state MASTER');
  } else if (noPreemptAt !== null) account.kept(noPreemptAt);
  const failMissing = (expected: string, remedy: string): void =>
    account.fail({ place, expected: `${expected} in ${name}`, found: 'none', remedy });
  if (draft.vrid === null) failMissing('a virtual_router_id', 'write virtual_router_id 51');
  if (!draft.addresses.some(({ excluded }) => !excluded)) {
    failMissing('a virtual_ipaddress', 'write virtual_ipaddress { 10.0.0.100/24 }');
  }
  if (draft.interface === null && draft.unicastPeers.length > 0) {
    account.changed(place, `names no interface: ${defaultInterface}, as keepalived takes it`);
  } else if (draft.interface === null) failMissing('an interface', 'write interface eth0');
  return {
    ...draft,
    ...tracked,
    name,
    place,
    preempt: noPreemptAt === null || draft.startsActive,
    interface: draft.interface ?? defaultInterface,
    vrid: draft.vrid ?? 1,
  };
}

function readInterval(draft: Draft, statement: Statement, account: Account): void {
  const { place } = statement;
  const wanted = timeOf(statement, { minimum: 0.01, maximum: 255, fallback: 1 }, account);
  const longest = LONGEST_INTERVAL_SECONDS * 1000;
  draft.intervalMs = Math.max(10, Math.min(longest, Math.round(wanted / 10) * 10));
  if (wanted > longest) {
    account.changed(place, `${LONGEST_INTERVAL_SECONDS} s is the longest that VRRPv3 can say`);
  } else if (draft.intervalMs !== wanted) {
    account.changed(place, `VRRPv3 counts centiseconds: ${draft.intervalMs} ms`);
  } else account.kept(place);
}

function readPeers(draft: Draft, block: Statement, account: Account): void {
  account.kept(block.place);
  for (const line of block.inside ?? []) {
    const address = parseAddress(keywordOf(line));
    if (address === null) failWord(line, 'an address in unicast_peer', keywordOf(line), account);
    else if (draft.unicastPeers.includes(address))
      account.changed(line.place, 'stands there twice');
    else {
      draft.unicastPeers.push(address);
      account.kept(line.place);
      if (line.words.length > 1) {
        account.changed(line.place, 'understudy asks for a TTL of 255, as RFC 9568 §7.1 does');
      }
    }
  }
}

function readAddresses(draft: Draft, block: Statement, excluded: boolean, account: Account): void {
  account.kept(block.place);
  for (const line of block.inside ?? []) {
    const one = virtualAddress(line, excluded, account);
    if (one !== null) draft.addresses.push(one);
  }
  const families = new Set(
    draft.addresses.filter((one) => !one.excluded).map(({ value }) => familyOf(value.address)),
  );
  if (families.size > 1) {
    account.fail({
      place: block.place,
      expected: 'addresses of one family in virtual_ipaddress',
      found: 'IPv4 and IPv6',
      remedy: 'move one family into a vrrp_instance of its own',
    });
  }
}

function virtualAddress(
  line: Statement,
  excluded: boolean,
  account: Account,
): VirtualAddress | null {
  const { place } = line;
  const words = line.words.map(({ text }) => text);
  const found = addressOf(words[0] ?? '');
  if (found === null) {
    failWord(line, 'an address such as 10.0.0.100/24', words[0] ?? '', account);
    return null;
  }
  const { address, prefixLength, bare } = found;
  account.kept(place);
  if (bare) {
    const length = `/${prefixLength}`;
    account.changed(
      place,
      `no prefix is ${length}: write that of the interface, if it is on its subnet`,
    );
  }
  let device: string | null = null;
  for (let at = 1; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const option = Object.hasOwn(ADDRESS_OPTIONS, word) ? ADDRESS_OPTIONS[word] : undefined;
    if (word === 'dev') {
      at += 1;
      device = words[at] ?? null;
    } else if (option === undefined) {
      failWord(line, 'one address a line, with options of keepalived', word, account);
      return null;
    } else {
      at += option.takes;
      account.changed(place, `without ${word}: ${option.reason}`);
    }
  }
  return { value: { address, prefixLength }, device, excluded, place };
}
