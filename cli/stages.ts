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
  verify: async () => (await import('../relog/verify-apart.js')).verifyApart,
  analyze: async () => (await import('../relog/analyze-apart.js')).analyzeApart,
  dump: async () => (await import('../relog/inspect/dump.js')).dump,
  stats: async () => (await import('../relog/inspect/stats.js')).stats,
  diff: async () => (await import('../relog/inspect/diff.js')).diff,
  cut: async () => (await import('../relog/cut/cut.js')).cut,
  heal: async () => (await import('../relog/heal/heal.js')).heal,
  redact: async () => (await import('../relog/redact/redact.js')).redact,
  disks: async () => import('../relog/disks/index.js'),
  session: async () => (await import('../relog/session.js')).parseSession,
  guests: async () => import('../guests/index.js'),
  copyFile: async () => (await import('../formats/copy.js')).copyFile,
  store: async () => import('../formats/store/index.js'),
  diagnose: async () => (await import('../relog/doctor.js')).diagnose,
};

/** Modules that a stage loads in its own process. */
export const modules = {
  kernelNames: import.meta.resolve('../analyses/symbols/kernel.js'),
  analyses: import.meta.resolve('../analyses/index.js'),
};
