// What it costs to read the settings of many virtual routers: counted, not timed. It is in proportion to their number.
import assert from 'node:assert/strict';
import { bent, counted } from '../support/blocks.js';
import { IN_CI } from '../support/in-ci.js';
import { describe, it } from '../support/test.js';

const STEP = 100;

/** `wrong`: every virtual router has a fault. */
function textOf(count: number, wrong: boolean): string {
  const routers = Array.from({ length: count }, (_, index) => {
    // Of equal length, so that each costs the same.
    const [lan, vrid] = [Math.floor(index / 100), (index % 100) + 100];
    return [
      `  - name: vr${String(index).padStart(4, '0')}`,
      `    interface: eth${lan}`,
      `    vrid: ${wrong ? 0 : vrid}`,
      `    addresses: [10.${80 + lan}.1.${vrid}/32]`,
      `    unicastPeers: [10.9.0.1, 10.9.0.2]`,
      `    virtualMac: false`,
      `    advertisementIntervalMs: 1000 # each its own`,
    ].join('\n');
  });
  return `name: a\nvirtualRouters:\n${routers.join('\n')}\n`;
}

interface Count {
  readonly accepted: boolean;
  readonly blocks: number;
}

const work = (...texts: string[]): Promise<Count[]> =>
  counted(new URL('./work-process.js', import.meta.url), { texts });

describe('reading the settings', { skip: IN_CI }, () => {
  it('of more virtual routers is as much more work, in order or with a fault in each', async () => {
    const sizes = [STEP, 2 * STEP, 3 * STEP];
    const counts = await work(
      ...sizes.map((size) => textOf(size, false)),
      ...sizes.map((size) => textOf(size, true)),
    );
    const [right, wrong] = [counts.slice(0, 3), counts.slice(3)];
    assert.ok(right.every(({ accepted, blocks }) => accepted && blocks > STEP));
    assert.ok(wrong.every(({ accepted, blocks }) => !accepted && blocks > STEP));
    for (const some of [right, wrong]) {
      const blocks = some.map((one) => one.blocks);
      assert.ok(Math.abs(bent(blocks)) < 0.02, `${blocks.join(', ')}: ${bent(blocks).toFixed(3)}`);
    }
  });
});
