// What there is to say of shared settings to the agent. Types alone.
import type { SyncStatus } from '../model/status.js';

export type { SyncOutcome } from '../control/protocol.js';
export type { SyncView } from '../model/shared-settings.js';
export type { SyncStatus };
export type SyncPeerStatus = SyncStatus['peers'][number];
