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

/** Of another commit, as `scripts/test-systemd --former` has it made; undefined without. */
const former = process.env['UNDERSTUDY_FORMER_PACKAGE'];
export const formerRefusal = (): string | false =>
  former === undefined
    ? 'no former package: run scripts/test-systemd --former COMMIT versions'
    : false;
export const FORMER_PACKAGE = `${SOURCE}/${former ?? ''}`;

/** @returns what it says. @throws Error when it fails. */
export const installPackage = async (box: Box, file = PACKAGE): Promise<string> =>
  (await box.run(['dpkg', '--install', file])).stdout;

export const OLDER_VERSION = '0.0.9';
export const OLDER_PACKAGE = '/var/tmp/older.deb';

/** The same program under the number of an earlier release, made in the box and not compressed. */
export const makeOlderPackage = async (box: Box): Promise<void> => {
  const folder = '/var/tmp/older';
  await box.sh(`mkdir ${folder}
    dpkg-deb --raw-extract ${PACKAGE} ${folder}
    sed -i 's/^Version: .*/Version: ${OLDER_VERSION}/' ${folder}/DEBIAN/control
    sed -i 's/^  "version": "[^"]*"/  "version": "${OLDER_VERSION}"/' ${folder}/usr/lib/understudy/package.json
    dpkg-deb --root-owner-group -Znone --build ${folder} ${OLDER_PACKAGE} >/dev/null
    rm -r ${folder}`);
};
