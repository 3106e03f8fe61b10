/** Bytes of firmware that a machine takes, at most: what lies below 1 MiB, and below the memory of the VGA. */
export const FIRMWARE_LIMITS = { bios: 1 << 20, vgaBios: 256 << 10 };
