// scripts/vip, with the real ip in a network namespace of its own: what holds, what is reported,
// and the exit code.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { test } from '../support/test.js';
import { fileURLToPath } from 'node:url';
import { eventOf, linesOf, until } from '../support/limits.js';

const VIP = fileURLToPath(new URL('../../../scripts/vip', import.meta.url));
const UNSHARE = ['--user', '--map-root-user', '--net', '--mount'];

const skip: string | false =
  spawnSync('unshare', [...UNSHARE, 'ip', 'link']).status === 0
    ? false
    : 'needs ip, and user and network namespaces (unshare --user --map-root-user --net)';

/** Runs vip with `va` up, then shows the addresses of va that are ours. */
function vip(lines: readonly string[], options: { end?: string; before?: string } = {}) {
  const script = `
    ip link add va type veth peer name vb && ip link set va up && ip link set vb up || exit 99
    ${options.before ?? ''}
    "$0"; status=$?
    echo --
    ip -o address show dev va | awk '{ print $4 }' | grep -E '^(10\\.|2001:)'
    exit $status`;
  const result = spawnSync('unshare', [...UNSHARE, 'sh', '-c', script, VIP], {
    input: lines.join('\n') + (options.end ?? '\n'),
    encoding: 'utf8',
  });
  const [stdout = '', present = ''] = result.stdout.split('--\n');
  return {
    code: result.status,
    stdout,
    stderr: result.stderr.split('\n').slice(0, -1),
    present: present.split('\n').slice(0, -1),
  };
}

const holds = { code: 0, stdout: '', stderr: [] };

test('addresses come, both families', { skip }, () => {
  const result = vip([
    'address replace 10.99.0.100/24 dev va',
    'address replace 2001:db8::1/64 dev va nodad preferred_lft 0',
  ]);
  assert.deepEqual(result, { ...holds, present: ['10.99.0.100/24', '2001:db8::1/64'] });
});

test('an empty script holds', { skip }, () => {
  assert.deepEqual(vip([], { end: '' }), { ...holds, present: [] });
  assert.deepEqual(vip(['', '# a comment', '']), { ...holds, present: [] });
});

test('a last line without its newline counts', { skip }, () => {
  const result = vip(['address replace 10.99.0.100/24 dev va'], { end: '' });
  assert.deepEqual(result, { ...holds, present: ['10.99.0.100/24'] });
});

test('asking twice for the same changes nothing', { skip }, () => {
  const lines = ['address replace 10.99.0.100/24 dev va', 'address add 10.99.0.100/24 dev va'];
  assert.deepEqual(vip([...lines, ...lines]), { ...holds, present: ['10.99.0.100/24'] });
});

test('deleting what is not there holds, whatever is missing', { skip }, () => {
  const result = vip([
    'address replace 10.99.0.100/24 dev va',
    'address del 10.99.0.101/24 dev va',
    'address del 10.99.0.100/24 dev missing',
    'addr delete 2001:db8::9/64 \\',
    '  dev va',
    'a d 2001:db8::9/64 dev missing',
    'address flush dev missing',
    'address del 10.99.0.100/24 dev va',
    'address del 10.99.0.100/24 dev va',
  ]);
  assert.deepEqual(result, { ...holds, present: [] });
});

test('an IPv6 address on a device without IPv6 is not there', { skip }, () => {
  const before = 'ip link set va mtu 1000';
  assert.deepEqual(vip(['address del 2001:db8::9/64 dev va'], { before }), {
    ...holds,
    present: [],
  });
});

test('each line that does not hold is named; the others are done', { skip }, () => {
  const result = vip([
    '# takeover',
    'address replace 10.99.0.100/24 dev missing',
    'address replace 10.99.0.101/24 dev va',
    'link set missing up',
    'nonsense',
    'address del 10.99.0.99/24 dev va',
    'address replace 10.99.0.102/24 dev va',
  ]);
  assert.equal(result.code, 1);
  assert.deepEqual(result.stderr, [
    'vip: line 2: address replace 10.99.0.100/24 dev missing: Cannot find device "missing"',
    'vip: line 4: link set missing up: Cannot find device "missing"',
    'vip: line 5: nonsense: Object "nonsense" is unknown, try "ip help".',
  ]);
  assert.deepEqual(result.present, ['10.99.0.101/24', '10.99.0.102/24']);
});

test(
  'a malformed argument, at which ip gives up, does not cost the lines behind it',
  { skip },
  () => {
    const result = vip([
      'address replace 10.99.0.100/24 dev missing',
      'address replace 10.99.0.300/24 dev va',
      'address replace 10.99.0.101/24 dev va',
      'address replace 10.99.0.102/24 dev va valid_lft',
      'address del 10.99.0.99/24 dev va',
      'address replace 10.99.0.103/24 dev va',
    ]);
    assert.equal(result.code, 1);
    assert.deepEqual(
      result.stderr.map((line) => line.slice(0, 'vip: line N: address replace 10.99.0.300'.length)),
      [
        'vip: line 1: address replace 10.99.0.100',
        'vip: line 2: address replace 10.99.0.300',
        'vip: line 4: address replace 10.99.0.102',
      ],
    );
    assert.deepEqual(result.present, ['10.99.0.101/24', '10.99.0.103/24']);
  },
);

test('250 lines come and go, and their going holds again', { skip }, () => {
  const lines = (verb: string) =>
    Array.from({ length: 250 }, (_, index) => `address ${verb} 10.${index}.0.1/32 dev va`);
  const come = vip(lines('replace'));
  assert.deepEqual({ ...come, present: come.present.length }, { ...holds, present: 250 });
  const gone = vip([...lines('replace'), ...lines('del'), ...lines('del')]);
  assert.deepEqual(gone, { ...holds, present: [] });
});

test('250 lines that fail are 250 reports', { skip }, () => {
  const lines = Array.from({ length: 250 }, (_, i) => `address replace 10.${i}.0.1/32 dev missing`);
  const { code, stderr } = vip(lines);
  assert.equal(code, 1);
  assert.deepEqual(
    stderr,
    lines.map((line, i) => `vip: line ${i + 1}: ${line}: Cannot find device "missing"`),
  );
});

test('what a line prints goes to stdout', { skip }, () => {
  const { stdout, code } = vip(['link show dev va', 'address del 10.0.0.1/24 dev missing']);
  assert.match(stdout, /va@vb/);
  assert.equal(code, 0);
});

test('many lines behind the one at which ip gives up are not lost', { skip }, () => {
  // More than a pipe holds: tee still writes when nobody reads any more.
  const lines = ['address replace 10.99.0.300/24 dev va', 'address replace 10.99.0.1/24 dev va'];
  const comments = Array.from({ length: 3000 }, (_, index) => `# ${index} ${'-'.repeat(60)}`);
  const { code, stderr, present } = vip([...lines, ...comments, 'nonsense'], { end: '' });
  assert.equal(code, 1);
  assert.deepEqual(
    stderr.map((line) => line.split(': ')[1]),
    ['line 1', 'line 3003'],
  );
  assert.deepEqual(present, ['10.99.0.1/24']);
});

test('without /proc lines hold all the same; of a failure only ip is heard', { skip }, () => {
  const before = 'mount -t tmpfs none /proc || exit 99';
  const line = 'address replace 10.99.0.100/24 dev va';
  assert.deepEqual(vip([line], { before }), { ...holds, present: ['10.99.0.100/24'] });
  const { code, stderr } = vip([line, 'nonsense'], { before });
  assert.equal(code, 1);
  assert.match(stderr.join('\n'), /exit code 1, and which .*\nObject "nonsense" is unknown/);
});

test('each line is done when it comes: ip waits for it', { skip }, async (t) => {
  const script = `
    ip link add va type veth peer name vb && ip link set va up && ip link set vb up || exit 99
    ip monitor address dev va & monitor=$!
    "$0"; status=$?
    kill $monitor; exit $status`;
  const child = spawn('unshare', [...UNSHARE, 'sh', '-c', script, VIP], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = eventOf(child, 'exit');
  const next = linesOf(child.stdout, 'ip monitor');
  for (const address of ['10.99.0.1/24', '10.99.0.2/24']) {
    // Asked for again and again: the monitor may not have begun to look.
    const asking = setInterval(() => {
      for (const verb of ['del', 'replace'])
        child.stdin.write(`address ${verb} ${address} dev va\n`);
    }, 100);
    await until(`a notice of ${address}`, next, (line) => line.includes(address), 0);
    clearInterval(asking);
  }
  child.stdin.end('link show dev va\n');
  assert.deepEqual(await ended, [0, null]);
});

test('arguments are a usage error; no ip in PATH is said', { skip }, () => {
  assert.equal(spawnSync(VIP, ['--help']).status, 2);
  const lost = spawnSync('/bin/sh', [VIP], { input: 'address', env: { PATH: '/nonexistent' } });
  assert.equal(lost.status, 1);
  assert.match(lost.stderr.toString(), /no ip in PATH \(\/nonexistent\): install iproute2/);
});
