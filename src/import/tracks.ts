// What instances and sync groups have in common: what they track, and the scripts that are told of transitions.
import type { Account } from './account.js';
import type { Statement } from './blocks.js';
import type { Notify, NotifyState, Track, Tracked } from './parts.js';
import { failWord, keywordOf, wordAt } from './values.js';

const NOTIFIES: Readonly<Record<string, NotifyState>> = {
  notify_master: 'MASTER',
  notify_backup: 'BACKUP',
  notify_fault: 'FAULT',
  notify_stop: 'STOP',
  notify: 'any',
};

export const TRACKED_WORDS: readonly string[] = [
  'track_interface',
  'track_script',
  ...Object.keys(NOTIFIES),
  'notify_deleted',
];

/** What of these statements is tracked or told, and the statements that are neither. */
export function trackedOf(
  statements: readonly Statement[],
  account: Account,
): { readonly tracked: Tracked; readonly others: readonly Statement[] } {
  const interfaces: Track[] = [];
  const scripts: Track[] = [];
  const notifies: Notify[] = [];
  const others: Statement[] = [];
  for (const statement of statements) {
    const word = keywordOf(statement);
    const state = Object.hasOwn(NOTIFIES, word) ? NOTIFIES[word] : undefined;
    if (word === 'track_interface') interfaces.push(...tracksOf(statement, account));
    else if (word === 'track_script') scripts.push(...tracksOf(statement, account));
    else if (state !== undefined) notifies.push(...notifyOf(statement, state, account));
    else if (word === 'notify_deleted') {
      account.dropped(
        statement.place,
        'a virtual router that is taken out of the settings ends with STOP',
      );
    } else others.push(statement);
  }
  return { tracked: { interfaces, scripts, notifies }, others };
}

function tracksOf(block: Statement, account: Account): Track[] {
  account.kept(block.place);
  return (block.inside ?? []).flatMap((line): Track[] => {
    const { place } = line;
    const name = keywordOf(line);
    const [, word, number, reverse] = line.words.map(({ text }) => text);
    if (word === undefined) {
      account.kept(place);
      return [{ name, weight: null, place }];
    }
    const weight = word === 'weight' && /^[+-]?\d+$/.test(number ?? '') ? Number(number) : NaN;
    if (!(Math.abs(weight) <= 254)) {
      const text = line.words
        .slice(1)
        .map((one) => one.text)
        .join(' ');
      failWord(line, `${name}, or ${name} weight NUMBER`, text, account);
      return [];
    }
    if (reverse === 'reverse') {
      account.dropped(place, 'weight ... reverse has no counterpart: turn what is checked round');
      return [];
    }
    account.kept(place);
    return [{ name, weight, place }];
  });
}

/** The script and its arguments: unquoted, only the first word, and a user may follow. */
function notifyOf(statement: Statement, state: NotifyState, account: Account): Notify[] {
  const { place, words } = statement;
  const [script = '', ...inner] = argumentsOf(wordAt(statement, 1));
  if (script === '') {
    failWord(statement, `a script behind ${keywordOf(statement)}`, '', account);
    return [];
  }
  account.kept(place);
  if (words.length > 2) {
    account.changed(
      place,
      'runs with the rights of the agent; hooks/privileged has root run it (docs/HOOKS.md)',
    );
  }
  return [{ state, command: [script, ...inner], place }];
}

/** The words of a script's line; single quotes keep spaces. */
export function argumentsOf(text: string): string[] {
  const words = text.match(/(?:'[^']*'|[^\s'])+/g) ?? [];
  return words.map((word) => word.replaceAll("'", ''));
}
