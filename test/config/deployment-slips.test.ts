// Every line of every settings file of docs/deployments, with every slip that copying it makes: it is
// refused, or means the same, or one of the two appliances says so, or `understudy check` does, or it is a
// matter of this appliance alone that nothing contradicts. Nothing else is let through.
import assert from 'node:assert/strict';
import { after, describe, it } from '../support/test.js';
import { parseSettings, type LoadResult } from '../../src/config/load.js';
import type { Settings } from '../../src/config/settings.js';
import { deployments, pairsOf, type DeploymentFile } from './deployments.js';
import { slipsOf } from './line-slips.js';
import { BARE_HOST, factsOf, seenBy, warnedAt, type PairFacts } from './pair-judge.js';

/**
 * What is of this appliance alone: any other value that is allowed does what it says, and nothing here or
 * at the peer can know it for a slip. Paths of the complete settings.
 */
const LOCAL: Readonly<Record<string, string>> = {
  'virtualRouters[].name': 'a word for status, log and events; peers match by family and VRID',
  'monitors.checks[].kind.host': 'whom to ask; that one does not answer is said in status',
  'monitors.checks[].kind.url': 'whom to ask; that one does not answer is said in status',
  'bypass.segments[]': 'names of the hook, which refuses those it does not know; status says so',
  'realtime.enabled': 'how the agent is scheduled; status says how it is',
  'realtime.priority': 'how the agent is scheduled; status says how it is',
  'metrics.textfile': 'where metrics are written; that it cannot be is said in status',
  'metrics.interval': 'how often metrics are written',
  runtimeDirectory: 'where the commands look too, by the same file',
  stateDirectory: 'where the agent alone looks',
};

type Outcome = 'refused' | 'the same' | 'seen by the pair' | 'warned of' | 'local' | 'UNSEEN';

const counts = new Map<Outcome, number>();

interface Side {
  readonly settings: Settings;
  readonly partner: Settings;
  readonly facts: PairFacts;
}

const load = (text: string, name: string): LoadResult => parseSettings(text, name, BARE_HOST);

function settingsOf({ path, text }: DeploymentFile): Settings {
  const result = load(text, path);
  assert.ok(result.ok, path);
  return result.settings;
}

function outcomeOf(text: string, { settings, partner, facts }: Side): Outcome {
  const result = load(text, 'slip');
  if (!result.ok) {
    for (const error of result.errors) {
      assert.ok(error.expected !== '' && error.found !== '' && error.remedy !== '', 'in full');
      assert.ok(error.path !== '' || error.line !== undefined, 'an error has a place');
    }
    return 'refused';
  }
  const changed = changedPaths(settings, result.settings);
  if (result.warnings.length > 0) return 'warned of';
  if (changed.length === 0) return 'the same';
  if (seenBy(result.settings, partner, facts).length > 0) return 'seen by the pair';
  if (warnedAt(result.settings, facts).length > 0) return 'warned of';
  return changed.every((path) => Object.hasOwn(LOCAL, path)) ? 'local' : 'UNSEEN';
}

/** Where two complete settings differ; list positions as `[]`. */
function changedPaths(a: unknown, b: unknown, path = ''): string[] {
  // -0 is 0: a weight of that means the same.
  if (a === b || Object.is(a, b)) return [];
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return [path];
  if (Array.isArray(a) !== Array.isArray(b)) return [path];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  // The same values once more, by the names of `understudy set`.
  if (path === '') keys.delete('settable');
  const found = [...keys].flatMap((key) => {
    const [before, now] = [a, b].map((value) => (value as Record<string, unknown>)[key]);
    const name = path === '' ? key : `${path}.${key}`;
    return changedPaths(before, now, Array.isArray(a) ? `${path}[]` : name);
  });
  return [...new Set(found)];
}

/**
 * In CI every slip in every line of both files. Elsewhere a line that both have is spoilt in one of them, by
 * turns, and of all slips every ninth is made: which ones, SLIPS=0 to 8 says, else the clock.
 */
const EVERY_SLIP = process.env['CI'] === 'true';
const OF_NINE = Number(process.env['SLIPS'] ?? Date.now() % 9);

function defineSlips(file: DeploymentFile, partner: DeploymentFile, turn: 0 | 1): void {
  it(`${file.path}: no slip in a line goes unseen`, (t) => {
    if (!EVERY_SLIP) t.diagnostic(`SLIPS=${OF_NINE} repeats this run`);
    const [settings, other] = [settingsOf(file), settingsOf(partner)];
    const side = { settings, partner: other, facts: factsOf(settings, other) };
    const known = new Map<string, Outcome>();
    const unseen: string[] = [];
    const theirs = partner.text.split('\n');
    const isTheirs = file.text.split('\n').map((line, index) => line === theirs[index]);
    for (const [index, { what, line, text }] of slipsOf(file.text, partner.text).entries()) {
      if (!EVERY_SLIP && isTheirs[line - 1] === true && line % 2 !== turn) continue;
      if (!EVERY_SLIP && index % 9 !== OF_NINE) continue;
      const outcome = known.get(text) ?? outcomeOf(text, side);
      known.set(text, outcome);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      if (outcome === 'UNSEEN') unseen.push(`${file.path}:${line}: ${what}`);
    }
    assert.deepEqual(unseen, []);
  });
}

describe('slips in the settings of the deployments', () => {
  for (const deployment of deployments()) {
    for (const [first, second] of pairsOf(deployment)) {
      defineSlips(first, second, 0);
      defineSlips(second, first, 1);
    }
  }
  after(() => {
    const outcomes = [...counts].toSorted(([, a], [, b]) => b - a);
    const sum = outcomes.reduce((total, [, count]) => total + count, 0);
    console.log(`${sum} slips: ${outcomes.map(([what, count]) => `${count} ${what}`).join(', ')}`);
  });
});

const PATHS = { a: '10.98.0.1, 10.99.0.1', b: '10.98.0.2, 10.99.0.2' } as const;

/** Of one of two, `a` and `b`. */
function sideText(own: 'a' | 'b', { ha = '', router = '', peers = true } = {}): string {
  const other = own === 'a' ? 'b' : 'a';
  const known = `keyFile: /k, peers: [{ name: ${other}, addresses: [${PATHS[other]}] }],`;
  return `name: ${own}
ha: { ${peers ? known : ''} ${ha} }
virtualRouters:
  - name: lan
    interface: eth0
    vrid: 51
    addresses: [10.99.0.100/24]
    ${router}
`;
}

const read = (text: string): Settings => settingsOf({ path: 'made up', text });

function told(a: string, b: string): string[] {
  const sound = [read(sideText('a', { ha: 'primary: true' })), read(sideText('b'))] as const;
  return seenBy(read(a), read(b), factsOf(...sound));
}

describe('slips that both files share', () => {
  it('none: nothing is said', () => {
    assert.deepEqual(told(sideText('a', { ha: 'primary: true' }), sideText('b')), []);
  });

  it('no primary, two primaries', () => {
    assert.match(told(sideText('a'), sideText('b')).join(), /nobody is primary/);
    const primary = { ha: 'primary: true' };
    assert.match(told(sideText('a', primary), sideText('b', primary)).join(), /both are primary/);
  });

  it('one name: the second file is a copy of the first, but for its peer', () => {
    const copy = sideText('b').replace('name: b\n', 'name: a\n').replace('name: a,', 'name: b,');
    assert.deepEqual(told(sideText('a'), copy), ['silent: the sender has our own name']);
  });

  it('active-active: each names itself', () => {
    const of = (side: 'a' | 'b') =>
      sideText(side, { ha: 'mode: active-active', router: `primary: ${side}` });
    assert.match(told(of('a'), of('b')).join(), /other primaries of virtual routers/);
    const result = load(of('a').replace('primary: a', 'primary: c'), 'stranger');
    assert.ok(!result.ok);
    assert.equal(result.errors[0]?.code, 'unknown-instance');
  });
});

describe('the judgement itself', () => {
  const side = (peers: boolean): Side => {
    const [settings, partner] = [
      read(sideText('a', { ha: 'primary: true', peers })),
      read(sideText('b', { peers })),
    ];
    return { settings, partner, facts: factsOf(settings, partner) };
  };
  const outcome = (change: (text: string) => string, peers = true): Outcome =>
    outcomeOf(change(sideText('a', { ha: 'primary: true', peers })), side(peers));

  it('has each of its outcomes', () => {
    assert.equal(
      outcome((text) => text.replace('vrid', 'vird')),
      'refused',
    );
    assert.equal(
      outcome((text) => `${text}# more\n`),
      'the same',
    );
    assert.equal(
      outcome((text) => text.replace('vrid: 51', 'vrid: 52')),
      'seen by the pair',
    );
    assert.equal(
      outcome((text) => text.replace('eth0', 'eth1')),
      'warned of',
    );
    assert.equal(
      outcome((text) => text.replace('name: lan', 'name: wan')),
      'local',
    );
  });

  it('finds what nobody would notice: another VRID where the two know nothing of each other', () => {
    assert.equal(
      outcome((text) => text.replace('vrid: 51', 'vrid: 52'), false),
      'UNSEEN',
    );
  });

  it('a path that is wrong, and one that is left out, are noticed', () => {
    for (const paths of ['10.98.0.3, 10.99.0.2', '10.98.0.2', '10.99.0.2, 10.98.0.2, 10.97.0.2']) {
      assert.equal(
        outcome((text) => text.replace(PATHS.b, paths)),
        'seen by the pair',
      );
    }
  });

  it('every slip of a line is made', () => {
    const text =
      "a:\n  # no\n  - { name: 'x', flag: true, n: 100, at: [10.0.0.1/24, fe80::1] } # c\n";
    const [first, ...others] = slipsOf(text, text.replace('100', '200'));
    assert.deepEqual(first, { what: 'line missing', line: 1, text: text.slice(3) });
    const found = new Set(others.map(({ what }) => what.replace(/ \(.*\)$/, '')));
    for (const what of [
      'line doubled',
      'a step further in',
      'a step further out',
      'key with a letter doubled',
      'key with a letter dropped',
      'key with two letters swapped',
      'colon missing',
      'a word for a number',
      'a digit more',
      'a digit less',
      'negative',
      'zero',
      'thousandfold',
      'a thousandth',
      'no flag',
      'the other one',
      'one value for a list',
      'an octet of 300',
      'another net',
      'another host',
      'without prefix length',
      'with prefix length',
      'quote not closed',
      "the partner's line",
    ]) {
      assert.ok(found.has(what), what);
    }
    const changed = others.filter(({ line }) => line === 3);
    assert.ok(
      changed.every((slip) => slip.text !== text),
      'each changes the text',
    );
  });
});
