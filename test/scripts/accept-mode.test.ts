// scripts/accept-mode, with the real nft and ip in a network namespace of its own: what is closed, before what, and
// what is left of it. That nothing but echo and ARP is answered then: test/agent/process-accept-mode.test.ts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from '../support/test.js';

const ACCEPT_MODE = fileURLToPath(new URL('../../../scripts/accept-mode', import.meta.url));
const VIP = fileURLToPath(new URL('../../../scripts/vip', import.meta.url));
const UNSHARE = ['--user', '--map-root-user', '--net', '--mount'];

const skip: string | false =
  spawnSync('unshare', [...UNSHARE, 'sh', '-c', 'PATH=$PATH:/usr/sbin nft list ruleset']).status ===
  0
    ? false
    : 'needs nft, and user and network namespaces (unshare --user --map-root-user --net)';

/** Stands in for the runner: says what is closed when its first line has come, then runs all lines. */
const LOOKS_FIRST = `#!/bin/sh
IFS= read -r first || exit 0
echo "closed by then: $(PATH=$PATH:/usr/sbin nft list ruleset 2>/dev/null | sed -n 's/.*elements = //p' | tr '\\n' ' ')"
{ printf '%s\\n' "$first"; cat; } | ${VIP}
`;

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string[];
  readonly present: string[];
  /** The elements of all sets, and whether there is a table at all. */
  readonly closed: string[] | 'no table';
}

/** Each of `runs` through accept-mode, one after the other, in one namespace; the outcome of the last. */
function run(runs: readonly (readonly string[])[], before = ''): Outcome {
  const calls = runs.map(
    (lines) => `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} | "$0" /run/first`,
  );
  const script = `
    PATH=$PATH:/usr/sbin:/sbin
    mount -t tmpfs tmpfs /run
    cat >/run/first <<'END'
${LOOKS_FIRST}END
    chmod +x /run/first
    ip link add va type veth peer name vb && ip link set va up && ip link set vb up || exit 99
    ${before}
    ${calls
      .slice(0, -1)
      .map((call) => `${call} >/dev/null 2>&1`)
      .join('\n')}
    ${calls.at(-1)}; status=$?
    echo --
    ip -o address show dev va | awk '{ print $4 }' | grep -E '^(10\\.|2001:|fe80::33)'
    echo --
    nft list table inet understudy_accept 2>/dev/null || echo none
    exit $status`;
  const result = spawnSync('unshare', [...UNSHARE, 'sh', '-c', script, ACCEPT_MODE], {
    encoding: 'utf8',
  });
  const [stdout = '', present = '', table = ''] = result.stdout.split('--\n');
  return {
    code: result.status,
    stdout,
    stderr: result.stderr.split('\n').slice(0, -1),
    present: present.split('\n').slice(0, -1),
    closed:
      table === 'none\n'
        ? 'no table'
        : [...table.matchAll(/elements = \{([^}]*)\}/g)].flatMap((match) =>
            (match[1] ?? '').split(',').map((one) => one.trim()),
          ),
  };
}

const FOUR = 'address replace 10.99.0.100/24 dev va';
const SIX = 'address replace fe80::33/64 dev va nodad';
const GLOBAL = 'address replace 2001:db8::1/64 dev va nodad';

test('addresses are closed before the runner gets a line', { skip }, () => {
  const closed = '#accept-mode false: 10.99.0.100 fe80::33%va 2001:db8::1';
  const outcome = run([[closed, FOUR, SIX, GLOBAL]]);
  assert.equal(
    outcome.stdout,
    'closed by then: { 10.99.0.100 } { 2001:db8::1 } { "va" . fe80::33 } \n',
  );
  assert.deepEqual(outcome, {
    ...outcome,
    code: 0,
    stderr: [],
    present: ['10.99.0.100/24', '2001:db8::1/64', 'fe80::33/64'],
    closed: ['10.99.0.100', '2001:db8::1', '"va" . fe80::33'],
  });
});

test('without its line nothing is closed, and everything is run', { skip }, () => {
  const { code, present, closed } = run([['', FOUR]]);
  assert.deepEqual([code, present, closed], [0, ['10.99.0.100/24'], 'no table']);
});

test('what goes is opened; the last one takes the table with it', { skip }, () => {
  const both = [
    '#accept-mode false: 10.99.0.100 10.99.0.101 fe80::33%va',
    FOUR,
    'address replace 10.99.0.101/24 dev va',
    SIX,
  ];
  const one = ['#accept-mode false: 10.99.0.101', 'address del 10.99.0.100/24 dev va'];
  assert.deepEqual(run([both, one]).closed, ['10.99.0.101', '"va" . fe80::33'], 'and what stands');
  const rest = [
    '#accept-mode false:',
    'address del 10.99.0.101/24 dev va',
    'address del fe80::33/64 dev va',
  ];
  assert.deepEqual([run([both, one, rest]).closed, run([both, one, rest]).code], ['no table', 0]);
});

test('what is to be open is open though it stands', { skip }, () => {
  const both = ['#accept-mode false: 10.99.0.100 fe80::33%va', FOUR, SIX];
  const opens = ['#accept-mode false: fe80::33%va true: 10.99.0.100', FOUR];
  assert.deepEqual(run([both, opens]).closed, ['"va" . fe80::33']);
  const all = ['#accept-mode false: true: fe80::33%va', SIX];
  const { closed, present } = run([both, opens, all]);
  assert.deepEqual([closed, present], ['no table', ['10.99.0.100/24', 'fe80::33/64']]);
});

test(
  'what could not be removed stays closed, and so does what is named and does not stand',
  { skip },
  () => {
    const takes = ['#accept-mode false: 10.99.0.100', FOUR];
    const none = ['#accept-mode false:', 'address del 10.99.0.55/24 dev va'];
    assert.deepEqual(run([takes, none]).closed, ['10.99.0.100']);
    const failing = [
      '#accept-mode false: 10.99.0.100',
      'address replace 10.99.0.100/24 dev missing',
    ];
    const outcome = run([failing]);
    assert.deepEqual([outcome.code, outcome.closed], [1, ['10.99.0.100']]);
    assert.match(
      outcome.stderr[0] ?? '',
      /^vip: line 2: address replace 10\.99\.0\.100\/24 dev missing/,
    );
  },
);

test('an address that nothing closes is not added; the other lines are run', { skip }, () => {
  const lines = [
    '#accept-mode false: 10.99.0.100 fe80::33%va',
    FOUR,
    'address replace 10.99.0.101/24 dev va',
    SIX,
    'address del 10.98.0.55/24 dev va',
  ];
  const has55 = 'ip address add 10.98.0.55/24 dev va';
  const without = (answer: string): string =>
    `printf '#!/bin/sh\\n${answer}\\n' >/run/nft; chmod +x /run/nft; mount --bind /run/nft "$(command -v nft)"; ${has55}`;
  for (const [answer, why] of [
    ['exit 127', 'there is no nft in PATH: install nftables'],
    ['echo Operation not permitted >&2; exit 1', 'nft says: Operation not permitted'],
  ] as const) {
    const { code, present, stderr } = run([lines], without(answer));
    assert.deepEqual(
      { code, present, stderr },
      {
        code: 1,
        present: ['10.99.0.101/24'],
        stderr: [
          `vip: line 2: ${FOUR}: not added, as acceptMode is false and ${why}`,
          `vip: line 4: ${SIX}: not added, as acceptMode is false and ${why}`,
        ],
      },
    );
  }
});

test(
  'the rules of others are left alone, and rules that were flushed are there again',
  { skip },
  () => {
    const others = 'nft add table inet filter; nft add chain inet filter input';
    const takes = ['#accept-mode false: 10.99.0.100', FOUR];
    assert.deepEqual(run([takes, takes], others).closed, ['10.99.0.100']);
    const { closed, code } = run(
      [takes, ['#accept-mode false:', 'address del 10.99.0.100/24 dev va']],
      others,
    );
    assert.deepEqual([closed, code], ['no table', 0]);
  },
);

test('a call with anything else says how it is meant', () => {
  const { status, stderr } = spawnSync(ACCEPT_MODE, [], { encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(stderr, /^usage: accept-mode SCRIPT < LINES/);
});
