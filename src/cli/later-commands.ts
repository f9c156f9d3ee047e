// The commands of the contract that this release refuses. The one list: a command is lifted by
// deleting its line here.

export const LATER_COMMANDS: readonly string[] = [
  'failover',
  'maintenance',
  'bypass',
  'flaps',
  'keygen',
  'events',
];
