// Where the addresses of a virtual router stand: on its interface, or on its macvlan. No kernel.
import type { VirtualRouterSettings } from '../config/settings.js';
import { placeOfAddresses } from '../model/virtual-mac.js';

/** A virtual router as the keeper of its addresses sees it: `interface` is where they stand. */
export interface PlacedRouter extends VirtualRouterSettings {
  /** The interface of the settings: advertisements are sent and heard there. */
  readonly parent: string;
}

export const placed = (router: VirtualRouterSettings): PlacedRouter => ({
  ...router,
  parent: router.interface,
  interface: placeOfAddresses(router),
});
