// The bypass of the settings in force: read regularly, told once, and handed on to other settings.
import assert from 'node:assert/strict';
import { test, type TestContext } from '../support/test.js';
import { BypassSlot, REREAD_MS } from '../../src/hooks/bypass-slot.js';
import type { BypassSettings } from '../../src/config/settings.js';
import type { BypassState, EventFields } from '../../src/model/status.js';
import { start } from '../executor/bench.js';
import { fakeHook } from './bypass-rig.js';
import { manualClock } from '../support/manual-clock.js';

/** A slot over fake hooks in real processes, on a clock that is moved by hand. */
async function rig(t: TestContext) {
  const { executor } = await start(t);
  const clock = manualClock();
  const states: BypassState[] = [];
  const problems: (readonly string[])[] = [];
  const inhibited: boolean[] = [];
  const events: EventFields[] = [];
  const slot = new BypassSlot({
    executor,
    onState: (actual) => states.push(actual),
    onProblems: (lines) => problems.push(lines),
    onInhibit: (value) => inhibited.push(value),
    onEvent: (_, fields) => events.push(fields),
    now: clock.now,
    later: clock.later,
  });
  t.after(() => slot.stop());
  /** The reading under way is over: the next one is armed. */
  const read = async (): Promise<void> => {
    await clock.armed(REREAD_MS);
  };
  const readAgain = async (): Promise<void> => {
    const done = read();
    clock.advance(REREAD_MS);
    await done;
  };
  return { slot, clock, states, problems, inhibited, events, read, readAgain };
}

const withHook = (hook: string): { name: string; bypass: BypassSettings } => ({
  name: 'dallas-1',
  bypass: { hook, segments: ['pair-1'], onStop: 'keep' },
});

const NONE = { name: 'dallas-1', bypass: null };

test('a relay that somebody moves between two readings is seen at the next', async (t) => {
  const { slot, states, read, readAgain } = await rig(t);
  const { hook, setRelay, calls } = fakeHook();
  slot.configure(withHook(hook));
  await read();
  assert.deepEqual(states, ['inline']);
  setRelay('pair-1', 'disconnect');
  await readAgain();
  assert.deepEqual([states, slot.status()?.actual], [['inline', 'disconnect'], 'disconnect']);
  assert.deepEqual(calls(), ['capabilities pair-1', 'status pair-1', 'status pair-1']);
});

test('a hook that fails again and again: one reason for health, one event, until it works', async (t) => {
  const { slot, problems, events, read, readAgain } = await rig(t);
  const { hook, tell, untell } = fakeHook();
  tell('status.fail');
  slot.configure(withHook(hook));
  await read();
  for (let reading = 0; reading < 5; reading += 1) await readAgain();
  assert.equal(problems.length, 1);
  assert.match(problems[0]?.[0] ?? '', /^bypass segment pair-1: its state is unknown: exit code 1/);
  assert.equal(events.length, 1);
  untell('status.fail');
  await readAgain();
  assert.deepEqual(problems.slice(1), [[]]);
});

test('a hook that is missing is a reason for health though no state was ever read', async (t) => {
  const { slot, problems, read } = await rig(t);
  slot.configure(withHook('/nonexistent/hook'));
  await read();
  assert.match(problems[0]?.[0] ?? '', /its state is unknown: cannot start \/nonexistent\/hook/);
});

test('an order that is not carried out is a reason for health though the relay reads as before', async (t) => {
  const { slot, clock, states, problems, read } = await rig(t);
  const { hook, tell } = fakeHook();
  slot.configure(withHook(hook));
  await read();
  tell('set.fail');
  slot.order('bypass', 'operator', 0);
  const done = read();
  clock.advance(REREAD_MS);
  await done;
  assert.deepEqual(states, ['inline']);
  assert.match(problems.at(-1)?.[0] ?? '', /bypass is wanted, it reads inline: exit code 1/);
});

test('settings that name another hook: what was ordered is ordered there', async (t) => {
  const { slot, states, read } = await rig(t);
  const [former, next] = [fakeHook(), fakeHook()];
  slot.configure(withHook(former.hook));
  await read();
  former.tell('set.fail');
  slot.order('bypass', 'operator', 0);
  slot.configure(withHook(next.hook));
  await read();
  assert.equal(next.relay('pair-1'), 'bypass');
  assert.equal(states.at(-1), 'bypass');
  assert.equal(slot.status()?.desired, 'bypass');
});

test('settings that say the same change nothing; those without a bypass leave nothing behind', async (t) => {
  const { slot, clock, states, problems, inhibited, read } = await rig(t);
  const { hook, setRelay, tell, calls } = fakeHook();
  setRelay('pair-1', 'bypass');
  slot.configure(withHook(hook));
  await read();
  slot.configure(withHook(hook));
  assert.equal(clock.pending(), 1);
  assert.deepEqual(inhibited, [true]);
  tell('status.fail');
  slot.configure(NONE);
  assert.deepEqual([states.at(-1), inhibited.at(-1)], ['unknown', false]);
  assert.deepEqual([slot.status(), problems.at(-1), clock.pending()], [null, [], 0]);
  clock.advance(REREAD_MS);
  assert.equal(calls().length, 2);
});

test('nothing is read any more after a stop, and the status stays', async (t) => {
  const { slot, clock, read } = await rig(t);
  const { hook, calls } = fakeHook();
  slot.configure(withHook(hook));
  await read();
  await slot.stop();
  assert.equal(clock.pending(), 0);
  assert.deepEqual([calls().length, slot.status()?.actual], [2, 'inline']);
});
