/** A number of 32 bits for people: `0x0000f000`. */
export const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
