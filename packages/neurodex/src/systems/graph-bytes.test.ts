import { describe, expect, it } from 'vitest';
import { checkGraph } from './graph-check.ts';

/** Three vectors of two numbers, and one without a direction between them. */
const UNIT = Float32Array.of(1, 0, 0, 0, 0, 1, 0.6, 0.8);
const CONNECTIVITY = { base: 2, above: 1 };

interface Node {
  readonly key: number;
  /** As the list of levels says it, and as the node does. */
  readonly level: number;
  readonly own?: number;
  /** Of each layer, the number of neighbours first where it is another one. */
  readonly layers: readonly (readonly number[])[];
  readonly counts?: readonly number[];
}
interface Graph {
  readonly rows?: number;
  readonly rowBytes?: number;
  readonly vectors?: readonly number[];
  readonly magic?: string;
  readonly version?: readonly number[];
  readonly types?: readonly number[];
  readonly counts?: readonly number[];
  readonly multi?: number;
  readonly sizes?: readonly number[];
  readonly nodes?: readonly Node[];
  readonly tail?: number;
}

const NODES: readonly Node[] = [
  { key: 0, level: 0, layers: [[1, 2]] },
  { key: 2, level: 1, layers: [[0, 2], [2]] },
  { key: 3, level: 1, layers: [[1], [1]] },
];

/** A file of usearch 2.25 by its parts, little-endian. */
function graphOf(graph: Graph = {}): Uint8Array {
  const { rows = 3, rowBytes = 8, vectors = [1, 0, 0, 1, 0.6, 0.8], magic = 'usearch', version = [2, 25, 0] } = graph;
  const { types = [99, 11, 14, 15], counts = [3, 0, 2], multi = 0, sizes = [3, 1, 2, 1, 1], nodes = NODES } = graph;
  const bytes: number[] = [];
  const number = (value: number, width: number) => {
    for (let i = 0; i < width; i++) bytes.push(Math.floor((value < 0 ? value + 256 ** width : value) / 256 ** i) % 256);
  };
  number(rows, 4);
  number(rowBytes, 4);
  bytes.push(...new Uint8Array(Float32Array.from(vectors).buffer));
  const head = bytes.length;
  bytes.push(...new TextEncoder().encode(magic));
  for (const each of version) number(each, 2);
  bytes.push(...types);
  for (const each of counts) number(each, 8);
  bytes.push(multi);
  while (bytes.length < head + 64) bytes.push(0);
  for (const each of sizes) number(each, 8);
  for (const { level } of nodes) number(level, 2);
  for (const { key, level, own = level, layers, counts: said } of nodes) {
    number(key, 8);
    number(own, 2);
    for (const [layer, neighbours] of layers.entries()) {
      const room = layer === 0 ? CONNECTIVITY.base : CONNECTIVITY.above;
      number(said?.[layer] ?? neighbours.length, 4);
      for (let i = 0; i < room; i++) number(neighbours[i] ?? 0xffff, 4);
    }
  }
  for (let i = 0; i < (graph.tail ?? 0); i++) bytes.push(0);
  return Uint8Array.from(bytes);
}
const check = (graph: Graph) => checkGraph(graphOf(graph), UNIT, 2, CONNECTIVITY);
const refused = (what: string, graph: Graph) => expect(() => check(graph)).toThrow(new RangeError(what));
/** The nodes, one of which is changed. */
const withNode = (at: number, change: Partial<Node>): Graph => ({
  nodes: NODES.map((node, i) => (i === at ? { ...node, ...change } : node)),
});

describe('a graph passes', () => {
  it('as it is laid out, wherever in memory it begins', () => {
    check({});
    const bytes = graphOf();
    const behind = new Uint8Array(bytes.length + 3);
    behind.set(bytes, 3);
    checkGraph(behind.subarray(3), UNIT, 2, CONNECTIVITY);
    const more = new Float32Array(10);
    more.set(UNIT, 2);
    checkGraph(bytes, more.subarray(2), 2, CONNECTIVITY);
  });

  it('with room that is not used', () => {
    check(withNode(0, { layers: [[]] }));
    check(withNode(1, { layers: [[0], []] }));
  });

  it('with up to 32 levels', () => {
    const high = (level: number): Graph => {
      const layers = [[1, 2], ...Array.from({ length: level }, () => [])];
      return { ...withNode(0, { level, layers }), sizes: [3, 1, 2, level, 0] };
    };
    check(high(31));
    refused('it has no beginning', high(32));
  });
});

describe('a graph is refused', () => {
  it('that is cut off, anywhere', () => {
    const bytes = graphOf();
    for (let length = 0; length < bytes.length; length++) {
      expect(() => checkGraph(bytes.subarray(0, length), UNIT, 2, CONNECTIVITY)).toThrow(
        new RangeError('it is cut off'),
      );
    }
    refused('1 bytes stand behind it', { tail: 1 });
    expect(() => checkGraph(bytes, new Float32Array(8), 2, CONNECTIVITY)).toThrow(new RangeError('it is cut off'));
  });

  it.each<[string, Graph]>([
    ['it is over other vectors than 3 of 2 numbers', { rows: 4 }],
    ['it is over other vectors than 3 of 2 numbers', { rowBytes: 12 }],
    ['its vector 0 is another one', { vectors: [0.5, 0, 0, 1, 0.6, 0.8] }],
    ['its vector 1 is another one', { vectors: [1, 0, 0.5, 1, 0.6, 0.8] }],
    ['its vector 2 is another one', { vectors: [1, 0, 0, 1, 0.6, 0.5] }],
    ['it is of another version', { magic: 'Usearch' }],
    ['it is of another version', { magic: 'usearcH' }],
    ['it is of another version', { version: [3, 25, 0] }],
    ['it is of another version', { version: [2, 24, 0] }],
    ['it is of another version', { version: [2, 26, 0] }],
    ['it is of another type', { types: [105, 11, 14, 15] }],
    ['it is of another type', { types: [99, 12, 14, 15] }],
    ['it is of another type', { types: [99, 11, 15, 15] }],
    ['it is of another type', { types: [99, 11, 14, 14] }],
    ['it does not describe 3 vectors of 2 numbers', { counts: [4, 0, 2] }],
    ['it does not describe 3 vectors of 2 numbers', { counts: [3, 1, 2] }],
    ['it does not describe 3 vectors of 2 numbers', { counts: [3, 0, 3] }],
    ['it does not describe 3 vectors of 2 numbers', { multi: 1 }],
    ['its nodes have other neighbours', { sizes: [4, 1, 2, 1, 1] }],
    ['its nodes have other neighbours', { sizes: [3, 2, 2, 1, 1] }],
    ['its nodes have other neighbours', { sizes: [3, 1, 1, 1, 1] }],
    ['it has no beginning', { sizes: [3, 1, 2, 2, 1] }],
    ['it has no beginning', { sizes: [3, 1, 2, 1, 0] }],
    ['it has no beginning', { sizes: [3, 1, 2, 1, 3] }],
    ['node 0 is on no level', withNode(0, { level: -1 })],
    ['node 2 is on no level', withNode(2, { level: 2, layers: [[1], [1], []] })],
    ['node 1 stands for another vector', withNode(1, { key: 1 })],
    ['node 0 stands for another vector', withNode(0, { own: 1 })],
    ['node 0 has more neighbours than there is room for', withNode(0, { counts: [3] })],
    ['node 1 has more neighbours than there is room for', withNode(1, { counts: [2, 2] })],
    ['a neighbour of node 0 is not in it', withNode(0, { layers: [[1, 3]] })],
    ['a neighbour of node 2 is not in it', withNode(2, { layers: [[3], [1]] })],
    // Node 0 is on the lowest level alone.
    ['a neighbour of node 1 is not in it', withNode(1, { layers: [[0, 2], [0]] })],
  ])('%s', (what, graph) => {
    refused(what, graph);
  });
});
