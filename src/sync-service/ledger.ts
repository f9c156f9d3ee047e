// What this appliance runs with, as a version: kept in the store, and moved by edits, by what is taken over, and by
// what is taken back. No peers and no file.
import { digestOf, sorted, type SharedDocument } from '../sync/shared.js';
import { adopted, agreed, edited, firstVersion, type Lineage } from '../sync/version.js';
import { keptDocuments, type Pending, type Store, type SyncState } from './store.js';
import type { Written } from './exchange.js';

export class Ledger {
  readonly #store: Store;
  readonly #self: string;
  #state: SyncState | null = null;

  constructor(store: Store, self: string) {
    this.#store = store;
    this.#self = self;
  }

  /** What was kept; null for nothing. Has to be called first. */
  load(): SyncState | null {
    const { state, problem } = this.#store.load();
    this.#state = state;
    this.#unusable = problem;
    return state;
  }
  #unusable: string | null = null;

  /**
   * What was kept and cannot be used is moved out of the way before anything is written over it.
   * @returns what to tell of it; null when there is no such thing.
   */
  async setAside(): Promise<string | null> {
    if (this.#unusable === null) return null;
    const kept = await this.#store.setAside();
    const words = `${this.#unusable}; it is kept as ${kept}, and versions begin anew with the settings in force`;
    this.#unusable = null;
    return words;
  }

  /** Why what was kept cannot be used, as long as it stands in the way. */
  get unusable(): string | null {
    return this.#unusable;
  }

  /** Null before anything is known. */
  get state(): SyncState | null {
    return this.#state;
  }

  /** @throws Error before anything is known. */
  get written(): Written {
    const { lineage, documents } = this.#known;
    const document = documents.get(lineage.version.digest);
    if (document === undefined) throw new Error('the current document is always kept');
    return { lineage, document };
  }

  get pending(): Pending | null {
    return this.#state?.pending ?? null;
  }

  get digest(): string {
    return this.#known.lineage.version.digest;
  }

  /** Settings of a later release, which are kept beside the file. */
  get unknownNames(): readonly string[] {
    return [...(this.#state?.unknown.keys() ?? [])];
  }

  /** The document of a version that is remembered; null when it is not. */
  documentOf(digest: string | null): SharedDocument | null {
    return digest === null ? null : (this.#known.documents.get(digest) ?? null);
  }

  /** What a file with these shared settings stands for: settings of a later release stand beside it. */
  whole(shared: SharedDocument): SharedDocument {
    const unknown = this.#state?.unknown ?? new Map();
    return unknown.size === 0 ? shared : sorted([...unknown, ...shared]);
  }

  /** What an edit that leads to this document makes of the lineage. */
  after(document: SharedDocument): Written {
    const digest = digestOf(document);
    const lineage =
      this.#state === null
        ? firstVersion(this.#self, digest)
        : edited(this.#state.lineage, this.#self, digest);
    return { lineage, document };
  }

  /** The document is in force; `pending`: until it is confirmed. */
  async edit(document: SharedDocument, pending: Pending | null): Promise<void> {
    const { lineage } = this.after(document);
    if (this.#state?.lineage === lineage && this.#state.pending === pending) return;
    await this.#save(lineage, document, this.#state?.unknown ?? new Map(), pending);
  }

  /** Written down before the file is: whoever finds it knows what was begun. */
  async intend(pending: Pending | null): Promise<void> {
    const state = this.#known;
    await this.#keep({ ...state, pending });
  }

  /** A document of a peer is in force. */
  async adopt(written: Written, unknown: SharedDocument, pending: Pending | null): Promise<void> {
    const lineage = adopted(this.#known.lineage, written.lineage);
    await this.#save(lineage, written.document, unknown, pending);
  }

  /** What was in force before the pending change is in force again. */
  async back(document: SharedDocument, { unknown, to, peer }: Pending): Promise<void> {
    // What was made here may be with peers before it is recorded.
    const left = peer === null ? edited(this.#known.lineage, this.#self, to) : this.#known.lineage;
    const lineage = edited(left, this.#self, digestOf(document));
    await this.#save(lineage, document, unknown, null);
  }

  /** A change of ours that peers may have: what is in force here is newer, though it is what was there before. */
  async reject({ lineage }: Written): Promise<void> {
    const state = this.#known;
    await this.#keep({
      ...state,
      lineage: edited(lineage, this.#self, state.lineage.version.digest),
      pending: null,
    });
  }

  /** A change that was begun and not recorded: where it was ours, peers may have it. */
  async leave({ to, peer }: Pending): Promise<void> {
    const state = this.#known;
    if (peer !== null || to === this.digest) return this.intend(null);
    await this.reject({ ...this.written, lineage: edited(state.lineage, this.#self, to) });
  }

  /** A peer has the same document. @returns whether it is called otherwise from now on. */
  async agree(theirs: Lineage): Promise<boolean> {
    const state = this.#known;
    const lineage = agreed(state.lineage, theirs);
    if (lineage === state.lineage) return false;
    await this.#keep({ ...state, lineage });
    return true;
  }

  get #known(): SyncState {
    if (this.#state === null) throw new Error('nothing is known yet');
    return this.#state;
  }

  #save(
    lineage: Lineage,
    document: SharedDocument,
    unknown: SharedDocument,
    pending: Pending | null,
  ): Promise<void> {
    const known = new Map(this.#state?.documents ?? []).set(digestOf(document), document);
    return this.#keep({ lineage, documents: keptDocuments(lineage, known), unknown, pending });
  }

  /** In force here only when it is on the disk. */
  async #keep(state: SyncState): Promise<void> {
    await this.#store.save(state);
    this.#state = state;
  }
}
