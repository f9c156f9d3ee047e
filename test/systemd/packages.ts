// The package that scripts/package has made, and its installation on a machine. No test cases.
import { existsSync, readdirSync } from 'node:fs';
import { ROOT } from '../../scripts/lab/program.js';
import { SOURCE, type Box } from './box.js';

const FOLDER = `${ROOT}package`;
const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;
const name = existsSync(FOLDER)
  ? readdirSync(FOLDER).find((one) => one.endsWith(`_${ARCHITECTURE}.deb`))
  : undefined;

/** Why no package can be installed; false when one can. */
export const packageRefusal = (): string | false =>
  name === undefined ? 'no package is there: run scripts/package deb' : false;

/** As a machine sees it. */
export const PACKAGE = `${SOURCE}/package/${name ?? ''}`;

/** @returns what it says. @throws Error when it fails. */
export const installPackage = async (box: Box): Promise<string> =>
  (await box.run(['dpkg', '--install', PACKAGE])).stdout;
