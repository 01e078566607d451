import { type Graph, matrixOperations, Random, trainingGraph } from '@neurodex/autograd';
import { lowerGraph } from '../packages/autograd/src/onnx/lower.ts';
import { encodeModel } from '../packages/autograd/src/onnx/protobuf.ts';
import type { Config } from '../packages/neurodex/src/config.ts';
import { searchGraphs } from '../packages/neurodex/src/dsi/graphs/search.ts';
import { stateGraph } from '../packages/neurodex/src/dsi/graphs/state.ts';
import { trainingStep } from '../packages/neurodex/src/dsi/graphs/training.ts';
import { type Geometry, geometryOf } from '../packages/neurodex/src/dsi/model/geometry.ts';
import { type NodePlan, planNodes, planTop, positionsFor } from '../packages/neurodex/src/dsi/model/node-plan.ts';
import { PrefixTable } from '../packages/neurodex/src/dsi/model/prefix-table.ts';
import { identifierLength } from '../packages/neurodex/src/identifiers/encode.ts';
import { numeric } from '../packages/neurodex/src/identifiers/numeric.ts';
import { Trie } from '../packages/neurodex/src/identifiers/trie.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { ClassBatches } from '../packages/neurodex/src/training/class-batches.ts';
import type { IdentifierTable, Objective } from '../packages/neurodex/src/training/objective.ts';
import { optimizerOf } from '../packages/neurodex/src/training/optimizer.ts';
import { PairBatches } from '../packages/neurodex/src/training/pair-batches.ts';
import { sampledObjective } from '../packages/neurodex/src/training/sampled-objective.ts';
import { seeGeometry } from '../packages/neurodex/src/training/see.ts';
import { setObjective } from '../packages/neurodex/src/training/set-objective.ts';
import { trainingInput } from '../packages/neurodex/src/training/training-input.ts';

/** What a graph costs, without running it. */
export interface GraphCost {
  /** Nodes of the ONNX graph that ONNX Runtime is given, before its own optimisations. */
  readonly nodes: number;
  /** The same by operator, in the order of their names. */
  readonly operators: Readonly<Record<string, number>>;
  /** Floating-point operations of the matrix products, in millions. */
  readonly megaflops: number;
  /** Of the ONNX file; parameters are fed and not in it. */
  readonly bytes: number;
}

/** Catalogue pictures of the graphs: as the notebook's demo has. */
const PICTURES = 96;
const BEAM = 10;

function costOf(graph: Graph): GraphCost {
  const model = lowerGraph(graph);
  const counts = new Map<string, number>();
  for (const { opType } of model.nodes) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  return {
    nodes: model.nodes.length,
    operators: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    megaflops: Math.round(matrixOperations(graph) / 1e4) / 100,
    bytes: encodeModel(model).length,
  };
}

/** The graphs of every preset. */
export function graphCosts(): Record<string, Record<string, GraphCost>> {
  return Object.fromEntries(
    Object.entries(PRESETS).map(([name, config]) => [
      name,
      config.training.plan === 'write' ? writtenCosts(config) : trainedCosts(config),
    ]),
  );
}

/** Classes of the pictures that the plan `write` tells apart. */
const CLASSES = 10;

/** Of the plan `write`: a training step with classes, one with pairs, and the state of a query; its search needs no graph. */
function writtenCosts(config: Config): Record<string, GraphCost> {
  const { training, model } = config;
  const geometry = seeGeometry(config, undefined);
  const optimizer = optimizerOf(training);
  const input = trainingInput('pixels', { size: config.pictures.size, pixels: new Uint8Array() });
  const pictures = Array.from({ length: CLASSES }, (_, row) => ({ row, labels: [`class ${row}`] }));
  const step = (Batches: typeof ClassBatches | typeof PairBatches) => {
    const { objective, size: batch } = new Batches({ geometry, input, config, pictures }, Random.seeded(1));
    return costOf(trainingGraph(trainingStep({ geometry, batch, objective, dropout: model.dropout, optimizer })));
  };
  return {
    'training step, classes': step(ClassBatches),
    'training step, pairs': step(PairBatches),
    'state of a query': costOf(stateGraph(geometry, 1)),
  };
}

/**
 * Of the other plans: a training step that draws identifiers, one that teaches sets where the preset does, an exhaustive
 * query, and the two graphs of a query by beam search over 1,000 identifiers.
 */
function trainedCosts(config: Config): Record<string, GraphCost> {
  const { training, model } = config;
  const scheme = numeric;
  const { zeroPadding } = config.identifiers;
  const named = (count: number): IdentifierTable & { geometry: Geometry } => {
    const entries = Array.from({ length: count }, (_, i) => ({ path: `${i}.png`, labels: [] }));
    const names = scheme.assign(entries, { order: 'clustered', zeroPadding }, Random.seeded(1));
    const length = identifierLength(scheme, names);
    const table = PrefixTable.create(new Trie(scheme, names), model.embedding);
    return {
      table,
      length,
      identifiers: new Map(names.map((identifier, row) => [row, identifier])),
      geometry: geometryOf(config, scheme.vocabulary, length, { embeddingRows: table.size }),
    };
  };
  const small = named(PICTURES);
  const optimizer = optimizerOf(training);
  const step = (objective: Objective) =>
    costOf(
      trainingGraph(
        trainingStep({
          geometry: small.geometry,
          batch: training.batchSize,
          objective,
          dropout: model.dropout,
          optimizer,
        }),
      ),
    );
  const { trie } = small.table;
  const plan = planNodes(small.table, positionsFor(trie, trie.nodeCount))[0] as NodePlan;
  const large = named(1000);
  const top = planTop(large.table, large.table.trie.deciding(), BEAM + 1).plan;
  const decodeStep = { positionCount: BEAM, cached: top.tokens.length, steps: 1, perQuery: true };
  const beam = searchGraphs(large.geometry, { batch: 1, prefill: top, decodeStep });
  return {
    'training step': step(sampledObjective(small, training.identifiersPerQuery, training.trieMasking)),
    ...(training.multiTargetMaxSize >= PICTURES ? { 'training step, sets': step(setObjective(small)) } : {}),
    'exhaustive query': costOf(searchGraphs(small.geometry, { batch: 1, prefill: plan }).prefill),
    'beam search, prefill': costOf(beam.prefill),
    ...(beam.decodeStep === undefined ? {} : { 'beam search, decode step': costOf(beam.decodeStep) }),
  };
}
