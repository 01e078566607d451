import type { Arena, ArenaPlane } from './arena.ts';
import { descriptorKernels } from './vectors.ts';

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

/** A square of 2·radius + 1 pixels. */
export interface Surroundings {
  readonly column: number;
  readonly row: number;
  readonly radius: number;
}

/** Gradients are computed for tiles of so many pixels. */
const [TILE_WIDTH, TILE_HEIGHT] = [16, 8];

/**
 * Of one plane at a time: those of the plane before are overwritten.
 * @param places where gradients are asked for; elsewhere they mean nothing
 */
export function gradientsOf(plane: ArenaPlane, arena: Arena, places: readonly Surroundings[]): Gradients {
  const { lengths, directions } = arena;
  const { width, height, stride, address } = plane;
  const across = Math.ceil(stride / TILE_WIDTH);
  const tiles = tilesAround(places, plane, across);
  for (let y = 0; y * TILE_HEIGHT < height; y++) {
    // The first and the last row lack a neighbour.
    const top = Math.max(1, y * TILE_HEIGHT);
    const rows = Math.min(height - 1, (y + 1) * TILE_HEIGHT) - top;
    if (rows <= 0) continue;
    for (let x = 0; x < across; x++) {
      const first = x;
      while (tiles[y * across + x] === 1) x++;
      if (x === first) continue;
      const at = 4 * (top * stride + first * TILE_WIDTH);
      const bytes = 4 * (x - first) * TILE_WIDTH;
      descriptorKernels.gradients(address + at, 4 * stride, lengths.address + at, directions.address + at, bytes, rows);
    }
  }
  return { width, height, stride, lengths, directions, arena };
}

/** One for each tile that a place touches, else zero: uint8 [tiles below each other, across]. */
function tilesAround(places: readonly Surroundings[], { width, height }: ArenaPlane, across: number): Uint8Array {
  const tiles = new Uint8Array(across * Math.ceil(height / TILE_HEIGHT));
  for (const { column, row, radius } of places) {
    const left = Math.floor(Math.max(0, column - radius) / TILE_WIDTH);
    const right = Math.floor(Math.min(width - 1, column + radius) / TILE_WIDTH);
    const bottom = Math.floor(Math.min(height - 1, row + radius) / TILE_HEIGHT);
    for (let y = Math.floor(Math.max(0, row - radius) / TILE_HEIGHT); y <= bottom; y++) {
      tiles.fill(1, y * across + left, y * across + right + 1);
    }
  }
  return tiles;
}
