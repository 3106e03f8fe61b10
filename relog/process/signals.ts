/** What asks a command to end in order. A terminal sends them to all of its processes. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
