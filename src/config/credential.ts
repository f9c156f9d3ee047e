// The other way to name the key: a credential that systemd hands to the unit (LoadCredential=, systemd.exec(5)).
// Where it then is: host/peer-key.ts.

const PREFIX = 'credential:';

/** `ha.key` of `credential:ha.key`; null for what is a path. */
export const credentialOf = (keyFile: string): string | null =>
  keyFile.startsWith(PREFIX) ? keyFile.slice(PREFIX.length) : null;

/** Narrower than systemd's own rule: nothing in it that a unit file or a shell would read otherwise. */
export const isCredentialName = (name: string): boolean =>
  name.length <= 255 && /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name);

/** Why such a key cannot be written where it is, and what to do; null for a path. */
export const credentialRefusal = (keyFile: string): string | null =>
  credentialOf(keyFile) === null
    ? null
    : `${keyFile}: expected a file to write the key to, found a credential, which systemd gives to the unit; write the file that LoadCredential= names (a new key: openssl rand -hex 32), then systemctl restart understudy`;
