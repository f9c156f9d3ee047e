// What is believed of the hook of the hardware bypass, over real processes: every exit code, every misbehaviour of the
// fake hook, and words that are no answer. When it is called: bypass.test.ts.
import assert from 'node:assert/strict';
import { test } from '../support/test.js';
import { rig } from './bypass-rig.js';

for (const [behaviour, kind, text] of [
  ['fail', 'failed', /bypass is wanted, it reads inline: exit code 1: told to fail$/],
  ['unsupported', 'unsupported', /it reads inline: exit code 3: told to be unsupported$/],
  ['mismatch', 'mismatch', /it reads inline: exit code 4$/],
  ['garbage', 'garbage', /one JSON object on stdout of set bypass pair-1, found "relay is fine/],
  ['verbose', 'garbage', /one JSON object on stdout of set bypass pair-1, found "\{/],
  ['idle', 'mismatch', /it reads inline: the hook reports success, and in the same breath inline$/],
  ['lie', 'mismatch', /it reads inline: the hook claims to have set it$/],
] as const) {
  test(`set, ${behaviour}: what is read counts, and health says why`, async (t) => {
    const { bypass, tell, states, calls, problems } = await rig(t);
    tell(`set.${behaviour}`);
    bypass.want('bypass', 'flaps', 4);
    await bypass.idle();
    assert.deepEqual(states, ['inline'], 'bypass must not be claimed');
    assert.deepEqual(calls(), ['set bypass pair-1', 'status pair-1']);
    const [problem = '', ...rest] = bypass.status().problems;
    assert.deepEqual(rest, []);
    assert.match(problem, /^bypass segment pair-1: bypass is wanted, it reads inline: /);
    assert.match(problem, text);
    assert.deepEqual(
      problems().map(({ severity, reason, detail, eventId }) => [
        severity,
        reason,
        detail,
        eventId,
      ]),
      [['error', kind, problem, 'e1']],
    );
  });
}

test('a hook that switches and then fails is reported, but the relay is where it is', async (t) => {
  const { bypass, tell, states, problems } = await rig(t);
  tell('set.deaf');
  bypass.want('bypass', 'operator', 0);
  await bypass.idle();
  assert.deepEqual(states, ['bypass']);
  assert.deepEqual(bypass.status().problems, []);
  assert.deepEqual(
    problems().map(({ severity, reason }) => [severity, reason]),
    [['warn', 'failed']],
  );
});

for (const [behaviour, text] of [
  [
    'fail',
    /its state is unknown \(bypass is wanted\): exit code 1: told to fail; set: the hook claims/,
  ],
  ['garbage', /its state is unknown \(bypass is wanted\): expected one JSON object/],
] as const) {
  test(`status, ${behaviour}: a switch that cannot be read back is not claimed`, async (t) => {
    const { bypass, tell, relay, states } = await rig(t);
    tell(`status.${behaviour}`);
    bypass.want('bypass', 'flaps', 4);
    await bypass.idle();
    assert.equal(relay('pair-1'), 'bypass');
    assert.deepEqual(states, []);
    assert.equal(bypass.status().actual, 'unknown');
    assert.match(bypass.status().problems[0] ?? '', text);
  });
}

test('a state that was known and cannot be read any more is unknown', async (t) => {
  const { bypass, tell, untell, states, problems } = await rig(t);
  await bypass.refresh();
  tell('status.fail');
  await bypass.refresh();
  await bypass.refresh();
  assert.deepEqual(states, ['inline', 'unknown']);
  untell('status.fail');
  await bypass.refresh();
  assert.deepEqual(states, ['inline', 'unknown', 'inline']);
  assert.deepEqual(
    problems().map(({ severity, reason }) => [severity, reason]),
    [
      ['error', 'failed'],
      ['info', 'solved'],
    ],
    'told once, however often it is read',
  );
  assert.deepEqual(bypass.status().problems, []);
});

test('a word outside the four is no answer', async (t) => {
  const { bypass, setRelay, states } = await rig(t);
  setRelay('pair-1', 'tap');
  await bypass.refresh();
  assert.deepEqual(states, []);
  assert.match(bypass.status().problems[0] ?? '', /expected one JSON object.*allowed values/);
});

test('a hook may say that it does not know', async (t) => {
  const { bypass, setRelay } = await rig(t);
  setRelay('pair-1', 'unknown');
  await bypass.refresh();
  assert.equal(bypass.status().actual, 'unknown');
  assert.match(bypass.status().problems[0] ?? '', /its state is unknown: the hook cannot tell/);
});
