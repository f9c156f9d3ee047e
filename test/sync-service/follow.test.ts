// Keepers that follow each other, joined in memory: a change is on all or on none, whoever makes or refuses it. What is
// lost or dies in it or after it: follow-lost.test.ts; three: three.test.ts. Which version is newer: test/sync; what
// operators order: keeper.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { digestOf, sharedOf, sorted } from '../../src/sync/shared.js';
import { parse } from 'yaml';
import { startGroup } from './rig.js';
import { NOT_HERE, allHave, follow, told } from './follow-scenes.js';

describe('a change under follow', () => {
  for (const [what, active, order] of [
    ['made on the Active', 'a', ['b', 'a']],
    ['made on the Backup', 'b', ['a', 'b']],
  ] as const) {
    it(`${what} is on both, on the Backup first, and each keeps what is its own`, async () => {
      const { group, a, b } = await follow();
      [a.active, b.active] = [active === 'a', active === 'b'];
      group.applied.length = 0;
      assert.deepEqual(await a.set('vrid: 51', 'vrid: 52'), {
        errors: [],
        restored: false,
        remarks: [],
      });
      assert.deepEqual(group.applied, order);
      await group.settled();
      allHave(52, a, b);
      assert.deepEqual([a.state('b'), b.state('a')], ['in-sync', 'in-sync']);
      assert.deepEqual(a.events.at(-1), {
        event: 'sync-applied',
        reason: 'given',
        detail: 'given to b: virtualRouters[lan].vrid',
      });
      assert.equal(b.events.at(-1)?.detail, 'from a: virtualRouters[lan].vrid');
      assert.equal(a.version?.author, 'a');
      await group.pass(10_000);
      for (const box of [a, b]) assert.equal(box.keeper.status().unconfirmed, undefined);
    });
  }

  it('is on both whatever their clocks say, an hour apart', async () => {
    const group = await startGroup(
      (name) => ({ mode: 'follow', clockMs: name === 'a' ? 0 : 3_600_000 }),
      ['a', 'b'],
    );
    const [a, b] = [group.box('a'), group.box('b')];
    for (const [box, from, to] of [
      [a, 51, 52],
      [b, 52, 53],
    ] as const) {
      assert.deepEqual((await box.set(`vrid: ${from}`, `vrid: ${to}`)).errors, []);
      await group.settled();
      allHave(to, a, b);
    }
  });

  it('of what is the appliance’s own asks nobody', async () => {
    const { group, a, b } = await follow();
    const before = b.text;
    group.cut = true;
    assert.deepEqual((await a.set('priority: 140', 'priority: 150')).errors, []);
    group.cut = false;
    assert.equal(b.text, before);
    assert.equal(a.version?.generation, 1);
  });

  it('made while nobody could be asked is followed as soon as it is told', async () => {
    const { group, a, b } = await follow();
    await a.edit('vrid: 51', 'vrid: 53');
    await group.settled();
    allHave(53, a, b);
    assert.equal(b.events.at(-1)?.reason, 'follow');
  });

  it('is made where the other is silent, which is said, and followed when it is heard', async () => {
    const { group, a, b } = await follow();
    a.keeper.lost('b');
    group.cut = true;
    const outcome = await a.set('vrid: 51', 'vrid: 52');
    assert.deepEqual(outcome.errors, []);
    assert.deepEqual(outcome.remarks, [
      { path: 'ha.sync', message: 'b is not heard: it follows when it is' },
    ]);
    await group.settled();
    assert.equal(b.shared['virtualRouters[lan].vrid'], 51);
    group.cut = false;
    await a.keeper.found('b');
    await b.keeper.told('a', a.announced);
    allHave(52, a, b);
  });

  it('stays on the appliance where the other only offers, which is said', async () => {
    const { group, a, b } = await follow((name) => ({ mode: name === 'a' ? 'follow' : 'offer' }));
    const outcome = await a.set('vrid: 51', 'vrid: 52');
    assert.deepEqual(outcome.errors, []);
    assert.match(
      outcome.remarks[0]?.message ?? '',
      /^b does not take it over: .*ha\.sync is offer/,
    );
    await group.settled();
    assert.equal(b.state('a'), 'differs');
    await group.pass(2_000);
    assert.match(a.keeper.status().peers[0]?.detail ?? '', /ha\.sync is offer on b/);
    assert.equal(b.shared['virtualRouters[lan].vrid'], 51);
  });

  it('with a setting that the other does not know is kept there, and both say so', async () => {
    const { a, b } = await follow();
    const document = sorted([...sharedOf(parse(a.text)), ['ha.ofTomorrow', 7]]);
    const { lineage } = a.saved ?? assert.fail();
    const digest = digestOf(document);
    const written = {
      lineage: {
        version: { generation: 2, author: 'a', digest },
        before: [lineage.version],
      },
      document,
    };
    const asked = await b.keeper.answer('a', { kind: 'check', written, byOperator: false });
    assert.deepEqual(asked, { kind: 'fits', digest, active: false, unknown: ['ha.ofTomorrow'] });
    const taken = await b.keeper.answer('a', { kind: 'offer', written, byOperator: false });
    assert.deepEqual(taken, { kind: 'applied', digest });
    assert.equal(b.version?.digest, digest);
    assert.match(
      b.keeper.status().peers[0]?.detail ?? '',
      /not known to this release: ha\.ofTomorrow/,
    );
  });
});

describe('a TCP port', () => {
  it('that cannot be reached is told before a change needs it, and no longer when it can', async () => {
    const group = await startGroup({ mode: 'follow' }, ['a', 'b']);
    const a = group.box('a');
    group.cut = true;
    a.keeper.lost('b');
    assert.equal(a.state('b'), 'unknown');
    assert.match(a.keeper.status().peers[0]?.detail ?? '', /in sync when it was heard last/);
    await a.keeper.found('b');
    await group.settled();
    assert.equal(a.state('b'), 'in-sync');
    assert.match(a.keeper.status().peers[0]?.problem ?? '', /cannot be given to b: nobody answers/);
    group.cut = false;
    await group.pass(30_000);
    assert.equal(a.keeper.status().peers[0]?.problem, undefined);
  });
});

describe('what the other refuses', () => {
  const refusing = async () => {
    const made = await follow();
    made.b.refuses = (text) => (text.includes('eth7') ? [NOT_HERE] : []);
    return { ...made, before: [made.a.text, made.b.text] };
  };

  it('is in force nowhere, is named, and a file that was written for it is as it was', async () => {
    const { group, a, b, before } = await refusing();
    group.applied.length = 0;
    const { errors, restored } = await a.set('interface: eth0', 'interface: eth7');
    assert.deepEqual(errors, [{ ...NOT_HERE, expected: 'on b, an interface of this appliance' }]);
    assert.equal(restored, true);
    assert.deepEqual([a.text, b.text], before);
    assert.deepEqual(group.applied, []);
    // The next change is taken.
    assert.deepEqual((await a.set('vrid: 51', 'vrid: 52')).errors, []);
    await group.settled();
    allHave(52, a, b);
  });

  it('is in no file, also while the others are asked: what is edited there by then stays', async () => {
    const { group, a, b, before } = await refusing();
    const seen: string[] = [];
    b.refuses = () => {
      seen.push(a.text);
      return [NOT_HERE];
    };
    await a.set('vrid: 51', 'vrid: 52');
    assert.deepEqual(seen, [before[0]]);
    b.refuses = () => [];
    // Between the answers of the others and the writing.
    b.onApplied = () => void (a.text = `${before[0]}# by hand\n`);
    const { errors, restored } = await a.set('vrid: 51', 'vrid: 52');
    assert.equal(errors.length, 1);
    assert.equal(restored, true);
    assert.equal(a.text, `${before[0]}# by hand\n`);
    b.onApplied = null;
    await group.settled();
    assert.equal(b.text, before[1]);
    assert.ok(told(b).includes('sync-taken-back'));
  });

  it('stays in the file of an operator who edited it, and is not in force', async () => {
    const { a, b, before } = await refusing();
    const { errors, restored } = await a.reload('interface: eth0', 'interface: eth7');
    assert.equal(errors.length, 1);
    assert.equal(restored, false);
    assert.match(a.text, /eth7/);
    assert.deepEqual([a.inForce, b.text], before);
  });

  it('and was in force already is told on both sides', async () => {
    const { group, a, b } = await refusing();
    await a.edit('interface: eth0', 'interface: eth7');
    await group.settled();
    assert.equal(b.state('a'), 'refused');
    assert.match(b.keeper.status().peers[0]?.problem ?? '', /of a are refused here: .*eth7/);
    await group.pass(2_000);
    assert.match(a.keeper.status().peers[0]?.problem ?? '', /^b refuses .*eth7/);
    // Nothing is tried again and again.
    assert.equal(told(b).filter((event) => event === 'sync-refused').length, 1);
  });

  it('while its own file is edited and not in force: no edit is lost', async () => {
    const { a, b } = await follow();
    b.text = b.text.replace('vrid: 51', 'vrid: 99');
    const { errors } = await a.set('vrid: 51', 'vrid: 52');
    assert.match(errors[0]?.found ?? '', /edited since/);
    assert.match(b.text, /vrid: 99/);
    assert.match(a.inForce, /vrid: 51/);
  });
});
