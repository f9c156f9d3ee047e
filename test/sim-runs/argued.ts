// Planted faults of the core that no scenario can meet, each with the reason. One that is met all the same is reported: then
// its line goes. Nothing is played here.

/** By the name of the fault, without `.patch`. */
export const ARGUED: Readonly<Record<string, string>> = {
  'core-memory-at-any-time':
    'an agent gives its core what an earlier one left once, before it starts (agent.ts), and so does the one here; that ' +
    'it is nothing later is asked of the core directly (test/core/fitness/flaps-latch.test.ts)',
  'core-unfit-candidate':
    'one that is unfit names no Backup: what makes it unfit puts every virtual router out of the election before the ' +
    'peers are told (settle.ts), so the two answers differ for no report that a core makes; that a report which says so ' +
    'all the same is not believed is asked directly (test/core/decisions/candidates.test.ts)',
};
