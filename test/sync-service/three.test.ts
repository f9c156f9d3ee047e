// Three appliances that follow each other, with keepers joined in memory, in virtual time: one author at a time, one that
// is lost within the ten seconds, one that refuses; and beside appliances that share nothing or know less. Two: follow.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { CONFIRMED_AFTER_MS } from '../../src/sync-service/taking.js';
import { startGroup, type Box, type Group } from './rig.js';
import { NOT_HERE, allHave, three, told } from './follow-scenes.js';

const NAMES = ['a', 'b', 'c'] as const;

const vrid = (box: Box): unknown => box.shared['virtualRouters[lan].vrid'];

/** All have this VRID, as one version, and each knows it of the others. */
function allAgree(value: number, ...boxes: readonly Box[]): void {
  allHave(value, ...boxes);
  for (const box of boxes) {
    for (const other of boxes) if (other !== box) assert.equal(box.state(other.name), 'in-sync');
  }
}

/** Shorter than any wait of a keeper. */
const STEP_MS = 100;

async function pass(group: Group, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= STEP_MS) await group.pass(STEP_MS);
}

const lost = (one: Box, other: Box): void => one.keeper.lost(other.name);

describe('one author at a time', () => {
  for (const active of NAMES) {
    it(`of three at once, ${active} Active: each is done everywhere or refused, and all run with one of them`, async () => {
      const { group, a, b, c, all } = await three();
      for (const box of all) box.active = box.name === active;
      const both = Promise.all([
        a.set('vrid: 51', 'vrid: 52'),
        b.set('vrid: 51', 'vrid: 53'),
        c.set('10.99.0.100/24', '10.99.0.7/24'),
      ]);
      await pass(group, 8_000);
      const outcomes = await both;
      await pass(group, CONFIRMED_AFTER_MS);
      const done = outcomes.filter(({ errors }) => errors.length === 0);
      assert.ok(done.length > 0, JSON.stringify(outcomes));
      for (const { errors, restored } of outcomes) {
        if (errors.length === 0) continue;
        assert.equal(errors[0]?.code, 'changed-meanwhile');
        assert.equal(restored, true);
      }
      allAgree(Number(vrid(a)), ...all);
      // What was said to be done is so, unless one came after it that was done too.
      if (done.length === 1) {
        const author = all[outcomes.findIndex(({ errors }) => errors.length === 0)];
        assert.equal(author?.version?.author, author?.name);
      }
    });
  }

  it('one that is heard and does not answer is waited for, and nothing is changed without its word', async () => {
    const { group, a, b, c, all } = await three();
    c.slow = true;
    group.applied.length = 0;
    const slow = a.set('vrid: 51', 'vrid: 52');
    await pass(group, 3_000);
    const { errors, restored } = await slow;
    assert.equal(errors[0]?.code, 'changed-meanwhile');
    assert.match(errors[0]?.expected ?? '', /^an answer of c in time/);
    assert.equal(restored, true);
    assert.deepEqual(group.applied, []);
    c.slow = false;
    assert.deepEqual((await b.set('vrid: 51', 'vrid: 53')).errors, []);
    await group.settled();
    allAgree(53, ...all);
  });

  it('a second author is told while the first one waits for the last of the three', async () => {
    const { group, a, b, c, all } = await three();
    let go = (): void => undefined;
    const waits = new Promise<void>((resolve) => (go = resolve));
    c.onApplied = () => waits;
    const first = a.set('vrid: 51', 'vrid: 52');
    await group.settled();
    const second = b.set('10.99.0.100/24', '10.99.0.7/24');
    await pass(group, 6_000);
    const outcome = await second;
    assert.equal(outcome.errors[0]?.code, 'changed-meanwhile');
    assert.equal(outcome.restored, true);
    c.onApplied = null;
    go();
    assert.deepEqual((await first).errors, []);
    await group.settled();
    allAgree(52, ...all);
  });
});

describe('the author of a change that is lost within ten seconds', () => {
  const changed = async () => {
    const made = await three();
    const before = made.all.map(({ text }) => text);
    assert.deepEqual((await made.a.set('vrid: 51', 'vrid: 52')).errors, []);
    await made.group.settled();
    return { ...made, before };
  };
  const texts = (all: readonly Box[]): string[] => all.map(({ text }) => text);

  it('by all: all three take it back, and agree when they meet again', async () => {
    const { group, a, b, c, all, before } = await changed();
    group.away.add('a');
    for (const other of [b, c]) {
      lost(a, other);
      lost(other, a);
    }
    await pass(group, 1_500);
    assert.deepEqual(texts(all), before);
    group.away.delete('a');
    for (const other of [b, c]) {
      await a.keeper.told(other.name, other.announced);
      await other.keeper.told('a', a.announced);
    }
    await group.settled();
    allAgree(51, ...all);
    assert.deepEqual((await c.set('vrid: 51', 'vrid: 53')).errors, []);
    await group.settled();
    allAgree(53, ...all);
  });

  for (const who of ['b', 'c'] as const) {
    it(`which only ${who} has noticed: the others take it back too`, async () => {
      const { group, a, all, before } = await changed();
      lost(group.box(who), a);
      await pass(group, 1_500);
      assert.deepEqual(texts(all), before);
      await pass(group, CONFIRMED_AFTER_MS);
      assert.deepEqual(texts(all), before);
      for (const box of all) {
        assert.equal(box.keeper.status().unconfirmed, undefined, box.name);
        assert.ok(
          box.events.some(({ event }) => event === 'sync-taken-back'),
          box.name,
        );
      }
    });
  }

  it('one of those that took it over is lost: the author takes it back, and so does the third', async () => {
    const { group, a, b, c, all, before } = await changed();
    group.away.add('c');
    for (const other of [a, b]) {
      lost(c, other);
      lost(other, c);
    }
    await pass(group, 1_500);
    assert.deepEqual(texts(all), before);
    group.away.delete('c');
    for (const other of [a, b]) {
      await c.keeper.told(other.name, other.announced);
      await other.keeper.told('c', c.announced);
    }
    await group.settled();
    allAgree(51, ...all);
  });

  it('again and again: what is set after that is on all, and no conflict', async () => {
    const { group, a, b, c, all } = await three();
    for (let times = 0; times < 6; times += 1) {
      assert.deepEqual((await a.set('vrid: 51', 'vrid: 52')).errors, []);
      await group.settled();
      lost(times % 2 === 0 ? b : c, a);
      await pass(group, 1_500);
      assert.deepEqual(all.map(vrid), [51, 51, 51]);
      await a.keeper.found('b');
      for (const box of [b, c]) await box.keeper.found('a');
      await pass(group, CONFIRMED_AFTER_MS);
    }
    allAgree(51, ...all);
    assert.deepEqual((await c.set('vrid: 51', 'vrid: 53')).errors, []);
    await group.settled();
    allAgree(53, ...all);
  });

  it('taken back so while the third heard nobody: what the third sets then is followed', async () => {
    const { group, a, b, c, all } = await three();
    group.away.add('c');
    for (const other of [a, b]) {
      lost(c, other);
      lost(other, c);
    }
    for (let times = 0; times < 3; times += 1) {
      assert.deepEqual((await a.set('vrid: 51', 'vrid: 52')).errors, []);
      await group.settled();
      lost(b, a);
      await pass(group, 1_500);
      await b.keeper.found('a');
      await pass(group, CONFIRMED_AFTER_MS);
    }
    assert.deepEqual((await c.set('vrid: 51', 'vrid: 53')).errors, []);
    group.away.delete('c');
    for (const other of [a, b]) {
      await c.keeper.told(other.name, other.announced);
      await other.keeper.told('c', c.announced);
    }
    await pass(group, CONFIRMED_AFTER_MS);
    allAgree(53, ...all);
    for (const box of all) {
      assert.ok(
        box.events.every(({ event }) => event !== 'sync-conflict'),
        box.name,
      );
    }
  });
});

describe('one of three that refuses', () => {
  for (const author of NAMES) {
    for (const refuser of NAMES.filter((name) => name !== author)) {
      it(`${refuser}, what is set on ${author}: it is in force nowhere, and the next change is taken`, async () => {
        const { group, all } = await three();
        const box = group.box(refuser);
        box.refuses = (text) => (text.includes('eth7') ? [NOT_HERE] : []);
        const before = all.map(({ text }) => text);
        group.applied.length = 0;
        const { errors, restored } = await group
          .box(author)
          .set('interface: eth0', 'interface: eth7');
        assert.equal(errors[0]?.expected, `on ${refuser}, an interface of this appliance`);
        assert.equal(restored, true);
        assert.deepEqual(group.applied, []);
        assert.deepEqual(
          all.map(({ text }) => text),
          before,
        );
        const other = NAMES.find((name) => name !== author && name !== refuser);
        assert.deepEqual((await group.box(other ?? 'a').set('vrid: 51', 'vrid: 52')).errors, []);
        await group.settled();
        allAgree(52, ...all);
      });
    }
  }
});

describe('beside an appliance of an older release', () => {
  it('that knows nothing of shared settings: the others share, and whoever sets something is told', async () => {
    const group = await startGroup({ mode: 'follow' }, ['a', 'b'], ['c']);
    const [a, b] = [group.box('a'), group.box('b')];
    for (const box of [a, b]) await box.keeper.told('c', null);
    assert.equal(a.state('c'), 'unknown');
    const [, status] = a.keeper.status().peers;
    assert.equal(status?.detail, 'it does not tell of its shared settings');
    const { errors, remarks } = await a.set('vrid: 51', 'vrid: 52');
    assert.deepEqual(errors, []);
    assert.deepEqual(
      remarks.map(({ message }) => message),
      ['c shares no settings (ha.sync is off there, or it is older): set it there too'],
    );
    await group.settled();
    assert.deepEqual([vrid(a), vrid(b)], [52, 52]);
    const pushed = await a.keeper.push(['c']);
    assert.ok(!pushed.ok && pushed.code === 'no-answer');
  });

  it('that has not been heard since the start: whoever sets something is told that it follows', async () => {
    const group = await startGroup({ mode: 'follow' }, ['a', 'b'], ['c']);
    const { errors, remarks } = await group.box('a').set('vrid: 51', 'vrid: 52');
    assert.deepEqual(errors, []);
    assert.deepEqual(
      remarks.map(({ message }) => message),
      ['c is not heard: it follows when it is'],
    );
  });
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
