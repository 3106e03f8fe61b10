/** The user-mode network that a guest is plugged into while it is recorded. */
export { UserNetwork, type UserNetworkOptions } from './user-network.js';
export type { HostAccess } from './host/access.js';
export type { Forward } from './host/forwarder.js';
