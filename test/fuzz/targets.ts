// The decoders that read what somebody else wrote. What feeds them: fuzz.ts.
import type { Target } from './fuzz.js';
import { control, keepalived, settings, settingsValue } from './targets-text.js';
import { advertisement, etcd, peerMessage } from './targets-wire.js';

export const TARGETS: readonly Target[] = [
  advertisement,
  peerMessage,
  etcd,
  settingsValue,
  settings,
  control,
  keepalived,
];
