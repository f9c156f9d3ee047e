// When a witness is asked, what is made of its answers, and until when a lease counts. A witness in memory, a clock that
// only the test moves.
import assert from 'node:assert/strict';
import { after, instant, microseconds } from '../../src/model/units.js';
import type { WitnessFact } from '../../src/model/witness.js';
import type { Reading } from '../../src/witness/witness.js';
import { startKeeper, type Keeper } from '../../src/witness/keeper.js';
import { FakeWitness } from '../support/fake-witness.js';
import { turn } from '../support/limits.js';
import { describe, it, type TestContext } from '../support/test.js';

const TTL = 6;
const SECOND = 1_000_000;
/** The ttl less 1 %. */
const REMAINS = 5_940_000;

class Bench {
  readonly witness = new FakeWitness(() => this.nowMs);
  readonly facts: WitnessFact[] = [];
  readonly keeper: Keeper;
  nowMs = 1_000;
  /** How long the machine has been suspended, in ms. */
  suspendedMs = 0;
  /** Gives the order again as often as the agent does. */
  repeating: Parameters<Keeper['order']>[0] | null = null;
  readonly #t: TestContext;

  constructor(t: TestContext, owner = 'a boot-1') {
    this.#t = t;
    t.mock.timers.enable({ apis: ['setTimeout'] });
    this.keeper = startKeeper({
      witness: this.witness.client(),
      owner,
      group: new Set(['a', 'b']),
      ttlSeconds: TTL,
      onFact: (fact) => this.facts.push(fact),
      clock: {
        now: () => instant(this.nowMs * 1_000),
        suspendedAtMost: () => microseconds(this.suspendedMs * 1_000),
        suspendedAtLeast: () => microseconds(this.suspendedMs * 1_000),
      },
    });
    t.after(() => this.keeper.close());
  }

  /** Time passes in steps in which every promise settles. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      this.nowMs += 50;
      if (this.repeating !== null) this.keeper.order(this.repeating);
      this.#t.mock.timers.tick(50);
      for (let turns = 0; turns < 4; turns += 1) await turn();
    }
  }

  hold(): Promise<void> {
    this.repeating = 'hold';
    return this.pass(100);
  }

  last(): WitnessFact | undefined {
    return this.facts.at(-1);
  }

  why(): string {
    const last = this.last();
    return last?.kind === 'away' ? last.why : JSON.stringify(last);
  }

  kinds(): string[] {
    return this.facts.map(({ kind }) => kind);
  }
}

describe('the keeper of a lease', () => {
  it('only reads before it is ordered to do more', async (t) => {
    const bench = new Bench(t);
    await bench.pass(5_000);
    assert.deepEqual(new Set(bench.witness.asked), new Set(['read']));
    assert.deepEqual(bench.last(), { kind: 'free' });
  });

  it('takes the lease, renews it six times in a ttl, and counts from when it asked, less 1 %', async (t) => {
    const bench = new Bench(t);
    await bench.hold();
    const first = bench.last();
    assert.equal(first?.kind, 'ours');
    assert.equal(bench.witness.holder(), 'a boot-1');
    bench.witness.asked.length = 0;
    bench.facts.length = 0;
    await bench.pass(TTL * 1_000);
    assert.deepEqual(bench.witness.asked, Array<string>(6).fill('renew a boot-1 1'));
    for (const fact of bench.facts) assert.equal(fact.kind, 'ours');
    const last = bench.last();
    assert.ok(last?.kind === 'ours');
    // The last question was asked at most a sixth of a ttl ago.
    const asked = last.until - REMAINS;
    assert.ok(asked <= bench.nowMs * 1_000 && asked > (bench.nowMs - 1_050) * 1_000);
    assert.equal(last.ttl, TTL * SECOND);
  });

  it('an answer counts from the question, however long it took', async (t) => {
    const bench = new Bench(t);
    await bench.hold();
    const before = bench.facts.length;
    let sentAt = 0;
    bench.witness.lie = (): Reading => {
      if (sentAt === 0) sentAt = bench.nowMs;
      // Between the question and its answer.
      bench.nowMs += 600;
      const held = {
        owner: 'a boot-1',
        token: '1',
        ttlMs: 6_000,
        atLeastMs: 6_000,
      };
      return { kind: 'held', generation: 0, ...held };
    };
    await bench.pass(1_050);
    const last = bench.facts[before];
    assert.ok(last?.kind === 'ours');
    assert.equal(last.until, after(instant(sentAt * 1_000), microseconds(REMAINS)));
  });

  it('what passes while the machine is suspended has passed for the witness', async (t) => {
    const bench = new Bench(t);
    await bench.hold();
    const before = bench.facts.length;
    let sentAt = 0;
    bench.witness.lie = (): Reading => {
      if (sentAt === 0) sentAt = bench.nowMs;
      bench.suspendedMs += 4_000;
      const held = {
        owner: 'a boot-1',
        token: '1',
        ttlMs: 6_000,
        atLeastMs: 6_000,
      };
      return { kind: 'held', generation: 0, ...held };
    };
    await bench.pass(1_050);
    const last = bench.facts[before];
    assert.ok(last?.kind === 'ours');
    assert.equal(last.until, sentAt * 1_000 - 4 * SECOND + REMAINS);
  });

  it('does not wait longer than a sixth of the ttl for an answer, and then asks again, for ever', async (t) => {
    const bench = new Bench(t);
    await bench.hold();
    bench.witness.hanging = true;
    await bench.pass(20_000);
    assert.deepEqual(bench.last(), { kind: 'away', why: 'no answer within 1000 ms' });
    bench.witness.hanging = false;
    await bench.pass(2_000);
    assert.equal(bench.last()?.kind, 'ours');
    assert.equal(bench.witness.holder(), 'a boot-1');
  });

  it('an answer that comes after its deadline counts for nothing', async (t) => {
    const bench = new Bench(t);
    await bench.hold();
    bench.witness.asked.length = 0;
    const late = bench.witness.delay();
    await bench.pass(1_050);
    assert.equal(bench.witness.asked.length, 1);
    bench.witness.hanging = true;
    await bench.pass(1_000);
    assert.deepEqual(bench.last(), { kind: 'away', why: 'no answer within 1000 ms' });
    const told = bench.facts.length;
    // It says that the lease is ours, as it was when it was asked.
    late();
    await bench.pass(1_000);
    assert.deepEqual(new Set(bench.kinds().slice(told)), new Set(['away']));
  });

  it('a lease much shorter than asked for counts for as long as it was granted', async (t) => {
    const bench = new Bench(t);
    bench.witness.grantsMs = 1_500;
    const askedAt = bench.nowMs;
    await bench.hold();
    const fact = bench.last();
    assert.ok(fact?.kind === 'ours');
    assert.ok(fact.until <= (askedAt + 100) * 1_000 + 1_500_000 * 0.99);
  });

  it('takes a lease that was lost again, without being told', async (t) => {
    const bench = new Bench(t);
    await bench.hold();
    bench.witness.grant('b boot-9', 3_000);
    await bench.pass(1_100);
    const other = bench.last();
    assert.ok(other?.kind === 'others');
    assert.equal(other.holder, 'b');
    await bench.pass(2_000);
    assert.equal(bench.witness.holder(), 'a boot-1');
    assert.equal(bench.last()?.kind, 'ours');
  });

  it('says soon that the lease of another has ended, also when it only watches', async (t) => {
    const bench = new Bench(t);
    bench.witness.grant('b boot-9', 2_500);
    await bench.pass(2_450);
    assert.equal(bench.last()?.kind, 'others');
    await bench.pass(200);
    assert.deepEqual(bench.last(), { kind: 'free' });
  });

  it('is not held for an agent that hangs', async (t) => {
    const bench = new Bench(t);
    await bench.hold();
    bench.repeating = null;
    await bench.pass(1_100);
    bench.witness.asked.length = 0;
    await bench.pass(7_000);
    assert.deepEqual(new Set(bench.witness.asked), new Set(['read']));
    assert.equal(bench.witness.holder(), null);
    await bench.hold();
    assert.equal(bench.last()?.kind, 'ours', 'and at once again when it wakes up');
  });

  it('gives the lease back, and leaves that of the agent before it to its order', async (t) => {
    const bench = new Bench(t);
    bench.witness.grant('a boot-1', 6_000);
    bench.repeating = 'release';
    await bench.pass(300);
    assert.equal(bench.witness.holder(), null);
    assert.deepEqual(bench.last(), { kind: 'free' });
  });

  it('goes on with the lease of the agent before it, but not with that of another boot', async (t) => {
    const bench = new Bench(t);
    bench.witness.grant('a boot-1', 4_000);
    await bench.hold();
    await bench.pass(6_000);
    assert.ok(bench.witness.asked.includes('renew a boot-1 1'));
    assert.equal(bench.last()?.kind, 'ours');
    bench.witness.grant('a boot-0', 4_000);
    await bench.pass(1_100);
    const last = bench.last();
    assert.ok(last?.kind === 'others');
    assert.equal(last.holder, 'a');
  });

  it('a holder that is no appliance of the group makes it useless, and is named', async (t) => {
    const bench = new Bench(t);
    bench.witness.grant('mallory x', 60_000);
    await bench.hold();
    assert.ok(bench.last()?.kind === 'away');
    assert.match(bench.why(), /held by mallory, which is no appliance of this group.*witness\.key/);
    bench.witness.grant('\u001b[2J x', 60_000);
    await bench.pass(1_100);
    assert.match(bench.why(), /held by somebody, which is no/);
  });

  it('one that was emptied does not count for a ttl, as its holder may count on the lease for that long', async (t) => {
    const bench = new Bench(t);
    bench.witness.grant('b boot-9', 60_000);
    await bench.hold();
    assert.equal(bench.last()?.kind, 'others');
    bench.witness.forget();
    bench.witness.asked.length = 0;
    await bench.pass(TTL * 1_000);
    assert.match(bench.why(), /was emptied, or went back to an earlier state/);
    // The first question sees it, and all others only look.
    assert.deepEqual(new Set(bench.witness.asked.slice(1)), new Set(['read']));
    await bench.pass(2_000);
    assert.equal(bench.last()?.kind, 'ours');
  });

  it('tells why there is no answer, and asks on', async (t) => {
    const bench = new Bench(t);
    bench.witness.refusal = '10.0.0.9:2379: connect ECONNREFUSED';
    await bench.pass(3_000);
    assert.deepEqual(bench.last(), { kind: 'away', why: '10.0.0.9:2379: connect ECONNREFUSED' });
    assert.ok(bench.kinds().length >= 2, 'it was asked more than once');
  });

  it('leaves the lease to its end when it must not be given back, and gives it back when that is the order', async (t) => {
    const held = new Bench(t);
    await held.hold();
    await held.keeper.leave();
    assert.equal(held.witness.holder(), 'a boot-1');
    assert.equal(held.witness.closed, 1);
    const before = held.facts.length;
    await held.pass(3_000);
    assert.equal(held.facts.length, before, 'nothing is said any more');
  });
});
