// Whether an account accounts for every line. No test cases.
import type { AccountLine } from '../../src/import/account.js';

/** The lines that say something and of which nothing is said, or that are lost without a reason. */
export const unexplained = (account: readonly AccountLine[]): string[] =>
  account
    .filter(({ text, verdict, reasons }) => {
      const says = text.replace(/[#!].*$/, '').replace(/[\s\\]+/g, '') !== '';
      if (verdict === 'blank') return says;
      return verdict !== 'kept' && reasons.length === 0;
    })
    .map(({ place, text }) => `${place.file}:${place.line}: ${text}`);
