// A reporter of node:test that says what a test came to as soon as it has ended, one line of JSON each,
// so that whoever waits for the first failure need not wait for the rest. Judges nothing.
import type { TestEvent as NodeEvent } from 'node:test/reporters';

/** Begins every line of ours: tests may print too. */
export const MARK = '\u0001test ';

type TestFail = Extract<NodeEvent, { type: 'test:fail' }>['data'];

export interface TestEvent {
  readonly kind: 'start' | 'pass' | 'fail';
  readonly name: string;
  /** Why it was not run; null when it was. */
  readonly skipped: string | null;
  /** Why it failed; null when it did not. */
  readonly message: string | null;
  /** It failed because it did not end. */
  readonly hung: boolean;
}

/** A test that ran into its limit, or whose promise nothing in the process could settle any more. */
const HANGS = new Set(['testTimeoutFailure', 'cancelledByParent']);

export default async function* report(source: AsyncIterable<NodeEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    const told = eventOf(event);
    if (told !== null) yield `\n${MARK}${JSON.stringify(told)}\n`;
  }
}

function eventOf({ type, data }: NodeEvent): TestEvent | null {
  // test:start comes with the end of a test, or with that of the one before it.
  if (type === 'test:dequeue') return { ...NOTHING, kind: 'start', name: data.name };
  // A suite has passed when its tests have: it is none itself.
  if (type === 'test:pass' && data.details.type !== 'suite') {
    const { skip = null } = data;
    return { ...NOTHING, kind: 'pass', name: data.name, skipped: skip === null ? null : `${skip}` };
  }
  return type === 'test:fail' ? failureOf(data) : null;
}

function failureOf({ name, details }: TestFail): TestEvent | null {
  const { message, cause, failureType } = details.error as Error & { failureType?: string };
  // What a suite says of its tests they have said already.
  if (failureType === 'subtestsFailed') return null;
  const text = cause instanceof Error ? cause.message : message;
  const hung = HANGS.has(failureType ?? '') || RAN_OUT.test(text);
  return { ...NOTHING, kind: 'fail', name, message: text, hung };
}

const NOTHING = { skipped: null, message: null, hung: false } as const;

/** What test/support/limits.ts says of a wait that came to its limit. */
const RAN_OUT = /^expected within \d+ ms: /;
