/** What the VGA shows, drawn from its state: the engine itself draws only in browsers. */
import { linearPicture } from './linear.js';
import type { Picture } from './picture.js';
import { planarPicture } from './planar.js';
import type { VgaState } from './state.js';
import { textPicture } from './text.js';

export type { Picture } from './picture.js';
export { vgaStateOf, type VgaState } from './state.js';

export function vgaPicture(state: VgaState): Picture {
  if (!state.graphic) return textPicture(state);
  return state.linear === null ? planarPicture(state) : linearPicture(state.linear, state.palette);
}
