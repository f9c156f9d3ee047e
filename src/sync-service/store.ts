// What must outlive the service: the version, the documents of versions before, and a change that nobody has confirmed
// yet. One file, sync.json, replaced as a whole. No decision.
import { lstat, rename } from 'node:fs/promises';
import { atomicWriteFile } from '../files/atomic-write.js';
import { NOTES_FORMAT, notesProblem, OTHER_FORM, readSyncNotes } from '../host/sync-notes.js';
import { canonicalText, digestOf, type SharedDocument } from '../sync/shared.js';
import type { Lineage } from '../sync/version.js';
import { documentFrom, lineageFrom } from './exchange.js';

/** A change that is taken back unless it is confirmed: also by whoever finds it at a start. */
export interface Pending {
  /** The document in force before the change. */
  readonly from: string;
  /** That of the change. */
  readonly to: string;
  /** Of the settings file with the change in it: SHA-256, hexadecimal. */
  readonly written: string;
  /** The whole settings file before the change. */
  readonly text: string;
  /** Settings of a later release that were kept beside it. */
  readonly unknown: SharedDocument;
  /** From whom it came; null: it was made here. */
  readonly peer: string | null;
  /** Those that take over what was made here: it is taken back when one of them is lost. */
  readonly givenTo: readonly string[];
}

export interface SyncState {
  readonly lineage: Lineage;
  /** Those of the versions that are remembered, by digest; the current one is always there. */
  readonly documents: ReadonlyMap<string, SharedDocument>;
  /** Settings of a later release: part of the document, and not in the file. */
  readonly unknown: SharedDocument;
  readonly pending: Pending | null;
}

export interface Kept {
  /** Null where there is none, or none that can be used: then this appliance begins anew. */
  readonly state: SyncState | null;
  /** Why what stands there cannot be used; null when it can, or when nothing is there. */
  readonly problem: string | null;
}

export interface Store {
  load(): Kept;
  /** Moves what stands there and cannot be used out of the way. @returns where to. @throws the system's error (rejects). */
  setAside(): Promise<string>;
  /** @throws the system's error (rejects); what stands there then is what stood there before. */
  save(state: SyncState): Promise<void>;
}

/** Of all documents together, in bytes; the oldest go first. */
const DOCUMENTS_MAXIMUM = 512 * 1024;

export const openStore = (path: string): Store => ({
  load: () => read(path),
  setAside: async () => {
    const kept = `${path}.unreadable`;
    // What was kept before stays.
    const taken = await lstat(kept).catch(() => null);
    const to = taken === null ? kept : `${kept}-${Date.now()}`;
    await rename(path, to);
    return to;
  },
  save: (state) => atomicWriteFile(path, textOf(state), { mode: 0o600, followsLink: false }),
});

/** The documents of a lineage, as far as there is room; the current one first. */
export function keptDocuments(
  { version, before }: Lineage,
  known: ReadonlyMap<string, SharedDocument>,
): ReadonlyMap<string, SharedDocument> {
  const kept = new Map<string, SharedDocument>();
  let room = DOCUMENTS_MAXIMUM;
  for (const { digest } of [version, ...before]) {
    const document = known.get(digest);
    if (document === undefined || kept.has(digest)) continue;
    room -= canonicalText(document).length;
    if (room < 0 && kept.size > 0) break;
    kept.set(digest, document);
  }
  return kept;
}

const textOf = ({ lineage, documents, unknown, pending }: SyncState): string =>
  `${JSON.stringify({
    format: NOTES_FORMAT,
    lineage,
    documents: [...documents.values()].map((one) => [...one]),
    unknown: [...unknown],
    pending: pending === null ? null : { ...pending, unknown: [...pending.unknown] },
  })}\n`;

function read(path: string): Kept {
  const notes = readSyncNotes(path);
  if (notes.ok && notes.value === null) return { state: null, problem: null };
  const state = notes.ok ? stateFrom(notes.value as Record<string, unknown>) : null;
  const { found } = notes.ok ? OTHER_FORM : notes;
  return { state, problem: state === null ? notesProblem(path, found) : null };
}

function stateFrom(value: Readonly<Record<string, unknown>>): SyncState | null {
  const lineage = lineageFrom(value['lineage']);
  const unknown = documentFrom(value['unknown']);
  const pending = pendingFrom(value['pending']);
  if (lineage === null || unknown === null || pending === undefined) return null;
  if (!Array.isArray(value['documents'])) return null;
  const documents = new Map<string, SharedDocument>();
  for (const one of value['documents'] as readonly unknown[]) {
    const document = documentFrom(one);
    if (document !== null) documents.set(digestOf(document), document);
  }
  return documents.has(lineage.version.digest) ? { lineage, documents, unknown, pending } : null;
}

/** Undefined for what is neither a change nor none. */
function pendingFrom(value: unknown): Pending | null | undefined {
  if (value === null) return null;
  if (typeof value !== 'object') return undefined;
  const {
    from,
    to,
    written,
    text,
    peer = null,
    givenTo = [],
    unknown: beside,
  } = value as Record<string, unknown>;
  const unknown = documentFrom(beside);
  if (![from, to, written, text].every((one) => typeof one === 'string')) return undefined;
  if (unknown === null || (peer !== null && typeof peer !== 'string')) return undefined;
  if (!Array.isArray(givenTo) || !givenTo.every((one) => typeof one === 'string')) return undefined;
  return { from, to, written, text, unknown, peer, givenTo } as Pending;
}
