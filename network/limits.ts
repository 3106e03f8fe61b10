/**
 * What the network holds at most, whatever the guest and this computer's programs do. What happens beyond each is in
 * docs/network.md.
 */

/** TCP connections, in whatever state; each has at most one socket of the host. */
export const MAX_CONNECTIONS = 256;
/** A connection that neither the guest nor the host has taken for so long gives way when there are too many. */
export const UNANSWERED_MS = 3000;
/** Bytes of a connection for the guest that wait to be sent or acknowledged; above that the host's side is not read. */
export const SEND_BYTES = 512 << 10;
/** Bytes of a connection for the host that wait to be taken; more the window does not let the guest send. */
export const RECEIVE_BYTES = 256 << 10;

/** Pairs of UDP ports; each has a socket of the host. */
export const MAX_FLOWS = 128;
/** Without a datagram in either direction. */
export const FLOW_IDLE_MS = 60_000;
/** Datagrams of a pair that wait for its socket to be ready. */
export const MAX_WAITING_DATAGRAMS = 32;

/** Names that are being asked of the host's resolver. */
export const MAX_QUESTIONS = 32;
