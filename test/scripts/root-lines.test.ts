// Every line of the units and of tmpfiles.d that has root do something: it is in the table of docs/INSTALL.md, and
// touches nothing where the agent's user may write.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from '../support/test.js';

const FOLDER = new URL('../../../scripts/systemd/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');
const table = readFileSync(new URL('../../../docs/INSTALL.md', import.meta.url), 'utf8');

/** Folders that belong to the agent's user. */
const AGENTS = /\/(?:etc|run|var\/lib)\/understudy(?![-\w])/;

interface Line {
  readonly unit: string;
  readonly key: string;
  readonly value: string;
  readonly asRoot: boolean;
}

function linesOf(unit: string): Line[] {
  const all = read(unit)
    .split('\n')
    .flatMap((line) => {
      const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
      return key === undefined || value === undefined ? [] : [{ key, value }];
    });
  const user = all.find(({ key }) => key === 'User')?.value ?? 'root';
  return all.map(({ key, value }) => ({
    unit,
    key,
    value,
    // systemd.service(5), "special executable prefixes": in any order.
    asRoot: user === 'root' || /^[-@:|]*[+!]/.test(value),
  }));
}

const units = readdirSync(FOLDER).filter((name) => /\.(?:service|socket)$/.test(name));
const lines = units.flatMap(linesOf);
const started = (line: Line): boolean => line.key.startsWith('Exec');

describe('what root runs by the units', () => {
  it('is one line, which docs/INSTALL.md has', () => {
    const byRoot = lines.filter((line) => started(line) && line.asRoot);
    assert.deepEqual(
      byRoot.map(({ unit, key, value }) => `${unit} ${key}=${value}`),
      [
        'understudy-hooks@.service ExecStart=/usr/lib/understudy/bin/node --single-threaded-gc /usr/lib/understudy/dist/scripts/privileged-hook.js serve',
      ],
    );
    assert.ok(table.includes('`understudy-hooks@.service`: `privileged-hook.js serve`'));
  });

  it('every other line is the agent’s user’s, without a way to more', () => {
    for (const unit of new Set(
      lines.filter((line) => started(line) && !line.asRoot).map((line) => line.unit),
    )) {
      const of = (key: string) =>
        linesOf(unit)
          .filter((line) => line.key === key)
          .map((line) => line.value);
      const isConsole = unit === 'understudy-console.service';
      const user = isConsole ? 'understudy-console' : 'understudy';
      assert.deepEqual([of('User'), of('NoNewPrivileges')], [[user], ['yes']], unit);
      const rights = isConsole ? /^$/ : /^(?:CAP_NET_(?:RAW|ADMIN) ?)+$/;
      assert.match(of('CapabilityBoundingSet').join(' '), rights, unit);
    }
  });

  it('names nothing where the agent’s user may write', () => {
    const byRoot = lines.filter((line) => line.asRoot && line.key !== 'Description');
    for (const { unit, key, value } of byRoot) {
      assert.doesNotMatch(value, AGENTS, `${unit} ${key}`);
    }
  });

  it('a line with a prefix that gives root’s rights is found, wherever the prefix stands', () => {
    for (const prefix of ['+', '!', '!!', '-+', '@+', ':!']) {
      assert.match(`${prefix}/bin/true`, /^[-@:|]*[+!]/);
    }
  });
});

it('tmpfiles.d makes folders, and neither removes, copies nor gives away what is in them', () => {
  const made = read('understudy.tmpfiles.conf')
    .split('\n')
    .filter((line) => /^[^#\s]/.test(line));
  assert.deepEqual(made, [
    'd /etc/understudy 0750 understudy understudy -',
    'd /etc/understudy-hooks 0755 root root -',
  ]);
});

it('the installer follows no link in the agent’s folder, and gives away no file with a second name', () => {
  const script = readFileSync(new URL('../install', FOLDER), 'utf8');
  const there = script
    .split('\n')
    .filter((line) => /^\s+(?:install|chown|find|cp) .*\$settings/.test(line));
  assert.deepEqual(
    there.map((line) => line.trim()),
    [
      'install -T -m 0640 scripts/systemd/understudy.yaml "$settings/understudy.yaml"',
      'find "$settings/" -maxdepth 1 -name "$file" -type f -links 1 -exec chown -h understudy:understudy {} +',
    ],
  );
});
