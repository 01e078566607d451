import * as Plot from '@observablehq/plot';
import { CHART_WIDTH, chart } from './chart.ts';
import type { DecodingNode } from './decoding-tree.ts';
import type { Html } from './html.ts';
import { truncate } from './text.ts';

interface Placed {
  readonly depth: number;
  readonly place: number;
  readonly text: string;
  readonly bold: boolean;
  readonly leaf: boolean;
}

interface Edge {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly probability: number;
}

const ROW = 22;
/** Room for the name of an answer behind its leaf. */
const NAMES = 196;

/**
 * A query's decoding as a tree, root at the left: each edge is a token, as thick as its prefix is probable; leaves are
 * catalogue pictures by their class or path.
 */
export function treeChart(root: DecodingNode): Html {
  const { nodes, edges, rows, deepest } = placed(root);
  return chart('token-by-token decoding', {
    width: CHART_WIDTH + 80,
    height: Math.max(80, rows * ROW + 20),
    marginLeft: 50,
    marginRight: NAMES,
    marginTop: 12,
    marginBottom: 8,
    x: { domain: [0, deepest], axis: null },
    y: { domain: [0, Math.max(1, rows - 1)], axis: null },
    marks: [
      Plot.link(edges, {
        x1: 'x1',
        y1: 'y1',
        x2: 'x2',
        y2: 'y2',
        curve: 'bump-x',
        stroke: 'var(--ink0)',
        strokeOpacity: 0.7,
        strokeWidth: ({ probability }: Edge) => 0.7 + 8 * probability,
      }),
      Plot.dot(nodes, { x: 'depth', y: 'place', r: 3, fill: 'currentColor' }),
      ...[true, false].flatMap((bold) =>
        [true, false].map((leaf) =>
          Plot.text(
            nodes.filter((node) => node.bold === bold && node.leaf === leaf),
            {
              x: 'depth',
              y: 'place',
              text: 'text',
              fontWeight: bold ? 'bold' : 'normal',
              stroke: 'var(--paper)',
              strokeWidth: 4,
              fill: 'currentColor',
              ...(leaf ? { textAnchor: 'start' as const, dx: 8 } : { textAnchor: 'middle' as const, dy: -10 }),
            },
          ),
        ),
      ),
    ],
  });
}

/** A tree with a place for everything: leaves in rows from the top, and each node in the middle of those below it. */
interface PlacedTree {
  readonly nodes: readonly Placed[];
  readonly edges: readonly Edge[];
  readonly rows: number;
  /** Depth of the deepest node, at least 1. */
  readonly deepest: number;
}

function placed(root: DecodingNode): PlacedTree {
  const nodes: Placed[] = [];
  const edges: Edge[] = [];
  let rows = 0;
  let deepest = 1;
  const put = (node: DecodingNode, depth: number, best: boolean): number => {
    deepest = Math.max(deepest, depth);
    const below = node.children.map((child, i) => {
      const place = put(child, depth + 1, best && i === 0);
      return { place, probability: child.probability };
    });
    if (node.rest.count > 0 && node.rest.probability >= 0.005) {
      const place = rows++;
      const text = `${node.rest.count} more  ${percent(node.rest.probability)}`;
      nodes.push({ depth: depth + 1, place, text, bold: false, leaf: true });
      below.push({ place, probability: node.rest.probability });
      deepest = Math.max(deepest, depth + 1);
    }
    const places = below.map(({ place }) => place);
    const place = places.length === 0 ? rows++ : (Math.min(...places) + Math.max(...places)) / 2;
    for (const child of below) {
      edges.push({ x1: depth, y1: place, x2: depth + 1, y2: child.place, probability: child.probability });
    }
    const text = depth === 0 ? 'picture' : `${node.token === '' ? 'end' : node.token}  ${percent(node.probability)}`;
    const name = node.name === undefined ? '' : `  ${truncate(node.name, 16)}`;
    nodes.push({ depth, place, text: text + name, bold: best, leaf: node.row !== undefined });
    return place;
  };
  put(root, 0, true);
  return { nodes, edges, rows, deepest };
}

const percent = (probability: number): string => `${(100 * probability).toFixed(probability < 0.0995 ? 1 : 0)} %`;
