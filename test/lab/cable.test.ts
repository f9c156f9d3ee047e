// The numbers of a cable's two ends, by the kernel's word, and that every lab makes its cables so. What the
// kernel does with equal numbers is in docs/TESTING.md.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cable } from '../../scripts/lab/cable.js';
import { enterNamespace, ip } from '../support/namespace.js';
import { describe, it } from '../support/test.js';

const skip = enterNamespace(import.meta.url);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** An end's own number, and that of the other end. */
function numbers(namespace: string, device: string): { own: number; others: number } {
  const line = ip(`-n ${namespace} -o link show dev ${device}`);
  const [, own, others] = /^(\d+): [^@]+@(?:if)?(\d+):/.exec(line) ?? assert.fail(line);
  return { own: Number(own), others: Number(others) };
}

describe('a cable', { skip }, () => {
  it('has ends of unequal numbers, also where both are the first of a new namespace', () => {
    for (const name of ['left', 'right']) ip(`netns add ${name}`);
    for (const device of ['eth0', 'eth1']) {
      const near = { name: device, mac: '02:00:00:00:00:01' };
      const far = { name: device, mac: '02:00:00:00:00:02', netns: 'right' };
      ip(`-n left ${cable(near, far)}`);
      const [left, right] = [numbers('left', device), numbers('right', device)];
      assert.deepEqual(right, { own: left.others, others: left.own });
      assert.notEqual(left.own, left.others);
      for (const [namespace, { mac }] of [['left', near] as const, ['right', far] as const]) {
        assert.match(
          ip(`-n ${namespace} link show dev ${device}`),
          new RegExp(`link/ether ${mac}`),
        );
      }
    }
  });
});

it('between two namespaces is made by this function only', () => {
  const by = ['scripts', 'test']
    .flatMap((folder) =>
      readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' }).map(
        (path) => `${folder}/${path}`,
      ),
    )
    .filter((path) => path.endsWith('.ts') && path !== 'test/lab/cable.test.ts')
    .filter((path) => /type veth peer name.* netns/.test(readFileSync(`${ROOT}${path}`, 'utf8')));
  assert.deepEqual(by, []);
});
