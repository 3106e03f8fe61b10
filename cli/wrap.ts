/** Breaks lines between words where a terminal would break them within. */

const INDENT = 2;

/**
 * @param line without line breaks
 * @param stream whose terminal has the columns; where there is none, the line stays whole, as programs want it
 * @param indent of the lines after the first
 * @param start columns that are taken before the line begins
 * @returns the lines; a word longer than one (a path) stays whole, so that it can be copied
 */
export function wrap(line: string, stream: NodeJS.WriteStream, indent = INDENT, start = 0): string {
  const columns = stream.isTTY ? stream.columns : 0;
  if (!columns || start + line.length <= columns) return line;
  let [lines, used, empty] = ['', start, start];
  for (const [word] of line.matchAll(/ *[^ ]+/g)) {
    if (used + word.length > columns && used > empty) {
      const text = word.trimStart();
      lines += `\n${' '.repeat(indent)}${text}`;
      empty = indent;
      used = empty + text.length;
    } else {
      lines += word;
      used += word.length;
    }
  }
  return lines;
}
