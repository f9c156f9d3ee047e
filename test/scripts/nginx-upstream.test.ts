// The hook nginx-upstream with a real nginx on sockets of its own: which servers get requests, and what becomes
// of a configuration that nginx refuses. What it makes of a file: nginx-upstream-file.test.ts. No understudy.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { describe, test, type TestContext } from '../support/test.js';
import { enterNamespace } from '../support/namespace.js';
import { noNginx, pairOf, PATH, site } from './nginx-site.js';
import { eventOf, until, within } from '../support/limits.js';

const skip = noNginx || enterNamespace(import.meta.url);

/** A site whose nginx runs, and whom its front sends requests to. */
async function running(t: TestContext, upstreams: (path: string) => string) {
  let started: ChildProcess | undefined;
  // Named before the removal of its folder, so that it has ended by then.
  t.after(async () => {
    if (started === undefined || started.exitCode !== null || started.signalCode !== null) return;
    started.kill('SIGTERM');
    await eventOf(started, 'close');
  });
  const place = site(t, '');
  writeFileSync(place.file, upstreams(place.path));
  const nginx = spawn('nginx', ['-c', place.main, '-g', 'daemon off;'], {
    env: { PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  started = nginx;
  let said = '';
  nginx.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
  const ask = (): Promise<{ body: string; worker: string }> =>
    within(
      'an answer of nginx',
      new Promise((resolve, reject) => {
        const request = get({ socketPath: join(place.path, 'front'), agent: false }, (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (piece: string) => (body += piece));
          response.once('end', () =>
            resolve({ body, worker: String(response.headers['x-worker']) }),
          );
        });
        request.once('error', reject);
      }),
      () => said,
    );
  const workers = (): string =>
    readFileSync(`/proc/${nginx.pid}/task/${nginx.pid}/children`, 'utf8').trim();
  // The process id is written when the sockets stand.
  await until('nginx and its workers', () => {
    assert.equal(nginx.exitCode, null, said);
    return existsSync(join(place.path, 'pid')) && workers() !== '';
  });
  return {
    ...place,
    workers,
    /** Whom a dozen requests reach, sorted. */
    served: async () => {
      const found = new Set<string>();
      for (let count = 0; count < 12; count += 1) found.add((await ask()).body);
      return [...found].sort();
    },
    /** Waits until none of these workers is left. */
    replaced: async (before: string) => {
      const left = async (): Promise<string[]> => {
        await ask();
        return before.split(' ').filter((worker) => existsSync(`/proc/${worker}`));
      };
      await until('none of the former workers', left, ({ length }) => length === 0, 0);
    },
  };
}

describe('nginx-upstream', { skip }, () => {
  test('a server is marked down and gets no request, and is taken back as it was', async (t) => {
    const web = await running(t, pairOf);
    const original = web.read();
    chmodSync(web.file, 0o640);
    const before = statSync(web.file);
    assert.deepEqual(await web.served(), ['one', 'two']);
    let workers = web.workers();
    assert.deepEqual(web.hook(['disk-2', 'gateway']), { code: 0, said: '' });
    assert.equal(web.read(), original.replace('two" ;', 'two"  down;'));
    await web.replaced(workers);
    assert.deepEqual(await web.served(), ['one']);
    assert.deepEqual(web.calls(), ['-t -q', '-s reload']);
    const { mode, uid, gid } = statSync(web.file);
    assert.deepEqual([mode, uid, gid], [before.mode, before.uid, before.gid]);
    workers = web.workers();
    assert.deepEqual(web.hook([]), { code: 0, said: '' });
    assert.equal(web.read(), original);
    await web.replaced(workers);
    assert.deepEqual(await web.served(), ['one', 'two']);
    assert.deepEqual(web.leftovers(), []);
  });

  test('no change: the file is not written, nginx not asked, its workers are the same', async (t) => {
    const web = await running(t, pairOf);
    const former = web.workers();
    web.hook(['web-1']);
    await web.replaced(former);
    web.calls();
    const before = statSync(web.file, { bigint: true });
    const workers = web.workers();
    assert.deepEqual(web.hook(['web-1', 'elsewhere']), { code: 0, said: '' });
    const after = statSync(web.file, { bigint: true });
    assert.deepEqual([after.ino, after.mtimeNs], [before.ino, before.mtimeNs]);
    assert.deepEqual(web.calls(), []);
    assert.equal(web.workers(), workers);
  });

  test('never nobody: when the checks of all have failed, all stay up', async (t) => {
    const web = await running(t, pairOf);
    const original = web.read();
    const workers = web.workers();
    web.hook(['web-1']);
    await web.replaced(workers);
    const { code, said } = web.hook(['web-1', 'web-2']);
    assert.equal(code, 0);
    assert.match(said, /checks of all servers of upstream web \(line 2\) have failed: all stay up/);
    assert.equal(web.read(), original);
  });

  test('a main file that nginx refuses: the old file is back, nginx goes on, and its words are told', async (t) => {
    const web = await running(t, pairOf);
    const original = web.read();
    const workers = web.workers();
    writeFileSync(web.main, web.mainText('nonsense on;'));
    const { code, said } = web.hook(['web-1']);
    assert.equal(code, 1);
    assert.match(said, /is as it was, since nginx refuses .*unknown directive "nonsense"/);
    assert.equal(web.read(), original);
    assert.deepEqual(web.calls(), ['-t -q']);
    assert.deepEqual(web.leftovers(), []);
    assert.equal(web.workers(), workers);
    writeFileSync(web.main, web.mainText());
    assert.equal(web.hook(['web-1']).code, 0);
    await web.replaced(workers);
    assert.deepEqual(await web.served(), ['two']);
  });

  test('a change that nginx has not read yet, since the hook was killed, is handed over by the next call', async (t) => {
    const web = await running(t, pairOf);
    const workers = web.workers();
    writeFileSync(web.file, web.read().replace('weight=1;', 'weight=1 down;'));
    writeFileSync(`${web.file}.understudy-reload`, '');
    assert.equal(web.hook(['web-1']).code, 0);
    assert.deepEqual(web.calls(), ['-t -q', '-s reload']);
    await web.replaced(workers);
    assert.deepEqual(await web.served(), ['two']);
    assert.deepEqual(web.leftovers(), []);
  });

  test('while nginx refuses its configuration, what it has not read yet stays due', async (t) => {
    const web = await running(t, pairOf);
    const due = `${web.file}.understudy-reload`;
    writeFileSync(due, '');
    writeFileSync(web.main, web.mainText('nonsense on;'));
    for (const [failed, complaint] of [
      [[], /^nginx refuses its configuration: .*unknown directive "nonsense"/],
      [['web-1'], /is as it was, since nginx refuses/],
    ] as const) {
      const { code, said } = web.hook(failed);
      assert.equal(code, 1);
      assert.match(said, complaint);
      assert.deepEqual(web.calls(), ['-t -q']);
      assert.ok(existsSync(due));
    }
    writeFileSync(web.main, web.mainText());
    assert.equal(web.hook([]).code, 0);
    assert.deepEqual(web.calls(), ['-t -q', '-s reload']);
  });

  test('a name that no monitor has is told when the rest is in force', async (t) => {
    const web = await running(t, pairOf);
    const workers = web.workers();
    const { code, said } = web.hook(['web-1'], { UNDERSTUDY_OK: 'web-2', UNDERSTUDY_UNKNOWN: '' });
    assert.equal(code, 1);
    assert.match(said, /names disk-2, which is no monitor/);
    assert.deepEqual(web.leftovers(), []);
    await web.replaced(workers);
    assert.deepEqual(await web.served(), ['two']);
  });
});
