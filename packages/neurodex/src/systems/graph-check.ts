import { isZero } from './vector-search.ts';

/** Bytes of the parts of a file of usearch 2: sizes of the vectors, description, sizes of the graph. */
const MATRIX_BYTES = 8;
const HEAD_BYTES = 64;
const GRAPH_BYTES = 40;
/** Of a node before its neighbours: key (u64) and level (i16). */
const NODE_BYTES = 10;
/** Levels are drawn with a probability that halves many times over: more than these no graph has. */
const HIGHEST = 32;

/** Minor version of usearch 2 whose layout is checked here. The library reads the files of older ones in other ways. */
const MINOR = 25;

/** usearch's names of the types, in the description: cosine, float32 vectors, u64 keys, u32 slots. */
const TYPES = ['c'.charCodeAt(0), 11, 14, 15];

/** Most neighbours of a node, on the lowest level and on each one above. */
export interface Connectivity {
  readonly base: number;
  readonly above: number;
}

/**
 * Whether a saved graph of usearch is one over these vectors that a search stays inside of: sizes, levels, and every
 * neighbour of every node. Search follows numbers in the file without looking where they lead.
 * Layout: u32 rows, u32 bytes of a row, the vectors; 64 bytes of description; u64 size, connectivity, base connectivity,
 * highest level and entry; i16 level of each node; the nodes, with room for all neighbours that they may have.
 * @param unit float32 [n, length]; zero vectors are not in the graph
 * @throws RangeError that says what is wrong
 */
export function checkGraph(bytes: Uint8Array, unit: Float32Array, length: number, connectivity: Connectivity): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const positions = Array.from({ length: unit.length / length }, (_, i) => i).filter((i) => !isZero(unit, length, i));
  const size = positions.length;
  const row = length * Float32Array.BYTES_PER_ELEMENT;
  const head = MATRIX_BYTES + size * row;
  const graph = head + HEAD_BYTES;
  const levels = graph + GRAPH_BYTES;
  const nodes = levels + 2 * size;
  if (size === 0 || bytes.length < nodes) throw new RangeError('it is cut off');
  if (view.getUint32(0, true) !== size || view.getUint32(4, true) !== row)
    throw new RangeError(`it is over other vectors than ${size} of ${length} numbers`);
  checkVectors(bytes, unit, positions, length);
  checkHead(view, head, size, length);
  const number = (i: number): number => Number(view.getBigUint64(graph + 8 * i, true));
  const [highest, entry] = [number(3), number(4)];
  if (number(0) !== size || number(1) !== connectivity.above || number(2) !== connectivity.base)
    throw new RangeError('its nodes have other neighbours');
  const levelOf = (node: number): number => view.getInt16(levels + 2 * node, true);
  if (!(highest < HIGHEST && entry < size && levelOf(entry) === highest)) throw new RangeError('it has no beginning');
  let at = nodes;
  for (let node = 0; node < size; node++) {
    const level = levelOf(node);
    if (!(level >= 0 && level <= highest)) throw new RangeError(`node ${node} is on no level`);
    const end = at + NODE_BYTES + 4 * (1 + connectivity.base + level * (1 + connectivity.above));
    if (end > bytes.length) throw new RangeError('it is cut off');
    if (view.getBigUint64(at, true) !== BigInt(positions[node] as number) || view.getInt16(at + 8, true) !== level)
      throw new RangeError(`node ${node} stands for another vector`);
    at += NODE_BYTES;
    for (let layer = 0; layer <= level; layer++) {
      const room = layer === 0 ? connectivity.base : connectivity.above;
      checkNeighbours(view, at, room, (other) => other < size && levelOf(other) >= layer, node);
      at += 4 * (1 + room);
    }
  }
  if (at !== bytes.length) throw new RangeError(`${bytes.length - at} bytes stand behind it`);
}

function checkNeighbours(
  view: DataView,
  at: number,
  room: number,
  isThere: (node: number) => boolean,
  node: number,
): void {
  const count = view.getUint32(at, true);
  if (count > room) throw new RangeError(`node ${node} has more neighbours than there is room for`);
  for (let i = 1; i <= count; i++) {
    if (!isThere(view.getUint32(at + 4 * i, true))) throw new RangeError(`a neighbour of node ${node} is not in it`);
  }
}

function checkVectors(bytes: Uint8Array, unit: Float32Array, positions: readonly number[], length: number): void {
  const row = length * Float32Array.BYTES_PER_ELEMENT;
  const wanted = Buffer.from(unit.buffer, unit.byteOffset, unit.byteLength);
  for (const [i, position] of positions.entries()) {
    const start = MATRIX_BYTES + i * row;
    if (wanted.compare(bytes, start, start + row, position * row, (position + 1) * row) !== 0)
      throw new RangeError(`its vector ${i} is another one`);
  }
}

/** "usearch", version (3 × u16), types (4 × u8), vectors that are there, that are deleted, numbers of each (u64), multi. */
function checkHead(view: DataView, at: number, size: number, length: number): void {
  const magic = Array.from({ length: 7 }, (_, i) => String.fromCharCode(view.getUint8(at + i))).join('');
  if (magic !== 'usearch' || view.getUint16(at + 7, true) !== 2 || view.getUint16(at + 9, true) !== MINOR)
    throw new RangeError('it is of another version');
  if (TYPES.some((type, i) => view.getUint8(at + 13 + i) !== type)) throw new RangeError('it is of another type');
  const counts = [0, 1, 2].map((i) => Number(view.getBigUint64(at + 17 + 8 * i, true)));
  if (String(counts) !== String([size, 0, length]) || view.getUint8(at + 41) !== 0)
    throw new RangeError(`it does not describe ${size} vectors of ${length} numbers`);
}
