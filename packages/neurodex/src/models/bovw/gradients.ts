import type { Arena, ArenaPlane } from './arena.ts';
import { vectors } from './vectors.ts';

/** Length and direction of the gradient at every pixel that has four neighbours. */
export interface Gradients {
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly lengths: ArenaPlane;
  /** 0 … 2π, counter-clockwise from the x axis. */
  readonly directions: ArenaPlane;
  /** Where descriptors are added up. */
  readonly arena: Arena;
}

/** Of one plane at a time: those of the plane before are overwritten. */
export function gradientsOf(plane: ArenaPlane, arena: Arena): Gradients {
  const { lengths, directions } = arena;
  const { width, height, stride, address } = plane;
  const row = 4 * stride;
  const bytes = (height - 2) * row;
  if (bytes > 0) vectors.gradients(address + row, row, lengths.address + row, directions.address + row, bytes);
  return { width, height, stride, lengths, directions, arena };
}
