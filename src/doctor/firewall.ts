// Whether the rules of nftables or iptables let a packet in or out: the rules as `nft --json list ruleset` and
// `iptables-save` print them, walked as the kernel walks them. What cannot be decided here counts as let through.
import type { Blocked } from './facts.js';

/** What is asked about. */
export interface Packet {
  /** For a person: `advertisements (protocol 112) on eth0, in`. */
  readonly what: string;
  readonly hook: 'input' | 'output';
  readonly family: 'ip' | 'ip6';
  readonly device: string;
  readonly protocol: number;
  readonly destination: string | null;
  readonly port: number | null;
}

type Answer = 'yes' | 'no' | 'unknown';
type Verdict = 'accept' | 'drop' | 'return' | 'none';

interface Rule {
  readonly text: string;
  readonly expressions: readonly unknown[];
}

interface Chain {
  readonly name: string;
  readonly family: string;
  readonly hook: string | null;
  readonly policy: string;
  readonly rules: Rule[];
}

const DEEPEST = 16;

/** The first rule or policy that keeps each packet back. */
export function blockedBy(chains: readonly Chain[], packets: readonly Packet[]): Blocked[] {
  return packets.flatMap((packet) => {
    for (const chain of chains) {
      const families = [packet.family, 'inet'];
      if (chain.hook !== packet.hook || !families.includes(chain.family)) continue;
      const found = walk(chain, packet, chains, 0);
      if (found.verdict === 'drop') return [{ what: packet.what, rule: found.rule }];
      if (found.verdict === 'none' && chain.policy === 'drop') {
        return [{ what: packet.what, rule: `${chain.name}: policy drop` }];
      }
    }
    return [];
  });
}

function walk(
  chain: Chain,
  packet: Packet,
  chains: readonly Chain[],
  depth: number,
): { readonly verdict: Verdict; readonly rule: string } {
  for (const { expressions, text } of chain.rules) {
    const rule = `${chain.name}: ${text}`;
    let matches: Answer = 'yes';
    for (const expression of expressions) {
      const answer = matchOf(expression, packet);
      if (answer !== null) {
        if (answer === 'no') matches = 'no';
        else if (answer === 'unknown' && matches === 'yes') matches = 'unknown';
        continue;
      }
      if (matches === 'no') break;
      const target = jumpOf(expression);
      if (target !== null && depth < DEEPEST) {
        const next = chains.find(
          ({ name, family }) =>
            name === `${tableOf(chain.name)} ${target}` && family === chain.family,
        );
        const inner = next === undefined ? null : walk(next, packet, chains, depth + 1);
        if (
          matches === 'yes' &&
          inner !== null &&
          (inner.verdict === 'accept' || inner.verdict === 'drop')
        ) {
          return inner;
        }
        if (matches === 'unknown' && inner?.verdict === 'accept') return inner;
        continue;
      }
      const verdict = verdictOf(expression);
      if (verdict === null) continue;
      // Whether it matches is not known: what accepts is taken to accept, what drops to let through.
      if (matches === 'unknown' && verdict !== 'accept') break;
      return { verdict, rule };
    }
  }
  return { verdict: 'none', rule: '' };
}

/** `inet filter` of `inet filter input`. */
const tableOf = (name: string): string => name.slice(0, name.lastIndexOf(' '));

const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;

function verdictOf(expression: unknown): Verdict | null {
  for (const word of ['accept', 'drop', 'return'] as const) {
    if (member(expression, word) !== undefined) return word;
  }
  return member(expression, 'reject') === undefined ? null : 'drop';
}

const jumpOf = (expression: unknown): string | null => {
  const jump = member(expression, 'jump') ?? member(expression, 'goto');
  const target = member(jump, 'target');
  return typeof target === 'string' ? target : null;
};

/** Null for what is no match: a verdict, a counter. */
function matchOf(expression: unknown, packet: Packet): Answer | null {
  if (member(expression, 'xt') !== undefined || member(expression, 'vmap') !== undefined)
    return 'unknown';
  if (member(expression, 'limit') !== undefined) return 'unknown';
  const match = member(expression, 'match');
  if (match === undefined) return null;
  const values = valueOf(member(match, 'left'), packet);
  if (values === null) return 'unknown';
  const answer = isAmong(values, member(match, 'right'));
  if (answer === 'unknown' || member(match, 'op') !== '!=') return answer;
  return answer === 'yes' ? 'no' : 'yes';
}

/** What the packet has there, in each form that nft may print; empty: it has no such field. */
function valueOf(left: unknown, packet: Packet): readonly (string | number)[] | null {
  const key = member(member(left, 'meta'), 'key');
  const field = member(member(left, 'payload'), 'field');
  const protocol = member(member(left, 'payload'), 'protocol');
  const names: Readonly<Record<number, string>> = { 112: 'vrrp', 17: 'udp', 6: 'tcp' };
  const number = [packet.protocol, names[packet.protocol] ?? ''];
  if (key === 'l4proto') return number;
  if (key === 'nfproto') return [packet.family === 'ip' ? 'ipv4' : 'ipv6'];
  if (key === 'iifname' || key === 'iif') return packet.hook === 'input' ? [packet.device] : [];
  if (key === 'oifname' || key === 'oif') return packet.hook === 'output' ? [packet.device] : [];
  if (member(member(left, 'ct'), 'key') === 'state') return ['new', 'untracked'];
  if (field === 'protocol' || field === 'nexthdr') return number;
  if (field === 'daddr') return packet.destination === null ? null : [packet.destination];
  if (field === 'dport') {
    if (packet.port === null) return [];
    return protocol === names[packet.protocol] || protocol === 'th' ? [packet.port] : [];
  }
  if (protocol === 'icmp' || protocol === 'icmpv6') return [];
  if (protocol === 'tcp' && names[packet.protocol] !== 'tcp') return [];
  return null;
}

function isAmong(values: readonly (string | number)[], right: unknown): Answer {
  if (typeof right === 'string') {
    if (right.startsWith('@')) return 'unknown';
    if (right.endsWith('*')) {
      return values.some((value) => String(value).startsWith(right.slice(0, -1))) ? 'yes' : 'no';
    }
    return values.includes(right) ? 'yes' : 'no';
  }
  if (typeof right === 'number') return values.includes(right) ? 'yes' : 'no';
  const inside = Array.isArray(right) ? right : member(right, 'set');
  if (Array.isArray(inside)) {
    const answers = new Set(inside.map((one) => isAmong(values, one)));
    return answers.has('yes') ? 'yes' : answers.has('unknown') ? 'unknown' : 'no';
  }
  const range = member(right, 'range');
  if (Array.isArray(range)) {
    const [from, to] = range as [unknown, unknown];
    if (typeof from !== 'number' || typeof to !== 'number') return 'unknown';
    return values.some((value) => Number(value) >= from && Number(value) <= to) ? 'yes' : 'no';
  }
  const prefix = member(right, 'prefix');
  if (prefix !== undefined) return values.length === 0 ? 'no' : prefixAnswer(values, prefix);
  return 'unknown';
}

/** 224.0.0.0/4 and its like; of others nothing is said. */
function prefixAnswer(values: readonly (string | number)[], prefix: unknown): Answer {
  const address = member(prefix, 'addr');
  const length = member(prefix, 'len');
  if (typeof address !== 'string' || typeof length !== 'number' || address.includes(':'))
    return 'unknown';
  const bits = (text: string): number =>
    text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - length);
  const same = values.some(
    (value) => Math.floor(bits(String(value)) / size) === Math.floor(bits(address) / size),
  );
  return same ? 'yes' : 'no';
}

/** The chains of `nft --json list ruleset`; empty for what is none. */
export function chainsOfNft(json: string): Chain[] {
  const all = (member(JSON.parse(json), 'nftables') ?? []) as readonly unknown[];
  const chains = new Map<string, Chain>();
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  for (const one of all) {
    const chain = member(one, 'chain');
    if (chain === undefined) continue;
    const family = text(member(chain, 'family'));
    const name = `${family} ${text(member(chain, 'table'))} ${text(member(chain, 'name'))}`;
    const hook = text(member(chain, 'hook')) || null;
    const policy = text(member(chain, 'policy')) || 'accept';
    chains.set(name, { name, family, hook, policy, rules: [] });
  }
  for (const one of all) {
    const rule = member(one, 'rule');
    if (rule === undefined) continue;
    const name = ['family', 'table', 'chain'].map((key) => text(member(rule, key))).join(' ');
    const expressions = (member(rule, 'expr') ?? []) as readonly unknown[];
    const handle = member(rule, 'handle');
    const shown = `rule handle ${String(handle)} ${JSON.stringify(expressions)}`;
    chains.get(name)?.rules.push({ text: shown.slice(0, 300), expressions });
  }
  return [...chains.values()];
}

/** The chains of the filter table of `iptables-save` or `ip6tables-save`. */
export function chainsOfIptables(save: string, family: 'ip' | 'ip6'): Chain[] {
  const chains = new Map<string, Chain>();
  let table = '';
  for (const line of save.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim();
    if (table !== 'filter') continue;
    const head = /^:(\S+) (\S+)/.exec(line);
    if (head !== null) {
      const [, name = '', policy = ''] = head;
      const hook = { INPUT: 'input', OUTPUT: 'output' }[name] ?? null;
      const full = `${family} filter ${name}`;
      chains.set(name, { name: full, family, hook, policy: policy.toLowerCase(), rules: [] });
    }
    const rule = /^-A (\S+) (.*)$/.exec(line);
    if (rule === null) continue;
    const expressions = iptablesExpressions((rule[2] ?? '').split(/\s+/));
    chains.get(rule[1] ?? '')?.rules.push({ text: line, expressions });
  }
  return [...chains.values()];
}

const IPTABLES_FIELDS: Readonly<Record<string, unknown>> = {
  '-p': { meta: { key: 'l4proto' } },
  '-i': { meta: { key: 'iifname' } },
  '-o': { meta: { key: 'oifname' } },
  '-d': { payload: { protocol: 'ip', field: 'daddr' } },
  '--dport': { payload: { protocol: 'th', field: 'dport' } },
  '--ctstate': { ct: { key: 'state' } },
  '--state': { ct: { key: 'state' } },
};

function iptablesExpressions(words: readonly string[]): unknown[] {
  const expressions: unknown[] = [];
  let negated = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const value = words[at + 1] ?? '';
    if (word === '!') {
      negated = true;
      continue;
    }
    const left = Object.hasOwn(IPTABLES_FIELDS, word) ? IPTABLES_FIELDS[word] : undefined;
    if (left !== undefined) {
      const right = iptablesValue(word, value);
      expressions.push({ match: { op: negated ? '!=' : '==', left, right } });
      at += 1;
    } else if (word === '-m' || word === '--comment') at += 1;
    else if (word === '-j' || word === '-g') {
      const verdict = { ACCEPT: 'accept', DROP: 'drop', REJECT: 'reject', RETURN: 'return' }[value];
      expressions.push(verdict === undefined ? { jump: { target: value } } : { [verdict]: null });
      break;
    } else if (word.startsWith('-')) expressions.push({ xt: word });
    negated = false;
  }
  return expressions;
}

function iptablesValue(option: string, value: string): unknown {
  if (option === '--ctstate' || option === '--state') return value.toLowerCase().split(',');
  if (option === '-d') {
    const [address, length] = value.split('/');
    return length === undefined || length === '32'
      ? address
      : { prefix: { addr: address, len: Number(length) } };
  }
  if (option === '--dport') {
    const [from, to] = value.split(':').map(Number);
    return to === undefined ? from : { range: [from, to] };
  }
  if (option === '-i' || option === '-o') return value.replace(/\+$/, '*');
  return /^\d+$/.test(value) ? Number(value) : value;
}
