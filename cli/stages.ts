/**
 * The stages, loaded when a command asks for one: `decouple --help` and a wrong option answer at once, without the
 * engines that only some commands need.
 */
export const stages = {
  record: async () => (await import('../relog/record.js')).record,
  screenshot: async () => (await import('../relog/screenshot.js')).screenshot,
  exportAsciicast: async () => (await import('../relog/export-asciicast.js')).exportAsciicast,
  replay: async () => (await import('../relog/replay.js')).replay,
  relog: async () => (await import('../relog/relog.js')).relog,
  exportPcapng: async () => (await import('../relog/export.js')).exportPcapng,
  verify: async () => (await import('../relog/verify.js')).verify,
  analyze: async () => (await import('../relog/analyze.js')).analyze,
  disks: async () => import('../relog/disks/index.js'),
  session: async () => (await import('../relog/session.js')).parseSession,
  guests: async () => import('../guests/index.js'),
  kernelNames: async () => (await import('../analyses/symbols/kernel.js')).kernelNames,
  analyses: async () => import('../analyses/index.js'),
};
