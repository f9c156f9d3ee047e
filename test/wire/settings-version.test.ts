// TLV 7 of the peer message: every byte, its bounds, and that it costs no virtual router its place.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { AnnouncedVersion } from '../../src/model/settings-version.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import { decodeReport, encodeReport } from '../../src/wire/peer-report.js';
import { decodeVersion, encodeVersion } from '../../src/wire/settings-version.js';

const version: AnnouncedVersion = {
  generation: 7,
  author: 'åx',
  digest: '00f0e1d2c3b4a596',
  previous: { generation: 6, digest: 'ffffffffffffffff' },
};

const router = {
  state: 'Backup',
  effectivePriority: 100,
  addressesPresent: false,
  wantsUnicast: false,
  releasing: false,
  evidence: 0,
} as const;

const report: PeerReport = {
  name: 'b',
  mode: 'active-passive',
  primary: false,
  fit: true,
  sound: true,
  gateway: 'unknown',
  bandwidthLow: false,
  digests: { virtualRouters: 1, addresses: 2, intervals: 3, thresholds: 4, primaries: 5, rules: 6 },
  primaryAddresses: [],
  routers: [router],
};

describe('the version of the shared settings', () => {
  it('every byte stands where the description says, and comes back', () => {
    const bytes = encodeVersion(version);
    assert.equal(
      Buffer.from(bytes).toString('hex'),
      ['00000007', '00f0e1d2c3b4a596', '00000006', 'ffffffffffffffff', 'c3a578'].join(''),
    );
    assert.deepEqual(decodeVersion(bytes), version);
    const first = { ...version, previous: null };
    assert.deepEqual(decodeVersion(encodeVersion(first)), first);
  });

  it('what cannot be read is none: it moves nobody', () => {
    const bytes = encodeVersion(version);
    assert.equal(decodeVersion(bytes.subarray(0, 24)), null);
    assert.equal(
      decodeVersion(Uint8Array.of(...bytes, ...Array.from({ length: 65 }, () => 65))),
      null,
    );
    assert.equal(decodeVersion(bytes.map((byte, index) => (index < 4 ? 0 : byte))), null);
    assert.equal(decodeVersion(bytes.map((byte, index) => (index === 24 ? 0xff : byte))), null);
  });

  it('what is out of range is not sent', () => {
    for (const wrong of [
      { generation: 0 },
      { generation: 2 ** 32 },
      { digest: 'xyz' },
      { author: '' },
      { author: 'n'.repeat(65) },
    ]) {
      assert.throws(() => encodeVersion({ ...version, ...wrong }), JSON.stringify(wrong));
    }
  });
});

describe('in a report', () => {
  it('stands beside the keys, and is absent when it is not told', () => {
    const { bytes } = encodeReport(report, [1], 1000, version);
    assert.deepEqual(decodeReport(bytes), { report, keys: [1], version });
    assert.deepEqual(decodeReport(encodeReport(report, [1], 1000).bytes), { report, keys: [1] });
  });

  it('one that cannot be read is none, and the report is believed', () => {
    const { bytes } = encodeReport(report, [1], 1000);
    assert.deepEqual(decodeReport(Uint8Array.of(...bytes, 7, 0, 1, 9)), { report, keys: [1] });
  });

  it('takes no virtual router its place: where it does not fit, it is left out', () => {
    const { bytes } = encodeReport(report, [], 1000, version);
    const exact = encodeReport(report, [], bytes.length, version);
    assert.deepEqual(exact, { bytes, truncated: false });
    const short = encodeReport(report, [], bytes.length - 1, version);
    assert.equal(short.truncated, false);
    assert.deepEqual(decodeReport(short.bytes), { report, keys: null });
  });
});
