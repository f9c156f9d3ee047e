// Shows that every rule bites: small bad examples, and their good neighbours. No real sources here.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import {
  FILE_LIMIT,
  FUNCTION_LIMIT,
  testViolations,
  violations,
  type Rule,
  type SourceFile,
} from './rules.js';

/** What is wrong with a file; those of test have rules of their own. */
const judge = (file: SourceFile) =>
  file.path.startsWith('test/') ? testViolations(file) : violations(file);

const found = (path: string, text: string): Rule[] =>
  judge({ path, text: `// A file.\n${text}\n` }).map(({ rule }) => rule);

interface Example {
  readonly says: string;
  readonly path: string;
  readonly text: string;
}

const BAD: Readonly<Record<Exclude<Rule, 'first-line'>, readonly Example[]>> = {
  import: [
    { says: 'core reads Node', path: 'src/core/x.ts', text: "import { join } from 'node:path';" },
    { says: 'core uses a package', path: 'src/core/x.ts', text: "import pino from 'pino';" },
    { says: 'core imports wire', path: 'src/core/x.ts', text: "import { a } from '../wire/a.js';" },
    { says: 'wire opens a socket', path: 'src/wire/x.ts', text: "import 'node:dgram';" },
    { says: 'model imports', path: 'src/model/x.ts', text: "export * from '../config/a.js';" },
    {
      says: 'a type-only import of the wrong room',
      path: 'src/core/x.ts',
      text: "import type { A } from '../kernel/kernel.js';",
    },
    {
      says: 'an import over several lines',
      path: 'src/config/x.ts',
      text: "import {\n  a,\n  b,\n} from '../core/a.js';",
    },
    {
      says: 'a dynamic import',
      path: 'src/executor/x.ts',
      text: "const a = await import('../core/a.js');",
    },
    {
      says: 'somebody imports agent',
      path: 'src/control/x.ts',
      text: "import { a } from '../agent/a.js';",
    },
    { says: 'agent imports cli', path: 'src/agent/x.ts', text: "import { a } from '../cli/a.js';" },
    { says: 'cli loads kernel', path: 'src/cli/x.ts', text: "import { a } from '../kernel/a.js';" },
    {
      says: 'cli imports the control server',
      path: 'src/cli/x.ts',
      text: "import { a } from '../control/server.js';",
    },
    {
      says: 'control imports values of config',
      path: 'src/control/x.ts',
      text: "import { load } from '../config/load.js';",
    },
    {
      says: 'the peer channel knows the core',
      path: 'src/peer-channel/x.ts',
      text: "import type { A } from '../core/interface.js';",
    },
    {
      says: 'the peer channel imports values of config',
      path: 'src/peer-channel/x.ts',
      text: "import { load } from '../config/load.js';",
    },
    {
      says: 'the peer channel looks at the host',
      path: 'src/peer-channel/x.ts',
      text: "import { a } from '../host/findings.js';",
    },
    {
      says: 'the journal knows who writes in it',
      path: 'src/journal/x.ts',
      text: "import type { A } from '../peer-channel/a.js';",
    },
    {
      says: 'a file knows what stands in it',
      path: 'src/files/x.ts',
      text: "import type { Settings } from '../config/settings.js';",
    },
    {
      says: 'a hook knows the core',
      path: 'src/hooks/x.ts',
      text: "import type { A } from '../core/interface.js';",
    },
    {
      says: 'metrics ask somebody',
      path: 'src/metrics/x.ts',
      text: "import { readFileSync } from 'node:fs';",
    },
    {
      says: 'metrics are of the agent',
      path: 'src/metrics/x.ts',
      text: "import type { A } from '../agent/a.js';",
    },
    { says: 'a timer knows a room', path: 'src/timers/x.ts', text: "import '../model/a.js';" },
    {
      says: 'another monitor imports kernel',
      path: 'src/monitors/gateway.ts',
      text: "import { a } from '../kernel/a.js';",
    },
    {
      says: 'the sync service opens a socket of the kernel room',
      path: 'src/sync-service/x.ts',
      text: "import { a } from '../kernel/native.js';",
    },
    { says: 'main is imported', path: 'src/agent/x.ts', text: "import { a } from '../main.js';" },
    { says: 'src imports a test', path: 'src/agent/x.ts', text: "import '../../test/a.js';" },
    { says: 'an unknown room', path: 'src/misc/x.ts', text: '' },
    { says: 'an unknown room of the core', path: 'src/core/misc/x.ts', text: '' },
    {
      says: 'the machine knows peers',
      path: 'src/core/machine/x.ts',
      text: "import type { Peer } from '../peers/peers.js';",
    },
    {
      says: 'the machine knows the instance',
      path: 'src/core/machine/x.ts',
      text: "import type { A } from '../interface.js';",
    },
    {
      says: 'fitness knows the machine',
      path: 'src/core/fitness/x.ts',
      text: "import type { Router } from '../machine/router.js';",
    },
    {
      says: 'peers call the machine',
      path: 'src/core/peers/x.ts',
      text: "import { groupRank } from '../machine/router.js';",
    },
    {
      says: 'peers decide',
      path: 'src/core/peers/x.ts',
      text: "import type { Verdict } from '../decisions/rows.js';",
    },
    {
      says: 'a decision steps',
      path: 'src/core/decisions/x.ts',
      text: "import { step } from '../machine/virtual-router.js';",
    },
    {
      says: 'a decision sees the state of the instance',
      path: 'src/core/decisions/x.ts',
      text: "import type { A } from '../instance-state.js';",
    },
    {
      says: 'a decision asks for fitness itself',
      path: 'src/core/decisions/x.ts',
      text: "import { a } from '../fitness/tracker.js';",
    },
    {
      says: 'the agent takes a decision',
      path: 'src/agent/x.ts',
      text: "import { a } from '../core/decisions/a.js';",
    },
  ],
  purity: [
    { says: 'clock', path: 'src/core/x.ts', text: 'const at = Date.now();' },
    { says: 'timer', path: 'src/core/x.ts', text: 'setTimeout(a, 1);' },
    { says: 'promise', path: 'src/model/x.ts', text: 'let a: Promise<void>;' },
    { says: 'async', path: 'src/core/x.ts', text: 'const a = async () => b;' },
    { says: 'log', path: 'src/core/x.ts', text: 'console.log(1);' },
    { says: 'chance', path: 'src/core/x.ts', text: 'const a = Math.random();' },
    { says: 'environment', path: 'src/model/x.ts', text: "const a = process.env['A'];" },
    { says: 'inside a template', path: 'src/core/x.ts', text: 'const a = `${Date.now()}`;' },
    {
      says: 'after a regular expression',
      path: 'src/core/x.ts',
      text: "f(/'/); Date.now(); g(/'/);",
    },
  ],
  'node-api': [
    { says: 'a second file', path: 'native/addon/netlink.c', text: '#include <node_api.h>' },
    { says: 'a header', path: 'native/addon/netlink.h', text: '#include <node_api.h>' },
    { says: 'what stands on it', path: 'native/addon/checks.c', text: '#include "resource.h"' },
  ],
  include: [
    {
      says: 'a unit of the executor includes what stands on it',
      path: 'native/executor/frame.c',
      text: '#include "child.h"',
    },
    { says: 'a header does', path: 'native/executor/will.h', text: '#include "duty.h"' },
    { says: 'a unit nobody placed', path: 'native/executor/a.c', text: '#include "frame.h"' },
    { says: 'the other folder', path: 'native/addon/a.c', text: '#include "../executor/frame.h"' },
  ],
  'file-length': [
    { says: 'one line too many', path: 'src/core/x.ts', text: '//\n'.repeat(FILE_LIMIT) },
  ],
  'function-length': [
    {
      says: 'a function',
      path: 'src/agent/x.ts',
      text: `function a(): void {\n${'  b();\n'.repeat(FUNCTION_LIMIT)}}`,
    },
    {
      says: 'an arrow with parameters over several lines',
      path: 'src/agent/x.ts',
      text: `const a = (\n  b: number,\n): void => {\n${'  b();\n'.repeat(FUNCTION_LIMIT)}};`,
    },
    {
      says: 'a method',
      path: 'src/agent/x.ts',
      text: `class A {\n  b(): void {\n${'    c();\n'.repeat(FUNCTION_LIMIT)}  }\n}`,
    },
    {
      says: 'a C function',
      path: 'native/a.c',
      text: `static int a(void)\n{\n${'    b();\n'.repeat(FUNCTION_LIMIT)}}`,
    },
  ],
  word: [
    { says: 'in code', path: 'src/agent/x.ts', text: 'class LinkManager {}' },
    { says: 'in a comment', path: 'native/a.c', text: '// the heartbeat' },
    { says: 'in a file name', path: 'src/agent/helpers.ts', text: '' },
    { says: 'as a folder', path: 'src/agent/utils/a.ts', text: '' },
    { says: 'the old terms', path: 'src/core/x.ts', text: 'const masterDown = 1; // slave' },
  ],
  'test-limit': [
    { says: 'a test without limit', path: 'test/x.ts', text: "import { it } from 'node:test';" },
  ],
  'bare-wait': [
    { says: 'an event', path: 'test/x.ts', text: "await once(child, 'close');" },
    { says: 'a promise made here', path: 'test/x.ts', text: 'await new Promise((a) => f(a));' },
    { says: 'a loop on a line', path: 'test/x.ts', text: 'while (!seen()) await next();' },
    { says: 'a loop', path: 'test/x.ts', text: '  while (!seen) {\n    f();\n    await g();\n  }' },
    {
      says: 'a time that is hoped to be enough',
      path: 'test/x.ts',
      text: "import { setTimeout } from 'node:timers/promises';",
    },
  ],
};

const GOOD: readonly Example[] = [
  { says: 'a wait that ends', path: 'test/x.ts', text: "await until('it', look);" },
  { says: 'a wait after a loop', path: 'test/x.ts', text: 'while (a) {\n  f();\n}\nawait g();' },
  { says: 'a comment on time', path: 'src/core/x.ts', text: '// Date.now() is not called here' },
  { says: 'the words in a string', path: 'src/core/x.ts', text: "const a = 'Promise';" },
  { says: 'a property of that name', path: 'src/core/x.ts', text: 'a.process();' },
  { says: 'an import in a comment', path: 'src/core/x.ts', text: "// import 'node:fs';" },
  { says: 'core imports model', path: 'src/core/x.ts', text: "import { a } from '../model/a.js';" },
  { says: 'a sibling', path: 'src/core/x.ts', text: "import { a } from './a.js';" },
  {
    says: 'the core puts its rooms together',
    path: 'src/core/x.ts',
    text: "import { a } from './decisions/a.js';\nimport { b } from './machine/b.js';",
  },
  {
    says: 'peers know types of the machine',
    path: 'src/core/peers/x.ts',
    text: "import type { Router } from '../machine/router.js';",
  },
  {
    says: 'a decision looks at states and peers',
    path: 'src/core/decisions/x.ts',
    text: "import { a } from '../machine/states.js';\nimport { b } from '../peers/peers.js';",
  },
  { says: 'the link monitor', path: 'src/monitors/link.ts', text: "import '../kernel/a.js';" },
  {
    says: 'the prober, to let go of what its start needed',
    path: 'src/monitors/prober.ts',
    text: "import '../kernel/settled.js';",
  },
  {
    says: 'types of config',
    path: 'src/control/x.ts',
    text: "import type { A } from '../config/settings.js';",
  },
  {
    says: 'the key file, for the peer channel',
    path: 'src/peer-channel/x.ts',
    text: "import { a } from '../host/peer-key.js';",
  },
  {
    says: 'the composition root',
    path: 'src/main.ts',
    text: "import { a } from './agent/main.js';\nimport { b } from './cli/main.js';",
  },
  { says: 'addon.c', path: 'native/addon/addon.c', text: '#include <node_api.h>' },
  {
    says: 'a unit that knows Node-API',
    path: 'native/addon/addon.c',
    text: '#include "requests.h"',
  },
  {
    says: 'a unit of the executor, what it stands on and what is shared',
    path: 'native/executor/lease.c',
    text: '#include "lease.h"\n#include "clock.h"\n#include "../lease_words.h"',
  },
  { says: "keepalived's word", path: 'src/agent/x.ts', text: "// as keepalived: 'MASTER'" },
  { says: 'a word that only looks alike', path: 'src/agent/x.ts', text: '// utility, mastery' },
  {
    says: 'a long function of short ones',
    path: 'src/agent/x.ts',
    text: `function a(): void {\n${'  const b = () => {\n    c();\n  };\n'.repeat(FUNCTION_LIMIT)}}`,
  },
  {
    says: 'a long class of short methods',
    path: 'src/agent/x.ts',
    text: `class A {\n${'  b(): void {\n    c();\n  }\n'.repeat(FUNCTION_LIMIT)}}`,
  },
];

describe('the rules bite', () => {
  for (const [rule, examples] of Object.entries(BAD)) {
    for (const { says, path, text } of examples) {
      it(`${rule}: ${says}`, () => {
        const rules = found(path, text);
        assert.ok(rules.length > 0 && rules.every((one) => one === rule), rules.join(', '));
      });
    }
  }

  it('first-line: no comment', () => {
    const rules = violations({ path: 'src/agent/x.ts', text: "import 'node:fs';\n" });
    assert.deepEqual(
      rules.map(({ rule }) => rule),
      ['first-line'],
    );
  });

  it('first-line: a script says what it is below its interpreter', () => {
    assert.deepEqual(violations({ path: 'scripts/x', text: '#!/bin/sh\n# Does it.\n' }), []);
    assert.equal(violations({ path: 'scripts/x', text: '#!/bin/sh\nset -e\n' }).length, 1);
  });
});

describe('the rules let pass', () => {
  for (const { says, path, text } of GOOD) {
    it(says, () => assert.deepEqual(found(path, text), []));
  }
});

it('a violation names its line', () => {
  const [violation] = violations({
    path: 'src/core/x.ts',
    text: '// A file.\n\nconst at = Date.now();\n',
  });
  assert.equal(violation?.line, 3);
});
