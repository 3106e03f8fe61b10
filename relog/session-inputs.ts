/** Keys and mouse movements of a session, as inputs of the machine. */
import type { DeviceInput } from '../formats/devices.js';
import { strokesOfKey, strokesOfText, type Stroke } from '../formats/scan-codes.js';
import { invalid } from './session-fields.js';

/** A PS/2 packet holds nine bits and a sign; longer ways go in several. */
const MOVE_MAX = 127;
const MOVE_LIMIT = 10_000;
const WHEEL_LIMIT = 100;
const BUTTONS = ['left', 'middle', 'right'];

/** @param value a text to type, or a list of keys by name */
export function keyInputs(value: unknown, where: string): DeviceInput[] {
  const strokes = typeof value === 'string' && value !== '' ? typed(value, where) : named(value, where);
  return strokes.map((stroke) => ({ channel: 'keyboard', value: Uint8Array.from(stroke) }));
}

function typed(text: string, where: string): Stroke[] {
  const strokes = strokesOfText(text);
  if (typeof strokes === 'string') {
    throw invalid(where, `holds ${JSON.stringify(strokes)}, which a US keyboard has no key for`);
  }
  return strokes;
}

function named(value: unknown, where: string): Stroke[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw invalid(where, `must be a text or a list of keys, not ${JSON.stringify(value)}`);
  }
  return value.flatMap((name: unknown) => {
    // `- keys: [1]` is a number to YAML.
    const strokes = typeof name === 'string' || typeof name === 'number' ? strokesOfKey(String(name)) : null;
    if (strokes === null) throw invalid(where, `names ${JSON.stringify(name)}, which is no key`);
    return strokes;
  });
}

/** @param value one of `{ move: [right, down] }`, `{ click | press | release: button }`, `{ wheel: up }` */
export function mouseInputs(value: unknown, where: string): DeviceInput[] {
  const entries = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const [action, ...others] = entries as [string, unknown][];
  if (action === undefined || others.length > 0) {
    throw invalid(where, `must be one of move, click, press, release and wheel, not ${JSON.stringify(value)}`);
  }
  const [name, argument] = action;
  switch (name) {
    case 'move':
      return moves(argument, where);
    case 'wheel':
      return turns(whole(argument, WHEEL_LIMIT, where));
    case 'press':
      return [buttons(argument, where)];
    case 'release':
      buttons(argument, where);
      return [RELEASED];
    case 'click':
      return [buttons(argument, where), RELEASED];
    default:
      throw invalid(where, `cannot ${JSON.stringify(name)}: a mouse can move, click, press, release and wheel`);
  }
}

const RELEASED: DeviceInput = { channel: 'mouse-buttons', value: [0, 0, 0] };

function buttons(name: unknown, where: string): DeviceInput {
  const index = BUTTONS.findIndex((each) => each === name);
  if (index < 0) throw invalid(where, `needs one of ${BUTTONS.join(', ')}, not ${JSON.stringify(name)}`);
  return { channel: 'mouse-buttons', value: BUTTONS.map((_, i) => (i === index ? 1 : 0)) };
}

/** Down is positive here as on a screen; the mouse itself counts upwards. */
function moves(value: unknown, where: string): DeviceInput[] {
  if (!Array.isArray(value) || value.length !== 2) {
    throw invalid(where, `needs move to be [right, down], not ${JSON.stringify(value)}`);
  }
  let right = whole(value[0], MOVE_LIMIT, where);
  let down = whole(value[1], MOVE_LIMIT, where);
  const inputs: DeviceInput[] = [];
  do {
    const dx = Math.max(-MOVE_MAX, Math.min(MOVE_MAX, right));
    const dy = Math.max(-MOVE_MAX, Math.min(MOVE_MAX, down));
    // `0 -` instead of a sign: there is no minus zero in a log.
    inputs.push({ channel: 'mouse-move', value: [dx, 0 - dy] });
    right -= dx;
    down -= dy;
  } while (right !== 0 || down !== 0);
  return inputs;
}

/** Each notch of the wheel is an event of its own. */
function turns(up: number): DeviceInput[] {
  return Array.from({ length: Math.abs(up) }, () => ({ channel: 'mouse-wheel', value: [Math.sign(up), 0] }));
}

function whole(value: unknown, limit: number, where: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= limit) return value;
  throw invalid(where, `needs whole numbers from -${limit} to ${limit}, not ${JSON.stringify(value)}`);
}
