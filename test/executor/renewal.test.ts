// How long addresses live: the executor renews their lifetimes in the kernel, as they stand, until its will is done. The
// wire is real: a veth pair in a network namespace.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, test, type TestContext } from '../support/test.js';
import { startExecutor } from '../../src/executor/process.js';
import { address } from '../support/fake-kernel.js';
import { agent, noWire } from './bench.js';
import { linesOf, repeatUntil, until } from '../support/limits.js';
import { lan, sendUntil, willFor } from './silent-agent.js';

const limits = { skip: noWire };

// Each has a network of its own, and mostly waits.
describe('the lifetimes of addresses', { concurrency: 4 }, () => {
  /** What `ip monitor` says of the addresses of these tests, from now on, line by line. */
  async function monitor(
    t: TestContext,
    net: { enter: readonly string[]; run(...argv: string[]): string },
  ) {
    const words = ['stdbuf', '-oL', 'ip', '-o', 'monitor', 'address'];
    const child = spawn('nsenter', [...net.enter, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    const next = linesOf(child.stdout, 'ip monitor');
    await repeatUntil('ip monitor to watch', next(), () =>
      net.run('ip', 'address', 'replace', '10.77.0.1/32', 'dev', 'vb'),
    );
    return async (): Promise<string> => {
      for (;;) {
        const line = await next('a change of an address of the test');
        if (/10\.99\.0\.|2001:db8::/.test(line)) return line;
      }
    };
  }

  const held = (linkIndex: number, text: string, prefixLength = 24) => ({
    linkIndex,
    address: address(text),
    prefixLength,
  });

  test('what stands is renewed, as it stands; what is gone stays gone', limits, async (t) => {
    const net = await lan(t);
    const { linkIndex } = net;
    const add = (...words: string[]) => net.run('ip', 'address', 'replace', ...words, 'dev', 'va');
    add(
      '10.99.0.101/24',
      'label',
      'va:x',
      'metric',
      '77',
      'valid_lft',
      '60',
      'preferred_lft',
      '60',
    );
    add('2001:db8::100/64', 'nodad', 'valid_lft', '60', 'preferred_lft', '0');
    add('10.99.0.102/24', 'valid_lft', '60', 'preferred_lft', '60');
    const executor = await startExecutor({ path: net.executor(), onExit: () => undefined });
    t.after(() => executor.finish({ farewellSent: true }));
    const next = await monitor(t, net);
    executor.setWill(
      willFor(linkIndex, {
        successors: [],
        lifetime: 3600,
        addresses: [
          held(linkIndex, '10.99.0.101'),
          held(linkIndex, '10.99.0.103'),
          held(linkIndex, '2001:db8::100', 64),
        ],
      }),
    );
    const told = [await next(), await next()].join('\n');
    assert.match(told, /10\.99\.0\.101[^]*2001:db8::100/);
    // Renewed from 60: how much of 3600 is over depends on how soon we look.
    const shown = net.shown();
    assert.match(
      shown,
      /10\.99\.0\.101\/24 metric 77 .*va:x\\ +valid_lft 3[3-6]\d\dsec preferred_lft 3/,
    );
    assert.match(
      shown,
      /2001:db8::100\/64 .*deprecated .*valid_lft 3[3-6]\d\dsec preferred_lft 0sec/,
    );
    assert.match(shown, /10\.99\.0\.102\/24 .*valid_lft [1-6]?\dsec/, 'not in the will');
    assert.match(shown, /10\.99\.0\.100\/24 .*valid_lft forever/, 'not in the will');
    assert.doesNotMatch(shown, /10\.99\.0\.103/);
    // The setting is switched off: what expires now is there for ever.
    executor.setWill(
      willFor(linkIndex, { successors: [], addresses: [held(linkIndex, '10.99.0.101')] }),
    );
    assert.match(await next(), /10\.99\.0\.101.*valid_lft forever preferred_lft forever/);
  });

  test(
    'a lifetime is renewed twice before it is over, as long as the executor lives, and not for what was removed',
    limits,
    async (t) => {
      const net = await lan(t);
      const { linkIndex } = net;
      // Long enough for whatever starts meanwhile.
      const first = ['valid_lft', '60', 'preferred_lft', '60', 'dev', 'va'];
      net.run('ip', 'address', 'replace', '10.99.0.101/24', ...first);
      net.run('ip', 'address', 'replace', '10.99.0.102/24', ...first);
      const executor = await startExecutor({ path: net.executor(), onExit: () => undefined });
      const next = await monitor(t, net);
      executor.setWill(
        willFor(linkIndex, {
          lifetime: 3,
          addresses: [held(linkIndex, '10.99.0.101'), held(linkIndex, '10.99.0.102')],
        }),
      );
      assert.match(await next(), /10\.99\.0\.101/);
      assert.match(await next(), /10\.99\.0\.102/);
      net.run('ip', 'address', 'del', '10.99.0.102/24', 'dev', 'va');
      assert.match(await next(), /Deleted.*10\.99\.0\.102/);
      // The kernel's own measure: an address of the same lifetime that nobody renews.
      const measure = ['valid_lft', '3', 'preferred_lft', '3', 'dev', 'va'];
      net.run('ip', 'address', 'add', '10.99.0.103/24', ...measure);
      const seen: string[] = [];
      await until(
        'the end of what is not renewed',
        async () => seen.push(await next()),
        () => /Deleted.*10\.99\.0\.103/.test(seen.at(-1) ?? ''),
      );
      const begun = seen.findIndex((line) => line.includes('10.99.0.103'));
      const renewals = seen.slice(begun + 1, -1);
      assert.ok(renewals.length >= 2, seen.join('\n'));
      for (const line of renewals) assert.match(line, /^(?!Deleted).*10\.99\.0\.101/);
      process.kill(executor.pid, 'SIGKILL');
      const last = await until('an address to be deleted', next, (line) =>
        line.startsWith('Deleted'),
      );
      assert.match(last, /10\.99\.0\.101/);
    },
  );

  test('the addresses of a dead agent are renewed until its will is done', limits, async (t) => {
    const net = await lan(t);
    const { linkIndex } = net;
    const first = ['valid_lft', '60', 'preferred_lft', '60', 'dev', 'va'];
    net.run('ip', 'address', 'replace', '10.99.0.100/24', ...first);
    const will = willFor(linkIndex, { lifetime: 2, addresses: [held(linkIndex, '10.99.0.100')] });
    const victim = await agent(t, will, { path: net.executor() });
    const next = await monitor(t, net);
    const ended = victim.kill();
    for (let renewal = 0; renewal < 5; renewal += 1) {
      assert.match(await next(), /^(?!Deleted).*10\.99\.0\.100/);
    }
    await sendUntil(net.wire, ended);
    assert.equal(net.present(), false);
  });

  test('a renewal that is refused is told once', limits, async (t) => {
    const net = await lan(t);
    const { linkIndex } = net;
    const short = ['valid_lft', '4', 'preferred_lft', '4', 'dev', 'va'];
    net.run('ip', 'address', 'replace', '10.99.0.101/24', ...short);
    const will = willFor(linkIndex, {
      successors: [],
      lifetime: 2,
      addresses: [held(linkIndex, '10.99.0.100'), held(linkIndex, '10.99.0.101')],
    });
    const next = await monitor(t, net);
    const path = net.executor('setpriv', '--inh-caps=-net_admin', '--bounding-set=-net_admin');
    const victim = await agent(t, will, { path });
    assert.match(
      await next(),
      /Deleted.*10\.99\.0\.101/,
      'it expires in spite of several attempts',
    );
    const words = await victim.kill();
    assert.equal(
      words.match(/renewing the addresses: Operation not permitted.*CAP_NET_ADMIN/g)?.length,
      1,
    );
  });
});
