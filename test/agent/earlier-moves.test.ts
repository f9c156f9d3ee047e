// The last move of a virtual router over a restart: what earlier agents have recorded of it, and what a file may hold that
// is no record of a move. How a move is recorded: virtual/handover.test.
import assert from 'node:assert/strict';
import { it } from '../support/test.js';
import { earlierMoves } from '../../src/agent/earlier-moves.js';
import type { EventRecord, MoveStatus } from '../../src/model/status.js';
import { benchFolder, startBench } from './agent-bench.js';
import { settle } from './rig.js';
import { until } from '../support/limits.js';

const T = '2026-01-01T00:00:00.000Z';
const transition = (from: string, to: string, more: object = {}): EventRecord =>
  ({
    time: T,
    event: 'transition',
    virtualRouter: 'lan',
    from,
    to,
    reason: 'failover',
    detail: '',
    ...more,
  }) as EventRecord;

const given: MoveStatus = {
  way: 'given',
  reason: 'failover',
  noticedAt: T,
  stoodAt: null,
  nobodyHeldAtMostMs: null,
  peerSaw: [],
  beforeStart: true,
};

it('a transition from or to Active is one; of several the last counts', () => {
  assert.deepEqual(
    [...earlierMoves([transition('Backup', 'Active'), transition('Active', 'Backup')])],
    [['lan', given]],
  );
  assert.deepEqual([...earlierMoves([transition('Initialize', 'Backup')])], []);
});

it('the event of a move says all', () => {
  const peerSaw = [{ peer: 'b', state: 'Backup', addressesPresent: false }] as const;
  const move = { way: 'taken', orderedBy: 'alice', because: 'b: x', noticedAt: 'n', stoodAt: 's' };
  const record = { time: T, event: 'move', virtualRouter: 'lan', reason: 'peer-dead', detail: '' };
  const full = { ...record, ...move, nobodyHeldAtMostMs: 3, peerSaw: [...peerSaw, 7, {}] };
  assert.deepEqual(
    [...earlierMoves([transition('Backup', 'Active'), full])],
    [['lan', { ...move, reason: 'peer-dead', nobodyHeldAtMostMs: 3, peerSaw, beforeStart: true }]],
  );
});

it('what is no record of a move is passed over', () => {
  const strange = [
    { time: T, event: 'flap', virtualRouter: 'lan', reason: 'flap', detail: '' },
    transition('Active', 'Backup', { reason: 'because' }),
    transition('Active', 'Backup', { virtualRouter: undefined }),
    { time: T, event: 'move' } as unknown as EventRecord,
  ];
  assert.deepEqual([...earlierMoves(strange)], []);
});

it('an agent that is started again tells the last move of the one before', async (t) => {
  const folder = benchFolder(t);
  const first = await startBench(folder);
  await settle();
  first.kernel.advance(4_000_000);
  const move = (agent: typeof first.agent) => agent.status().virtualRouters[0]?.lastMove;
  const taken = await until(
    'the move',
    () => move(first.agent),
    (seen) => typeof seen?.stoodAt === 'string',
  );
  await first.stop();
  const { agent } = await startBench(folder);
  assert.deepEqual([taken?.way, taken?.beforeStart], ['taken', undefined]);
  const { way, reason, beforeStart } = move(agent) ?? assert.fail('forgotten');
  assert.deepEqual([way, reason, beforeStart], ['given', 'shutdown', true]);
});
