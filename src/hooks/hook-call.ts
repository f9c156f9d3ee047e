// One call of a hook through the executor: its environment, its deadline, and what its exit code and
// its answer mean. No queue, no second try, no decision.
import { faultsOf, form, type Form } from '../json/form.js';
import type { Executor, RunResult } from '../executor/executor.js';
import type { BypassState } from '../model/status.js';
import type { Milliseconds } from '../model/units.js';
import { describeResult } from '../executor/script-outcome.js';

/** A word that `set` takes. */
export type BypassWord = Exclude<BypassState, 'unknown'>;

/** Why a hook is called. */
export interface HookOccasion {
  /** The name of this appliance. */
  readonly name: string;
  readonly reason: string;
  /** The same in every try of one order, and in the events about it. */
  readonly eventId: string;
  /** Flaps within the window. */
  readonly flaps: number;
}

/** What every hook finds in its environment; `deadline` is when its process group is killed. */
const hookEnvironment = (
  { name, reason, eventId, flaps }: HookOccasion,
  deadline: Milliseconds,
): Record<string, string> => ({
  UNDERSTUDY_NAME: name,
  UNDERSTUDY_REASON: reason,
  UNDERSTUDY_EVENT_ID: eventId,
  UNDERSTUDY_FLAPS: String(flaps),
  UNDERSTUDY_DEADLINE_MS: String(deadline),
});

export type HookFailure =
  /** Exit 3: the hardware cannot do it. */
  | 'unsupported'
  /** Exit 4: the hook looked, and the relay is not where it should be. */
  | 'mismatch'
  /** Exit 75. */
  | 'try-again'
  /** Any other exit code, or a signal. */
  | 'failed'
  | 'timed-out'
  /** Exit 0, but no answer that can be read. */
  | 'garbage'
  /** It could not be started: missing, not executable, or there is no executor. */
  | 'unavailable';

export type HookResult<Answer> =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly failure: HookFailure; readonly detail: string };

/** What `status` and `set` answer: the state that was read. */
interface StateAnswer {
  readonly state: BypassState;
  readonly detail?: string;
}

/** What `capabilities` answers: the words that `set` can switch this segment to. */
interface CapabilitiesAnswer {
  readonly capabilities: readonly BypassWord[];
  readonly detail?: string;
}

export interface HookCall {
  readonly executor: Executor;
  /** The hook program, an absolute path. */
  readonly hook: string;
  readonly occasion: HookOccasion;
  readonly deadline: Milliseconds;
}

/** What a hook that is told something gets, besides its occasion. */
export interface Told {
  readonly words: readonly string[];
  /** Its stdin, as one line of JSON. */
  readonly event: object;
  /** Variables of its own. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Calls a hook that is told something and answers by its exit code alone.
 * @returns null when it succeeded, else what went wrong, on one line; never rejects.
 */
export async function tellHook(
  { executor, hook, occasion, deadline }: HookCall,
  { words, event, environment = {} }: Told,
): Promise<string | null> {
  const result = await executor.run({
    argv: [hook, ...words],
    environment: { ...hookEnvironment(occasion, deadline), ...environment },
    input: `${JSON.stringify(event)}\n`,
    timeout: deadline,
  });
  const succeeded = result.outcome.kind === 'exited' && result.outcome.code === 0;
  return succeeded ? null : failureDetail(result);
}

/** An answer is one small object; more than this is not an answer. */
const ANSWER_LIMIT = 4_096;
const DETAIL_LIMIT = 300;

const detail = { type: 'string' } as const;
/** Exported, as every form is, for the bundle: it compiles them ahead. */
export const isStateAnswer = form<StateAnswer>('state-answer', {
  type: 'object',
  required: ['state'],
  properties: { state: { enum: ['inline', 'bypass', 'disconnect', 'unknown'] }, detail },
});
export const isCapabilitiesAnswer = form<CapabilitiesAnswer>('capabilities-answer', {
  type: 'object',
  required: ['capabilities'],
  properties: {
    capabilities: {
      type: 'array',
      uniqueItems: true,
      items: { enum: ['inline', 'bypass', 'disconnect'] },
    },
    detail,
  },
});

export const callCapabilities = (
  call: HookCall,
  segment: string,
): Promise<HookResult<CapabilitiesAnswer>> =>
  callBypass(call, ['capabilities', segment], isCapabilitiesAnswer);

export const callStatus = (call: HookCall, segment: string): Promise<HookResult<StateAnswer>> =>
  callBypass(call, ['status', segment], isStateAnswer);

/**
 * Orders the hook to switch. Its word that it has done so is not proof: read back with `callStatus`.
 * An answer that contradicts exit code 0 is a `mismatch`.
 */
export async function callSet(
  call: HookCall,
  word: BypassWord,
  segment: string,
): Promise<HookResult<StateAnswer>> {
  const result = await callBypass(call, ['set', word, segment], isStateAnswer);
  if (!result.ok || result.answer.state === word) return result;
  const said = `the hook reports success, and in the same breath ${result.answer.state}`;
  return { ok: false, failure: 'mismatch', detail: said };
}

async function callBypass<Answer>(
  { executor, hook, occasion, deadline }: HookCall,
  words: readonly string[],
  isAnswer: Form<Answer>,
): Promise<HookResult<Answer>> {
  const result = await executor.run({
    argv: [hook, ...words],
    environment: hookEnvironment(occasion, deadline),
    input: '',
    timeout: deadline,
  });
  if (result.outcome.kind !== 'exited' || result.outcome.code !== 0) return failureOf(result);
  const found = parseAnswer(result.stdout);
  if (isAnswer(found)) return { ok: true, answer: found };
  const wrong = found === undefined ? '' : `, wrong in it: ${faultsOf(isAnswer)}`;
  return {
    ok: false,
    failure: 'garbage',
    detail: `expected one JSON object on stdout of ${words.join(' ')}, found ${excerpt(result.stdout)}${wrong}`,
  };
}

const EXIT_CODES: Readonly<Record<number, HookFailure>> = {
  3: 'unsupported',
  4: 'mismatch',
  75: 'try-again',
};

function failureOf(result: RunResult): { ok: false; failure: HookFailure; detail: string } {
  const { outcome } = result;
  const described = failureDetail(result);
  switch (outcome.kind) {
    case 'exited':
      return {
        ok: false,
        failure: EXIT_CODES[outcome.code] ?? 'failed',
        detail: [described, ownWords(result.stdout)].filter((part) => part !== '').join(': '),
      };
    case 'signalled':
      return { ok: false, failure: 'failed', detail: described };
    case 'timed-out':
      return { ok: false, failure: 'timed-out', detail: described };
    case 'failed':
      return { ok: false, failure: 'unavailable', detail: described };
  }
}

/** What went wrong with the run of a hook, on one line, with a remedy where there is one. */
function failureDetail(result: RunResult): string {
  const described = oneLine(describeResult(result));
  return result.outcome.kind === 'failed' && described.startsWith('cannot start')
    ? `${described}; install the hook there, make it executable, or correct the setting`
    : described;
}

/** What a hook that failed says in its answer, if it wrote one. */
function ownWords(stdout: string): string {
  const answer = parseAnswer(stdout);
  if (typeof answer !== 'object' || answer === null || !('detail' in answer)) return '';
  return typeof answer.detail === 'string' ? oneLine(answer.detail) : '';
}

function parseAnswer(stdout: string): unknown {
  if (stdout.length > ANSWER_LIMIT) return undefined;
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

const excerpt = (text: string): string => {
  if (text.trim() === '') return 'nothing';
  return text.length > 60 ? `${JSON.stringify(text.slice(0, 60))}…` : JSON.stringify(text);
};

/** Printable and short, whatever a hook wrote. */
const oneLine = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, DETAIL_LIMIT);
