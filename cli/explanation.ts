/** An explanation of a divergence, for people. */
import type { ExplainedRegister, Explanation } from '../relog/api.js';
import { formatList, formatPairs } from './output.js';

export function formatExplanation(explanation: Explanation): string {
  const { summary, between, instruction, registers, memory, event, executed, following, events } = explanation;
  const pairs: [string, string][] = [['explanation', summary]];
  if (between !== null) pairs.push(['between', `${between.from} (all agreed) and ${between.to}`]);
  if (instruction !== null) {
    const { position, address, symbol, text, count } = instruction;
    pairs.push(['position', position + (symbol === null ? '' : `, in ${symbol}`)]);
    pairs.push([count > 1 ? `one of ${count} from` : 'instruction', text ?? address]);
  }
  if (event !== null) {
    pairs.push(['event in relog', event.relog ?? 'none']);
    pairs.push(['of the machine', event.machine ?? 'none']);
  }
  return [
    formatPairs(pairs),
    section('executed last', executed),
    section('what comes next', following),
    table('registers', ['', 'before', 'machine', 'simulator'], registers.map(registerCells)),
    table(
      'memory, by physical address',
      ['', 'before', 'machine', 'simulator'],
      memory.map(({ address, before, machine, simulator }) => [address, before ?? '?', machine, simulator]),
    ),
    section('events around it', events),
  ].join('');
}

function registerCells({ name, before, machine, simulator, differs }: ExplainedRegister): string[] {
  return [name, before ?? '', machine ?? '', simulator + (differs ? '  differs' : '')];
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${formatList(title, lines)}`;
}

function table(title: string, head: readonly string[], rows: readonly string[][]): string {
  if (rows.length === 0) return '';
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  return section(title, [head, ...rows].map(line));
}
