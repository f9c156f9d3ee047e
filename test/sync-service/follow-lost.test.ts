// Keepers that follow each other, joined in memory: a change is on all or on none when a peer is lost after it, a disk is
// full in it, or either is killed at any step of it.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { Step } from '../../src/sync-service/change.js';
import type { Group } from './rig.js';
import { allHave, follow, told } from './follow-scenes.js';

describe('a peer that is lost after a change', () => {
  const changed = async () => {
    const made = await follow();
    const before = [made.a.text, made.b.text];
    await made.a.set('vrid: 51', 'vrid: 52');
    await made.group.settled();
    return { ...made, before };
  };

  it('within ten seconds: both take it back, say so, and agree when they meet again', async () => {
    const { group, a, b, before } = await changed();
    await group.pass(8_000);
    group.cut = true;
    a.keeper.lost('b');
    b.keeper.lost('a');
    await group.pass(1_500);
    assert.deepEqual([a.text, b.text], before);
    assert.deepEqual([a.inForce, b.inForce], before);
    for (const box of [a, b]) assert.equal(box.events.at(-1)?.event, 'sync-taken-back', box.name);
    assert.match(a.events.at(-1)?.detail ?? '', /what was changed here is taken back: b was lost/);
    group.cut = false;
    await a.keeper.told('b', b.announced);
    await b.keeper.told('a', a.announced);
    await group.settled();
    allHave(51, a, b);
    assert.deepEqual([a.state('b'), b.state('a')], ['in-sync', 'in-sync']);
  });

  for (const who of ['a', 'b'] as const) {
    it(`which only ${who} has noticed: the other takes it back too, and says so`, async () => {
      const { group, a, b, before } = await changed();
      const [first, second] = who === 'a' ? [a, b] : [b, a];
      first.keeper.lost(second.name);
      await group.pass(1_500);
      await group.settled();
      assert.deepEqual([a.text, b.text], before);
      for (const box of [a, b]) assert.equal(box.events.at(-1)?.event, 'sync-taken-back', box.name);
      allHave(51, a, b);
      await group.pass(10_000);
      for (const box of [a, b]) assert.equal(box.keeper.status().unconfirmed, undefined);
    });
  }

  it('and is heard again at once was not: while the HA port moves, they do not hear each other', async () => {
    const { group, a, b } = await changed();
    a.keeper.lost('b');
    b.keeper.lost('a');
    await group.pass(1_000);
    await a.keeper.found('b');
    await b.keeper.told('a', a.announced);
    await group.pass(5_000);
    allHave(52, a, b);
    await group.pass(10_000);
    assert.equal(a.keeper.status().unconfirmed, undefined);
  });

  it('later takes nothing back', async () => {
    const { group, a, b } = await changed();
    await group.pass(10_000);
    a.keeper.lost('b');
    b.keeper.lost('a');
    await group.pass(5_000);
    allHave(52, a, b);
  });

  it('takes nothing back of what is the appliance’s own and was edited since', async () => {
    const { group, a } = await changed();
    assert.deepEqual((await a.set('priority: 140', 'priority: 150')).errors, []);
    await group.settled();
    group.cut = true;
    a.keeper.lost('b');
    await group.pass(1_500);
    assert.match(a.inForce, /vrid: 51/);
    assert.match(a.inForce, /priority: 150/);
  });

  it('after two changes: both are taken back', async () => {
    const { group, a, b, before } = await changed();
    await b.set('vrid: 52', 'vrid: 53');
    await group.settled();
    allHave(53, a, b);
    b.keeper.lost('a');
    await group.pass(1_500);
    await group.settled();
    assert.deepEqual([a.inForce, b.inForce], before);
  });
});

describe('a disk that cannot be written any more, at each write of a change', () => {
  for (const who of ['a', 'b'] as const) {
    for (const active of [true, false]) {
      for (const [what, nth] of [
        ['file', 1],
        ['state', 1],
        ['state', 2],
      ] as const) {
        for (const code of ['ENOSPC', 'EROFS']) {
          const side = who === 'a' ? 'the author' : 'the other';
          const role = (who === 'a') === active ? 'Active' : 'Backup';
          it(`${side}, ${role}, ${what} ${nth}, ${code}: in force nowhere, and as it was once there is room`, async () => {
            const { group, a, b } = await follow();
            [a.active, b.active] = [active, !active];
            const before = [a.text, b.text];
            let writes = 0;
            group.box(who).disk = (written) => {
              if (written === what) writes += 1;
              if (writes >= nth) throw Object.assign(new Error(code), { code });
            };
            const { errors } = await a.set('vrid: 51', 'vrid: 52');
            assert.match(errors[0]?.found ?? '', new RegExp(code));
            for (let ms = 0; ms < 6_000; ms += 500) await group.pass(500);
            group.box(who).disk = null;
            for (let ms = 0; ms < 20_000; ms += 500) await group.pass(500);
            assert.deepEqual([a.text, b.text], before);
            allHave(51, a, b);
            for (const box of [a, b]) {
              assert.equal(box.keeper.status().unconfirmed, undefined, box.name);
              assert.equal(box.saved?.pending, null, box.name);
            }
            assert.deepEqual((await a.set('vrid: 51', 'vrid: 52')).errors, []);
            await group.settled();
            allHave(52, a, b);
          });
        }
      }
    }
  }
});

describe('killed at any step of a change that is made under follow', () => {
  const settle = async (group: Group): Promise<void> => {
    for (let ms = 0; ms < 20_000; ms += 500) await group.pass(500);
  };

  for (const step of ['intended', 'written', 'applied', 'recorded'] as Step[]) {
    for (const active of [true, false]) {
      for (const first of ['agent', 'service'] as const) {
        it(`its author at "${step}", ${active ? 'Active' : 'Backup'}, ${first} first: all or nothing, on both`, async () => {
          const { group, a, b } = await follow();
          [a.active, b.active] = [active, !active];
          const before = [a.text, b.text];
          a.killAt = step;
          await assert.rejects(a.set('vrid: 51', 'vrid: 52'));
          a.killAt = null;
          for (const text of [a.text, b.text]) assert.match(text, /vrid: 5[12],/);
          b.keeper.lost('a');
          await a.start(first);
          await b.keeper.found('a');
          await b.keeper.told('a', a.announced);
          await settle(group);
          assert.deepEqual([a.text, b.text], before);
          allHave(51, a, b);
          assert.deepEqual([a.state('b'), b.state('a')], ['in-sync', 'in-sync']);
          assert.deepEqual((await a.set('vrid: 51', 'vrid: 52')).errors, []);
          await group.settled();
          allHave(52, a, b);
        });
      }
    }
  }

  for (const step of ['intended', 'written', 'applied', 'recorded'] as Step[]) {
    for (const first of ['agent', 'service'] as const) {
      it(`the other at "${step}", ${first} first: the author is told, and neither has it`, async () => {
        const { group, a, b } = await follow();
        const before = [a.text, b.text];
        b.killAt = step;
        const { errors, restored } = await a.set('vrid: 51', 'vrid: 52');
        assert.match(errors[0]?.found ?? '', /^b: /);
        assert.equal(restored, true);
        b.killAt = null;
        await b.start(first);
        await a.keeper.told('b', b.announced);
        await settle(group);
        assert.deepEqual([a.text, b.text], before);
        allHave(51, a, b);
        assert.ok(told(a).includes('sync-taken-back'));
        assert.deepEqual([a.state('b'), b.state('a')], ['in-sync', 'in-sync']);
      });
    }
  }
});
