// How the addon dies: with everything open, in a worker, inside a callback; and that it is missed
// with a useful error. Each case is a process of its own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { before, describe, it } from '../support/test.js';
import { WAIT_LIMIT_MS } from '../support/limits.js';
import { enterNamespace, joinPeer } from '../support/namespace.js';

const skip = enterNamespace(import.meta.url);
const KERNEL = new URL('../../src/kernel/', import.meta.url);

/** Opens one of each; `timer` expires when armed, and runs `onExpired`. */
const PRELUDE = `
  const { openKernel } = await import(${JSON.stringify(new URL('native.js', KERNEL).href)});
  const kernel = openKernel();
  let onExpired = () => {};
  const watch = kernel.openNetworkWatch(() => watch.receive(() => {}));
  const link = [...watch.links.values()].find(({ name }) => name === 'lan');
  const all = [
    watch,
    kernel.openAdvertisementSocket('ipv4', link, () => {}),
    kernel.openAdvertisementSocket('ipv6', link, () => {}),
    kernel.openAnnouncer(),
    { close: () => lock.release() },
  ];
  const lock = kernel.lockFile(process.env.LOCK);
  const timer = kernel.openDeadlineTimer(() => onExpired());
  all.push(timer);
  const closeAll = () => { for (const one of all) one.close(); };
`;

interface Outcome {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(script: string, ...options: string[]): Outcome {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-'));
  const result = spawnSync(
    process.execPath,
    [...options, '--input-type=module', '-e', PRELUDE + script],
    {
      encoding: 'utf8',
      env: { ...process.env, LOCK: join(folder, 'lock') },
      timeout: WAIT_LIMIT_MS,
    },
  );
  rmSync(folder, { recursive: true });
  const { status, signal, stdout, stderr } = result;
  return { status, signal, stdout, stderr };
}

const quiet = (stdout: string): Outcome => ({ status: 0, signal: null, stdout, stderr: '' });

/** The script in a worker; the main thread waits for the worker's end. */
const inWorker = (script: string, then = ''): string => `
  const { Worker } = await import('node:worker_threads');
  closeAll();
  const code = ${JSON.stringify(PRELUDE + script)};
  const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(code)));
  worker.on('error', (error) => console.log('error', error.message));
  worker.on('exit', () => console.log('worker ended'));
  ${then}
`;

describe('life stages', { skip }, () => {
  before(joinPeer);

  it('exits with everything open', () => {
    assert.deepEqual(run(`console.log('open'); process.exit(0);`), quiet('open\n'));
  });

  it('ends by itself once everything is closed, and not before', () => {
    const script = `
      onExpired = () => { console.log('closing'); closeAll(); };
      timer.arm(kernel.now() + 50_000);
      process.on('exit', () => console.log('end'));`;
    assert.deepEqual(run(script), quiet('closing\nend\n'));
  });

  it('is kept alive by a timer alone, even one that nobody holds', () => {
    const script = `
      closeAll();
      (() => {
        const other = kernel.openDeadlineTimer(() => { console.log('fired'); other.close(); });
        other.arm(kernel.now() + 50_000);
      })();
      gc();`;
    assert.deepEqual(run(script, '--expose-gc'), quiet('fired\n'));
  });

  it('frees what was closed and collected', () => {
    const script = `
      closeAll();
      for (let round = 0; round < 2000; round += 1) {
        const some = kernel.openDeadlineTimer(() => {});
        some.arm(kernel.now());
        some.close();
        if (round % 100 === 0) { gc(); await new Promise(setImmediate); }
      }
      const { readdirSync } = await import('node:fs');
      console.log(readdirSync('/proc/self/fd').length < 60 ? 'few' : 'leak');`;
    assert.deepEqual(run(script, '--expose-gc'), quiet('few\n'));
  });

  it('has every descriptor close on exec and non-blocking', () => {
    const script = `
      const { readdirSync, readFileSync, readlinkSync } = await import('node:fs');
      for (const fd of readdirSync('/proc/self/fd')) {
        let target = '';
        try { target = readlinkSync('/proc/self/fd/' + fd); } catch { continue; }
        if (!/timerfd|lock$|^socket/.test(target)) continue;
        const flags = parseInt(/flags:\\s+(\\d+)/.exec(readFileSync('/proc/self/fdinfo/' + fd))[1], 8);
        const wanted = 0o2000000 | 0o4000;
        if (fd > 2) console.log((flags & wanted) === wanted ? 'good' : target + ' ' + flags.toString(8));
      }
      closeAll();`;
    assert.deepEqual(run(script), quiet('good\n'.repeat(6)));
  });

  it('makes an error thrown by a callback an uncaught exception', () => {
    const thrown = run(`onExpired = () => { throw new Error('on purpose'); }; timer.arm(0);`);
    assert.equal(thrown.status, 1);
    assert.match(thrown.stderr, /Error: on purpose/);
    const caught = run(`
      process.on('uncaughtException', (error) => { console.log(error.message); closeAll(); });
      onExpired = () => { throw new Error('on purpose'); };
      timer.arm(0);`);
    assert.deepEqual(caught, quiet('on purpose\n'));
  });

  it('survives that exception: the timer fires again', () => {
    const script = `
      let count = 0;
      process.on('uncaughtException', () => { timer.arm(0); });
      onExpired = () => {
        count += 1;
        if (count < 3) throw new Error('on purpose');
        console.log(count);
        closeAll();
      };
      timer.arm(0);`;
    assert.deepEqual(run(script), quiet('3\n'));
  });

  it('runs promises and ticks after a callback', () => {
    const script = `
      onExpired = () => {
        process.nextTick(() => console.log('tick'));
        Promise.resolve().then(() => { console.log('promise'); closeAll(); });
      };
      timer.arm(0);`;
    assert.deepEqual(run(script), quiet('tick\npromise\n'));
  });

  it('works in a worker that ends by itself', () => {
    const script = `onExpired = () => { console.log('fired'); closeAll(); }; timer.arm(0);`;
    assert.deepEqual(run(inWorker(script)), quiet('fired\nworker ended\n'));
  });

  it('lets a worker be terminated, or exit, with everything open', () => {
    const terminated = inWorker(
      `const { parentPort } = await import('node:worker_threads'); parentPort.postMessage('open');`,
      `worker.on('message', () => void worker.terminate());`,
    );
    assert.deepEqual(run(terminated), quiet('worker ended\n'));
    const exits = `onExpired = () => process.exit(0); timer.arm(0);`;
    assert.deepEqual(run(inWorker(exits)), quiet('worker ended\n'));
  });

  it('gives back the descriptors of a worker that was terminated', () => {
    const script = inWorker(
      `onExpired = () => process.exit(0); timer.arm(0);`,
      `worker.on('exit', () => {
        console.log(kernel.lockFile(process.env.LOCK) === null ? 'still locked' : 'free');
        process.exit();
      });`,
    );
    assert.deepEqual(run(script), quiet('worker ended\nfree\n'));
  });

  it('makes an error thrown in a worker the error of the worker', () => {
    const script = `onExpired = () => { throw new Error('on purpose'); }; timer.arm(0);`;
    assert.deepEqual(run(inWorker(script)), quiet('error on purpose\nworker ended\n'));
  });

  it('refuses handles and arguments that are none, without a crash', () => {
    const script = `
      const { loadAddon } = await import(${JSON.stringify(new URL('addon.js', KERNEL).href)});
      closeAll();
      const addon = loadAddon();
      const announcer = addon.openAnnouncer();
      const attempts = [
        () => addon.arm(announcer, 0),
        () => addon.arm({}, 0),
        () => addon.arm(),
        () => addon.receivePackets(announcer, new ArrayBuffer(8), 1),
        () => addon.sendBatch(announcer, new ArrayBuffer(8), 1),
        () => addon.sendBatch(announcer, new Int32Array([9, 9, 0, 0]).buffer, -1),
        () => addon.sendBatch(announcer, Int32Array.from({ length: 12 }, () => 1000).buffer, 1),
        () => addon.openAdvertisementSocket(4, 1, 'x'.repeat(100), () => {}),
        () => addon.openAdvertisementSocket(4, 1, 'l\\0o', () => {}),
        () => addon.openDeadlineTimer(),
        () => addon.sendDatagram(1, 2),
        () => addon.lockFile('x'.repeat(5000)),
        () => addon.close(null),
      ];
      for (const attempt of attempts) {
        try { attempt(); console.log('accepted', String(attempt)); }
        catch (error) { if (!(error instanceof TypeError || error instanceof RangeError)) throw error; }
      }
      addon.close(announcer);
      console.log('done');`;
    assert.deepEqual(run(script), quiet('done\n'));
  });

  it('says how to build the addon when it is missing', () => {
    const root = mkdtempSync(join(tmpdir(), 'understudy-'));
    const path = join(root, 'dist', 'src', 'kernel', 'addon.js');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
    copyFileSync(fileURLToPath(new URL('addon.js', KERNEL)), path);
    const script = `const { loadAddon } = await import(${JSON.stringify(path)}); loadAddon();`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    rmSync(root, { recursive: true });
    assert.equal(status, 1);
    assert.match(stderr, /expected at .*build\/Release\/understudy\.node/);
    assert.match(stderr, /run "npm run build:native"/);
  });
});
