/** Files of the host in the guest: a 9P server over v86's virtio device. */
export { ShareServer } from './server.js';
export { ShareTree, type Node } from './tree.js';
