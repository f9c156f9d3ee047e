// The last will: done when the agent dies or finishes, in order, and only then. The wire is real: a
// veth pair in a network namespace.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from '../support/test.js';
import { fileURLToPath } from 'node:url';
import { milliseconds } from '../../src/model/units.js';
import type { LastWill } from '../../src/executor/executor.js';
import { startExecutor } from '../../src/executor/process.js';
import {
  agent,
  directory,
  fifo,
  namespace,
  noWire,
  releaseOnly,
  request,
  shell,
  start,
} from './bench.js';
import { farewell4, farewell6, frame4, frame6, hex, OURS_4, OURS_6 } from './frames.js';
import { FAREWELL_SENT } from './silent-agent.js';
import { address } from '../support/address.js';

const VIP = fileURLToPath(new URL('../../../scripts/vip', import.meta.url));
const MINUTE = milliseconds(60_000);

// --- without a network ----------------------------------------------------------------------------

// Each has an executor and a network of its own, and mostly waits.
describe('the last will', { concurrency: 4 }, () => {
  test('when the agent is killed the release program runs, and the executor ends', async (t) => {
    const released = fifo(t);
    const said = released.read();
    const will = releaseOnly('', {
      release: shell(`read line; echo "$line $WHY" > ${released.path}`, {
        input: 'from stdin\n',
        environment: { WHY: 'and environment' },
      }),
    });
    const victim = await agent(t, will);
    assert.equal(await victim.kill(), '');
    assert.equal(await said, 'from stdin and environment\n');
  });

  test('what ends a whole control group does not end the release program', async (t) => {
    const path = join(directory(), 'released');
    const { executor } = await start(t);
    executor.setWill(releaseOnly(`kill -TERM $$; kill -QUIT $$; echo done > ${path}`));
    const other = await executor.run(shell('kill -TERM $$; echo not ended'));
    assert.deepEqual(other.outcome, { kind: 'signalled', signal: 15 });
    await executor.finish({ farewellSent: true });
    assert.equal(readFileSync(path, 'utf8'), 'done\n');
  });

  test('what the agent had running is gone before the release begins', async (t) => {
    const begun = fifo(t);
    const released = fifo(t);
    const said = released.read();
    const lines = begun.lines();
    const pid = join(directory(), 'pid');
    const will = releaseOnly(
      `kill -0 $(cat ${pid}) && echo alive > ${released.path} || echo gone > ${released.path}`,
    );
    const run = shell(`echo $$ > ${pid}; echo begun > ${begun.path}; exec sleep 1000`);
    const victim = await agent(t, will, { run });
    assert.equal(await lines(), 'begun');
    await victim.kill();
    assert.equal(await said, 'gone\n');
  });

  test('finish is the same path, and resolves when the executor has ended', async (t) => {
    const path = join(directory(), 'released');
    const { executor, exits } = await start(t);
    executor.setWill(releaseOnly(`echo done > ${path}`));
    const running = executor.run(shell('sleep 1000'));
    await executor.finish({ farewellSent: true });
    assert.equal(readFileSync(path, 'utf8'), 'done\n');
    assert.deepEqual(exits, [{ expected: true, message: 'the executor exited with code 0' }]);
    assert.equal((await running).outcome.kind, 'failed');
    assert.equal((await executor.run(shell('true'))).outcome.kind, 'failed');
  });

  test('the last will counts; a cleared one leaves nothing', async (t) => {
    const path = join(directory(), 'released');
    writeFileSync(path, '');
    for (const last of [releaseOnly(`echo second >> ${path}`), null]) {
      const { executor } = await start(t);
      executor.setWill(releaseOnly(`echo first >> ${path}`));
      executor.setWill(last);
      await executor.finish({ farewellSent: false });
    }
    assert.equal(readFileSync(path, 'utf8'), 'second\n');
  });

  test('without a will it ends at once, and takes its programs along', async (t) => {
    const { executor } = await start(t);
    const held = fifo(t);
    const { written, closed } = held.watch();
    void executor.run(shell(`exec 3> ${held.path}; echo x >&3; sleep 1000 & wait`));
    await written;
    await executor.finish({ farewellSent: false });
    await closed;
  });

  test('a release program that hangs is killed, one that fails is quoted', async (t) => {
    const hangs = await agent(
      t,
      releaseOnly('', {
        release: shell('sleep 1000 & wait', { timeout: milliseconds(100) }),
      }),
    );
    assert.match(await hangs.kill(), /release program: killed at its deadline/);
    const fails = await agent(t, releaseOnly('echo because >&2; exit 5'));
    assert.match(await fails.kill(), /release program: exit code 5: because/);
    const missing = await agent(t, releaseOnly('', { release: request(['/nonexistent/vip']) }));
    assert.match(await missing.kill(), /release program: cannot start \/nonexistent\/vip/);
  });

  // --- on the wire ----------------------------------------------------------------------------------

  test(
    'farewell, then the addresses stay until every successor was seen',
    { skip: noWire },
    async (t) => {
      const net = await namespace(t);
      const wire = await net.wire();
      const { linkIndex } = net;
      net.run('ip', 'address', 'replace', '10.99.0.100/24', 'dev', 'va');
      const present = () =>
        net.run('ip', '-o', 'address', 'show', 'dev', 'va').includes('10.99.0.100');
      const victim = await agent(
        t,
        {
          ...releaseOnly(''),
          farewell: [
            { linkIndex, frame: farewell4 },
            { linkIndex, frame: farewell6 },
          ],
          successors: [
            { linkIndex, family: 'ipv4', vrid: 51 },
            { linkIndex, family: 'ipv6', vrid: 51 },
          ],
          keepAtMost: MINUTE,
          release: request([VIP], { input: 'address del 10.99.0.100/24 dev va\n' }),
        },
        { path: net.executor() },
      );
      // From before the agent's death: a peer that was Active once is no successor.
      await wire.send(frame4({}));
      await wire.send(frame6({}));
      const ended = victim.kill();
      assert.equal(await wire.next(), hex(farewell4));
      assert.equal(await wire.next(), hex(farewell6));
      await wire.send(frame6({}));
      for (const decoy of [
        { priority: 0 },
        { vrid: 52 },
        { hopLimit: 254 },
        { first: 0x21 },
        { first: 0x32 },
        { source: OURS_4 },
        { protocol: 17 },
        { fragment: 1 },
      ])
        await wire.send(frame4(decoy));
      await wire.send(frame4({}).subarray(0, 40));
      // Time enough to do the wrong thing: each look takes longer than a release.
      for (let look = 0; look < 20; look += 1) assert.equal(present(), true);
      await wire.send(frame4({}));
      assert.equal(await ended, FAREWELL_SENT);
      assert.equal(present(), false);
    },
  );

  test(
    'the interface was renamed since: what the release program does not find there goes by index',
    { skip: noWire },
    async (t) => {
      const net = await namespace(t);
      const { linkIndex } = net;
      const willed = ['10.99.0.100/24', 'fe80::51/64'];
      for (const one of ['10.99.0.1/24', ...willed]) {
        net.run('ip', 'address', 'add', one, 'dev', 'va', ...(one.includes(':') ? ['nodad'] : []));
      }
      const input = willed.map((one) => `address del ${one} dev va\n`).join('');
      const addresses = willed.map((one) => {
        const [text = '', length] = one.split('/');
        return { linkIndex, address: address(text), prefixLength: Number(length) };
      });
      const will = { ...releaseOnly(''), release: request([VIP], { input }), addresses };
      const victim = await agent(t, will, { path: net.executor() });
      net.run('ip', 'link', 'set', 'va', 'down');
      net.run('ip', 'link', 'set', 'va', 'name', 'lan0');
      const said = await victim.kill();
      const left = net.run('ip', '-o', 'address', 'show', 'dev', 'lan0');
      assert.deepEqual(
        ['10.99.0.1/24', ...willed].filter((one) => left.includes(` ${one} `)),
        ['10.99.0.1/24'],
      );
      assert.match(said, /stood after the release program had ended/);
    },
  );

  test('an IPv6 decoy is no successor either', { skip: noWire }, async (t) => {
    const net = await namespace(t);
    const wire = await net.wire();
    const path = join(directory(), 'released');
    writeFileSync(path, '');
    const { linkIndex } = net;
    const victim = await agent(
      t,
      {
        ...releaseOnly(''),
        farewell: [{ linkIndex, frame: farewell6 }],
        successors: [{ linkIndex, family: 'ipv6', vrid: 51 }],
        keepAtMost: MINUTE,
        release: shell(`echo released > ${path}`),
      },
      { path: net.executor() },
    );
    const ended = victim.kill();
    assert.equal(await wire.next(), hex(farewell6));
    for (const decoy of [{ priority: 0 }, { vrid: 52 }, { hopLimit: 254 }, { source: OURS_6 }]) {
      await wire.send(frame6(decoy));
    }
    await wire.send(frame4({}));
    for (let look = 0; look < 10; look += 1) {
      net.run('true');
      assert.equal(readFileSync(path, 'utf8'), '');
    }
    await wire.send(frame6({}));
    await ended;
    assert.equal(readFileSync(path, 'utf8'), 'released\n');
  });

  test(
    'when nobody succeeds, the addresses are kept for the time of the will',
    { skip: noWire },
    async (t) => {
      const net = await namespace(t);
      const released = fifo(t);
      const said = released.read();
      const { linkIndex } = net;
      const will: LastWill = {
        ...releaseOnly(`echo released > ${released.path}`),
        successors: [{ linkIndex, family: 'ipv4', vrid: 51 }],
        keepAtMost: milliseconds(300),
      };
      const victim = await agent(t, will, { path: net.executor() });
      const before = performance.now();
      await victim.kill();
      // Never early; how late is the scheduler's business.
      assert(performance.now() - before >= 299);
      assert.equal(await said, 'released\n');
    },
  );

  test('finish with the farewell sent does not send it again', { skip: noWire }, async (t) => {
    const net = await namespace(t);
    const wire = await net.wire();
    const { linkIndex } = net;
    const finishing = async (farewellSent: boolean, vrid: number): Promise<void> => {
      const executor = await startExecutor({ path: net.executor(), onExit: () => undefined });
      const frame = frame4({ priority: 0, source: OURS_4, vrid });
      executor.setWill({ ...releaseOnly('true'), farewell: [{ linkIndex, frame }] });
      await executor.finish({ farewellSent });
    };
    await finishing(true, 1);
    await finishing(false, 2);
    // Had the first one spoken, its frame would come first.
    assert.equal(await wire.next(), hex(frame4({ priority: 0, source: OURS_4, vrid: 2 })));
  });

  test(
    'a will is replaced often: its listeners stay, unneeded ones go',
    { skip: noWire },
    async (t) => {
      const net = await namespace(t);
      const executor = await startExecutor({ path: net.executor(), onExit: () => undefined });
      t.after(() => executor.finish({ farewellSent: true }));
      const { linkIndex } = net;
      const sockets = async (): Promise<number> => {
        const counted = await executor.run(
          shell(`ls -l /proc/${executor.pid}/fd | grep -c socket:`),
        );
        return Number(counted.stdout);
      };
      const groups = () => net.run('ip', 'maddress', 'show', 'dev', 'va');
      const none = await sockets();
      for (let time = 0; time < 50; time += 1) {
        executor.setWill({
          ...releaseOnly('true'),
          successors: [51, 52, 53].flatMap((vrid) => [
            { linkIndex, family: 'ipv4' as const, vrid },
            { linkIndex, family: 'ipv6' as const, vrid },
          ]),
        });
      }
      // IPv4, IPv6, and ARP for what is announced.
      assert.equal(await sockets(), none + 3);
      assert.match(groups(), /224\.0\.0\.18[\s\S]*ff02::12/);
      executor.setWill(null);
      assert.equal(await sockets(), none);
      assert.doesNotMatch(groups(), /224\.0\.0\.18|ff02::12/);
    },
  );

  test(
    'without CAP_NET_RAW it says so, waits the full time and still releases',
    { skip: noWire },
    async (t) => {
      const net = await namespace(t);
      const released = fifo(t);
      const said = released.read();
      const { linkIndex } = net;
      const path = net.executor('setpriv', '--inh-caps=-net_raw', '--bounding-set=-net_raw');
      const victim = await agent(
        t,
        {
          ...releaseOnly(`echo released > ${released.path}`),
          farewell: [{ linkIndex, frame: farewell4 }],
          successors: [{ linkIndex, family: 'ipv4', vrid: 51 }],
          keepAtMost: milliseconds(200),
        },
        { path },
      );
      const before = performance.now();
      const words = await victim.kill();
      assert(performance.now() - before >= 199);
      assert.match(
        words,
        /cannot listen for every successor \(Operation not permitted\).*CAP_NET_RAW/,
      );
      assert.match(words, /not every farewell advertisement was sent/);
      assert.equal(await said, 'released\n');
    },
  );

  test('a link that vanished does not stop the release', { skip: noWire }, async (t) => {
    const net = await namespace(t);
    const { linkIndex } = net;
    const victim = await agent(
      t,
      {
        ...releaseOnly('true'),
        farewell: [{ linkIndex, frame: farewell4 }],
        successors: [{ linkIndex, family: 'ipv4', vrid: 51 }],
        keepAtMost: milliseconds(200),
      },
      { path: net.executor() },
    );
    net.run('ip', 'link', 'delete', 'va');
    assert.match(await victim.kill(), /not every farewell .* was sent: No such device/);
  });
});
