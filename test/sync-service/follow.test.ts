// Keepers that follow each other, joined in memory: a change is on all or on none, whoever makes it, refuses it, dies in
// it or is lost after it. Which version is newer: test/sync; what operators order: keeper.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { SettingsError } from '../../src/config/errors.js';
import type { Step } from '../../src/sync-service/change.js';
import { digestOf, sharedOf, sorted } from '../../src/sync/shared.js';
import { parse } from 'yaml';
import { startGroup, type Box, type BoxOptions, type Group } from './rig.js';

type Names = readonly string[];

const follow = async (
  options: BoxOptions | ((name: string) => BoxOptions) = { mode: 'follow' },
  names: Names = ['a', 'b'],
): Promise<{ group: Group; a: Box; b: Box }> => {
  const group = await startGroup(options, names);
  const [a, b] = [group.box('a'), group.box('b')];
  a.active = true;
  return { group, a, b };
};

const three = async (): Promise<{ group: Group; a: Box; b: Box; c: Box }> => {
  const made = await follow({ mode: 'follow' }, ['a', 'b', 'c']);
  return { ...made, c: made.group.box('c') };
};

/** All have this VRID in force and in the file, as one version, and each is its own otherwise. */
const allHave = (vrid: number, ...boxes: readonly Box[]): void => {
  for (const box of boxes) {
    assert.equal(box.shared['virtualRouters[lan].vrid'], vrid, box.name);
    assert.equal(box.text, box.inForce, box.name);
    assert.match(box.text, new RegExp(`name: ${box.name}\n`));
    assert.match(box.text, /# mine/);
    assert.equal(box.version?.digest, boxes[0]?.version?.digest, box.name);
  }
};

const told = (box: Box): string[] => box.events.map(({ event }) => event);

const NOT_HERE: SettingsError = {
  path: 'virtualRouters[lan].interface',
  code: 'not-here',
  expected: 'an interface of this appliance',
  found: 'eth7, which it does not have',
  remedy: 'r',
};

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

describe('three appliances', () => {
  it('have a change at once, those that are not Active first', async () => {
    const { group, a, b, c } = await three();
    [a.active, b.active] = [false, true];
    group.applied.length = 0;
    assert.deepEqual((await a.set('vrid: 51', 'vrid: 52')).errors, []);
    assert.deepEqual(group.applied, ['c', 'a', 'b']);
    await group.settled();
    allHave(52, a, b, c);
  });

  it('have it all or none: one that refuses spares the others', async () => {
    const { group, a, b, c } = await three();
    c.refuses = (text) => (text.includes('eth7') ? [NOT_HERE] : []);
    group.applied.length = 0;
    const { errors } = await a.set('interface: eth0', 'interface: eth7');
    assert.match(errors[0]?.expected ?? '', /^on c, /);
    assert.deepEqual(group.applied, []);
    // Nobody waits for what does not come.
    assert.deepEqual((await b.set('vrid: 51', 'vrid: 52')).errors, []);
    await group.settled();
    allHave(52, a, b, c);
  });

  it('leave what one of them could not write: it is taken back where it was', async () => {
    const { group, a, b, c } = await three();
    c.active = true;
    a.active = false;
    c.disk = (what) => {
      if (what === 'file') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    };
    const before = [a.text, b.text, c.text];
    const { errors, restored } = await a.set('vrid: 51', 'vrid: 52');
    assert.match(errors[0]?.found ?? '', /ENOSPC/);
    assert.equal(restored, true);
    c.disk = null;
    await group.settled();
    await group.pass(5_000);
    assert.deepEqual([a.text, b.text, c.text], before);
    allHave(51, a, b, c);
    assert.ok(told(a).includes('sync-taken-back'));
    assert.ok(told(b).includes('sync-taken-back'));
  });

  it('take one author at a time: of two at once one is refused or comes second, and nothing is merged', async () => {
    const { group, a, b, c } = await three();
    const both = Promise.all([
      a.set('vrid: 51', 'vrid: 52'),
      b.set('10.99.0.100/24', '10.99.0.7/24'),
    ]);
    for (let ms = 0; ms < 6_000; ms += 50) await group.pass(50);
    const outcomes = await both;
    const done = outcomes.filter(({ errors }) => errors.length === 0);
    assert.ok(done.length >= 1, JSON.stringify(outcomes));
    for (const { errors, restored } of outcomes) {
      if (errors.length === 0) continue;
      assert.equal(errors[0]?.code, 'changed-meanwhile');
      assert.equal(restored, true);
    }
    assert.equal(a.version?.digest, b.version?.digest);
    assert.equal(a.version?.digest, c.version?.digest);
    for (const box of [a, b, c]) assert.equal(box.text, box.inForce);
  });

  it('take back what its author dies of', async () => {
    const { group, a, b, c } = await three();
    await a.set('vrid: 51', 'vrid: 52');
    await group.settled();
    a.kill();
    b.keeper.lost('a');
    c.keeper.lost('a');
    await group.pass(1_500);
    allHave(51, b, c);
    await a.start();
    await group.settled();
    allHave(51, a, b, c);
  });
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
