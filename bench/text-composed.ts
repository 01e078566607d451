import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, silentReporter } from '@neurodex/core';
import type { Dataset, SourcePicture } from '@neurodex/datasets';
import sharp from 'sharp';
import type { Config } from '../packages/neurodex/src/config.ts';
import { createIndex } from '../packages/neurodex/src/jobs/create-index.ts';
import { storedQuery } from '../packages/neurodex/src/pictures/stored-query.ts';
import type { Query, TextQuery } from '../packages/neurodex/src/query/query.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';

const COLOURS = {
  red: '#d3302f',
  orange: '#f08c1d',
  yellow: '#f2d024',
  green: '#3d9a40',
  blue: '#2a62c9',
  purple: '#8a3ab9',
  brown: '#7b5138',
  black: '#262626',
} as const;

/** Within a square of edge 2 around the origin. */
const SHAPES = {
  circle: '<circle r="1"/>',
  square: '<rect x="-.85" y="-.85" width="1.7" height="1.7"/>',
  triangle: '<path d="M0-1L.95.75H-.95Z"/>',
  star: '<path d="M0-1L.24-.32L.95-.31L.38.12L.59.81L0 .4L-.59.81L-.38.12L-.95-.31L-.24-.32Z"/>',
  ring: '<circle r=".75" fill="none" stroke="currentColor" stroke-width=".5"/>',
  cross: '<path d="M-.33-1H.33V-.33H1V.33H.33V1H-.33V.33H-1V-.33H-.33Z"/>',
  moon: '<path d="M.35-.95A1 1 0 1 0 .95.4A.85.85 0 0 1 .35-.95Z"/>',
  heart: '<path d="M0 .9C-1.6-.2-.75-1.2 0-.5C.75-1.2 1.6-.2 0 .9Z"/>',
} as const;

type Colour = keyof typeof COLOURS;
type Shape = keyof typeof SHAPES;
interface Thing {
  readonly colour: Colour;
  readonly shape: Shape;
}

const EDGE = 48;
/** Pictures of each thing, by the part that they play. */
const COUNTS = { catalogue: 4, train: 8, test: 1 } as const;
const SEED = 0;
/** Shapes are seen apart soon. */
const MOST_STEPS = 600;

const COLOUR_NAMES = Object.keys(COLOURS) as Colour[];
const SHAPE_NAMES = Object.keys(SHAPES) as Shape[];
const THINGS = COLOUR_NAMES.flatMap((colour) => SHAPE_NAMES.map((shape): Thing => ({ colour, shape })));

/** A thing somewhere, of some size, turned a little, on a light ground. */
async function draw({ colour, shape }: Thing, random: Random): Promise<Uint8Array> {
  const between = (low: number, high: number): number => random.uniform(low, high);
  const ground = Math.round(between(215, 255));
  const radius = between(10, 17);
  const [x, y] = [between(radius, EDGE - radius), between(radius, EDGE - radius)];
  const placed = `translate(${x} ${y}) rotate(${between(-20, 20)}) scale(${radius})`;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${EDGE}" height="${EDGE}">` +
    `<rect width="100%" height="100%" fill="rgb(${ground},${ground},${ground})"/>` +
    `<g transform="${placed}" fill="${COLOURS[colour]}" color="${COLOURS[colour]}">${SHAPES[shape]}</g></svg>`;
  return await sharp(Buffer.from(svg)).png().toBuffer();
}

/** Coloured shapes whose labels are a colour and a shape: pictures that share one of them are relevant to each other. */
async function colouredShapes(): Promise<{ readonly dataset: Dataset; readonly thingOf: ReadonlyMap<string, Thing> }> {
  const random = Random.stream(SEED, 'coloured shapes');
  const thingOf = new Map<string, Thing>();
  const pictures: SourcePicture[] = [];
  for (const role of ['catalogue', 'train', 'test'] as const) {
    for (const thing of THINGS) {
      for (let i = 0; i < COUNTS[role]; i++) {
        const path = `${role}/${String(pictures.length).padStart(5, '0')}.png`;
        const bytes = await draw(thing, random);
        thingOf.set(path, thing);
        pictures.push({ path, role, labels: [thing.colour, thing.shape], read: async () => bytes });
      }
    }
  }
  pictures.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { dataset: { name: 'coloured-shapes', source: 'drawn', pictures, notices: [], skipped: [] }, thingOf };
}

/** P@4 over all changes of one attribute: of the picture, of the words, and of both together. */
export interface Composed {
  readonly composed: number;
  readonly picture: number;
  readonly words: number;
  readonly queries: number;
}

/**
 * Each test picture with another value of one attribute: a red star, + blue − red, is to find blue stars. By itself the picture finds
 * red stars, and the word blue things.
 */
export async function changedAttributes(out: string, config: Config, log: (line: string) => void): Promise<Composed> {
  const { dataset, thingOf } = await colouredShapes();
  log(`coloured shapes: ${dataset.pictures.length} pictures`);
  const training = { ...config.training, seeSteps: Math.min(config.training.seeSteps, MOST_STEPS) };
  const made = {
    dataset,
    out,
    config: { ...config, training },
    systems: ['dsi'] as const,
    seed: SEED,
    force: true,
    device: 'cpu' as const,
  };
  await createIndex({ ...made, reporter: { ...silentReporter, warn: log } });
  const index = await openIndex(out, nodeRuntime());
  try {
    const dsi = await index.system('dsi');
    const { store } = index;
    const shown = (row: number): Thing => defined(thingOf.get(store.rows[row]?.path ?? ''), 'what a picture shows');
    const precision = async (query: Query, wanted: Thing): Promise<number> => {
      const [answers = []] = await dsi.rank([query], COUNTS.catalogue);
      const right = answers.map(({ row }) => shown(row)).filter((found) => isSame(found, wanted));
      return right.length / COUNTS.catalogue;
    };
    const sums = { composed: 0, picture: 0, words: 0 };
    let queries = 0;
    for (const { row } of store.queries('test')) {
      const picture = storedQuery(store, row);
      for (const { wanted, plus, minus } of changesOf(shown(row))) {
        const text = (words: string): TextQuery => ({ kind: 'text', text: words });
        const parts = [
          { query: picture, weight: 1 },
          { query: text(plus), weight: 1 },
          { query: text(minus), weight: -1 },
        ];
        sums.composed += await precision({ kind: 'composed', parts }, wanted);
        sums.picture += await precision(picture, wanted);
        sums.words += await precision(text(plus), wanted);
        queries++;
      }
    }
    const { composed, picture, words } = sums;
    return { composed: composed / queries, picture: picture / queries, words: words / queries, queries };
  } finally {
    await index.close();
  }
}

const isSame = (one: Thing, other: Thing): boolean => one.colour === other.colour && one.shape === other.shape;

/** A thing with each other value of each of its attributes. */
function changesOf(thing: Thing) {
  const of = <Key extends keyof Thing>(key: Key, values: readonly Thing[Key][]) =>
    values
      .filter((value) => value !== thing[key])
      .map((value) => ({ wanted: { ...thing, [key]: value }, plus: value as string, minus: thing[key] as string }));
  return [...of('colour', COLOUR_NAMES), ...of('shape', SHAPE_NAMES)];
}
