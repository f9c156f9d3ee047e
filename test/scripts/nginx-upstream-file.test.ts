// What the hook nginx-upstream makes of a file: which lines change, and what it refuses. No running nginx: that
// is nginx-upstream.test.ts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from '../support/test.js';
import { enterNamespace } from '../support/namespace.js';
import { HOOK, noNginx, pairOf, PATH, site } from './nginx-site.js';

const skip = noNginx || enterNamespace(import.meta.url);

describe('nginx-upstream without a running nginx', { skip }, () => {
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
  hash $uri\\;server\\{ consistent;
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

  for (const awk of ['mawk', 'original-awk', 'busybox']) {
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

  test('who may not keep mode and owner of the file changes nothing', (t) => {
    const web = site(t, '');
    writeFileSync(web.file, pairOf(web.path));
    chmodSync(web.file, 0o600);
    const folder = join(web.path, 'bin');
    mkdirSync(folder);
    writeFileSync(join(folder, 'cp'), '#!/bin/sh\nexec cat "$2" >"$3"\n', { mode: 0o755 });
    const { code, said } = web.hook(['web-1'], { PATH: `${folder}:${PATH}` });
    assert.equal(code, 1);
    assert.match(
      said,
      /its owner and mode expected for the new one too, found -rw-r--r-- .* instead of -rw-------/,
    );
    assert.equal(web.read(), pairOf(web.path));
    assert.deepEqual([web.calls(), web.leftovers()], [[], []]);
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
