// A folder with what nginx and the hook nginx-upstream read, on sockets of its own. No test, and no running nginx.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from '../support/test.js';
import { fileURLToPath } from 'node:url';

export const PATH = `${process.env['PATH']}:/usr/local/sbin:/usr/sbin:/sbin`;
/** Why there is nothing to test with; false when there is. */
export const noNginx =
  spawnSync('nginx', ['-v'], { env: { PATH } }).status === 0 ? false : 'nginx is not installed';

export const HOOK = fileURLToPath(
  new URL('../../../scripts/hooks/nginx-upstream', import.meta.url),
);

/** A folder with a main file and, as the file of the hook, `upstreams`; and a log of calls of nginx. */
export function site(t: TestContext, upstreams: string | null) {
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

/** Two servers that follow checks. */
export const pairOf = (path: string): string => `# Written by hand.
upstream web {
    zone web 64k;
    server unix:${path}/one weight=1;\t# checks: web-1
    server "unix:${path}/two" ;  # checks: web-2 disk-2
}
`;
