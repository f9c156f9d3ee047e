// Planted faults of the core that no scenario can meet, each with the reason. One that is met all the same is reported: then
// its line goes. Nothing is played here.

/** By the name of the fault, without `.patch`. */
export const ARGUED: Readonly<Record<string, string>> = {};
