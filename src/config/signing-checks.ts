// What must hold for signed advertisements: that there are keys. Files are not looked at.
import type { Finding } from './errors.js';
import { fault } from './faults.js';
import { quote } from './found.js';
import type { PlacedRouter, Settled } from './placed.js';
import { checkSecret } from './plain-checks.js';

export function checkSigning({ signing }: Settled, routers: readonly PlacedRouter[]): Finding[] {
  const { keyFile } = signing ?? {};
  const file = checkSecret(keyFile, ['signing', 'keyFile']);
  if (keyFile !== undefined) return file;
  return routers.flatMap(({ at, file: { signed } }) =>
    signed === undefined || signed === 'off'
      ? []
      : [fault('noSigningKey', [...at, 'signed'], `${quote(signed)}, and no signing.keyFile`)],
  );
}
