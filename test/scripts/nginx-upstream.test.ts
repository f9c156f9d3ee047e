// The hook nginx-upstream with a real nginx on sockets of its own: which servers get requests, what is left
// alone, and what becomes of a configuration that nginx refuses. No understudy.
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { enterNamespace } from '../support/namespace.js';

const PATH = `${process.env['PATH']}:/usr/local/sbin:/usr/sbin:/sbin`;
const noNginx =
  spawnSync('nginx', ['-v'], { env: { PATH } }).status === 0 ? false : 'nginx is not installed';
const skip = noNginx || enterNamespace(import.meta.url);

const HOOK = fileURLToPath(new URL('../../../scripts/hooks/nginx-upstream', import.meta.url));

/** A folder with a main file and, as the file of the hook, `upstreams`; and a log of calls of nginx. */
function site(t: TestContext, upstreams: string | null) {
  const path = mkdtempSync(join(tmpdir(), 'understudy-nginx-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  chmodSync(path, 0o755);
  const file = join(path, 'upstreams.conf');
  const main = join(path, 'nginx.conf');
  const calls = join(path, 'calls');
  if (upstreams !== null) writeFileSync(file, upstreams);
  const server = (name: string, body: string): string =>
    `  server { listen unix:${path}/${name}; access_log off; ${body} }\n`;
  const mainText = (more = ''): string => `user root;
pid ${path}/pid;
error_log ${path}/error.log;
events {}
${more}
http {
  client_body_temp_path ${path}/body; proxy_temp_path ${path}/proxy;
  fastcgi_temp_path ${path}/fastcgi; uwsgi_temp_path ${path}/uwsgi; scgi_temp_path ${path}/scgi;
  include ${file};
${server('front', 'location / { proxy_pass http://web; add_header X-Worker $pid; }')}
${['one', 'two', 'three'].map((name) => server(name, `return 200 ${name};`)).join('')}}
`;
  writeFileSync(main, mainText());
  const program = join(path, 'nginx');
  writeFileSync(program, `#!/bin/sh\necho "$*" >>${calls}\nexec nginx "$@"\n`);
  chmodSync(program, 0o755);
  const environment = {
    PATH,
    UNDERSTUDY_NGINX: program,
    UNDERSTUDY_NGINX_CONF: main,
    UNDERSTUDY_NGINX_UPSTREAMS: file,
  };
  return {
    path,
    file,
    main,
    mainText,
    read: () => readFileSync(file, 'utf8'),
    /** What nginx was called with, in order; the list begins anew. */
    calls: (): string[] => {
      if (!existsSync(calls)) return [];
      const lines = readFileSync(calls, 'utf8').trim().split('\n');
      rmSync(calls);
      return lines.map((line) => line.replace(`-c ${main} `, ''));
    },
    /** Calls the hook with these failed, as the agent does. */
    hook: (failed: readonly string[], more: Record<string, string> = {}) => {
      const { status, stdout, stderr } = spawnSync(HOOK, ['MONITOR', 'x', 'failed'], {
        encoding: 'utf8',
        env: { ...environment, UNDERSTUDY_FAILED: failed.join('\n'), ...more },
      });
      assert.equal(stdout, '');
      return { code: status, said: stderr };
    },
    /** What lies about besides the files that were there. */
    leftovers: () => readdirSync(path).filter((name) => name.includes('understudy')),
  };
}

/** A site whose nginx runs, and whom its front sends requests to. */
async function running(t: TestContext, upstreams: (path: string) => string) {
  let started: ChildProcess | undefined;
  // Named before the removal of its folder, so that it has ended by then.
  t.after(async () => {
    if (started === undefined || started.exitCode !== null || started.signalCode !== null) return;
    started.kill('SIGTERM');
    await once(started, 'close');
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
    new Promise((resolve, reject) => {
      const request = get({ socketPath: join(place.path, 'front'), agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (piece: string) => (body += piece));
        response.once('end', () => resolve({ body, worker: String(response.headers['x-worker']) }));
      });
      request.once('error', reject);
    });
  const workers = (): string =>
    readFileSync(`/proc/${nginx.pid}/task/${nginx.pid}/children`, 'utf8').trim();
  // The process id is written when the sockets stand.
  while (!existsSync(join(place.path, 'pid')) || workers() === '') {
    assert.equal(nginx.exitCode, null, said);
    await new Promise(setImmediate);
  }
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
      for (const worker of before.split(' ')) while (existsSync(`/proc/${worker}`)) await ask();
    },
  };
}

const pairOf = (path: string): string => `# Written by hand.
upstream web {
    zone web 64k;
    server unix:${path}/one weight=1;\t# checks: web-1
    server "unix:${path}/two" ;  # checks: web-2 disk-2
}
`;

describe('nginx-upstream', { skip, timeout: 60_000 }, () => {
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
});

describe('nginx-upstream without a running nginx', { skip, timeout: 60_000 }, () => {
  test('the file is changed all the same, and the call is to be repeated until nginx runs', (t) => {
    const web = site(t, '');
    writeFileSync(web.file, pairOf(web.path));
    for (let call = 0; call < 2; call += 1) {
      const { code, said } = web.hook(['web-1']);
      assert.equal(code, 75, said);
      assert.match(said, /a running nginx expected, found none: start it\./);
      assert.match(web.read(), /one weight=1 down;/);
    }
    // The number of a process that is gone.
    const { pid } = spawnSync('true');
    writeFileSync(join(web.path, 'pid'), `${pid}\n`);
    assert.equal(web.hook(['web-1']).code, 75);
  });

  /** A main file that uses none of the upstreams. */
  const unused = (t: TestContext, text: string) => {
    const web = site(t, text);
    writeFileSync(web.main, web.mainText().replace(/ *server \{ listen .*\n/g, ''));
    return web;
  };

  const marked = (t: TestContext, text: string, failed: string[], more = {}) => {
    const web = unused(t, text);
    const result = web.hook(failed, more);
    return { ...result, text: web.read() };
  };

  const AMONG_OTHERS = `# server 10.0.0.1; # checks: a
upstream web {\r
  server 10.0.0.1 weight=2 max_fails=0;# checks: a\r
  server 10.0.0.2 down; # no checks: a
  server 10.0.0.3; # Checks: a
  server 10.0.0.4;
  keepalive 8; # server x; # checks: a
} upstream "two" { server 10.0.0.5:80; #checks:b a
server 10.0.0.6:80   backup   down ; #\tchecks:\tb
}
upstream three { hash "\${uri}{;#" consistent; server 10.0.0.7;
  server 10.0.0.8; # checks: a
}
map $host $x { "upstream w {" 1; default "server a; # checks: a"; }`;
  /** What becomes of it when `a` has failed. */
  const AMONG_OTHERS_MARKED = AMONG_OTHERS.replace('max_fails=0;', 'max_fails=0 down;')
    .replace('10.0.0.5:80;', '10.0.0.5:80 down;')
    .replace('backup   down ;', 'backup   ;')
    .replace('10.0.0.8;', '10.0.0.8 down;');

  test('only servers that follow checks change, whatever stands around them; not a byte else', (t) => {
    const { code, said, text } = marked(t, AMONG_OTHERS, ['a', 'c']);
    assert.equal(code, 75, said);
    assert.equal(text, AMONG_OTHERS_MARKED);
  });

  for (const awk of ['mawk', 'gawk', 'original-awk', 'busybox']) {
    const program = spawnSync('sh', ['-c', `command -v ${awk}`], {
      encoding: 'utf8',
      env: { PATH },
    });
    const none = program.status === 0 ? false : `${awk} is not installed`;
    test(`where awk is ${awk}`, { skip: none }, (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'understudy-awk-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      symlinkSync(program.stdout.trim(), join(folder, 'awk'));
      const { said, text } = marked(t, AMONG_OTHERS, ['a'], { PATH: `${folder}:${PATH}` });
      assert.equal(text, AMONG_OTHERS_MARKED, said);
    });
  }

  test('a host that is called down is not the parameter', (t) => {
    const text = 'upstream down { server down down;# checks: a\n server down; # checks: b\n}\n';
    const after = 'upstream down { server down;# checks: a\n server down down; # checks: b\n}\n';
    // nginx would ask for its address.
    const asksNobody = { UNDERSTUDY_NGINX: '/bin/true' };
    assert.equal(marked(t, text, ['b'], asksNobody).text, after);
    assert.equal(marked(t, after, ['a'], asksNobody).text, text);
  });

  test('a server that is down by hand is nobody, one without checks is somebody', (t) => {
    const block = (other: string): string =>
      `upstream w {\n server 10.0.0.1; # checks: a\n server 10.0.0.2${other};\n}\n`;
    assert.equal(marked(t, block(' down'), ['a']).text, block(' down'));
    assert.match(marked(t, block(''), ['a']).text, /10\.0\.0\.1 down;/);
    assert.match(marked(t, block(' backup'), ['a']).text, /10\.0\.0\.1 down;/);
  });

  test('while a check is not known yet its server stays as it is', (t) => {
    const text =
      'upstream w {\n server 10.0.0.1 down; # checks: a\n server 10.0.0.2; # checks: b\n' +
      ' server 10.0.0.3; # checks: a c\n server 10.0.0.4 down; # checks: d\n}\n';
    const { text: found } = marked(t, text, ['c'], {
      UNDERSTUDY_UNKNOWN: 'a\nb',
      UNDERSTUDY_OK: 'd',
    });
    assert.equal(
      found,
      text.replace('10.0.0.3;', '10.0.0.3 down;').replace('10.0.0.4 down;', '10.0.0.4;'),
    );
  });

  test('a name that no monitor has: the rest is done, and the name is told', (t) => {
    const text =
      'upstream w {\n server 10.0.0.1; # checks: wbe-1\n server 10.0.0.2; # checks: b\n}\n';
    const web = unused(t, text);
    const more = { UNDERSTUDY_OK: 'web-1', UNDERSTUDY_UNKNOWN: '' };
    assert.equal(web.hook(['b'], more).code, 75);
    assert.match(web.read(), /10\.0\.0\.2 down;/);
    rmSync(`${web.file}.understudy-reload`);
    const { code, said } = web.hook(['b'], more);
    assert.equal(code, 1);
    assert.match(said, /:2: `# checks:` names wbe-1, which is no monitor.*correct the name/);
  });

  test('a link is followed, and stays a link', (t) => {
    const web = site(t, null);
    mkdirSync(join(web.path, 'real'));
    const real = join(web.path, 'real', 'file');
    writeFileSync(real, pairOf(web.path));
    symlinkSync(real, web.file);
    assert.equal(web.hook(['web-1']).code, 75);
    assert.match(readFileSync(real, 'utf8'), /weight=1 down;/);
  });

  const wrong: [string, string | null, Record<string, string>, RegExp][] = [
    [
      'the file is missing',
      null,
      {},
      /a file with upstream blocks expected at .*, found none: create/,
    ],
    [
      'it is empty',
      '',
      {},
      /with `# checks: NAME\.\.\.` at the end of its line expected, found none/,
    ],
    [
      'nothing in it follows checks',
      'upstream w { server a:1; }\n# checks: a\n',
      {},
      /expected, found none: add it to the servers/,
    ],
    [
      'no server stands in front of the comment',
      'upstream w {\n server a:1;\n keepalive 8; # checks: a\n}\n',
      {},
      /:3: one whole `server ADDRESS \.\.\.;` of an upstream expected/,
    ],
    [
      'two stand there',
      'upstream w {\n server a:1; server b:1; # checks: a\n}\n',
      {},
      /:2: .*write each server on a line of its own/,
    ],
    ['half of one', 'upstream w {\n server a:1\n  weight=1; # checks: a\n}\n', {}, /:3: one whole/],
    [
      'one that goes on behind the comment',
      'upstream w {\n server a:1; # checks: a\n server b:1 # checks: b\n;\n}\n',
      {},
      /:3: one whole/,
    ],
    [
      'another statement begins there',
      'upstream w {\n server a:1; keepalive # checks: a\n 8;\n}\n',
      {},
      /:2: one whole/,
    ],
    ['a virtual host', 'server { server x; # checks: a\n}\n', {}, /:1: one whole/],
    ['no name is given', 'upstream w {\n server a:1; # checks:\n}\n', {}, /:2: .*found no name/],
    ['there is no nginx', '', { UNDERSTUDY_NGINX: '/nowhere/nginx' }, /found no program \/nowhere/],
    [
      'the path is relative',
      '',
      { UNDERSTUDY_NGINX_UPSTREAMS: 'up.conf' },
      /an absolute path expected, found: up\.conf/,
    ],
  ];
  for (const [what, text, more, complaint] of wrong) {
    test(`${what}: exit code 1, and nothing is touched`, (t) => {
      const web = site(t, text);
      const { code, said } = web.hook(['a'], more);
      assert.equal(code, 1);
      assert.match(said, complaint);
      assert.deepEqual(web.calls(), []);
      assert.deepEqual(web.leftovers(), []);
      if (text !== null) assert.equal(web.read(), text);
    });
  }

  test('called otherwise than as a monitor hook: usage', () => {
    for (const words of [[], ['INSTANCE', 'lan', 'MASTER', '200'], ['status', 'x']]) {
      const { status, stderr } = spawnSync(HOOK, words, { encoding: 'utf8', env: { PATH } });
      assert.equal(status, 2);
      assert.match(stderr, /MONITOR expected, found/);
    }
    const { status, stderr } = spawnSync(HOOK, ['MONITOR', 'a', 'ok'], {
      encoding: 'utf8',
      env: { PATH },
    });
    assert.equal(status, 2);
    assert.match(stderr, /UNDERSTUDY_FAILED expected/);
  });
});
