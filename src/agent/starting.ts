// What a start says to the service manager while it reads its settings, and how it reads them on a busy host. No settings.
import { urgently } from '../config/urgency.js';
import { plainText } from '../model/plain-text.js';

/**
 * In µs. Settings of 1 MiB take 5 s of a processor; where others want that too, several times as long. The time that the
 * unit gives a start (30 s) is for starts that do nothing.
 */
const LONGEST_READING = 120_000_000;

/**
 * Reads by `read`, before the ordinary work of the host: an appliance that comes back has no time to lose.
 * @param notify sends one sd_notify(3) message.
 */
export function readAtStart<Read>(
  path: string,
  notify: (message: string) => void,
  read: () => Read,
): Read {
  notify(`EXTEND_TIMEOUT_USEC=${LONGEST_READING}\nSTATUS=reading ${plainText(path)}`);
  const asUsual = urgently();
  try {
    return read();
  } finally {
    asUsual();
    notify('STATUS=');
  }
}
