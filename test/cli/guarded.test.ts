// What reaches a terminal, whatever stands in files and answers.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { guardedText, REDRAW } from '../../src/cli/guarded.js';
import type { Status } from '../../src/model/status.js';
import { describe, it } from '../support/test.js';
import { config, say, settingsText, startAgent, useFolder } from './command-bench.js';
import { healthy } from './statuses.js';

const EVIL = '\u001B]0;owned\u0007\u001B[2J\r\u009B31m\u0000';

/** Any but tabs and ends of lines. */
const control = /(?![\n\t])\p{Cc}/u;

describe('what a command writes', () => {
  useFolder();

  it('keeps colours, tabs, ends of lines and the one clearing of the screen', () => {
    const screen = `${REDRAW}\u001B[31mred\u001B[0m\ta\nb — ü\n`;
    assert.equal(guardedText(screen), screen);
    assert.equal(guardedText(`x${REDRAW}`), 'x?[H?[2J');
    assert.doesNotMatch(guardedText(EVIL), control);
  });

  for (const [what, text] of [
    ['an unknown key', `${settingsText()}"x\\e]0;owned\\a": 1\n`],
    ['a value', settingsText().replace('lo\n', '"lo\\e[2J"\n')],
    ['a name', settingsText().replace('dallas-1', '"d\\x9b31m"')],
    ['broken text', `a: [\u001B[2J\n`],
  ] as const) {
    it(`has no control character of ${what} in a settings file`, async () => {
      writeFileSync(config, text);
      for (const words of [['check'], ['plan'], ['get'], ['set', 'primary', 'on']]) {
        const { out, err } = await say(words);
        assert.doesNotMatch(out + err, control, words.join(' '));
        assert.ok((out + err).length > 0);
      }
    });
  }

  it('has no control character of what was typed', async () => {
    for (const words of [[EVIL], ['get', EVIL], ['set', EVIL, EVIL], [`--${EVIL}`]]) {
      const { code, out, err } = await say(words);
      assert.notEqual(code, 0);
      assert.doesNotMatch(out + err, control);
    }
  });

  it('has no control character of a status, wherever in it', async () => {
    const evil = JSON.parse(
      JSON.stringify(healthy, (_, value: unknown) =>
        typeof value === 'string' ? `${value}${EVIL}` : value,
      ),
    ) as Status;
    await startAgent({ status: () => evil });
    const { out, err } = await say(['status']);
    assert.doesNotMatch(out + err, control);
    assert.match(out, /dallas/);
  });

  it('has no line and no colour that a name in a status brings', async () => {
    const name = 'x\nHEALTHY  \u001B[32mb\u001B[0m';
    await startAgent({ status: () => ({ ...healthy, name }) });
    const { out } = await say(['status']);
    assert.match(out.split('\n')[0] ?? '', /x\?HEALTHY {2}\?\[32mb\?\[0m/);
  });

  it('says that a status is of another form, for every field that is', async () => {
    let status: unknown = healthy;
    let refused = 0;
    await startAgent({ status: () => status as Status });
    for (const field of Object.keys(healthy)) {
      for (const wrong of [null, 5, 'x', { x: 1 }, [5], [null], [{}]]) {
        status = { ...healthy, [field]: wrong };
        const { code, err } = await say(['status']);
        if (code === 0) continue;
        refused += 1;
        assert.equal(code, 1, `${field} ${JSON.stringify(wrong)}`);
        assert.match(
          err,
          /^understudy: the answer of the agent was not understood: .*\n {2}remedy {2}/,
        );
      }
    }
    assert.ok(refused > 20, `${refused}`);
  });
});
