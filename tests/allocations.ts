import { initialParameters, Random, Trainer, TrainingState } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { trainingStep } from '../packages/neurodex/src/dsi/graphs/training.ts';
import { geometryOf } from '../packages/neurodex/src/dsi/model/geometry.ts';
import { writeRows } from '../packages/neurodex/src/dsi/model/memory.ts';
import { dsiParameters } from '../packages/neurodex/src/dsi/model/parameters.ts';
import { PrefixTable } from '../packages/neurodex/src/dsi/model/prefix-table.ts';
import { DsiSystem } from '../packages/neurodex/src/dsi/search/dsi-system.ts';
import { identifierLength } from '../packages/neurodex/src/identifiers/encode.ts';
import { numeric } from '../packages/neurodex/src/identifiers/numeric.ts';
import { Trie } from '../packages/neurodex/src/identifiers/trie.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import type { PictureQuery } from '../packages/neurodex/src/query/query.ts';
import { ClassBatches } from '../packages/neurodex/src/training/class-batches.ts';
import { BatchLoader } from '../packages/neurodex/src/training/loader.ts';
import { optimizerOf } from '../packages/neurodex/src/training/optimizer.ts';
import { seeGeometry } from '../packages/neurodex/src/training/see.ts';
import { trainingInput } from '../packages/neurodex/src/training/training-input.ts';

/** Typed arrays that JavaScript makes: views of memory that is there already do not count. */
export interface Allocations {
  readonly arrays: number;
  readonly bytes: number;
}

const KINDS = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
] as const;

/** What some work allocates. The same on every machine, where the work is the same and happens on this thread. */
export async function allocationsOf(work: () => Promise<unknown>): Promise<Allocations> {
  let [arrays, bytes] = [0, 0];
  const count = (array: unknown): void => {
    arrays++;
    if (ArrayBuffer.isView(array)) bytes += array.byteLength;
  };
  const undo: (() => void)[] = [];
  for (const kind of KINDS) {
    const own = Object.getOwnPropertyDescriptor(globalThis, kind);
    const original = globalThis[kind];
    const counted: unknown = new Proxy(original, {
      construct(target, given: readonly unknown[], asked) {
        const made: object = Reflect.construct(target, given, asked === counted ? target : asked);
        if (!(given[0] instanceof ArrayBuffer || given[0] instanceof SharedArrayBuffer)) count(made);
        return made;
      },
    });
    // `slice` copies by the constructor of the array, which is the original one.
    const slice = Object.getOwnPropertyDescriptor(original.prototype, 'slice');
    const copy = original.prototype.slice;
    Object.defineProperty(original.prototype, 'slice', {
      configurable: true,
      writable: true,
      value(this: unknown, ...range: unknown[]) {
        const made: unknown = Reflect.apply(copy, this, range);
        count(made);
        return made;
      },
    });
    Object.defineProperty(globalThis, kind, { configurable: true, writable: true, value: counted });
    undo.push(() => {
      Object.defineProperty(globalThis, kind, own ?? {});
      if (slice === undefined) Reflect.deleteProperty(original.prototype, 'slice');
      else Object.defineProperty(original.prototype, 'slice', slice);
    });
  }
  try {
    await work();
  } finally {
    for (const each of undo) each();
  }
  return { arrays, bytes };
}

const CLASSES = 10;
const PICTURES = 1000;
/** Before what is counted: what the first steps and queries make once. */
const WARM_UP = 2;
const COUNTED = 4;

const each = ({ arrays, bytes }: Allocations): Allocations => ({
  arrays: arrays / COUNTED,
  bytes: Math.round(bytes / COUNTED),
});

/** Of a step of the stage `see`, its batch included, which this thread loads. */
async function stepAllocations(config: (typeof PRESETS)['default' | 'demo']): Promise<Allocations> {
  const geometry = seeGeometry(config, undefined);
  const { size } = config.pictures;
  const pixels = new Uint8Array(CLASSES * size * size * 3);
  const pictures = Array.from({ length: CLASSES }, (_, row) => ({ row, labels: [`class ${row}`] }));
  const source = { geometry, input: trainingInput('pixels', { size, pixels }), config, pictures };
  const batches = new ClassBatches(source, Random.seeded(1));
  const optimizer = optimizerOf(config.training);
  const { objective, size: batch } = batches;
  const definition = trainingStep({ geometry, batch, objective, dropout: config.model.dropout, optimizer });
  const trainer = await Trainer.create(nodeRuntime(), definition);
  const state = TrainingState.initial(definition.parameters, optimizer, 1);
  const loader = new BatchLoader(batches, { batches: WARM_UP + COUNTED, threads: undefined, rowsOfFile: undefined });
  const steps = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const { arrays } = await loader.next();
      await trainer.step(state, { input: arrays.input, ...arrays.targets }, { learningRate: 1e-3 });
    }
  };
  try {
    await steps(WARM_UP);
    return each(await allocationsOf(() => steps(COUNTED)));
  } finally {
    await loader.close();
    await trainer.release();
  }
}

/** Of one query of a written memory of random states: ten answers. */
async function queryAllocations(config: (typeof PRESETS)['default' | 'demo'], exactUpTo: number): Promise<Allocations> {
  const random = Random.seeded(2);
  const entries = Array.from({ length: PICTURES }, (_, i) => ({ path: `${i}.png`, labels: [] }));
  const names = numeric.assign(entries, { order: 'clustered', zeroPadding: true }, random);
  const table = PrefixTable.create(new Trie(numeric, names), 'memory');
  const geometry = geometryOf(config, numeric.vocabulary, identifierLength(numeric, names), {
    embeddingRows: table.size,
  });
  const parameters = initialParameters(dsiParameters(geometry), random);
  const states = Float32Array.from({ length: PICTURES * geometry.width }, () => random.normal());
  const memory = { rows: writeRows(table, states, geometry.width, (row) => row), temperature: 10 };
  const search = { exactUpTo, beam: config.retrieval.beam };
  const system = new DsiSystem({ runtime: nodeRuntime(), geometry, table, search, parameters, memory });
  const pixels = new Uint8Array(config.pictures.size ** 2 * 3);
  const ask = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const query: PictureQuery = { kind: 'picture', pixels, thumbnail: () => Promise.reject(new Error('not asked')) };
      await system.rank([query], 10);
    }
  };
  try {
    await ask(WARM_UP);
    return each(await allocationsOf(() => ask(COUNTED)));
  } finally {
    await system.close();
  }
}

/** Of a step and of a query of each preset that writes its memory. */
export async function allAllocations(): Promise<Record<string, Record<string, Allocations>>> {
  const all: Record<string, Record<string, Allocations>> = {};
  for (const name of ['default', 'demo'] as const) {
    all[name] = {
      'step of see': await stepAllocations(PRESETS[name]),
      'exact query': await queryAllocations(PRESETS[name], PICTURES),
      'beam query': await queryAllocations(PRESETS[name], 0),
    };
  }
  return all;
}
