// What a run of the deployments takes for the cause where a busy machine makes the slower one win: the words of both
// appliances on the wire, and those of an executor whose agent has died. No lab.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { agentDead, silence, told, unnoticed } from '../deployments/bounds.js';
import type { LastWord } from '../deployments/ending.js';
import { parseWord, type Word } from '../deployments/words.js';
import { CALM, GOOD, judged, LOST, moved, MOVED_AT, TOLD } from './deployment-seen.js';

/** From then to then, every 100 ms: what it says as long as it lives. */
const speaks = (from: Word['from'], since: number, until: number): Word[] =>
  Array.from({ length: (until - since) / 100 + 1 }, (_, index) => ({
    at: since + index * 100,
    from,
    what: 'ha-message',
  }));
const both = (since: number, until: number): Word[] =>
  [...speaks('a', since, until), ...speaks('b', since, until)].toSorted((x, y) => x.at - y.at);

describe('an agent that was killed', () => {
  const lived = both(4_000, 4_600);
  const farewell = (at: number): Word => ({ at, from: 'a', what: 'farewell' });
  const taken: Word = { at: MOVED_AT + 1, from: 'b', what: 'advertisement' };
  const missing = ['ended by priority-zero expected, found peer-dead'];
  const cases: readonly [string, LastWord, readonly Word[], readonly string[]][] = [
    ['its executor has heard the heir before its death', 'lapsed', [taken], []],
    ['and when it had died', 'succeeded', [taken], []],
    ['and nobody else has', 'succeeded', [], missing],
    ['its farewell came too late', 'farewell', [taken, farewell(MOVED_AT + 90)], []],
    ['it came in time, and was not heeded', 'farewell', [farewell(4_700), taken], missing],
    ['said to be sent, and not on the wire', 'farewell', [taken], missing],
    ['no farewell at all, and no word why', null, [taken], missing],
    ['a farewell of which the executor says nothing', null, [taken, farewell(5_090)], missing],
  ];
  for (const [what, lastWord, words, complaints] of cases) {
    it(`silence found first: ${what}`, () => {
      const seen = { ...TOLD, moves: moved('peer-dead'), words: [...lived, ...words], lastWord };
      const outcome = judged(agentDead('x', 'b'), { portal: GOOD }, seen);
      assert.deepEqual(outcome.complaints, complaints);
      // It shows nothing of the farewell, and says so.
      const why = complaints.length === 0 ? ', before its death was seen' : '';
      assert.equal(outcome.endedBy, `peer-dead${why}`);
    });
  }

  it('its farewell ended it', () => {
    const words = [...lived, farewell(MOVED_AT - 1), taken];
    const seen = { ...TOLD, moves: moved('priority-zero'), words, lastWord: 'farewell' } as const;
    const outcome = judged(agentDead('x', 'b'), { portal: GOOD }, seen);
    assert.deepEqual([outcome.complaints, outcome.endedBy], [[], 'priority-zero']);
  });

  it('of a host that is dead nobody says farewell: the same words are no excuse', () => {
    const seen = {
      ...TOLD,
      moves: moved('no-response'),
      words: [taken],
      lastWord: 'lapsed',
    } as const;
    assert.deepEqual(judged(silence('x', 'b'), { portal: GOOD }, seen).complaints, [
      'ended by peer-dead expected, found no-response',
    ]);
  });
});

describe('a machine that stands still', () => {
  /** `a` says nothing for 400 ms, `b` takes the role, and `a` takes it back. */
  const words = [...both(4_000, 4_600), ...both(5_100, 6_000)];
  const there = moved('peer-dead', 'lease-lapsed').taken;
  const back = { appliance: 'a', virtualRouter: 'lan', reason: 'priority', at: 5_800 } as const;
  const moves = { ...moved('peer-dead', 'lease-lapsed'), taken: [...there, back] };
  const stray = 'lan: nothing to move to b expected, found lease-lapsed → peer-dead, priority';

  it('a role that moved rightly is no stray, nor is what follows', () => {
    const seen = { ...CALM, moves, words };
    const outcome = judged(unnoticed('x'), { portal: LOST }, seen);
    assert.deepEqual(outcome.complaints, []);
    assert.equal(outcome.endedBy, 'lease-lapsed → peer-dead, priority, in a standstill');
  });

  it('the wire has to say so: of one that spoke all the time nobody takes it', () => {
    const seen = { ...CALM, moves, words: both(4_000, 6_000) };
    const complaints = judged(unnoticed('x'), { portal: LOST }, seen).complaints;
    assert.deepEqual(complaints.slice(0, 2), ['no failed request expected', stray]);
  });

  it('what was before has another cause', () => {
    const early = { appliance: 'b', virtualRouter: 'lan', reason: 'priority', at: 4_100 } as const;
    const seen = { ...CALM, moves: { ...moves, taken: [early, ...moves.taken] }, words };
    assert.equal(judged(unnoticed('x'), { portal: GOOD }, seen).complaints.length, 1);
  });

  it('its client waited for the processor as long as the pages wait for an answer: what was missed is no complaint', () => {
    const late = (scheduleLatenessMs: number) =>
      judged(
        unnoticed('x'),
        { portal: { ...LOST, scheduleLatenessMs } },
        { ...CALM, moves: moved('peer-released', 'soft-fault', 'back end') },
      );
    assert.deepEqual(late(1_000).complaints, []);
    assert.equal(late(1_000).endedBy, 'soft-fault (back end) → peer-released, in a standstill');
    assert.equal(late(999).complaints.length, 2);
    const never = { ...LOST, scheduleLatenessMs: 1_000, goodAgainAt: null };
    assert.deepEqual(judged(unnoticed('x'), { portal: never }, CALM).complaints, [
      'good answers expected in the end',
    ]);
  });

  it('a cable is pulled meanwhile: silence is found first', () => {
    const seen = { ...TOLD, moves: moved('peer-dead', 'lease-lapsed'), words };
    const part = told('x', 'b', 'no-carrier');
    assert.deepEqual(judged(part, { portal: GOOD }, seen).complaints, []);
  });
});

it('what tcpdump says at the second appliance', () => {
  const lines: readonly [string, Word | null][] = [
    [
      '1764495000.500000 eth0  M   IP 10.99.0.1 > 224.0.0.18: VRRPv3, Advertisement, vrid 51, prio 200, intvl 100cs, length 12',
      { at: 1764495000500, from: 'a', what: 'advertisement' },
    ],
    [
      '1764495000.750000 eth0  M   IP 10.99.0.1 > 224.0.0.18: VRRPv3, Advertisement, vrid 51, prio 0, intvl 100cs, length 12',
      { at: 1764495000750, from: 'a', what: 'farewell' },
    ],
    [
      '1764495001.000000 ha0   In  IP 10.98.0.1.7112 > 10.98.0.2.7112: UDP, length 120',
      { at: 1764495001000, from: 'a', what: 'ha-message' },
    ],
    [
      '1764495001.250000 ha0   Out IP 10.98.0.2.7112 > 10.98.0.1.7112: UDP, length 120',
      { at: 1764495001250, from: 'b', what: 'ha-message' },
    ],
    ['1764495001.500000 eth0  Out IP 10.99.0.2.43210 > 10.99.0.1.7113: UDP, length 120', null],
    ['tcpdump: listening on any', null],
  ];
  for (const [line, word] of lines) assert.deepEqual(parseWord(line), word, line);
});
