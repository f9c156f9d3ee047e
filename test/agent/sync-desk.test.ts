// What the agent says to its sync service when its settings change. A program that only notes what it is told stands for
// the service; what the service does with it: test/sync-service.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SyncDesk, type SyncDeskOptions } from '../../src/agent/sync-desk.js';
import { parseSettings } from '../../src/config/load.js';
import type { Settings } from '../../src/config/settings.js';
import type { AnnouncedVersion } from '../../src/model/settings-version.js';
import { until } from '../support/limits.js';
import { describe, it } from '../support/test.js';

function settingsWith(sync: string): Settings {
  const result = parseSettings(
    `name: a
ha: { sync: ${sync}, keyFile: /k, peers: [{ name: b, addresses: [192.0.2.2] }] }
virtualRouters: [{ name: lan, interface: lan, vrid: 51, addresses: [192.0.2.100/24] }]
`,
    '/f',
  );
  assert.ok(result.ok, JSON.stringify(result));
  return result.settings;
}

interface Line {
  readonly kind: string;
  readonly peer?: string;
  readonly version?: unknown;
  readonly settings?: { readonly mode: string };
}

describe('a sync service whose mode is changed', () => {
  it('is told again what peers have said last, for it begins anew', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'understudy-desk-'));
    const notes = join(folder, 'notes');
    const desk = new SyncDesk({
      journal: { record: () => undefined, follow: () => () => undefined },
      settingsFile: '/f',
      tellVersion: () => undefined,
      inForce: {},
      isActive: () => false,
      hasLink: () => true,
      onChange: () => undefined,
      command: ['/bin/sh', '-c', 'exec cat >"$1"', 'sh', notes],
    } as unknown as SyncDeskOptions);
    const lines = (): Line[] =>
      readFileSync(notes, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Line);
    try {
      desk.configure(settingsWith('offer'));
      await until('the service', () => existsSync(notes));
      const version: AnnouncedVersion = {
        generation: 3,
        author: 'b',
        digest: '0123456789abcdef',
        previous: null,
      };
      desk.told('b', version);
      desk.configure(settingsWith('follow'));
      const after = await until(
        'what b said, behind the new mode',
        () => lines().slice(lines().findIndex(({ settings }) => settings?.mode === 'follow')),
        ([first, ...rest]) =>
          first?.kind === 'configure' && rest.some(({ kind }) => kind === 'told'),
      );
      assert.deepEqual(
        after.find(({ kind }) => kind === 'told'),
        { kind: 'told', peer: 'b', version },
      );
    } finally {
      await desk.close();
      rmSync(folder, { recursive: true });
    }
  });
});
