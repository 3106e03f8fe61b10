/** Plugs a guest's card into a network while it is recorded. */
import { UserNetwork } from '../network/index.js';
import { DecoupleError } from '../formats/errors.js';
import type { MachineDevices } from '../formats/devices.js';
import type { GuestImage } from '../guests/image.js';
import type { NetworkOptions } from './api.js';

const FULL_SEGMENT_BYTES = 1460;
/**
 * What a card takes before its driver has fetched anything, so that a single connection loses nothing: an NE2000's ring
 * has room for eight full frames as Linux sets it up; a virtio card has a buffer for each of some hundred.
 */
const MAX_ON_ITS_WAY: Record<Exclude<MachineDevices['network'], 'none'>, number> = {
  ne2k: 8 * FULL_SEGMENT_BYTES,
  virtio: 256 << 10,
};

/**
 * @param options null: the card is there, but nothing is plugged in
 * @param send takes a frame to the card
 * @throws DecoupleError guest-invalid, when there is no card; port-unavailable
 */
export async function plugIn(
  guest: GuestImage,
  options: NetworkOptions | null,
  send: (frame: Uint8Array) => void,
): Promise<UserNetwork | null> {
  if (options === null) return null;
  const card = guest.devices.network;
  if (card === 'none') throw noCard(guest.name);
  return UserNetwork.start({ ...options, maxOnItsWay: MAX_ON_ITS_WAY[card], send });
}

function noCard(guest: string): DecoupleError {
  return new DecoupleError(
    'guest-invalid',
    `The guest ${guest} has no network card to plug a network into.`,
    'Leave out --net, or give its spec `devices: { network: virtio }`.',
  );
}
