// What a file of the bundle is known by. No files.
import { createHash } from 'node:crypto';

export const digestOf = (text: string): string =>
  createHash('sha256').update(text, 'latin1').digest('hex').slice(0, 16);
