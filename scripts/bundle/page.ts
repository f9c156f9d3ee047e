// The page of the console in the bundle: its files and the two libraries as they are, and the same page for Cockpit.
// Nothing is built. What the page is: src/console/page.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { about } from '../../src/console/fields.js';
import { ICON, indexPage, PAGE_FILES } from '../../src/console/page-files.js';

/** The packages that the page brings. */
export const PAGE_PACKAGES = ['htm', 'preact'];

const MANIFEST = {
  version: 0,
  requires: { cockpit: '239' },
  tools: {
    index: { label: 'High availability', keywords: [{ matches: ['vrrp', 'failover', 'ha'] }] },
  },
};

/** Puts the page into `folder/page`, and Cockpit's package into `folder/cockpit`. `root`: the checkout. */
export function layOutPage(root: string, folder: string): void {
  for (const place of ['page', 'cockpit']) {
    mkdirSync(join(folder, place));
    for (const [name, path] of PAGE_FILES)
      copyFileSync(join(root, path), join(folder, place, name));
  }
  const cockpit = join(folder, 'cockpit');
  copyFileSync(join(root, 'src/console/page/cockpit.js'), join(cockpit, 'cockpit.js'));
  const bridge = '<script src="../base1/cockpit.js"></script>\n';
  writeFileSync(join(cockpit, 'index.html'), indexPage(bridge, 'cockpit.js'));
  writeFileSync(join(cockpit, 'icon.svg'), ICON);
  writeFileSync(join(cockpit, 'about.json'), `${JSON.stringify(about())}\n`);
  writeFileSync(join(cockpit, 'manifest.json'), `${JSON.stringify(MANIFEST, null, 2)}\n`);
}
