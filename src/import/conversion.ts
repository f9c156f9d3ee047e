// From the blocks of keepalived.conf to its parts. What has no counterpart gets its reason here; what becomes of the
// parts is in settings.ts and its neighbours.
import type { Account } from './account.js';
import type { Statement } from './blocks.js';
import { instanceOf } from './instances.js';
import { GLOBAL_REASONS, GROUP_REASONS, SCRIPT_REASONS, TOP_REASONS } from './keywords.js';
import type { Group, Instance, Parts, Script } from './parts.js';
import { trackedOf, TRACKED_WORDS } from './tracks.js';
import { keywordOf, leaveOut, numberOf, timeOf, wordAt } from './values.js';

/** Two blocks of one kind with one name would be one for keepalived, and it keeps the first. */
function named<Item extends { readonly name: string }>(
  kind: string,
  statements: readonly Statement[],
  make: (statement: Statement, name: string) => Item,
  account: Account,
): Item[] {
  const items = new Map<string, Item>();
  for (const statement of statements) {
    const name = wordAt(statement, 1);
    const { place } = statement;
    const expected = `a name of its own behind ${kind}`;
    if (name === '' || statement.inside === null) {
      const found = name === '' ? 'none' : `${name}, and no { behind it`;
      account.fail({ place, expected, found, remedy: 'write NAME { ... }' });
    } else if (items.has(name)) {
      const found = `${JSON.stringify(name)}, which stands above already`;
      const remedy = 'rename one of the two, here and in what names it';
      account.fail({ place, expected, found, remedy });
    } else {
      account.kept(place);
      items.set(name, make(statement, name));
    }
  }
  return [...items.values()];
}

const READ_BLOCKS = ['global_defs', 'vrrp_instance', 'vrrp_sync_group', 'vrrp_script'] as const;

export function partsOf(top: readonly Statement[], account: Account): Parts {
  const blocks = (word: string): Statement[] => top.filter((one) => keywordOf(one) === word);
  for (const statement of top) {
    const read = (READ_BLOCKS as readonly string[]).includes(keywordOf(statement));
    if (!read) leaveOut(statement, TOP_REASONS, READ_BLOCKS, account);
  }
  const globals = globalsOf(blocks('global_defs'), account);
  const scripts = named('vrrp_script', blocks('vrrp_script'), scriptOf(account), account);
  const instances = named(
    'vrrp_instance',
    blocks('vrrp_instance'),
    (statement, name): Instance => instanceOf(statement, name, globals.interface, account),
    account,
  );
  const groups = named('vrrp_sync_group', blocks('vrrp_sync_group'), groupOf(account), account);
  checkNames(instances, groups, scripts, account);
  return { instances, groups, scripts, version: globals.version };
}

function globalsOf(
  blocks: readonly Statement[],
  account: Account,
): { readonly version: 2 | 3; readonly interface: string } {
  let version: 2 | 3 = 2;
  let device = 'eth0';
  for (const block of blocks) {
    account.kept(block.place);
    for (const statement of block.inside ?? []) {
      switch (keywordOf(statement)) {
        case 'vrrp_version': {
          const range = { minimum: 2, maximum: 3, fallback: 2 };
          version = numberOf(statement, range, account) === 3 ? 3 : 2;
          if (version === 3) account.kept(statement.place, 'understudy speaks version 3');
          else account.changed(statement.place, 'understudy speaks version 3 only');
          break;
        }
        case 'default_interface':
          device = wordAt(statement, 1);
          account.kept(statement.place);
          break;
        case 'vrrp_strict':
          account.changed(
            statement.place,
            'understudy follows RFC 9568; its deviations are settings',
          );
          break;
        default:
          leaveOut(statement, GLOBAL_REASONS, ['vrrp_version', 'default_interface'], account);
      }
    }
  }
  return { version, interface: device };
}

const SCRIPT_WORDS = ['script', 'interval', 'timeout', 'weight', 'rise', 'fall', 'init_fail'];

/** keepalived's own defaults: every second, one failure and one success are enough, no weight. */
const scriptOf =
  (account: Account) =>
  (block: Statement, name: string): Script => {
    let command = '';
    let commandAt = block.place;
    let [intervalMs, rise, fall] = [1000, 1, 1];
    let weight: number | null = 0;
    let timeoutMs: number | null = null;
    const days = { minimum: 0.001, maximum: 1_000_000, fallback: 1 };
    const count = { minimum: 1, maximum: 2 ** 31 - 1, fallback: 1 };
    for (const statement of block.inside ?? []) {
      const { place } = statement;
      switch (keywordOf(statement)) {
        case 'script':
          command = statement.words
            .slice(1)
            .map(({ text }) => text)
            .join(' ');
          commandAt = place;
          break;
        case 'interval':
          intervalMs = timeOf(statement, days, account);
          break;
        case 'timeout':
          timeoutMs = timeOf(statement, days, account);
          break;
        case 'weight':
          weight = weightOf(statement, account);
          if (weight === null) continue;
          break;
        case 'rise':
          rise = numberOf(statement, count, account);
          break;
        case 'fall':
          fall = numberOf(statement, count, account);
          break;
        case 'init_fail':
          account.changed(place, 'a check without a result yet is unknown, and moves nothing');
          continue;
        default:
          leaveOut(statement, SCRIPT_REASONS, SCRIPT_WORDS, account);
          continue;
      }
      account.kept(place);
    }
    if (command === '') {
      const remedy =
        'write script "/the/program arguments", or choose other @ lines by --config-id';
      account.fail({ place: block.place, expected: 'a script', found: 'none', remedy });
    }
    const timeout = timeoutMs ?? intervalMs;
    const { place } = block;
    const lines = (block.inside ?? []).map((statement) => statement.place);
    return {
      name,
      place,
      lines,
      command,
      commandAt,
      intervalMs,
      timeoutMs: timeout,
      weight,
      rise,
      fall,
    };
  };

function weightOf(statement: Statement, account: Account): number | null {
  const weight = numberOf(statement, { minimum: -254, maximum: 254, fallback: 0 }, account);
  if (wordAt(statement, 2) === 'reverse') {
    account.dropped(
      statement.place,
      'a check that must fail has no counterpart: turn the exit code of the script round',
    );
    return null;
  }
  return weight;
}

const groupOf =
  (account: Account) =>
  (block: Statement, name: string): Group => {
    const members: string[] = [];
    let keepsWeights = false;
    const inside = block.inside ?? [];
    const isMember = ({ words, inside: inner }: Statement): boolean =>
      inner === null && words.length === 1 && !KNOWN_IN_GROUP.has(words[0]?.text ?? '');
    for (const statement of inside) {
      const word = keywordOf(statement);
      if (word === 'group') {
        account.kept(statement.place);
        for (const inner of statement.inside ?? []) {
          account.kept(inner.place);
          members.push(...inner.words.map(({ text }) => text));
        }
      } else if (word === 'sync_group_tracking_weight' || word === 'global_tracking') {
        keepsWeights = true;
        account.kept(statement.place);
      } else if (isMember(statement)) {
        // As files of the first releases have it, and as keepalived no longer reads it.
        account.changed(statement.place, 'read as if it stood in group { }');
        members.push(word);
      }
    }
    const rest = inside.filter((one) => !isMember(one) && !OF_GROUP.has(keywordOf(one)));
    const { tracked, others } = trackedOf(rest, account);
    for (const other of others) {
      leaveOut(other, GROUP_REASONS, [...OF_GROUP, ...TRACKED_WORDS], account);
    }
    return { ...tracked, name, place: block.place, members, keepsWeights };
  };

const OF_GROUP = new Set(['group', 'sync_group_tracking_weight', 'global_tracking']);
const KNOWN_IN_GROUP = new Set([...OF_GROUP, ...TRACKED_WORDS, ...Object.keys(GROUP_REASONS)]);

/** Names that stand for something elsewhere in the file. */
function checkNames(
  instances: readonly Instance[],
  groups: readonly Group[],
  scripts: readonly Script[],
  account: Account,
): void {
  const known = new Set(instances.map(({ name }) => name));
  for (const { name, place, members } of groups) {
    for (const member of members) {
      if (known.has(member)) continue;
      const expected = `instances of this file in the group ${name}`;
      const remedy = 'correct the name, or take it out of the group';
      account.fail({ place, expected, found: JSON.stringify(member), remedy });
    }
  }
  const programs = new Set(scripts.map(({ name }) => name));
  for (const { scripts: tracks } of [...instances, ...groups]) {
    for (const { name, place } of tracks) {
      if (programs.has(name)) continue;
      const found = `${JSON.stringify(name)}, which no vrrp_script has`;
      const remedy = 'write the vrrp_script, or take the line out';
      account.fail({ place, expected: 'the name of a vrrp_script', found, remedy });
    }
  }
}
