// The limits on a slow machine: what a deadline of Node takes. Whether they are long enough is not judged here.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type * as limits from './limits.js';
import { describe, it } from './test.js';

/** The limits where an agent takes so many milliseconds to start. */
async function limitsAt(bootMs: string): Promise<typeof limits> {
  const before = process.env['UNDERSTUDY_BOOT_MS'];
  process.env['UNDERSTUDY_BOOT_MS'] = bootMs;
  try {
    return (await import(`./limits.js?boot=${bootMs}`)) as typeof limits;
  } finally {
    if (before === undefined) delete process.env['UNDERSTUDY_BOOT_MS'];
    else process.env['UNDERSTUDY_BOOT_MS'] = before;
  }
}

describe('limits', () => {
  for (const bootMs of ['', '499.99', '808.2', '4041', '4041.7', '12345.678']) {
    it(`are whole milliseconds, as child processes need them: a boot takes "${bootMs}"`, async () => {
      const { LATER_BOOT_MS, WAIT_LIMIT_MS, TEST_LIMIT_MS, scaled } = await limitsAt(bootMs);
      for (const timeout of [LATER_BOOT_MS, WAIT_LIMIT_MS, TEST_LIMIT_MS, scaled(17)]) {
        assert.ok(Number.isSafeInteger(timeout), `${timeout}`);
      }
      assert.ok(TEST_LIMIT_MS >= 2 * WAIT_LIMIT_MS);
      assert.equal(spawnSync('true', { timeout: WAIT_LIMIT_MS }).status, 0);
    });
  }

  it('grow with the time that a start takes, and are never shorter than on a quick machine', async () => {
    const { WAIT_LIMIT_MS: quick } = await limitsAt('1');
    const { WAIT_LIMIT_MS: slow } = await limitsAt('5000');
    assert.equal(slow, 10 * quick);
  });
});
