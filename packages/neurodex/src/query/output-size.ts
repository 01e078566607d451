import type { Preprocessing } from './preprocessing.ts';

/** Width and height of what preprocessing makes of a picture; undefined where they follow the picture's shape. */
export function outputSize({ resize, crop }: Preprocessing): { width: number; height: number } | undefined {
  if (crop !== undefined) return crop;
  return resize !== undefined && 'height' in resize ? resize : undefined;
}
