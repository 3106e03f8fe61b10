/**
 * Flags for the compiler that a spec may give: what code is made, not what else the compiler runs, reads or writes. GCC's manual,
 * "Option Summary", has them all.
 */

const ALLOWED = [
  /^-O([0-3sgz]|fast)?$/,
  /^-g[0-3]?$/,
  /^-(ansi|pthread|w|pedantic)$/,
  /^-std=[\w+]+$/,
  /^-[DU]\w+(=[\w.+-]*)?$/,
  /^-W[\w-]*(=\d+)?$/,
  /^-m[\w.-]+(=[\w.,+-]+)?$/,
  /^-f[\w-]+(=[\w.+-]+)?$/,
  /^-l[\w+-]+$/,
];
/** Of those with -f: what loads code into the compiler, names another program, or writes files beside the output. */
const NOT_ALLOWED =
  /^-f(no-)?(plugin|use-ld|dump|profile|opt-info|save|callgraph|stack-usage|test-coverage|compare-debug|auto-profile|branch-probabilities|lto|wpa|ltrans|module|preprocessed|debug-prefix|file-prefix|macro-prefix|compile-resource|diagnostics|report|mem-report|time-report)/;

export function isFlagAllowed(flag: string): boolean {
  return ALLOWED.some((form) => form.test(flag)) && !NOT_ALLOWED.test(flag);
}
