// An address of a test, from its text.
import { parseAddress, type IpAddress } from '../../src/model/address.js';

/** @throws Error when the text is not an address. */
export function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`an address expected, ${text} found`);
  return parsed;
}
