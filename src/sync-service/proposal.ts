// A change that is made on this appliance while it follows its peers: they are asked first, those that are not Active
// take it over first, and it is in force everywhere or nowhere. What is set is in no file before that; settings that a
// file has and no peer can take stay out of force. How a peer answers: answers.ts.
import { digestOfText } from '../config/load.js';
import type { SettingsError, SettingsWarning } from '../config/errors.js';
import { mergeShared } from '../sync/merge.js';
import { digestOf } from '../sync/shared.js';
import { differences } from '../sync/difference.js';
import { errorsOf, hashOf, NOT_READ_BACK } from './change.js';
import { PeerSlow, type PeerAnswer, type PeerRequest, type Written } from './exchange.js';
import { settingsIn, thereOn, waitFor } from './outcomes.js';
import type { Parts, Refusals } from './parts.js';
import type { KnownPeer } from './peer-book.js';
import { fileText, sharedIn, type FileText } from './settings-file.js';
import type { Pending } from './store.js';
import type { Taking } from './taking.js';

export interface Proposed {
  /** Of the file as the agent has read it. */
  readonly digest: string;
  /** The whole text that the agent will write into it; null where it has read the change there. */
  readonly text: string | null;
  readonly active: boolean;
}

/** Has the agent write what is not in the file yet, and run with it. `noted`: whoever ends now, it is taken back. */
export type Apply = (noted: boolean) => Promise<Refusals>;

export interface ProposalOutcome {
  /** Empty: it is in force here, and with all peers that could be asked. */
  readonly errors: Refusals;
  /** Refused, the file says what it said before. */
  readonly restored: boolean;
  /** Who has not taken it over, and why; what somebody does not know. */
  readonly remarks: readonly SettingsWarning[];
}

/** For an answer whether something fits, and for one that it is in force, in milliseconds. */
const CHECK_LIMIT_MS = 2_000;
const OFFER_LIMIT_MS = 7_000;
/** While another change is under way somewhere, in milliseconds. */
const BUSY_MS = 150;
const MOST_TRIES = 12;

interface Participant {
  readonly peer: KnownPeer;
  readonly active: boolean;
}

type Checked =
  | { readonly participants: readonly Participant[]; readonly remarks: SettingsWarning[] }
  | { readonly errors: Refusals };

export class Proposal {
  readonly #parts: Parts;
  readonly #taking: Taking;
  readonly #reservedFor: () => string | null;
  #open = false;
  #yields = false;

  constructor(parts: Parts, taking: Taking, reservedFor: () => string | null) {
    this.#parts = parts;
    this.#taking = taking;
    this.#reservedFor = reservedFor;
  }

  get open(): boolean {
    return this.#open;
  }

  /** A peer has a change of its own while ours is under way: of two, that of the lower name comes first. */
  meets(peer: string): void {
    if (peer < this.#parts.options.self) this.#yields = true;
  }

  /** The answer when a change cannot even be looked at now; null when it can. Nobody may wait here for the agent's turn. */
  standsBack(proposed: Proposed): ProposalOutcome | null {
    const author = this.#reservedFor();
    if (author === null && !this.#taking.waits) return null;
    return refused(proposed, [waitFor(author ?? 'a peer')]);
  }

  /** In a turn of the caller's. */
  async make(proposed: Proposed, apply: Apply): Promise<ProposalOutcome> {
    const author = this.#reservedFor();
    if (author !== null) return refused(proposed, [waitFor(author)]);
    const { ledger, options } = this.#parts;
    try {
      const file = options.file.read();
      if (digestOfText(file.text) !== proposed.digest) return refused(proposed, [MEANWHILE]);
      const next = proposed.text === null ? file : fileText(proposed.text);
      const document = ledger.whole(sharedIn(next.text));
      if (digestOf(document) === ledger.digest) return await putAlone(proposed, apply);
      this.#open = true;
      return await this.#put(proposed, { file, next, written: ledger.after(document) }, apply);
    } catch (error) {
      return refused(proposed, errorsOf(error));
    } finally {
      this.#open = false;
      this.#yields = false;
    }
  }

  async #put(
    proposed: Proposed,
    { file, next, written }: { file: FileText; next: FileText; written: Written },
    apply: Apply,
  ): Promise<ProposalOutcome> {
    const checked = await this.#checked(written);
    if ('errors' in checked) return refused(proposed, checked.errors);
    const { participants, remarks } = checked;
    if (participants.length === 0) return putAlone(proposed, apply, remarks);
    const { ledger, options } = this.#parts;
    const changed = differences(ledger.written.document, written.document, null);
    const note = this.#note(file, next, { written, participants });
    try {
      await ledger.intend(note);
    } catch (error) {
      await this.#withdraw(participants, written);
      throw error;
    }
    await options.onStep?.('intended');
    let applied = false;
    const here = async (): Promise<Refusals> => {
      const errors = await apply(true);
      applied = errors.length === 0 || proposed.text === null || !this.#stands(file);
      await options.onStep?.('applied');
      return errors.length > 0 ? errors : this.#record(written, note);
    };
    for (const stage of stagesOf(participants, proposed.active)) {
      const errors = stage === 'here' ? await here() : await this.#offer(stage, written);
      if (errors.length > 0) {
        return this.#undo(proposed, { written, note, applied, participants }, errors);
      }
    }
    await options.onStep?.('recorded');
    this.#parts.inForce = next;
    for (const { peer } of participants) peer.say('in-sync');
    const names = participants.map(({ peer }) => peer.name).join(', ');
    this.#parts.tell('sync-applied', 'given', `given to ${names}: ${settingsIn(changed)}`);
    this.#parts.announce();
    this.#taking.awaitConfirmation();
    return { errors: [], restored: false, remarks };
  }

  /** Whether the file still is this one. */
  #stands(file: FileText): boolean {
    try {
      return hashOf(this.#parts.options.file.read()) === hashOf(file);
    } catch {
      return false;
    }
  }

  /** The agent runs with it: the file is read back and compared first. */
  async #record(written: Written, note: Pending): Promise<Refusals> {
    const { ledger, options } = this.#parts;
    try {
      const document = ledger.whole(sharedIn(options.file.read().text));
      if (digestOf(document) !== note.to) return [NOT_READ_BACK];
      await ledger.edit(written.document, note);
      return [];
    } catch (error) {
      return errorsOf(error);
    }
  }

  /** Asks all that can be asked; again while somebody is busy. */
  async #checked(written: Written): Promise<Checked> {
    const { book, options } = this.#parts;
    const asked = book.all.filter(({ told, lost }) => told !== null && !lost);
    const request = { kind: 'check', written, byOperator: false } as const;
    for (let tries = 1; ; tries += 1) {
      const answers = await Promise.all(
        asked.map(async (peer) => ({
          peer,
          answer: await this.#ask(peer, request, CHECK_LIMIT_MS),
        })),
      );
      const errors = answers.flatMap(({ peer, answer }) => refusedBy(peer, answer));
      if (errors.length > 0) return this.#withdrawn(answers, written, errors);
      const busy = answers.find(({ answer }) => answer.kind === 'busy');
      if (busy === undefined) return this.#participantsOf(answers);
      if (this.#yields || tries === MOST_TRIES) {
        return this.#withdrawn(answers, written, [waitFor(busy.peer.name)]);
      }
      await this.#parts.pause(BUSY_MS + (options.self > busy.peer.name ? BUSY_MS : 0));
    }
  }

  #participantsOf(answers: readonly Answered[]): Checked {
    const { book } = this.#parts;
    const silent = book.all.filter(({ heard, lost }) => lost || !heard);
    // Of a release that knows nothing of shared settings, or with `ha.sync: off`.
    const mute = book.all.filter(({ heard, lost, told }) => heard && !lost && told === null);
    return {
      participants: answers.flatMap(({ peer, answer }) =>
        answer.kind === 'fits' ? [{ peer, active: answer.active === true }] : [],
      ),
      remarks: [
        ...silent.map(({ name }) => remark(`${name} is not heard: it follows when it is`)),
        ...mute.map(({ name }) =>
          remark(
            `${name} shares no settings (ha.sync is off there, or it is older): set it there too`,
          ),
        ),
        ...answers.flatMap(({ peer, answer }) => remarksOn(peer, answer)),
      ],
    };
  }

  /** Those that said yes need not wait for more. */
  async #withdrawn(
    answers: readonly Answered[],
    written: Written,
    errors: Refusals,
  ): Promise<Checked> {
    await this.#withdraw(
      answers.filter(({ answer }) => answer.kind === 'fits'),
      written,
    );
    return { errors };
  }

  async #withdraw(from: readonly { peer: KnownPeer }[], { lineage }: Written): Promise<void> {
    const { digest } = lineage.version;
    await Promise.all(
      from.map(({ peer }) => this.#ask(peer, { kind: 'withdraw', digest }, CHECK_LIMIT_MS)),
    );
  }

  /** All of a stage at once. */
  async #offer(stage: readonly Participant[], written: Written): Promise<Refusals> {
    const request = { kind: 'offer', written, byOperator: false } as const;
    const { digest } = written.lineage.version;
    const answers = await Promise.all(
      stage.map(async ({ peer }) => ({
        peer,
        answer: await this.#ask(peer, request, OFFER_LIMIT_MS),
      })),
    );
    return answers.flatMap(({ peer, answer }): Refusals => {
      if (answer.kind === 'applied' && answer.digest === digest) {
        peer.has = written;
        return [];
      }
      const refused = refusedBy(peer, answer);
      return refused.length > 0 ? refused : [notTaken(peer, answer)];
    });
  }

  async #ask(peer: KnownPeer, request: PeerRequest, limitMs: number): Promise<Given> {
    try {
      return await this.#parts.options.call(peer.name, request, limitMs);
    } catch (error) {
      const kind = error instanceof PeerSlow ? 'slow' : 'silent';
      return { kind, detail: (error as Error).message };
    }
  }

  #note(
    file: FileText,
    next: FileText,
    { written, participants }: { written: Written; participants: readonly Participant[] },
  ): Pending {
    const { ledger } = this.#parts;
    const { pending } = ledger;
    return {
      from: pending?.from ?? ledger.digest,
      text: pending?.text ?? this.#formerText(file),
      unknown: pending?.unknown ?? ledger.state?.unknown ?? new Map(),
      to: written.lineage.version.digest,
      written: hashOf(next),
      peer: null,
      givenTo: participants.map(({ peer }) => peer.name),
    };
  }

  /** The whole file before the change: as it was, or as it must have been. */
  #formerText(file: FileText): string {
    const { inForce, ledger } = this.#parts;
    if (inForce !== null) return `${inForce.mark}${inForce.text}`;
    const merged = mergeShared(file.text, ledger.written.document);
    return `${file.mark}${merged.ok ? merged.text : file.text}`;
  }

  /** Some may have it: it is a version of the past from now on, which everybody who has it leaves. */
  async #undo(
    proposed: Proposed,
    made: {
      readonly written: Written;
      readonly note: Pending;
      readonly applied: boolean;
      readonly participants: readonly Participant[];
    },
    errors: Refusals,
  ): Promise<ProposalOutcome> {
    const outcome = await this.#leave(proposed, made, errors);
    await this.#withdraw(made.participants, made.written);
    await this.#parts.options.onStep?.('recorded');
    this.#parts.announce();
    return outcome;
  }

  async #leave(
    proposed: Proposed,
    { written, note, applied }: { written: Written; note: Pending; applied: boolean },
    errors: Refusals,
  ): Promise<ProposalOutcome> {
    const { ledger } = this.#parts;
    const why = errors.map(({ found }) => found).join('; ');
    try {
      if (applied) {
        if (ledger.pending === null) await ledger.intend(note);
        const failed = await this.#taking.takeBack(why, 'refused', true);
        return { errors: [...errors, ...failed], restored: failed.length === 0, remarks: [] };
      }
      await ledger.reject(written);
      this.#parts.tell('sync-taken-back', 'refused', `what was changed here is not made: ${why}`);
    } catch (error) {
      this.#taking.tryAgain(why, 'refused');
      return refused(proposed, [...errors, ...errorsOf(error)]);
    }
    return refused(proposed, errors);
  }
}

/** Where there is nobody to agree, or nothing to agree on. */
export async function putAlone(
  proposed: Proposed,
  apply: Apply,
  remarks: readonly SettingsWarning[] = [],
): Promise<ProposalOutcome> {
  const errors = await apply(false);
  return errors.length > 0 ? refused(proposed, errors) : { errors, restored: false, remarks };
}

/** Nothing was done: what was to be set is in no file, what was edited stays in its own. */
export const refused = ({ text }: Proposed, errors: Refusals): ProposalOutcome => ({
  errors,
  restored: text !== null,
  remarks: [],
});

/** An answer, or none. */
type Given = PeerAnswer | { readonly kind: 'silent' | 'slow'; readonly detail: string };
interface Answered {
  readonly peer: KnownPeer;
  readonly answer: Given;
}

/** Who is not Active is first, and says that it is well; of several Actives we are the last. */
function stagesOf(
  participants: readonly Participant[],
  active: boolean,
): readonly (readonly Participant[] | 'here')[] {
  const backups = participants.filter((one) => !one.active);
  const actives = participants.filter((one) => one.active);
  return active ? [backups, actives, 'here'] : [backups, 'here', actives];
}

function refusedBy(peer: KnownPeer, answer: Given): Refusals {
  if (answer.kind === 'refused') return answer.errors.map((error) => thereOn(peer.name, error));
  // It is heard, and may have a change of its own: without its word there is no one author at a time.
  if (answer.kind === 'slow') return [tooSlow(peer.name, answer.detail)];
  if (answer.kind !== 'conflict') return [];
  const { state } = peer.status;
  // Known already: an operator goes on here, and decides later.
  return state === 'conflict' || state === 'refused' ? [] : [newerOn(peer.name)];
}

const newerOn = (peer: string): SettingsError => ({
  path: '',
  code: 'changed-meanwhile',
  expected: `settings that follow those of ${peer}`,
  found: `${peer} was changed meanwhile`,
  remedy: 'see understudy sync diff, then make the change again',
});

const tooSlow = (peer: string, found: string): SettingsError => ({
  path: '',
  code: 'changed-meanwhile',
  expected: `an answer of ${peer} in time: another change may be under way there`,
  found,
  remedy: 'nothing was changed; make the change again in a moment',
});

const notTaken = ({ name }: KnownPeer, answer: Given): SettingsError => ({
  path: '',
  code: 'not-here',
  expected: `${name} to take it over`,
  found: `${name}: ${'detail' in answer ? answer.detail : `it answers ${answer.kind}`}`,
  remedy: 'nothing was changed; see understudy sync status, then try again',
});

const MEANWHILE: SettingsError = {
  path: '',
  code: 'changed-meanwhile',
  expected: 'the settings file as it was read',
  found: 'it was written again meanwhile',
  remedy: 'understudy reload',
};

/** Where nothing is known of versions, nobody can be asked. */
export const NOT_GIVEN: SettingsWarning = {
  path: 'ha.sync',
  message: 'given to no peer: see understudy sync status for why nothing is known of versions here',
};

const remark = (message: string): SettingsWarning => ({ path: 'ha.sync', message });

function remarksOn({ name, status }: KnownPeer, answer: Given): SettingsWarning[] {
  switch (answer.kind) {
    case 'fits':
      return (answer.unknown ?? []).map((setting) =>
        remark(
          `${name} is of a release that does not know ${setting}: it keeps it, and does not use it`,
        ),
      );
    case 'unwilling':
      return [remark(`${name} does not take it over: ${answer.detail}`)];
    case 'silent':
      return [remark(`${name} could not be asked, and follows when it can be: ${answer.detail}`)];
    case 'conflict':
      return [remark(`${name} does not take it over: ${status.state}; see understudy sync diff`)];
    case 'applied':
    case 'busy':
    case 'has':
    case 'refused':
    case 'slow':
    case 'withdrawn':
      return [];
  }
}
