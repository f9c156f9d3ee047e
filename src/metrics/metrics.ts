// A status as the text that Prometheus scrapes. Pure: it asks nobody, and keeps nothing.
import type { Status } from '../model/status.js';
import { applianceFamilies } from './appliance.js';
import { CONTENT_TYPE, exposition, type Family } from './exposition.js';
import { peerFamilies } from './peers.js';
import { routerFamilies } from './routers.js';

export { CONTENT_TYPE };

/** Every family there is, those without a sample included; docs/MONITORING.md lists them. */
export const familiesOf = (status: Status): Family[] => [
  ...applianceFamilies(status),
  ...routerFamilies(status),
  ...peerFamilies(status),
];

/**
 * The exposition text of a status, of this release or of an earlier one: what that does not know is left out. In
 * parts, so that whoever has something better to do can do it in between.
 */
export const metricsParts = (status: Status): ReturnType<typeof exposition> =>
  exposition(familiesOf(status));
