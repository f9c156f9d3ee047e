// docs/CONFORMANCE.md, from the table of requirements. No judgement: conformance.test.ts.
import { REQUIREMENTS, type Requirement } from './requirements.js';

const cell = (text: string): string => text.replaceAll('|', '\\|');

const heldBy = ({ held }: Requirement): string =>
  held.length === 0
    ? '-'
    : held
        .map(({ file, test }) => `\`${file}\`: ${cell(test).replaceAll(/\$\{(\w+)\}/g, '$1')}`)
        .join('<br>');

/** What the RFC does not have; off unless the settings ask for it. */
const EXTENSIONS = [
  '- Signed advertisements (`virtualRouters[].signed`, experimental): draft-cassen-vrrp-auth-hmac, as keepalived from 2.4.2 on has it. `test/wire/signature.test.ts` holds the images that the draft publishes. [SECURITY.md](SECURITY.md#signed-advertisements).',
  '- `virtualRouters[].sources: peers`: what others than the peers advertise is discarded. `test/agent/virtual/strangers.test.ts`. [SECURITY.md](SECURITY.md#vrrp-itself).',
];

export function conformancePage(requirements: readonly Requirement[] = REQUIREMENTS): string {
  const chosen = requirements.filter(({ choice }) => choice !== undefined);
  const tested = requirements.filter(({ held }) => held.length > 0);
  const untested = requirements.filter(({ held }) => held.length === 0);
  const rows = requirements.map(
    (one, index) =>
      `| ${index + 1} | ${one.section} | ${one.level} | ${cell(one.says)} | ${heldBy(one)} | ${one.choice === undefined ? '' : `[${index + 1}](#deviations-and-choices)`} |`,
  );
  const choices = chosen.map(
    (one) => `- **${requirements.indexOf(one) + 1}** (§${one.section}): ${one.choice}.`,
  );
  return [
    '# Conformance to RFC 9568',
    '',
    'Every requirement of RFC 9568 on an implementation, with its verified errata, in our words, and the test that holds it.',
    'Made from `test/conformance/requirements.ts`; a test fails when a test that is named here does not exist, or when this',
    'page is out of date. Numbers in the titles of tests are those of the conformance cases of this project.',
    '',
    `**${requirements.length} of ${requirements.length}** requirements are accounted for: ${tested.length} by tests, ${untested.length} by a choice alone (${untested.map((one) => requirements.indexOf(one) + 1).join(', ')}). ${chosen.length} have a choice or a`,
    'remark, which is explained below the table.',
    '',
    '| no. | section | level | requirement | held by | choice |',
    '| --- | ------- | ----- | ----------- | ------- | ------ |',
    ...rows,
    '',
    '## Deviations and choices',
    '',
    ...choices,
    '',
    '## Extensions',
    '',
    ...EXTENSIONS,
    '',
  ].join('\n');
}
