// Every planted fault of test/mutants and test/sanitize still fits the sources. Who changes lines that one of them changes
// learns it here, and not when somebody runs scripts/mutants or scripts/sanitize --faults next. Nothing is planted.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expectedOf, misfit, parseFault } from '../mutants/fault.js';
import { describe, it } from '../support/test.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The texts of the faults in a folder, by their paths from the root. */
const faultsIn = (folder: string): [string, string][] =>
  readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith('.patch'))
    .map((file) => [`${folder}/${file}`, readFileSync(join(ROOT, folder, file), 'utf8')]);

/** What to do, below what does not fit. */
const REMEDY =
  'plant the same fault in the new text (test/mutants/README.md), or delete its file when it cannot be made any more';

const texts = new Map<string, string>();
const textOf = (path: string): string => {
  const text = texts.get(path) ?? readFileSync(join(ROOT, path), 'utf8');
  texts.set(path, text);
  return text;
};

describe('the planted faults', () => {
  it('fit the sources', () => {
    const wrong = [...faultsIn('test/mutants'), ...faultsIn('test/sanitize')].flatMap(
      ([file, text]) => {
        const parts = expectedOf(file, text);
        assert.ok(parts.length > 0, `${file}: expected a diff, found none`);
        return parts.flatMap((part) => {
          const why = misfit(part, textOf(part.path));
          return why === null ? [] : [`${file}: ${why}`];
        });
      },
    );
    assert.deepEqual(wrong, [], REMEDY);
  });

  // scripts/sanitize looks for the name of the one file that is changed in the report.
  it('of the sanitizers are in memory and behaviour, addon and executor, and name a test', () => {
    const faults = faultsIn('test/sanitize').map(([file, text]) => parseFault(file, text));
    for (const part of ['addon', 'executor']) {
      for (const watched of ['memory', 'behaviour']) {
        const some = faults.filter(
          ({ promise, targets }) =>
            promise.includes(watched) && targets.every((path) => path.includes(`/${part}/`)),
        );
        assert.ok(some.length > 0, `a fault of ${watched} in the ${part} expected, found none`);
      }
    }
    for (const { name, targets, notice } of faults) {
      assert.equal(targets.length, 1, name);
      for (const path of notice) assert.ok(existsSync(join(ROOT, path)), `${name}: ${path}`);
    }
  });
});
