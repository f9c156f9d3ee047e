// What the agent says to its sync service when its settings change, and what it does when the service ends or wants
// something else meanwhile. A program that notes what it is told stands for the service; what the service does with it:
// test/sync-service.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTurn } from '../../src/agent/in-turn.js';
import type { Agreed } from '../../src/agent/settings-in-force.js';
import { SyncDesk, type SyncDeskOptions } from '../../src/agent/sync-desk.js';
import { parseSettings } from '../../src/config/load.js';
import type { Settings } from '../../src/config/settings.js';
import type { AnnouncedVersion } from '../../src/model/settings-version.js';
import type { ReloadOutcome } from '../../src/control/protocol.js';
import { until, within } from '../support/limits.js';
import { describe, it, type TestContext } from '../support/test.js';

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

/** What stands for the service: it notes every message, and does what is given when it gets a proposal. */
const noting = (onProposal: string): string => `
const { appendFileSync } = require('node:fs');
const say = (message) => process.stdout.write(JSON.stringify(message) + '\\n');
let rest = '';
process.stdin.on('data', (bytes) => {
  const lines = (rest + bytes).split('\\n');
  rest = lines.pop();
  for (const line of lines) {
    appendFileSync(process.argv[1], line + '\\n');
    const { kind, id } = JSON.parse(line);
    if (kind === 'configure') say({ kind: 'status', status: { peers: [] } });
    if (kind === 'propose') { ${onProposal} }
    if (kind === 'answer') say({ kind: 'turn-over' });
  }
});
process.stdin.on('end', () => process.exit());
`;

const APPLIED: ReloadOutcome = { ok: true, file: '/f', changes: [], warnings: [] };

/** Has a desk agree on a draft, with a service that answers the proposal so. */
async function agreed(
  t: TestContext,
  onProposal: string,
  apply: (lost: () => boolean) => Promise<ReloadOutcome>,
): Promise<{ readonly answer: Agreed; readonly lines: () => readonly Line[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-desk-'));
  const notes = join(folder, 'notes');
  const inTurn = createTurn();
  let statuses = 0;
  let lost = false;
  const desk = new SyncDesk({
    journal: {
      record: (_: string, { event }: { event: string }) => {
        if (event === 'sync-service-lost') lost = true;
      },
      follow: () => () => undefined,
    },
    settingsFile: '/f',
    tellVersion: () => undefined,
    inForce: { alone: inTurn, applyAgreed: () => Promise.resolve([]) },
    isActive: () => true,
    hasLink: () => true,
    onChange: () => (statuses += 1),
    command: [process.execPath, '-e', noting(onProposal), notes],
    startAfterMs: 0,
  } as unknown as SyncDeskOptions);
  t.after(async () => {
    await desk.close();
    rmSync(folder, { recursive: true });
  });
  desk.configure(settingsWith('follow'));
  await until(
    'a status of the service',
    () => statuses,
    (count) => count > 0,
  );
  const draft = { digest: '0123456789abcdef', text: 'new' };
  const answer = await within(
    'an answer',
    inTurn(() => desk.agree(draft, () => apply(() => lost))),
  );
  const lines = (): Line[] =>
    readFileSync(notes, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);
  return { answer, lines };
}

describe('a change that waits for the service', () => {
  it('stands back when the service needs the turn first, and nothing of it is done', async (t) => {
    const { answer, lines } = await agreed(
      t,
      "say({ kind: 'ask', id: 1, question: { what: 'turn' } })",
      () => assert.fail('it is not to be applied'),
    );
    assert.ok(!answer.outcome.ok);
    assert.equal(answer.outcome.errors[0]?.found, 'another one is under way here');
    assert.equal(answer.restored, true);
    const kinds = await until(
      'the turn for the service',
      () => lines().map(({ kind }) => kind),
      (all) => all.includes('answer'),
    );
    assert.deepEqual(kinds, ['configure', 'propose', 'give-up', 'answer']);
  });

  for (const noted of [true, false]) {
    it(`is answered when it is over, though the service has ended meanwhile, ${noted ? 'noted' : 'not noted'}`, async (t) => {
      const ask = `{ kind: 'ask', id: 1, question: { what: 'apply-proposed', id, noted: ${noted} } }`;
      let over = false;
      const { answer } = await agreed(
        t,
        `say(${ask}); setTimeout(() => process.exit(1), 50)`,
        async (lost) => {
          await until('the end of the service', lost, (is) => is);
          over = true;
          return APPLIED;
        },
      );
      assert.equal(over, true, 'nobody is told before');
      // What is noted is taken back by the next service: nobody is told that it is done.
      assert.equal(answer.outcome.ok, !noted);
    });
  }
});
