// The pre-shared keys of the TLS connections, derived from those of the HA port: whoever has the one has the other, and
// what signs datagrams never goes into TLS. No files.
import { createHmac, hkdfSync } from 'node:crypto';
import type { KeyFile } from '../host/peer-key.js';

/** A key, and what it is called on the wire. */
export interface SyncKey {
  /** Says which of two keys is meant during a rotation; nothing of the key. */
  readonly identity: string;
  readonly secret: Buffer;
}

const INFO = 'understudy: shared settings over TLS, version 1';
const IDENTITY_OF = 'understudy: identity of a key of shared settings';

/**
 * AEAD, and an ephemeral key beside the pre-shared one: whoever learns the key later cannot read what was recorded.
 * TLS 1.2, since Node hands a pre-shared key to 1.2 and 1.3 alike, but chooses the hash of 1.3 by itself.
 */
export const TLS_OPTIONS = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
} as const;

/** The keys of the file, the one that is preferred first; both during a rotation. */
export const syncKeys = ({ key, former }: KeyFile): readonly SyncKey[] =>
  [key, ...(former === null ? [] : [former])].map(syncKey);

function syncKey(key: Buffer): SyncKey {
  const secret = Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), INFO, 32));
  const identity = createHmac('sha256', secret).update(IDENTITY_OF).digest('hex').slice(0, 16);
  return { identity, secret };
}
