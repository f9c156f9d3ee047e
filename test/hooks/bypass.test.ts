// The hardware bypass over real processes: orders, tries, readings and stops, with a hook that works, is late, hangs
// or is missing. What is believed of its answers: bypass-answers.test.ts.
import assert from 'node:assert/strict';
import { chmodSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from '../support/test.js';
import { milliseconds } from '../../src/model/units.js';
import { HOOKS, directory, rig } from './bypass-rig.js';

/** Long enough for a hook on a busy machine, short enough to wait for one that hangs. */
const short = { deadline: milliseconds(2_000) };

test('a switch is ordered, read back and told', async (t) => {
  const { bypass, ...seen } = await rig(t);
  bypass.want('bypass', 'flaps', 4);
  assert.deepEqual(seen.states, [], 'nothing is known before it is read');
  await bypass.idle();
  assert.equal(seen.relay('pair-1'), 'bypass');
  assert.deepEqual(seen.states, ['bypass']);
  assert.deepEqual(seen.log(), [
    'set bypass pair-1 name=dallas-1 reason=flaps event=e1 flaps=4 deadline=10000',
    'status pair-1 name=dallas-1 reason=flaps event=e1 flaps=4 deadline=10000',
  ]);
  assert.deepEqual(seen.events, [
    {
      severity: 'info',
      event: 'bypass',
      reason: 'bypass',
      detail: 'segment pair-1 reads bypass, was unknown',
      segment: 'pair-1',
    },
  ]);
  const { desired, actual, busy, problems } = bypass.status();
  assert.deepEqual(
    { desired, actual, busy, problems },
    {
      desired: 'bypass',
      actual: 'bypass',
      busy: false,
      problems: [],
    },
  );
});

test('before anything was read, nothing is claimed', async (t) => {
  const { bypass } = await rig(t);
  const { desired, actual, problems, inhibited } = bypass.status();
  assert.deepEqual(
    { desired, actual, problems, inhibited },
    {
      desired: null,
      actual: 'unknown',
      problems: [],
      inhibited: false,
    },
  );
});

test('exit 75 is tried again with growing waits', async (t) => {
  const { bypass, tell, clock, calls, problems } = await rig(t);
  tell('set.again', 2);
  bypass.want('bypass', 'flaps', 4);
  const waits: number[] = [];
  for (let wait = 0; wait < 2; wait += 1) {
    waits.push(await clock.armed());
    assert.equal(bypass.status().busy, true);
    clock.advance(waits.at(-1) ?? 0);
  }
  await bypass.idle();
  assert.deepEqual(waits, [250, 500]);
  assert.deepEqual(calls(), [
    'set bypass pair-1',
    'set bypass pair-1',
    'set bypass pair-1',
    'status pair-1',
  ]);
  assert.deepEqual(problems(), []);
});

test('exit 75 for ever is given up after five tries', async (t) => {
  const { bypass, tell, clock, calls } = await rig(t);
  tell('set.again');
  bypass.want('bypass', 'flaps', 4);
  for (let wait = 0; wait < 4; wait += 1) clock.advance(await clock.armed());
  await bypass.idle();
  assert.equal(calls().filter((call) => call === 'set bypass pair-1').length, 5);
  assert.match(
    bypass.status().problems[0] ?? '',
    /bypass is wanted, it reads inline: exit code 75/,
  );
  assert.equal(clock.pending(), 0);
});

test('a newer order does not wait for another try of the older', async (t) => {
  const { bypass, tell, clock, calls, states } = await rig(t);
  tell('set.again', 1);
  bypass.want('bypass', 'flaps', 4);
  await clock.armed();
  bypass.want('inline', 'operator', 0);
  await bypass.idle();
  assert.deepEqual(calls(), ['set bypass pair-1', 'set inline pair-1', 'status pair-1']);
  assert.deepEqual(states, ['inline']);
});

test('one call at a time: a reading that is due waits for the switch, which reads itself', async (t) => {
  const { bypass, tell, pass, calls } = await rig(t);
  tell('set.slow', 1);
  bypass.want('bypass', 'flaps', 4);
  const refreshed = bypass.refresh();
  await pass();
  await refreshed;
  assert.deepEqual(calls(), ['set bypass pair-1', 'status pair-1']);
});

test('the same order again is carried out again and changes nothing', async (t) => {
  const { bypass, states, calls, events } = await rig(t);
  bypass.want('bypass', 'operator', 0);
  await bypass.idle();
  bypass.want('bypass', 'operator', 0);
  await bypass.idle();
  assert.equal(calls().length, 4);
  assert.deepEqual(states, ['bypass']);
  assert.equal(events.length, 1);
});

test('an order that fails again is told again', async (t) => {
  const { bypass, tell, problems } = await rig(t);
  tell('set.unsupported');
  bypass.want('bypass', 'operator', 0);
  await bypass.idle();
  bypass.want('bypass', 'operator', 0);
  await bypass.idle();
  assert.deepEqual(
    problems().map(({ reason, eventId }) => [reason, eventId]),
    [
      ['unsupported', 'e1'],
      ['unsupported', 'e2'],
    ],
  );
});

test('an order that failed is tried again with the next routine reading, and not told again', async (t) => {
  const { bypass, tell, untell, problems, relay } = await rig(t);
  tell('set.fail');
  bypass.want('bypass', 'flaps', 4);
  await bypass.idle();
  await bypass.refresh();
  await bypass.idle();
  assert.equal(problems().length, 1);
  assert.equal(relay('pair-1'), 'inline');
  untell('set.fail');
  await bypass.refresh();
  await bypass.idle();
  assert.equal(relay('pair-1'), 'bypass');
  assert.deepEqual(
    problems().map(({ reason, eventId }) => [reason, eventId]),
    [
      ['failed', 'e1'],
      ['solved', 'e1'],
    ],
  );
});

test('an order that the hardware cannot carry out is not tried again', async (t) => {
  const { bypass, tell, calls } = await rig(t);
  tell('set.unsupported');
  bypass.want('bypass', 'flaps', 4);
  await bypass.idle();
  await bypass.refresh();
  await bypass.idle();
  assert.equal(calls().filter((call) => call.startsWith('set')).length, 1);
});

test('two segments: together a word, apart unknown', async (t) => {
  const { bypass, tell, untell, states } = await rig(t, { segments: ['a', 'b'] });
  await bypass.refresh();
  assert.deepEqual(states, ['unknown', 'inline']);
  tell('set.unsupported.b');
  bypass.want('bypass', 'flaps', 4);
  await bypass.idle();
  const { actual, segments, problems } = bypass.status();
  assert.equal(actual, 'unknown');
  assert.deepEqual(
    segments.map(({ name, actual: one }) => [name, one]),
    [
      ['a', 'bypass'],
      ['b', 'inline'],
    ],
  );
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', /segment b: bypass is wanted, it reads inline/);
  untell('set.unsupported.b');
  bypass.want('bypass', 'operator', 4);
  await bypass.idle();
  assert.equal(bypass.status().actual, 'bypass');
  assert.deepEqual(bypass.status().problems, []);
});

test('no segment, nothing to say', async (t) => {
  const { bypass } = await rig(t, { segments: [] });
  await bypass.refresh();
  assert.equal(bypass.status().actual, 'unknown');
});

test('a hook that is missing or not executable is a problem, until it is there', async (t) => {
  const path = directory();
  const hook = join(path, 'hook');
  const { bypass, problems } = await rig(t, { hook });
  await bypass.refresh();
  assert.match(
    bypass.status().problems[0] ?? '',
    /unknown: cannot start .*\/hook: No such file or directory; install the hook there, make it exec/,
  );
  writeFileSync(hook, '#!/bin/sh\n');
  chmodSync(hook, 0o644);
  bypass.want('bypass', 'flaps', 4);
  await bypass.idle();
  assert.match(
    bypass.status().problems[0] ?? '',
    /bypass is wanted\): cannot start .*: Permission denied; install .*; set: cannot start/,
  );
  unlinkSync(hook);
  symlinkSync(join(HOOKS, 'fake'), hook);
  bypass.want('bypass', 'operator', 4);
  await bypass.idle();
  assert.equal(bypass.status().actual, 'bypass');
  assert.deepEqual(bypass.status().problems, []);
  assert.deepEqual(
    problems().map(({ reason }) => reason),
    ['unavailable', 'unavailable', 'solved'],
  );
});

test('somebody else moves the relay: seen, told, not undone', async (t) => {
  const { bypass, setRelay, relay, states } = await rig(t);
  bypass.want('inline', 'startup', 0);
  await bypass.idle();
  setRelay('pair-1', 'bypass');
  await bypass.refresh();
  assert.deepEqual(states, ['inline', 'bypass']);
  assert.equal(relay('pair-1'), 'bypass');
  assert.match(
    bypass.status().problems[0] ?? '',
    /inline is wanted, it reads bypass: somebody else has switched it/,
  );
});

test('what the hook can do is asked once, by the first reading', async (t) => {
  const { bypass, calls } = await rig(t);
  assert.equal(bypass.status().segments[0]?.capabilities, null);
  await bypass.refresh();
  await bypass.refresh();
  assert.deepEqual(bypass.status().segments[0]?.capabilities, ['inline', 'bypass', 'disconnect']);
  assert.deepEqual(calls(), ['capabilities pair-1', 'status pair-1', 'status pair-1']);
});

test('monitors are inhibited from the order on, and for a while after the bypass', async (t) => {
  const { bypass, clock, inhibited } = await rig(t);
  bypass.want('bypass', 'flaps', 4);
  assert.deepEqual(inhibited, [true], 'links go down before the relay can be read');
  await bypass.idle();
  bypass.want('inline', 'operator', 0);
  await bypass.idle();
  assert.deepEqual(bypass.status().inhibited, true);
  assert.equal(bypass.status().settlingMs, 10_000);
  clock.advance(9_999);
  assert.equal(bypass.status().settlingMs, 1);
  assert.deepEqual(inhibited, [true]);
  clock.advance(1);
  assert.deepEqual(inhibited, [true, false]);
  assert.equal(bypass.status().settlingMs, 0);
});

test('a bypass that somebody else engaged inhibits too, and settles', async (t) => {
  const { bypass, clock, inhibited, setRelay, tell, untell } = await rig(t);
  setRelay('pair-1', 'disconnect');
  await bypass.refresh();
  tell('status.fail');
  await bypass.refresh();
  assert.deepEqual(inhibited, [true], 'unreadable is not inline');
  untell('status.fail');
  setRelay('pair-1', 'inline');
  await bypass.refresh();
  assert.deepEqual(inhibited, [true]);
  clock.advance(10_000);
  assert.deepEqual(inhibited, [true, false]);
});

test('inline all the time inhibits nothing', async (t) => {
  const { bypass, inhibited, clock } = await rig(t);
  bypass.want('inline', 'startup', 0);
  await bypass.idle();
  assert.deepEqual(inhibited, []);
  assert.equal(clock.pending(), 0);
});

for (const [onStop, calls] of [
  ['inline', ['set inline pair-1', 'status pair-1']],
  ['bypass', ['set bypass pair-1', 'status pair-1']],
  ['disconnect', ['set disconnect pair-1', 'status pair-1']],
  ['keep', []],
] as const) {
  test(`stop, onStop ${onStop}`, async (t) => {
    const { bypass, clock, ...seen } = await rig(t, { onStop });
    bypass.want('bypass', 'flaps', 4);
    await bypass.idle();
    await bypass.stop();
    assert.deepEqual(seen.calls().slice(2), calls);
    assert.equal(seen.relay('pair-1'), onStop === 'keep' ? 'bypass' : onStop);
    bypass.want('inline', 'late', 0);
    await bypass.refresh();
    assert.equal(seen.calls().length, 2 + calls.length, 'a stopped bypass calls nothing');
    assert.equal(clock.pending(), 0);
  });
}

test('a stop does not wait for ever', async (t) => {
  const { bypass, tell, clock } = await rig(t, { onStop: 'inline' }, short);
  tell('set.hang');
  const stopped = bypass.stop();
  clock.advance(20_000);
  await stopped;
});

test('a closed bypass says nothing more, whatever its hook does', async (t) => {
  const { bypass, tell, pass, states, relay } = await rig(t);
  tell('set.slow', 1);
  bypass.want('bypass', 'flaps', 4);
  const passed = pass();
  await passed;
  bypass.close();
  await bypass.idle();
  assert.equal(relay('pair-1'), 'bypass');
  assert.deepEqual(states, []);
});

// They wait for a deadline, side by side.
describe('a hook that hangs', { concurrency: 3 }, () => {
  test('a hook that hangs is killed at its deadline, and the state is read', async (t) => {
    const { bypass, tell, states } = await rig(t, {}, short);
    tell('set.hang');
    bypass.want('bypass', 'flaps', 4);
    await bypass.idle();
    assert.deepEqual(states, ['inline']);
    assert.match(bypass.status().problems[0] ?? '', /bypass is wanted.*killed at its deadline/);
  });

  test('the newest of the orders given while a hook hangs is the only one carried out', async (t) => {
    const { bypass, tell, pass, calls, states, log } = await rig(t, {}, short);
    tell('set.slow', 1);
    tell('set.hang', 1);
    bypass.want('bypass', 'flaps', 4);
    await pass();
    bypass.want('inline', 'operator', 0);
    bypass.want('bypass', 'operator', 0);
    bypass.want('inline', 'operator', 0);
    await bypass.idle();
    assert.deepEqual(calls(), ['set bypass pair-1', 'set inline pair-1', 'status pair-1']);
    assert.deepEqual(states, ['inline']);
    assert.match(log()[1] ?? '', / event=e4 /);
    assert.deepEqual(bypass.status().problems, []);
  });

  test('a segment whose hook hangs does not hold up the other', async (t) => {
    const { bypass, tell, nextState } = await rig(t, { segments: ['a', 'b'] }, short);
    tell('set.hang.a');
    bypass.want('bypass', 'flaps', 4);
    const [, perSegment] = await nextState();
    assert.deepEqual(
      [...perSegment],
      [
        ['a', 'unknown'],
        ['b', 'bypass'],
      ],
    );
    assert.equal(bypass.status().busy, true);
    await bypass.idle();
  });
});
