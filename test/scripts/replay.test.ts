// scripts/replay: what it prints of a recording, and what it says to one that it cannot read. The core's own
// answers are held elsewhere (test/sim/effects.test.ts).
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { formatRecording, parseRecording, type RecordedEvent } from '../../src/agent/recorder.js';
import { instant } from '../../src/model/units.js';
import { replayed } from '../../scripts/replay-text.js';
import { backupBench } from '../core/pair-bench.js';

/** The Active says that it leaves, in a recording that went through its file. */
function recording(): ReturnType<typeof parseRecording> {
  const bench = backupBench();
  const checkpoint = bench.instance.checkpoint();
  const { configuration, report } = bench.voice();
  const routers = report.routers.map((router) => ({ ...router, releasing: true }));
  const [address] = configuration.addresses;
  assert.ok(address !== undefined);
  const events: RecordedEvent[] = [
    {
      at: instant(50_000),
      event: {
        kind: 'peer-report',
        peer: 'there',
        address,
        report: { ...report, routers },
        answered: false,
      },
    },
  ];
  return parseRecording(formatRecording({ checkpoint, events }));
}

describe('scripts/replay', () => {
  it('prints the event, the row that decided, and the effects in order', () => {
    const [only] = replayed(recording());

    assert.equal(only?.isTelling, true);
    assert.deepEqual(
      only?.text.split('\n').map((line) => line.trim()),
      [
        '0.000000 message of there at 10.98.0.2: fit; Active 200 with addresses releasing',
        'lan: released: ours: a peer gives the role up, and we are the best candidate known; Active at once',
        '-> set-addresses virtualRouter="lan" present=true',
        '-> transition lan: Backup -> Active, peer-released (there)',
        '-> tell the peers',
      ],
    );
  });

  it('says what is wrong with a file that is none, or another release’s', () => {
    assert.throws(() => parseRecording('{}\n'), /no checkpoint/);
    assert.throws(
      () => parseRecording('{"checkpoint":{}}\n'),
      /format 1 .* the release that wrote it/,
    );
  });
});
