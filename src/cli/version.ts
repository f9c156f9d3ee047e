// The version of this package. Nothing else.
import { readFileSync } from 'node:fs';

/** As package.json says; dist/src/cli is three folders deep. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
