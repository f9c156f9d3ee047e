// Which build of the program this is, so that a running agent knows parts of another one, which an upgrade has put
// in place of its own. Nothing else.

/** The bundler puts a digest of the sources in its place (scripts/bundle); a checkout has just been compiled. */
export const BUILD: string = 'checkout';
