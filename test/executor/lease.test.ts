// The lease: what the executor does about an agent that lives and is silent. Silence is SIGSTOP, the wire is real: a veth pair in a network namespace.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from '../support/test.js';
import { startExecutor } from '../../src/executor/process.js';
import { milliseconds } from '../../src/model/units.js';
import { agent, directory, fifo, noWire, shell } from './bench.js';
import { farewell4, frame4, hex, OURS_4 } from './frames.js';
import { atLeast, scaled, until } from '../support/limits.js';
import { stopped } from '../support/process-state.js';
import {
  FAREWELL_SENT,
  lan,
  LONG,
  sendUntil,
  silence,
  successor,
  VIP,
  willFor,
} from './silent-agent.js';

const limits = { skip: noWire };

// Each has a network of its own, and mostly waits.
describe('the lease', { concurrency: 4 }, () => {
  test(
    'a successor heard in its silence ends the lease: the addresses go, and it learns of it',
    limits,
    async (t) => {
      const net = await lan(t);
      const released = fifo(t);
      const said = released.read();
      const will = willFor(net.linkIndex, {
        release: shell(`${VIP} < /dev/stdin; echo released > ${released.path}`, {
          input: 'address del 10.99.0.100/24 dev va\n',
        }),
      });
      const victim = await agent(t, will, { path: net.executor() });
      victim.signal('SIGSTOP');
      await sendUntil(net.wire, said);
      assert.equal(net.present(), false);
      victim.signal('SIGCONT');
      assert.deepEqual([await victim.next(), await victim.next()].toSorted(), ['revoked', 'told']);
      // It went on serving, and there is no will any more.
      assert.ok(existsSync(`/proc/${victim.executorPid}`));
      const words = await victim.kill();
      assert.match(words, /silent for \d+ ms and another router is Active: its lease has lapsed/);
      assert.equal(await said, 'released\n');
    },
  );

  test(
    'an agent that lives is not affected by anybody, nor one that was silent and woke',
    limits,
    async (t) => {
      const net = await lan(t);
      const listenAfter = scaled(1_000);
      const will = willFor(net.linkIndex, {
        lease: silence({ listenAfter: milliseconds(listenAfter) }),
      });
      const victim = await agent(t, will, { path: net.executor() });
      for (let time = 0; time < 20; time += 1) await net.wire.send(frame4({}));
      victim.signal('SIGSTOP');
      await atLeast(listenAfter);
      // The executor listens now, or in a moment; what it hears is no successor of ours.
      for (const decoy of [{ priority: 0 }, { vrid: 52 }, { hopLimit: 254 }, { source: OURS_4 }]) {
        for (let time = 0; time < 50; time += 1) await net.wire.send(frame4(decoy));
        await atLeast(100);
      }
      victim.signal('SIGCONT');
      await victim.alive();
      for (let time = 0; time < 20; time += 1) await net.wire.send(frame4({}));
      assert.equal(net.present(), true);
      const ended = victim.kill();
      assert.equal(await net.wire.next(), hex(farewell4), 'the first that it says is at its death');
      await sendUntil(net.wire, ended);
      assert.equal(await ended, FAREWELL_SENT);
      assert.equal(net.present(), false);
    },
  );

  test(
    'an agent that woke and died before the executor looked again: who was heard meanwhile is no successor',
    limits,
    async (t) => {
      const net = await lan(t);
      const after = milliseconds(scaled(1_500));
      const lease = silence({ listenAfter: after, farewellAfter: after });
      const victim = await agent(t, willFor(net.linkIndex, { lease }), { path: net.executor() });
      victim.signal('SIGSTOP');
      assert.equal(await net.wire.next(), hex(farewell4), 'it listens');
      process.kill(victim.executorPid, 'SIGSTOP');
      victim.signal('SIGCONT');
      await victim.alive();
      for (let time = 0; time < 3; time += 1) await net.wire.send(frame4({}));
      const ended = victim.kill();
      await victim.ended;
      process.kill(victim.executorPid, 'SIGCONT');
      const first = await Promise.race([net.wire.next(), ended.then(() => 'its end')]);
      assert.equal(first, hex(farewell4), 'the farewell of its death');
      await sendUntil(net.wire, ended);
      assert.equal(net.present(), false);
    },
  );

  test(
    'an agent that dies in its silence as a successor is heard: no farewell, and the executor says why',
    limits,
    async (t) => {
      const net = await lan(t);
      const victim = await agent(t, willFor(net.linkIndex), { path: net.executor() });
      victim.signal('SIGSTOP');
      // The filter of the executor's socket takes 128 bytes as soon as it listens.
      await until(
        'a packet filter that is open',
        () => net.run('ss', '-0', '-n', '--bpf'),
        (seen) => seen.includes('0x06 0 0 128'),
      );
      process.kill(victim.executorPid, 'SIGSTOP');
      // Else it may be told of the packet alone, and read it before it is told of the end.
      await stopped(victim.executorPid);
      await net.wire.send(frame4({}));
      const ended = victim.kill();
      await victim.ended;
      process.kill(victim.executorPid, 'SIGCONT');
      const said =
        'understudy-exec: the agent has ended, and another router is Active already: no farewell\n';
      assert.equal(await ended, said);
      await net.wire.send(frame4({ vrid: 7 })); // what came before it has been read
      assert.equal(net.wire.heard(), undefined);
      assert.equal(net.present(), false);
    },
  );

  test(
    'without a successor: farewell, the addresses stay, and the agent is killed',
    limits,
    async (t) => {
      const net = await lan(t);
      const lease = silence({
        farewellAfter: milliseconds(scaled(200)),
        // Long enough for a look between the farewell and this.
        killAfter: milliseconds(scaled(2_500)),
      });
      const keepAtMost = milliseconds(300);
      const victim = await agent(t, willFor(net.linkIndex, { lease, keepAtMost }), {
        path: net.executor(),
      });
      victim.signal('SIGSTOP');
      assert.equal(await net.wire.next(), hex(farewell4));
      assert.equal(net.present(), true);
      assert.deepEqual(await victim.ended, [null, 'SIGKILL']);
      const words = await victim.lastWords();
      const [, killedAfter] = /silent for (\d+) ms: killing/.exec(words) ?? [];
      assert.ok(Number(killedAfter) >= scaled(2_500), words);
      assert.match(
        words,
        /farewell sent; the addresses stay[^]*killing process \d+, so that it is started/,
      );
      assert.equal(net.present(), false);
      await net.wire.send(frame4({ vrid: 7 }));
    },
  );

  test(
    'an agent whose wake-up takes long is silent and is not killed as long as it gets on',
    limits,
    async (t) => {
      const net = await lan(t);
      const killAfter = scaled(3_000);
      const lease = silence({
        farewellAfter: milliseconds(scaled(200)),
        killAfter: milliseconds(killAfter),
      });
      const keepAtMost = milliseconds(300);
      const victim = await agent(t, willFor(net.linkIndex, { lease, keepAtMost }), {
        path: net.executor(),
      });
      await victim.wakeUpLong();
      assert.equal(
        await net.wire.next(),
        hex(farewell4),
        'what is due is not done: that is silence',
      );
      // Longer than a silence may last.
      await atLeast(killAfter);
      assert.equal(victim.signal('SIGSTOP'), true, 'it is still there');
      assert.deepEqual(await victim.ended, [null, 'SIGKILL']);
      assert.match(await victim.lastWords(), /silent for \d+ ms: killing/);
    },
  );

  test(
    'of two virtual routers, the one without a successor is asked for, and both are waited for',
    limits,
    async (t) => {
      const net = await lan(t);
      const { linkIndex } = net;
      const other = frame4({ priority: 0, source: OURS_4, vrid: 60 });
      const victim = await agent(
        t,
        willFor(linkIndex, {
          farewell: [
            { linkIndex, frame: farewell4 },
            { linkIndex, frame: other },
          ],
          successors: [successor(linkIndex), successor(linkIndex, 60)],
        }),
        { path: net.executor() },
      );
      victim.signal('SIGSTOP');
      const farewell = await until('a farewell', async () => {
        await net.wire.send(frame4({}));
        return net.wire.heard();
      });
      assert.equal(farewell, hex(other));
      for (let look = 0; look < 10; look += 1) assert.equal(net.present(), true);
      await net.wire.send(frame4({ vrid: 60 }));
      await until('the address to be gone', () => !net.present());
      victim.signal('SIGCONT');
      assert.deepEqual([await victim.next(), await victim.next()].toSorted(), ['revoked', 'told']);
      await victim.kill();
    },
  );

  test(
    'what it had running when the lease lapsed is killed before the release',
    limits,
    async (t) => {
      const net = await lan(t);
      const begun = fifo(t);
      const released = fifo(t);
      const said = released.read();
      const lines = begun.lines();
      const pid = join(directory(), 'pid');
      const will = willFor(net.linkIndex, {
        release: shell(
          `kill -0 $(cat ${pid}) && echo alive > ${released.path} || echo gone > ${released.path}`,
        ),
      });
      const run = shell(`echo $$ > ${pid}; echo begun > ${begun.path}; exec sleep 1000`, {
        timeout: LONG,
      });
      const victim = await agent(t, will, { path: net.executor(), run });
      assert.equal(await lines(), 'begun');
      victim.signal('SIGSTOP');
      await sendUntil(net.wire, said);
      assert.equal(await said, 'gone\n');
      victim.signal('SIGCONT');
      const heard = [await victim.next(), await victim.next(), await victim.next()].toSorted();
      assert.deepEqual(heard, ['revoked', 'told', '{"kind":"signalled","signal":9}']);
      await victim.kill();
    },
  );

  test('an agent that dies while the release runs: it runs to its end', limits, async (t) => {
    const net = await lan(t);
    const begun = fifo(t);
    const go = fifo(t);
    const path = join(directory(), 'released');
    const said = begun.read();
    const will = willFor(net.linkIndex, {
      release: shell(`echo begun > ${begun.path}; read line < ${go.path}; echo done > ${path}`),
    });
    const victim = await agent(t, will, { path: net.executor() });
    victim.signal('SIGSTOP');
    await sendUntil(net.wire, said);
    const ended = victim.kill();
    await victim.ended;
    go.release(1);
    await ended;
    assert.equal(readFileSync(path, 'utf8'), 'done\n');
  });

  test('for how long it was stopped itself is not held against the agent', limits, async (t) => {
    const net = await lan(t);
    const lease = silence({ farewellAfter: milliseconds(scaled(1_000)) });
    const victim = await agent(t, willFor(net.linkIndex, { lease }), { path: net.executor() });
    process.kill(victim.executorPid, 'SIGSTOP');
    victim.signal('SIGSTOP');
    await atLeast(scaled(1_500));
    const woken = performance.now();
    process.kill(victim.executorPid, 'SIGCONT');
    assert.equal(await net.wire.next(), hex(farewell4));
    // It planned to look after 100 ms of silence, and was stopped by then: of the rest most is left, however
    // long the agent had been kept waiting before.
    const waited = performance.now() - woken;
    assert.ok(waited >= scaled(1_000) - 800, `${waited} ms`);
    const ended = victim.kill();
    await sendUntil(net.wire, ended);
  });

  test('without the memory there is no silence', limits, async (t) => {
    const net = await lan(t);
    const executor = await startExecutor({ path: net.executor(), onExit: () => undefined });
    executor.setWill(willFor(net.linkIndex, { lease: silence({ killAfter: milliseconds(1) }) }));
    await executor.run(shell('sleep 0.3'));
    assert.equal(net.present(), true);
    const ended = executor.finish({ farewellSent: true });
    await sendUntil(net.wire, ended);
  });
});
