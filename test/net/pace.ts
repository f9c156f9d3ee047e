// How much the network tests do every day, and in CI. No tests.

/** CI plays everything; every day one of each kind is played. */
export const EVERYTHING = process.env['CI'] === 'true';

/**
 * Milliseconds between two questions of the lab's client to an address. Whoever asks a thousand times a second
 * takes a sixth of a core, as much as both agents; who held an address is known from the kernels, however often it is
 * asked for.
 */
export const PROBE_EVERY_MS = EVERYTHING ? 1 : 5;
