// The settings in force, and every way in which others come into force: a reload, one that is set, several that are
// changed at once, what a peer hands over. One after the other; what is set stands in no file before all agree. How they
// are applied is the agent's own.
import type { Draft, Loaded } from '../config/draft.js';
import {
  draftChangeElsewhere,
  draftSettingElsewhere,
  loadSettingsElsewhere,
  writeDraftElsewhere,
} from '../config/elsewhere.js';
import { settingsErrorLines, type SettingsError, type SettingsWarning } from '../config/errors.js';
import type { ChangeOutcome, ChangeRequest } from '../config/change.js';
import type { ListedSetting } from '../config/listed.js';
import type { SetOutcome } from '../config/save.js';
import { viewSettings, type SettingsView } from '../config/setting-names.js';
import type { Settings } from '../config/settings.js';
import type { ReloadOutcome } from '../control/protocol.js';
import { refusedByRoot } from '../host/root-programs.js';
import type { Journal } from '../journal/journal.js';
import { createTurn } from './in-turn.js';
import { ordered, STOPPING } from './reload-words.js';
import { movedDirectories, settingsChanges } from './settings-changes.js';

/** Of a file that was refused; status has the first alone, `check` has all. */
const ERRORS_IN_EVENT = 10;

/** What the settings that were applied are answered with, besides what differs. */
export interface Applied {
  readonly changes: readonly string[];
  readonly warnings: readonly SettingsWarning[];
  readonly unfit: readonly SettingsWarning[];
}

/** What peers are asked of settings that are not in force yet. */
export interface Agreement {
  /** Of the file that was read. */
  readonly digest: string;
  /** The whole text that replaces it once all agree; null where the file itself is to be in force. */
  readonly text: string | null;
}

export interface Agreed {
  readonly outcome: ReloadOutcome;
  /** Refused, the file says what it said before. */
  readonly restored: boolean;
  /** What peers do not take over, and why. */
  readonly remarks: readonly SettingsWarning[];
}

export interface SettingsInForceOptions {
  readonly file: string;
  readonly listed: readonly ListedSetting[];
  readonly digest: string | undefined;
  readonly journal: Journal;
  readonly current: () => Settings;
  /** Tells the service manager that a reload begins, and that it is over. */
  readonly announce: (phase: 'begins' | 'over') => void;
  /** What is to be on the disk before. */
  readonly prepare: (settings: Settings) => Promise<void>;
  /** From its return on the protocol runs with them. */
  readonly begin: (settings: Settings) => void;
  /** Everything else. */
  readonly finish: (settings: Settings) => Promise<Applied>;
  /** Has peers agree first, where they are to; then, or at once, `apply`. */
  readonly agree: (agreement: Agreement, apply: () => Promise<ReloadOutcome>) => Promise<Agreed>;
  /** Something else than the file is wrong: the program is another one. */
  readonly onReplaced: () => void;
  readonly onProblem: (problem: string | null) => void;
}

/** What is to come into force. */
interface Wish {
  /** Who asked for it. */
  readonly by: string;
  /** What is to be written into the file for it; null where the file says it already. */
  readonly draft: Draft | null;
  /** From a peer: it has agreed. */
  readonly agreed: boolean;
}

export class SettingsInForce {
  readonly #options: SettingsInForceOptions;
  #listed: readonly ListedSetting[];
  #digest: string | undefined;
  readonly #inTurn = createTurn();
  /** The reload that waits for its turn. */
  #next: Promise<ReloadOutcome> | null = null;
  /** Who asked for it. */
  readonly #askers = new Set<string>();
  #stopping = false;

  constructor(options: SettingsInForceOptions) {
    this.#options = options;
    this.#listed = options.listed;
    this.#digest = options.digest;
  }

  view(): SettingsView {
    return viewSettings(this.#listed, this.#options.file, this.#digest);
  }

  /** Nothing is applied any more. */
  stop(): void {
    this.#stopping = true;
  }

  /** Reads the file again and applies the difference; an invalid file changes nothing. `by`: who asks. */
  reload(by = ''): Promise<ReloadOutcome> {
    if (by !== '') this.#askers.add(by);
    // One that waits for its turn reads what is there then: it serves all who ask meanwhile.
    this.#next ??= this.#inTurn(async () => {
      this.#next = null;
      const all = [...this.#askers].join(', ');
      this.#askers.clear();
      return (await this.#announced({ by: all, draft: null, agreed: false })).outcome;
    });
    return this.#next;
  }

  /** Nobody else reads or writes settings on behalf of this agent until `task` is over. */
  alone<Answer>(task: () => Promise<Answer>): Promise<Answer> {
    return this.#inTurn(task);
  }

  /** What a peer has agreed to stands in the file. In a turn of the caller's (`alone`). */
  async applyAgreed(): Promise<readonly SettingsError[]> {
    const { outcome } = await this.#announced({ by: '', draft: null, agreed: true });
    return outcome.ok ? [] : outcome.errors;
  }

  set(setting: string, value: string, by: string): Promise<SetOutcome> {
    return this.#inTurn(async () => {
      const drafted = await draftSettingElsewhere(this.#options.file, setting, value);
      if (!drafted.ok) return drafted;
      const { draft, ...outcome } = drafted;
      return this.#made(outcome, draft, by);
    });
  }

  change(request: ChangeRequest, by: string): Promise<ChangeOutcome> {
    return this.#inTurn(async () => {
      const drafted = await draftChangeElsewhere(this.#options.file, request);
      if (!drafted.ok) return drafted;
      const { draft, ...outcome } = drafted;
      return request.apply ? this.#made(outcome, draft, by) : outcome;
    });
  }

  /** @returns `outcome` once it is so. */
  async #made<
    Done extends { readonly file: string; readonly warnings: readonly SettingsWarning[] },
  >(
    outcome: Done,
    draft: Draft | null,
    by: string,
  ): Promise<Done | Extract<ReloadOutcome, { ok: false }>> {
    const { outcome: applied, remarks } = await this.#announced({ by, draft, agreed: false });
    if (!applied.ok) return { ok: false, file: outcome.file, errors: applied.errors };
    return { ...outcome, warnings: [...outcome.warnings, ...remarks] };
  }

  async #announced(wish: Wish): Promise<Agreed> {
    const { announce } = this.#options;
    announce('begins');
    try {
      return await this.#consider(wish);
    } finally {
      // Also when the file was refused: whoever waits for the reload waits for its end.
      announce('over');
    }
  }

  async #consider(wish: Wish): Promise<Agreed> {
    const { file, current, agree } = this.#options;
    const { draft, agreed } = wish;
    const refuse = (errors: readonly SettingsError[]): Agreed => ({
      outcome: { ok: false, file, errors },
      restored: draft !== null,
      remarks: [],
    });
    const loaded = draft?.loaded ?? (await loadSettingsElsewhere(file));
    const refused = loaded.ok ? await refusedByRoot(loaded.settings) : loaded.errors;
    if (this.#stopping) return refuse([STOPPING]);
    const moved = loaded.ok ? movedDirectories(current(), loaded.settings) : [];
    const errors = [...moved, ...refused];
    if (!loaded.ok || errors.length > 0) {
      this.#refuse(errors, wish, 'invalid-settings');
      return refuse(errors);
    }
    let unwritten = false;
    const apply = async (): Promise<ReloadOutcome> => {
      if (this.#stopping) return { ok: false, file, errors: [STOPPING] };
      const written = draft === null ? null : await writeDraftElsewhere(file, draft);
      unwritten = written?.ok === false;
      return written?.ok === false ? written : this.#apply(loaded, wish.by);
    };
    if (agreed) return { outcome: await apply(), restored: false, remarks: [] };
    const question = { digest: draft?.base ?? loaded.digest, text: draft?.text ?? null };
    const answer = await agree(question, apply);
    if (answer.outcome.ok) return withRemarks(answer);
    // Nothing has changed, and whoever ordered it is told.
    if (!unwritten) this.#refuse(answer.outcome.errors, wish, 'peers');
    if (draft === null && answer.restored) this.#options.onProblem(null);
    return answer;
  }

  async #apply(loaded: Loaded, by: string): Promise<ReloadOutcome> {
    const { file, journal, onProblem, prepare, begin, finish } = this.#options;
    await prepare(loaded.settings);
    if (this.#stopping) return { ok: false, file, errors: [STOPPING] };
    // From here to the configuration in one turn: whoever reads the event finds what it says in force.
    onProblem(null);
    const changes = settingsChanges(this.#listed, loaded.listed, file);
    journal.record('info', {
      event: 'settings-applied',
      reason: 'reload',
      ...ordered(changes.length === 0 ? 'nothing differs' : changes.join('; '), by),
    });
    begin(loaded.settings);
    this.#listed = loaded.listed;
    this.#digest = loaded.digest;
    const applied = await finish(loaded.settings);
    return {
      ok: true,
      file,
      changes: [...changes, ...applied.changes],
      warnings: [...loaded.warnings, ...applied.warnings],
      unfit: applied.unfit,
    };
  }

  #refuse(
    errors: readonly SettingsError[],
    { by, draft }: Wish,
    reason: 'invalid-settings' | 'peers',
  ): void {
    const { file, journal, onProblem, onReplaced } = this.#options;
    const stay = (most: number): string =>
      `the settings in force stay: ${settingsErrorLines(errors, file, most).join('; ')}`;
    journal.record('error', {
      event: 'reload-refused',
      reason,
      ...ordered(stay(ERRORS_IN_EVENT), by),
    });
    // Nothing of it is in the file.
    if (draft !== null) return;
    // No fault of the file: what this host has instead of our program is a reason of its own.
    if (errors.every(({ code, path }) => code === 'needs-restart' && path === '')) onReplaced();
    else onProblem(stay(1));
  }
}

const withRemarks = ({ outcome, remarks, ...rest }: Agreed): Agreed => ({
  ...rest,
  remarks,
  outcome: outcome.ok ? { ...outcome, warnings: [...outcome.warnings, ...remarks] } : outcome,
});
