import { loadable, type Runtime, type Session } from '@neurodex/autograd';
import { scoringGraphs } from '../packages/neurodex/src/dsi/graphs/scoring-export.ts';
import type { Geometry } from '../packages/neurodex/src/dsi/model/geometry.ts';
import type { DsiModel } from '../packages/neurodex/src/dsi/model/model-file.ts';
import { parameterArrays } from '../packages/neurodex/src/dsi/model/parameters.ts';
import { type PictureStore, pixelsOf } from '../packages/neurodex/src/pictures/picture-store.ts';
import { type Answer, topK } from '../packages/neurodex/src/query/answers.ts';
import { pictureQueries, type Query } from '../packages/neurodex/src/query/query.ts';
import type { System } from '../packages/neurodex/src/query/system.ts';
import { dot, normalised } from '../packages/neurodex/src/systems/vector-search.ts';

const BATCH = 32;

/**
 * k-nearest-neighbour search over what the DSI's own encoder makes of the pictures: the mean over patches of the last
 * block's values, compared by cosine. What the identifiers cost or give beside it is the decoder's doing.
 */
export class EmbeddingSystem implements System {
  readonly name = 'embedding';
  readonly memorises = true;
  private readonly encoder: Session;
  private readonly geometry: Geometry;
  private readonly rows: readonly number[];
  private readonly vectors: Float32Array;

  private constructor(encoder: Session, geometry: Geometry, rows: readonly number[], vectors: Float32Array) {
    this.encoder = encoder;
    this.geometry = geometry;
    this.rows = rows;
    this.vectors = vectors;
  }

  static async create(runtime: Runtime, { geometry, parameters }: DsiModel, store: PictureStore): Promise<System> {
    const { encoder: graph } = scoringGraphs(
      geometry,
      BATCH,
      geometry.maxIdentifierLength,
      parameterArrays(geometry, parameters),
    );
    const encoder = await runtime.load(loadable(graph, { contrib: runtime.contrib }));
    const pictures = store.catalogue;
    const vectors = await embed(
      encoder,
      geometry,
      pictures.map(({ row }) => pixelsOf(store, row)),
    );
    return new EmbeddingSystem(
      encoder,
      geometry,
      pictures.map(({ row }) => row),
      vectors,
    );
  }

  async rank(queries: readonly Query[], k: number): Promise<Answer[][]> {
    const { width } = this.geometry;
    const asked = await embed(
      this.encoder,
      this.geometry,
      pictureQueries(queries).map(({ pixels }) => pixels),
    );
    return queries.map((_, i) => {
      const query = asked.subarray(i * width, (i + 1) * width);
      return topK(
        this.rows.map((row, at) => ({ row, score: dot(query, this.vectors, at * width) })),
        k,
      );
    });
  }

  close(): Promise<void> {
    return this.encoder.release();
  }
}

/** Unit vectors, float32 [n, D]. */
async function embed(encoder: Session, geometry: Geometry, pictures: readonly Uint8Array[]): Promise<Float32Array> {
  const { sequenceLength: P, width: D, layers, imageSize: size } = geometry;
  const bytes = size ** 2 * 3;
  const out = new Float32Array(pictures.length * D);
  for (let start = 0; start < pictures.length; start += BATCH) {
    const batch = pictures.slice(start, start + BATCH);
    const shown = new Uint8Array(BATCH * bytes);
    batch.forEach((pixels, b) => void shown.set(pixels, b * bytes));
    const values = (await encoder.run({ pictures: shown }))[`values${layers - 1}`];
    if (!(values instanceof Float32Array)) throw new TypeError('the encoder gives no values of its last block');
    batch.forEach((_, b) => {
      for (let p = 0; p < P; p++) {
        for (let d = 0; d < D; d++) {
          const at = (start + b) * D + d;
          out[at] = (out[at] ?? Number.NaN) + (values[(p * BATCH + b) * D + d] ?? Number.NaN);
        }
      }
    });
  }
  return normalised(out, D);
}
