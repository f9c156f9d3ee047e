// `npm run build:bundle`: makes the bundle of the checkout, and has it compiled for this Node. How: bundle.ts.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENGINE_OPTIONS } from '../../src/engine/options.js';
import { makeBundle } from './bundle.js';

const folder = fileURLToPath(new URL('../../../bundle', import.meta.url));
await makeBundle(folder);
const program = join(folder, 'scripts/bundle/precompile.js');
execFileSync(process.execPath, [...ENGINE_OPTIONS, program], { stdio: 'inherit' });
