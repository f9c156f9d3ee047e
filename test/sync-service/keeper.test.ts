// Shared settings between keepers that are joined in memory: what is seen, taken, refused and taken back, and what a
// kill at each step leaves. Which version is newer: test/sync. TLS and processes: service-process.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { Step } from '../../src/sync-service/change.js';
import { MINE, startGroup, type Box, type Group } from './rig.js';
import { NOT_HERE } from './follow-scenes.js';

const pair = async (
  ...how: Parameters<typeof startGroup>
): Promise<{ group: Group; a: Box; b: Box }> => {
  const group = await startGroup(...how);
  return { group, a: group.box('a'), b: group.box('b') };
};

const same = (a: Box, b: Box): void => {
  assert.deepEqual(a.shared, b.shared);
  assert.equal(a.version?.digest, b.version?.digest);
};

describe('two appliances with ha.sync: offer', () => {
  it('with the same settings are in sync, of one version', async () => {
    const { a, b } = await pair();
    assert.equal(a.state('b'), 'in-sync');
    assert.equal(b.state('a'), 'in-sync');
    assert.deepEqual(a.version, b.version);
  });

  it('after an edit on one both name what differs, and nothing is changed', async () => {
    const { a, b } = await pair();
    const before = b.text;
    await a.edit('vrid: 51', 'vrid: 52');
    assert.equal(a.state('b'), 'differs');
    const [status] = b.keeper.status().peers;
    assert.equal(status?.state, 'differs');
    assert.equal(status?.detail, 'newer there');
    assert.deepEqual(status?.differing, ['virtualRouters[lan].vrid']);
    assert.equal(b.text, before);
    const view = await b.keeper.view();
    assert.deepEqual(view.peers.find(({ name }) => name === 'a')?.differences, [
      { setting: 'virtualRouters[lan].vrid', base: 51, mine: 51, theirs: 52, changed: 'there' },
    ]);
  });

  it('pull takes what is there; what is own, and the comments, stay', async () => {
    const { a, b } = await pair();
    await a.edit('vrid: 51', 'vrid: 52');
    const outcome = await b.keeper.pull('a');
    assert.deepEqual(outcome, { ok: true, detail: 'taken from a: virtualRouters[lan].vrid' });
    same(a, b);
    assert.match(b.inForce, /name: b\n/);
    assert.match(b.inForce, /# mine/);
    assert.equal(a.state('b'), 'in-sync');
    assert.equal(b.events.at(-1)?.event, 'sync-applied');
    assert.equal(b.lastGood, MINE.replace('%', 'b'));
    assert.match((await b.keeper.pull('a')).ok ? 'nothing differs' : '', /nothing differs/);
  });

  it('push has the other take it', async () => {
    const { a, b } = await pair({}, ['a', 'b'], ['c']);
    await a.edit('vrid: 51', 'vrid: 52');
    assert.equal((await a.keeper.push([])).ok, false, 'c is not there');
    assert.deepEqual(await a.keeper.push(['b']), { ok: true, detail: 'b has what is here' });
    same(a, b);
  });

  it('push takes no program there: what runs on an appliance is chosen on it', async () => {
    const { a, b } = await pair();
    const before = b.text;
    await a.edit(
      'virtualRouters:',
      'checks: [{ name: w, type: script, command: [/bin/true] }]\nvirtualRouters:',
    );
    const outcome = await a.keeper.push(['b']);
    assert.ok(!outcome.ok);
    assert.equal(outcome.errors?.[0]?.path, 'checks[w].command');
    assert.equal(b.text, before);
    assert.equal((await b.keeper.pull('a')).ok, true);
    same(a, b);
  });

  it('a peer that nobody knows, and one that does not answer, are told', async () => {
    const { group, a } = await pair();
    const unknown = await a.keeper.pull('x');
    assert.ok(!unknown.ok && unknown.code === 'unknown-peer');
    group.cut = true;
    const silent = await a.keeper.pull('b');
    assert.ok(!silent.ok && silent.code === 'no-answer', JSON.stringify(silent));
  });
});

describe('two orders at once', () => {
  const waited = async (group: Group, orders: readonly Promise<unknown>[]): Promise<void> => {
    let over = false;
    void Promise.all(orders).then(() => (over = true));
    for (let ms = 0; ms < 20_000; ms += 250) await group.pass(250);
    assert.ok(over, 'both have an outcome');
  };

  it('pull twice: it is taken once, and both are told how it stands', async () => {
    const { group, a, b } = await pair();
    await a.edit('vrid: 51', 'vrid: 52');
    const orders = [b.keeper.pull('a'), b.keeper.pull('a')];
    await waited(group, orders);
    assert.deepEqual(await Promise.all(orders), [
      { ok: true, detail: 'taken from a: virtualRouters[lan].vrid' },
      { ok: true, detail: 'nothing differs from a' },
    ]);
    same(a, b);
    assert.equal(group.applied.filter((name) => name === 'b').length, 1);
  });

  it('push on either to the other: nobody waits for ever, and nothing is half done', async () => {
    const { group, a, b } = await pair();
    group.cut = true;
    await a.edit('vrid: 51', 'vrid: 52');
    await b.edit('vrid: 51', 'vrid: 53');
    group.cut = false;
    const orders = [a.keeper.push(['b']), b.keeper.push(['a'])];
    await waited(group, orders);
    const outcomes = await Promise.all(orders);
    for (const outcome of outcomes) {
      assert.ok(outcome.ok || /under way/.test(outcome.message), JSON.stringify(outcome));
    }
    for (const box of [a, b]) assert.equal(box.text, box.inForce, box.name);
    assert.ok((await a.keeper.push(['b'])).ok);
    same(a, b);
  });

  it('pull and set on one appliance: one comes after the other, or is refused', async () => {
    const { group, a, b } = await pair();
    await a.edit('vrid: 51', 'vrid: 52');
    const pulled = b.keeper.pull('a');
    const set = b.set('priority: 140', 'priority: 150');
    await waited(group, [pulled, set]);
    const { errors } = await set;
    assert.ok(
      errors.length === 0 || errors[0]?.code === 'changed-meanwhile',
      JSON.stringify(errors),
    );
    const outcome = await pulled;
    assert.ok(outcome.ok, JSON.stringify(outcome));
    same(a, b);
    assert.equal(b.text.includes('priority: 150'), errors.length === 0);
  });

  it('pull on one while the other is pushed to by it: both are over, and both have one of the two', async () => {
    const { group, a, b } = await pair();
    await a.edit('vrid: 51', 'vrid: 52');
    await waited(group, [b.keeper.pull('a'), a.keeper.push(['b'])]);
    same(a, b);
  });
});

describe('edits on both', () => {
  const apart = async () => {
    const { group, a, b } = await pair();
    group.cut = true;
    await a.edit('vrid: 51', 'vrid: 52');
    await b.edit('10.99.0.100', '10.99.0.7');
    group.cut = false;
    await a.keeper.told('b', b.announced);
    await b.keeper.told('a', a.announced);
    return { group, a, b };
  };

  it('are a conflict: nothing moves, and three columns are shown', async () => {
    const { a, b } = await apart();
    assert.equal(a.state('b'), 'conflict');
    assert.equal(b.state('a'), 'conflict');
    assert.equal(a.events.filter(({ event }) => event === 'sync-conflict').length, 1);
    const view = await a.keeper.view();
    assert.deepEqual(view.peers.find(({ name }) => name === 'b')?.differences, [
      {
        setting: 'virtualRouters[lan].addresses',
        base: ['10.99.0.100/24'],
        mine: ['10.99.0.100/24'],
        theirs: ['10.99.0.7/24'],
        changed: 'there',
      },
      { setting: 'virtualRouters[lan].vrid', base: 51, mine: 52, theirs: 51, changed: 'here' },
    ]);
  });

  it('end when an operator decides, by pull or by push', async () => {
    for (const decide of ['pull', 'push'] as const) {
      const { a, b } = await apart();
      const outcome = await (decide === 'pull' ? b.keeper.pull('a') : a.keeper.push(['b']));
      assert.ok(outcome.ok, JSON.stringify(outcome));
      same(a, b);
      assert.equal(b.state('a'), 'in-sync');
      assert.equal(b.shared['virtualRouters[lan].vrid'], 52);
      // The next edit on either is newer, and no conflict.
      await b.edit('vrid: 52', 'vrid: 53');
      assert.equal(a.state('b'), 'differs');
    }
  });

  it('are a conflict under follow, too', async () => {
    const { group, a, b } = await pair({ mode: 'follow' });
    group.cut = true;
    await a.edit('vrid: 51', 'vrid: 52');
    await b.edit('vrid: 51', 'vrid: 53');
    group.cut = false;
    await a.keeper.told('b', b.announced);
    await b.keeper.told('a', a.announced);
    assert.equal(a.state('b'), 'conflict');
    assert.equal(b.shared['virtualRouters[lan].vrid'], 53);
  });
});

describe('what cannot be taken', () => {
  it('is refused by the receiver, which names it, and changes nothing on either side', async () => {
    const { a, b } = await pair();
    const before = b.text;
    b.refuses = (text) => (text.includes('eth7') ? [NOT_HERE] : []);
    await a.edit('interface: eth0', 'interface: eth7');
    const outcome = await a.keeper.push(['b']);
    assert.ok(!outcome.ok && outcome.code === 'refused');
    assert.deepEqual(outcome.errors, [NOT_HERE]);
    assert.equal(b.text, before);
    assert.equal(b.state('a'), 'refused');
    assert.equal(b.events.at(-1)?.event, 'sync-refused');
  });

  it('is refused where the file was edited and is not in force: no edit is lost', async () => {
    const { a, b } = await pair();
    await a.edit('vrid: 51', 'vrid: 52');
    b.text = b.text.replace('vrid: 51', 'vrid: 99');
    const outcome = await b.keeper.pull('a');
    assert.ok(!outcome.ok && /edited since/.test(outcome.errors?.[0]?.found ?? ''));
    assert.match(b.text, /vrid: 99/);
  });

  it('is not done where the file, read again, is not what was written; what was edited meanwhile stays', async () => {
    const { a, b } = await pair();
    const before = b.version;
    await a.edit('vrid: 51', 'vrid: 52');
    b.onApplied = () => {
      b.onApplied = null;
      b.text = b.text.replace('vrid: 52', 'vrid: 99').replace('priority: 140', 'priority: 150');
    };
    const outcome = await b.keeper.pull('a');
    assert.ok(!outcome.ok && /another digest/.test(outcome.errors?.[0]?.found ?? ''));
    assert.match(b.text, /vrid: 51/);
    assert.match(b.text, /priority: 150/);
    assert.match(b.lastGood, /vrid: 99/);
    assert.equal(b.text, b.inForce);
    assert.deepEqual(b.version, before);
    assert.equal(b.keeper.status().unconfirmed, undefined);
    assert.ok((await b.keeper.pull('a')).ok);
    same(a, b);
  });

  for (const what of ['file', 'state'] as const) {
    for (const code of ['ENOSPC', 'EROFS', 'EACCES']) {
      it(`leaves all as it was when the ${what} cannot be written (${code})`, async () => {
        const { a, b } = await pair();
        const before = [b.text, b.inForce, b.version];
        await a.edit('vrid: 51', 'vrid: 52');
        b.disk = (written) => {
          if (written === what) throw Object.assign(new Error(code), { code });
        };
        const outcome = await b.keeper.pull('a');
        assert.ok(
          !outcome.ok && outcome.errors?.[0]?.found.includes(code),
          JSON.stringify(outcome),
        );
        assert.deepEqual([b.text, b.inForce, b.version], before);
        b.disk = null;
        assert.ok((await b.keeper.pull('a')).ok);
        same(a, b);
      });
    }
  }
});

describe('a peer that is lost', () => {
  it('within ten seconds after a change takes the change back, which is said', async () => {
    const { group, a, b } = await pair();
    const before = b.text;
    await a.edit('vrid: 51', 'vrid: 52');
    await b.keeper.pull('a');
    assert.equal(b.keeper.status().unconfirmed, true);
    await group.pass(9_000);
    b.keeper.lost('a');
    await group.pass(1_500);
    assert.equal(b.text, before);
    assert.equal(b.inForce, before);
    assert.equal(b.events.at(-1)?.event, 'sync-taken-back');
    assert.equal(b.version?.generation, 3);
  });

  it('later takes nothing back', async () => {
    const { group, a, b } = await pair();
    await a.edit('vrid: 51', 'vrid: 52');
    await b.keeper.pull('a');
    await group.pass(10_000);
    assert.equal(b.keeper.status().unconfirmed, undefined);
    b.keeper.lost('a');
    await group.pass(1_500);
    same(a, b);
  });
});

describe('killed at any step of a change', () => {
  for (const step of ['intended', 'written', 'applied', 'recorded'] as Step[]) {
    for (const first of ['agent', 'service'] as const) {
      it(`${step}: the file is as it was, whoever is started again (${first}), and a pull goes through`, async () => {
        const { group, a, b } = await pair();
        const before = b.text;
        await a.edit('vrid: 51', 'vrid: 52');
        b.killAt = step;
        void b.keeper.pull('a');
        await b.until('killed', () => b.announced === null);
        b.killAt = null;
        // Never half of it.
        assert.ok([before, before.replace('vrid: 51', 'vrid: 52')].includes(b.text), b.text);
        await b.start(first);
        await group.settled();
        assert.equal(b.text, before);
        if (first === 'agent') assert.equal(b.inForce, before);
        assert.equal(b.saved?.pending, null);
        assert.notEqual(b.state('a'), 'in-sync');
        const outcome = await b.keeper.pull('a');
        assert.ok(outcome.ok, JSON.stringify(outcome));
        same(a, b);
      });
    }
  }

  it('an appliance that is killed while another waits for its answer leaves that one as it was', async () => {
    const { group, a, b } = await pair();
    await a.edit('vrid: 51', 'vrid: 52');
    b.kill();
    group.cut = true;
    const outcome = await a.keeper.push(['b']);
    assert.ok(!outcome.ok && outcome.code === 'no-answer');
    assert.match(a.inForce, /vrid: 52/);
  });
});
