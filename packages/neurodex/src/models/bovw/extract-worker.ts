import type { Picture } from '@neurodex/datasets/picture';
import { move } from 'piscina';
import { describePicture } from './extract.ts';

/** `describePicture` on a thread of its own. */
export default (picture: Picture): Uint8Array => move(describePicture(picture)) as Uint8Array;
