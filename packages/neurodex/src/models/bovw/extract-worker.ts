import { move } from 'piscina';
import type { Picture } from '../../image/picture.ts';
import { describePicture } from './extract.ts';

/** `describePicture` on a thread of its own. */
export default (picture: Picture): Uint8Array => move(describePicture(picture)) as Uint8Array;
