// The C tests beside this file: units of native/ on crafted bytes, built with the compiler's own checks of memory
// and undefined behaviour. What they hold stands in them.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from '../support/test.js';
import { COMPILER, run, SANITIZERS, works } from './compiler.js';

const SOURCES = new URL('../../../test/native/', import.meta.url).pathname;
const FLAGS = ['-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE'];

describe('native units on crafted bytes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-native-'));
  let compiler = false;
  let sanitizers: readonly string[] = [];
  before(async () => {
    compiler = await works(folder, []);
    if (await works(folder, SANITIZERS)) sanitizers = SANITIZERS;
  });
  after(() => rmSync(folder, { recursive: true }));

  const names = readdirSync(SOURCES).filter((name) => name.endsWith('.c'));
  for (const name of names) {
    it(name, async (t) => {
      if (!compiler) return t.skip(`no C compiler (${COMPILER})`);
      if (sanitizers.length === 0) t.diagnostic('without sanitizers: this compiler has none');
      const program = join(folder, name.replace('.c', ''));
      const source = join(SOURCES, name);
      const units = ['deadline_timer.c', 'outgoing.c'].map((unit) =>
        join(SOURCES, '../../native/addon', unit),
      );
      await run(COMPILER, [...FLAGS, ...sanitizers, source, ...units, '-o', program]);
      // Memory that a test program leaves at its end is no fault, and is not looked for under a tracer.
      const environment = {
        ASAN_OPTIONS: 'detect_leaks=0:quarantine_size_mb=8',
        UBSAN_OPTIONS: '',
      };
      await assert.doesNotReject(run(program, [], environment));
      return undefined;
    });
  }

  it('there are some', () => assert.ok(names.length >= 3, names.join()));
});
