// Folders of a test file. No tests in here.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];

process.once('exit', () => {
  for (const folder of folders) {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Somebody who is still being killed has put a file there meanwhile: the system's to remove.
    }
  }
});

/**
 * A folder that is gone when the test file is done. Not after its test: what was registered first is done first there,
 * and the processes of the test, which may write into it, are ended later.
 */
export function temporaryFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  folders.push(folder);
  return folder;
}
