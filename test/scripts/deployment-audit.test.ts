// Whose address an Octopus node notes, and which screens on a page count as what a command says. Cases of
// the rule as it is documented; no servers.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { auditedAddress } from '../deployments/audit.js';
import { sameScreen } from '../deployments/screen.js';

const asked = (from: string, forwardedFor: string | null) => ({
  instance: 'octopus-1',
  from,
  forwardedFor,
  receivedBytes: 0,
});

describe('the address that is noted', () => {
  const cases = [
    ['nobody is trusted: the connection', '10.0.0.1', '192.0.2.1', [], '10.0.0.1'],
    ['no header: the connection', '10.0.0.1', null, ['10.0.0.1'], '10.0.0.1'],
    ['one address', '10.0.0.1', '192.0.2.1', ['10.0.0.1'], '192.0.2.1'],
    [
      'the rightmost that is not trusted',
      '10.0.0.1',
      '1.2.3.4, 192.0.2.1',
      ['10.0.0.1'],
      '192.0.2.1',
    ],
    ['past trusted ones', '10.0.0.1', '192.0.2.1, 10.0.0.7', ['10.0.0.0/24'], '192.0.2.1'],
    [
      'all are trusted: the leftmost',
      '10.0.0.1',
      '10.0.0.8, 10.0.0.7',
      ['10.0.0.0/24'],
      '10.0.0.8',
    ],
    ['what is no address is not trusted', '10.0.0.1', 'unknown', ['10.0.0.1'], 'unknown'],
  ] as const;
  for (const [says, from, header, trusted, noted] of cases) {
    it(says, () => assert.equal(auditedAddress(asked(from, header), trusted), noted));
  }

  it('a client in a trusted range forges where the header is appended to, not where it is replaced', () => {
    const appended = asked('10.0.0.1', '203.0.113.66, 10.0.0.10');
    assert.equal(auditedAddress(appended, ['10.0.0.0/24']), '203.0.113.66');
    const replaced = asked('10.0.0.1', '10.0.0.10');
    assert.equal(auditedAddress(replaced, ['10.0.0.0/24']), '10.0.0.10');
  });
});

describe('a screen of a page', () => {
  const page = '<!-- screen: status -->\n\n```\nHEALTHY  a\n  since  1 min ago\n```\n';

  it('numbers, ages and columns may differ', () => {
    sameScreen(page, 'status', 'HEALTHY a\n  since      2 h 5 min ago\n');
  });

  it('words may not; what is said is told', () => {
    assert.throws(() => sameScreen(page, 'status', 'DEGRADED  a\n'), /as status:\nDEGRADED/);
  });

  it('a page without it is told', () => {
    assert.throws(() => sameScreen(page, 'events', 'x\n'), /a screen "events" expected/);
  });
});
