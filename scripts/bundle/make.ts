// `npm run build:bundle`: makes the bundle of the checkout. How: bundle.ts.
import { fileURLToPath } from 'node:url';
import { makeBundle } from './bundle.js';

await makeBundle(fileURLToPath(new URL('../../../bundle/', import.meta.url)).replace(/\/$/, ''));
