// The metrics of a status in one text; the agent makes it part by part. No test cases.
import { metricsParts } from '../../src/metrics/metrics.js';
import type { Status } from '../../src/model/status.js';

export const metricsText = (status: Status): string =>
  Array.from(metricsParts(status), ({ text }) => text).join('');
