// The files of the page, read once: its own, and the two libraries as their packages have them. Nothing is built. The
// page itself is in page/.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzip: Buffer;
}

/** Name on the page, and where it lies in a checkout. In the bundle all lie in one folder. */
export const PAGE_FILES: readonly (readonly [name: string, path: string])[] = [
  ['page.css', 'src/console/page/page.css'],
  ['main.js', 'src/console/page/main.js'],
  ['store.js', 'src/console/page/store.js'],
  ['screen.js', 'src/console/page/screen.js'],
  ['pair.js', 'src/console/page/pair.js'],
  ['orders.js', 'src/console/page/orders.js'],
  ['sync.js', 'src/console/page/sync.js'],
  ['settings.js', 'src/console/page/settings.js'],
  ['preview.js', 'src/console/page/preview.js'],
  ['fields.js', 'src/console/page/fields.js'],
  ['lists.js', 'src/console/page/lists.js'],
  ['draft.js', 'src/console/page/draft.js'],
  ['console.js', 'src/console/page/console.js'],
  ['preact.js', 'node_modules/preact/dist/preact.mjs'],
  ['htm.js', 'node_modules/htm/dist/htm.module.js'],
];

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** `transport`: the module that brings the page its news, `console.js` or Cockpit's. */
export const indexPage = (first = '', transport = 'console.js'): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>understudy</title>
<link rel="icon" href="icon.svg">
<link rel="stylesheet" href="page.css">
${first}<script type="module" src="${transport}"></script>
</head>
<body><div id="page"><p>Loading. This page needs JavaScript.</p></div></body>
</html>
`;

export const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M8 1 15 8 8 15 1 8z"/></svg>\n';

/** By their paths on the page. @throws the system's error when one is missing. */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const [name, path] of PAGE_FILES) {
    const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
    files.set(`/${name}`, pageFile(type, readPart(name, path)));
  }
  files.set('/icon.svg', pageFile(TYPES['svg'] ?? '', Buffer.from(ICON)));
  files.set('/', pageFile('text/html; charset=utf-8', Buffer.from(indexPage())));
  return files;
}

/** What is sent as it is, packed or not. */
export const pageFile = (type: string, bytes: Buffer): PageFile => ({
  type,
  bytes,
  gzip: gzipSync(bytes, { level: 9 }),
});

function readPart(name: string, path: string): Buffer {
  try {
    return readFileSync(fileURLToPath(new URL(`../../page/${name}`, import.meta.url)));
  } catch {
    return readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)));
  }
}
