// Every planted fault of test/mutants still fits the sources. Who changes lines that one of them changes learns it here,
// and not when somebody runs scripts/mutants next. Nothing is planted.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expectedOf, misfit } from '../mutants/fault.js';
import { describe, it } from '../support/test.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FAULTS = join(ROOT, 'test/mutants');

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
    const wrong = readdirSync(FAULTS)
      .filter((file) => file.endsWith('.patch'))
      .flatMap((file) => {
        const parts = expectedOf(file, readFileSync(join(FAULTS, file), 'utf8'));
        assert.ok(parts.length > 0, `${file}: expected a diff, found none`);
        return parts.flatMap((part) => {
          const why = misfit(part, textOf(part.path));
          return why === null ? [] : [`test/mutants/${file}: ${why}`];
        });
      });
    assert.deepEqual(wrong, [], REMEDY);
  });
});
