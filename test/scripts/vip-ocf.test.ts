// scripts/vip-ocf with a resource agent that a test makes up, which is slow, fails and lies, and with the real ip in a
// network namespace of its own. With a real resource agent: test/net/resource-agent.test.ts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { WAIT_LIMIT_MS } from '../support/limits.js';
import { describe, it } from '../support/test.js';

const PROGRAM = fileURLToPath(new URL('../../../scripts/vip-ocf', import.meta.url));
const UNSHARE = [
  '--user',
  '--map-root-user',
  '--net',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
];

const skip: string | false =
  spawnSync('unshare', [...UNSHARE, 'ip', 'link']).status === 0
    ? false
    : 'needs ip, and user and network namespaces (unshare --user --map-root-user --net)';

/**
 * What it is asked is in /run/asked, with the addresses that stand by then. It runs while /run/NAME is there; its
 * parameter `does` has it misbehave.
 */
const AGENT = `#!/bin/sh
there=$(ip -o address show dev va | awk '/10\\.99/ { print $4 }')
echo "$1 $OCF_RESKEY_name $OCF_RESKEY_text|$there" >>/run/asked
case $OCF_RESKEY_does.$1 in
slow.start) sleep 1000 & echo $! >/run/child; wait ;;
fails.start | fails.stop) echo 'first' >&2; echo 'the cloud says no' >&2; exit 1 ;;
denied.start) exit 4 ;;
lies.*) exit 0 ;;
idle.start) exit 0 ;;
stays.stop) exit 0 ;;
unsure.monitor) exit 1 ;;
env.start) env | sort >/run/environment ;;
esac
case $1 in
start) : >"/run/$OCF_RESKEY_name" ;;
stop) rm -f "/run/$OCF_RESKEY_name" ;;
monitor) [ -e "/run/$OCF_RESKEY_name" ] || exit 7 ;;
esac
`;

const ADD = 'address replace 10.99.0.100/24 dev va';
const REMOVE = 'address del 10.99.0.100/24 dev va';

/** A section of the file: the agent is called by its \`name\`. */
const section = (name: string, more: readonly string[] = []): string[] => [
  '[10.99.0.100]',
  'resource-agent = ocf:made-up:agent',
  `name = ${name}`,
  'start-timeout = 1',
  ...more,
];

interface Outcome {
  readonly code: number | null;
  readonly stderr: string[];
  readonly present: string[];
  /** What the agent was asked, in its order. */
  readonly asked: string[];
  readonly stdout: string;
}

/** Runs each of \`runs\` one after the other in one namespace; the outcome of the last. */
function run(file: readonly string[], runs: readonly (readonly string[])[], script = ''): Outcome {
  const calls = runs.map(
    (lines) => `printf '%s\\n' ${lines.map((one) => `'${one}'`).join(' ')} | "$0"`,
  );
  const text = `
    PATH=$PATH:/usr/sbin:/sbin
    mount -t tmpfs tmpfs /run && mkdir -p /run/ocf/resource.d/made-up
    export OCF_ROOT=/run/ocf UNDERSTUDY_VIP_OCF=/run/file TMPDIR=/run
    cat >/run/ocf/resource.d/made-up/agent <<'END'
${AGENT}END
    chmod 755 /run/ocf/resource.d/made-up/agent
    cat >/run/file <<'END'
${file.join('\n')}
END
    chmod 640 /run/file
    ip link add va type veth peer name vb && ip link set va up && ip link set vb up || exit 99
    ${calls
      .slice(0, -1)
      .map((call) => `${call} 2>/dev/null; rm -f /run/asked`)
      .join('\n')}
    ${script === '' ? (calls.at(-1) ?? ':') : script}; status=$?
    echo --
    ip -o address show dev va | awk '/10\\.99/ { print $4 }'
    echo --
    cat /run/asked 2>/dev/null
    exit $status`;
  const { status, stdout, stderr } = spawnSync('unshare', [...UNSHARE, 'sh', '-c', text, PROGRAM], {
    encoding: 'utf8',
    timeout: WAIT_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  const [said = '', present = '', asked = ''] = stdout.split('--\n');
  const lines = (all: string): string[] => all.split('\n').slice(0, -1);
  return {
    code: status,
    stdout: said,
    stderr: lines(stderr),
    present: lines(present),
    asked: lines(asked),
  };
}

const STANDS = '10.99.0.100/24';

describe('an address that a resource agent moves', { skip }, () => {
  it('stands before its agents are started, in the order of the file, each with its parameters', () => {
    const file = [
      '# two of one address',
      ...section('one', ['text =  with "quotes", = and $signs  ']),
      '',
      ...section('two'),
    ];
    const outcome = run(file, [[ADD]]);
    assert.deepEqual(outcome, {
      code: 0,
      stdout: '',
      stderr: [],
      present: [STANDS],
      asked: [
        `start one with "quotes", = and $signs|${STANDS}`,
        `monitor one with "quotes", = and $signs|${STANDS}`,
        `start two |${STANDS}`,
        `monitor two |${STANDS}`,
      ],
    });
  });

  it('is gone before they are stopped, in the other order', () => {
    const outcome = run([...section('one'), ...section('two')], [[ADD], [REMOVE]]);
    assert.deepEqual(outcome.asked, ['stop two |', 'monitor two |', 'stop one |', 'monitor one |']);
    assert.deepEqual([outcome.code, outcome.stderr, outcome.present], [0, [], []]);
  });

  it('has its agent called as the OCF has it', () => {
    const { stdout } = run(
      section('one', ['does = env']),
      [[ADD]],
      `printf '%s\\n' '${ADD}' | "$0"; cat /run/environment`,
    );
    for (const line of [
      'OCF_ROOT=/run/ocf',
      'OCF_RA_VERSION_MAJOR=1',
      'OCF_RESOURCE_PROVIDER=made-up',
      'OCF_RESOURCE_TYPE=agent',
      'OCF_RESKEY_name=one',
      'OCF_RESKEY_CRM_meta_timeout=1000',
    ]) {
      assert.ok(stdout.split('\n').includes(line), `${line} in:\n${stdout}`);
    }
  });

  it('is asked for twice with the same end, and moved from one interface to another without a stop', () => {
    assert.equal(run(section('one'), [[ADD], [ADD]]).code, 0);
    const moved = run(section('one'), [[ADD], [ADD.replace('va', 'vb'), REMOVE]]);
    assert.deepEqual(
      moved.asked.map((one) => one.split(' ')[0]),
      ['start', 'monitor'],
    );
  });

  it('is not touched by an agent that another address has, and one without a section is as with vip', () => {
    const other = run(section('one'), [['address replace 10.99.0.101/24 dev va']]);
    assert.deepEqual([other.code, other.present, other.asked], [0, ['10.99.0.101/24'], []]);
  });

  it('does nothing before its first line', () => {
    assert.deepEqual(run(section('one'), [], ': | "$0"'), {
      code: 0,
      stdout: '',
      stderr: [],
      present: [],
      asked: [],
    });
  });

  it('that the agent itself is to put there is not put there by vip', () => {
    const file = section('one', ['on-interface = resource-agent']);
    const outcome = run(file, [[ADD]]);
    assert.deepEqual(outcome.asked, ['start one |', 'monitor one |']);
    assert.deepEqual(outcome.stderr, [
      `vip: line 1: ${ADD}: agent: start and monitor succeeded, and the address is not on va`,
    ]);
    assert.deepEqual([outcome.code, outcome.present], [1, []]);
  });
});

/** What is told of the first line when it is added with such an agent. */
const told = (does: string): string[] => {
  const { code, stderr } = run(section('one', [`does = ${does}`]), [[ADD]]);
  assert.equal(code, 1);
  return stderr.map((line) => line.replace(`vip: line 1: ${ADD}: agent: `, ''));
};

describe('a resource agent', { skip }, () => {
  it('that fails is told with its exit code and its last word', () => {
    assert.deepEqual(told('fails'), [
      'start failed with exit code 1 (it gives no reason): the cloud says no',
    ]);
    assert.deepEqual(told('denied'), ['start failed with exit code 4 (it lacks a right)']);
  });

  it('whose start succeeds and starts nothing is not believed, nor one whose monitor cannot tell', () => {
    assert.deepEqual(told('idle'), ['start succeeded, and monitor says that nothing runs']);
    assert.deepEqual(told('unsure'), ['monitor failed with exit code 1 (it gives no reason)']);
  });

  it('that says of everything that it runs is found out where the kernel can be asked', () => {
    const file = section('one', ['does = lies', 'on-interface = resource-agent']);
    assert.match(run(file, [[ADD]]).stderr.join(), /the address is not on va$/);
    const stopped = run(file, [[ADD], [REMOVE]]);
    assert.match(stopped.stderr.join(), /stop succeeded, and monitor says that it still runs$/);
  });

  it('that is slow is killed at its timeout, with what it has started', () => {
    const script = `printf '%s\\n' '${ADD}' | "$0"; status=$?
      until ! kill -0 "$(cat /run/child)" 2>/dev/null; do sleep 0.05; done; (exit $status)`;
    const { code, stderr, present } = run(section('one', ['does = slow']), [[]], script);
    assert.deepEqual(
      [code, stderr, present],
      [1, [`vip: line 1: ${ADD}: agent: start did not end within 1 s`], [STANDS]],
    );
  });

  it('goes with the runner when that is killed, with what it has started', () => {
    const script = `printf '%s\\n' '${ADD}' >/run/lines
      setsid "$0" </run/lines & runner=$!
      until [ -s /run/child ]; do sleep 0.02; done
      kill -KILL -"$runner"
      until ! kill -0 "$(cat /run/child)" 2>/dev/null; do sleep 0.05; done; :`;
    const file = section('one', ['does = slow', 'start-timeout = 900']);
    assert.equal(run(file, [[]], script).code, 0);
  });

  it('that fails keeps those behind it from being started, and none from being stopped', () => {
    const file = [...section('one', ['does = fails']), ...section('two', ['does = fails'])];
    assert.deepEqual(run(file, [[ADD]]).asked, [`start one |${STANDS}`]);
    const stopped = run(file, [[REMOVE]]);
    assert.deepEqual(stopped.asked, ['stop two |', 'stop one |']);
    assert.deepEqual(stopped.present, []);
    assert.equal(stopped.stderr.length, 2);
  });

  it('that does not stop is told, and the address is gone all the same', () => {
    const stays = run(section('one', ['does = stays']), [[ADD], [REMOVE]]);
    assert.match(stays.stderr.join(), /stop succeeded, and monitor says that it still runs$/);
    assert.deepEqual([stays.code, stays.present], [1, []]);
  });

  it('is not started for an address that vip could not put there', () => {
    const line = 'address replace 10.99.0.100/24 dev missing';
    const { code, stderr, asked } = run(section('one'), [[line]]);
    assert.deepEqual([code, asked], [1, []]);
    assert.match(stderr.join(), /^vip: line 1: address replace .*annot find device/);
  });
});

describe('a file of resource agents', { skip }, () => {
  const refused = (file: readonly string[], before = ''): string[] => {
    const script = `${before} printf '%s\\n' '# a comment' '${ADD}' | "$0"`;
    const { code, stderr, present, asked } = run(file, [[]], script);
    assert.deepEqual([code, present, asked], [1, [], []]);
    return stderr.map((line) => line.replace(`vip: line 2: ${ADD}: `, ''));
  };

  it('that cannot be used keeps addresses from being added', () => {
    assert.deepEqual(refused([], 'rm /run/file;'), ['/run/file cannot be read']);
    assert.deepEqual(refused(section('one'), 'chmod g+w /run/file;'), [
      '/run/file may be changed by others: chmod go-w it',
    ]);
    assert.deepEqual(refused(['name = x']), [
      '/run/file:1: expected [ADDRESS] first, found: name = x',
    ]);
    assert.deepEqual(refused(section('one', ['start-timeout = soon'])), [
      '/run/file:5: expected whole seconds, found: soon',
    ]);
    assert.deepEqual(refused(section('one', ['a;b = 1'])), [
      '/run/file:5: expected the name of a parameter, found: a;b',
    ]);
  });

  it('that cannot be used keeps none from being taken off, and what was not stopped is told', () => {
    const script = `printf '%s\\n' '${ADD}' | "$0" && chmod o+w /run/file && printf '%s\\n' '${REMOVE}' | "$0"`;
    const { code, stderr, present } = run(section('one'), [[]], script);
    assert.deepEqual([code, present], [1, []]);
    assert.match(
      stderr.join(),
      /off the interface, and stopped nowhere else: \/run\/file may be changed by others/,
    );
  });

  it('that names no agent, or one that is not there, says so', () => {
    const script = `printf '%s\\n' '${ADD}' | "$0"`;
    const of = (agent: string): string => run(['[10.99.0.100]', agent], [[]], script).stderr.join();
    assert.match(of(''), /expected resource-agent = ocf:PROVIDER:TYPE, found: none$/);
    assert.match(
      of('resource-agent = ocf:made-up:other'),
      /there is no resource agent \/run\/ocf\/resource\.d\/made-up\/other: install/,
    );
  });
});
