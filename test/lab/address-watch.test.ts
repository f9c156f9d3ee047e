// The watch of addresses, on lines that `ip monitor` would print. No namespace.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from '../support/test.js';
import {
  monitorOf,
  parseNotice,
  watchAddresses,
  type AddressNotice,
} from '../../scripts/lab/address-watch.js';

const line = (index: number, name: string, address: string, deleted = false): string =>
  `[2026-01-02T03:04:05.000250] ${deleted ? 'Deleted ' : ''}${index}: ${name}    inet ${address} scope global ${name}`;

const MARKER = line(1, 'lo', '127.255.0.1/32');

/** What of these lines is news. */
async function newsOf(...lines: string[]): Promise<string[]> {
  const news: AddressNotice[] = [];
  const child = await watchAddresses(
    () => ['printf', '%s\\n', ...lines, MARKER],
    () => Promise.resolve(),
    (notice) => news.push(notice),
  );
  child.kill();
  return news.map(({ address, present }) => `${address} ${present ? 'stands' : 'is gone'}`);
}

describe('the watch of addresses', () => {
  it('reads a notice', () => {
    assert.deepEqual(parseNotice(line(3, 'eth0@if7', '10.99.0.100/24', true)), {
      at: Date.parse('2026-01-02T03:04:05Z') + 0.25,
      interface: 'eth0',
      index: 3,
      address: '10.99.0.100',
      present: false,
    });
    assert.equal(parseNotice('10.99.0.0/24 dev eth0 proto kernel'), null);
  });

  it('has the time in UTC, whatever the local clock of the machine says', () => {
    const words = monitorOf('address');
    // `printenv TZ` in the place of `ip`: what it would be told.
    const told = [...words.slice(1, words.indexOf('ip')), 'printenv', 'TZ'];
    for (const zone of ['Pacific/Kiritimati', 'America/New_York']) {
      const { stdout } = spawnSync(words[0] ?? '', told, { env: { ...process.env, TZ: zone } });
      assert.equal(String(stdout), 'UTC\n', zone);
    }
  });

  it('takes a renewal of the lifetime for no news', async () => {
    const stands = line(3, 'eth0', '10.99.0.100/24');
    assert.deepEqual(await newsOf(stands, stands), ['10.99.0.100 stands']);
  });

  it('knows an interface under its new name', async () => {
    assert.deepEqual(
      await newsOf(
        line(3, 'eth0', '10.99.0.100/24'),
        line(3, 'lan0', '10.99.0.100/24', true),
        line(3, 'eth0', '10.99.0.100/24'),
      ),
      ['10.99.0.100 stands', '10.99.0.100 is gone', '10.99.0.100 stands'],
    );
  });
});
