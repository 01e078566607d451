import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adamW, float32, parameter, toOnnx, trainingGraph } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { memoryScoringGraphs, memorySearchGraph } from '../packages/neurodex/src/dsi/graphs/memory-export.ts';
import { scoringGraphs } from '../packages/neurodex/src/dsi/graphs/scoring-export.ts';
import { type ObjectiveGraph, trainingStep } from '../packages/neurodex/src/dsi/graphs/training.ts';
import { contrastiveLoss } from '../packages/neurodex/src/dsi/model/contrastive-loss.ts';
import { parameterArrays } from '../packages/neurodex/src/dsi/model/parameters.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { sampledGraph } from '../packages/neurodex/src/training/sampled-objective.ts';

/** The graphs of an index as ONNX files, in standard ONNX and with ONNX Runtime's own operators: write_onnx.ts INDEX OUT */
const [folder = '', out = ''] = process.argv.slice(2);
const index = await openIndex(folder, nodeRuntime());
const { table, model } = await index.network();
const { geometry, parameters, memory } = model;
const arrays = parameterArrays(geometry, parameters);

/** What a network with a memory learns to see by. */
const seeing: ObjectiveGraph = {
  inputs: (batch) => ({ shares: float32(batch, batch) }),
  loss: (parameters, inputs, geometry, options) => {
    const pairs = { input: parameter(inputs, 'input'), shares: parameter(inputs, 'shares') };
    return contrastiveLoss(parameters, pairs, 0.1, geometry, options);
  },
};
const graphs =
  memory === undefined
    ? scoringGraphs(geometry, 2, 16, arrays)
    : {
        ...memoryScoringGraphs(geometry, memory, 2, 16, arrays),
        search: memorySearchGraph(geometry, table, memory, 2, 5, arrays),
      };
const objective =
  memory === undefined ? sampledGraph(2, geometry.maxIdentifierLength, geometry.vocabulary, true) : seeing;
const step = trainingStep({ geometry, batch: 4, objective, dropout: 0.1, optimizer: adamW() });
mkdirSync(out, { recursive: true });
for (const [name, graph] of Object.entries({ ...graphs, 'training-step': trainingGraph(step) })) {
  for (const contrib of [true, false]) {
    writeFileSync(join(out, `${name}${contrib ? '-contrib' : ''}.onnx`), toOnnx(graph, { name, contrib }));
  }
}
await index.close();
