// The options of Node that the program needs: said in one place, and had by each way in which it is started. That the
// bundle's programs have them in their first line: bundle.test.ts; that a running agent has them: test/agent.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMMAND, MAIN } from '../../scripts/lab/program.js';
import { ENGINE_OPTIONS } from '../../src/engine/options.js';
import { PROBER_COMMAND } from '../../src/monitors/prober-process.js';
import { SERVICE_COMMAND } from '../../src/sync-service/service-slot.js';
import { describe, it } from '../support/test.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const UNITS = join(ROOT, 'scripts/systemd');

describe('the options of Node', () => {
  it('stand in each line of a unit that starts Node, right behind it', () => {
    const lines = readdirSync(UNITS)
      .filter((name) => name.endsWith('.service'))
      .flatMap((name) => readFileSync(join(UNITS, name), 'utf8').split('\n'))
      .filter((line) => /^Exec\w+=.*bin\/node /.test(line));
    assert.ok(lines.length >= 6, lines.join('\n'));
    const words = ['/usr/lib/understudy/bin/node', ...ENGINE_OPTIONS, '/usr/lib/understudy/dist/'];
    for (const line of lines) {
      const started = line.replace(/^Exec\w+=/, '').replace(/(?<=\/dist\/).*/, '');
      assert.equal(started, words.join(' '), line);
    }
  });

  it('are those of the processes that the agent starts, and of those that the lab does', () => {
    const [main, prober, service] = [COMMAND, PROBER_COMMAND, SERVICE_COMMAND];
    for (const [program, ...rest] of [main, prober, service]) {
      assert.equal(program, process.execPath);
      assert.deepEqual(rest.slice(0, ENGINE_OPTIONS.length), ENGINE_OPTIONS);
      assert.match(rest[ENGINE_OPTIONS.length] ?? '', /\.js$/);
    }
    assert.equal(main.at(-1), MAIN);
  });

  it('and what V8 is told later is told in each process that lives long', () => {
    const places = {
      'agent/agent': 'keepHeapSmall',
      'monitors/prober': 'keepHeapSmallest',
      'sync-service/service': 'keepHeapSmallest',
      'console/console': 'keepHeapSmall',
    };
    for (const [place, told] of Object.entries(places)) {
      const text = readFileSync(join(ROOT, `src/${place}.ts`), 'utf8');
      assert.match(text, new RegExp(`^ *${told}\\(\\);$`, 'm'), place);
    }
  });
});
