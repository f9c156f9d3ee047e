// The deployments of docs/deployments: each page, the files beside it, which of them are settings, and
// which two are a pair. Found by looking; there may be none. No checks.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const DEPLOYMENTS = fileURLToPath(new URL('../../../docs/deployments', import.meta.url));

export interface DeploymentFile {
  /** Below docs/deployments, such as `orion/orion-lb-1.yaml`. */
  readonly path: string;
  readonly text: string;
}

export interface Deployment {
  readonly name: string;
  /** The page, an absolute path; it may be missing. */
  readonly page: string;
  readonly files: readonly DeploymentFile[];
  /** Those that are settings of understudy. */
  readonly settings: readonly DeploymentFile[];
}

/** Every folder of docs/deployments, in the order of their names. */
export function deployments(directory = DEPLOYMENTS): Deployment[] {
  if (!existsSync(directory)) return [];
  const folders = readdirSync(directory, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  return folders
    .map(({ name }) => name)
    .toSorted()
    .map((name) => {
      const files = filesBelow(directory, name);
      return {
        name,
        page: join(directory, `${name}.md`),
        files,
        settings: files.filter(({ path }) => path.endsWith('.yaml')),
      };
    });
}

/** Every page, those without a folder too. */
export const pages = (directory = DEPLOYMENTS): string[] =>
  existsSync(directory)
    ? readdirSync(directory)
        .filter((name) => name.endsWith('.md'))
        .toSorted()
        .map((name) => join(directory, name))
    : [];

function filesBelow(directory: string, folder: string): DeploymentFile[] {
  return readdirSync(join(directory, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => ({ path: path.slice(directory.length + 1), text: readFileSync(path, 'utf8') }));
}

/** `X-1.yaml` and `X-2.yaml` of one folder. */
export function pairsOf({ settings }: Deployment): [DeploymentFile, DeploymentFile][] {
  return settings.flatMap((first) => {
    if (!first.path.endsWith('-1.yaml')) return [];
    const other = first.path.replace(/-1\.yaml$/, '-2.yaml');
    const second = settings.find(({ path }) => path === other);
    return second === undefined ? [] : [[first, second] as [DeploymentFile, DeploymentFile]];
  });
}

const MARK = /^<!-- file: (\S+) -->$/;

/** The blocks of a page that show a file, with their lines: the mark, the fence, its end. */
export interface Shown {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/** @throws when a mark is not followed by a code block. */
export function shownOn(text: string): Shown[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const path = MARK.exec(line.trim())?.[1];
    if (path === undefined) return [];
    const from = lines.findIndex((one, at) => at > index && one !== '');
    const fence = /^(`{3,})/.exec(lines[from] ?? '')?.[1];
    const to = lines.findIndex((one, at) => at > from && one === fence);
    if (fence === undefined || to < 0) {
      throw new Error(`line ${index + 1}: after ${line} a code block is expected`);
    }
    return [{ path, from, to }];
  });
}

/** The page with every marked block holding its file as it is. */
export function withFiles(text: string, fileText: (path: string) => string): string {
  const lines = text.split('\n');
  for (const { path, from, to } of shownOn(text).toReversed()) {
    const content = fileText(path).replace(/\n$/, '').split('\n');
    const fence = content.some((line) => line.startsWith('```')) ? '````' : '```';
    const language = (lines[from] ?? '').replace(/^`+/, '') || languageOf(path);
    lines.splice(from, to - from + 1, `${fence}${language}`, ...content, fence);
  }
  return lines.join('\n');
}

const LANGUAGES: readonly (readonly [ending: string, language: string])[] = [
  ['.yaml', 'yaml'],
  ['.json', 'json'],
  ['.conf', 'nginx'],
  ['.nft', ''],
  ['.service', 'ini'],
  ['.sh', 'sh'],
];

const languageOf = (path: string): string =>
  LANGUAGES.find(([ending]) => basename(path).endsWith(ending))?.[1] ?? '';
