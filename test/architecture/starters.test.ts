// Which test files start processes: by what they import, not by what they are called. scripts/test runs those apart.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { importsIn, startersIn, testTexts } from '../support/starters.js';

describe('the test files that start processes', () => {
  it('are those that import what does, over any number of files, but for types', () => {
    const texts = new Map([
      ['test/a/starts.ts', "import { spawn } from 'node:child_process';\n"],
      ['test/a/between.ts', "import {\n  one,\n  type Two,\n} from './starts.js';\n"],
      [
        'test/a/a.test.ts',
        "import assert from 'node:assert';\nimport { x } from './between.js';\n",
      ],
      ['test/a/b.test.ts', "import type { One } from './starts.js';\n"],
      ['test/b/starts.ts', 'export const pure = true;\n'],
      ['test/b/c.test.ts', "import { pure } from './starts.js';\n"],
    ]);
    assert.deepEqual(startersIn(texts), [
      'test/a/a.test.ts',
      'test/a/between.ts',
      'test/a/starts.ts',
    ]);
    assert.deepEqual(importsIn("import './a.js';\nexport { b } from './b.js';\n"), [
      './a.js',
      './b.js',
    ]);
  });

  it('are those of real agents, and none of the simulator and of virtual time', () => {
    const found = startersIn(testTexts());
    assert.ok(found.includes('test/agent/process-crash.test.ts'));
    assert.ok(found.includes('test/net/pair-together.test.ts'));
    const pure = found.filter((path) => /^test\/(?:sim|core|wire|agent\/virtual)\//.test(path));
    assert.deepEqual(pure, []);
  });
});
