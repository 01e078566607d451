import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adamW, toOnnx, trainingGraph } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { scoringGraphs } from '../packages/neurodex/src/dsi/graphs/scoring-export.ts';
import { trainingStep } from '../packages/neurodex/src/dsi/graphs/training.ts';
import { parameterArrays } from '../packages/neurodex/src/dsi/model/parameters.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { sampledGraph } from '../packages/neurodex/src/training/sampled-objective.ts';

/** The graphs of an index as ONNX files, in standard ONNX and with ONNX Runtime's own operators: write_onnx.ts INDEX OUT */
const [folder = '', out = ''] = process.argv.slice(2);
const index = await openIndex(folder, nodeRuntime());
const { geometry, parameters } = (await index.network()).model;
const { encoder, decoder } = scoringGraphs(geometry, 2, 16, parameterArrays(geometry, parameters));
const objective = sampledGraph(2, geometry.maxIdentifierLength, geometry.vocabulary, true);
const step = trainingStep({ geometry, batch: 4, objective, dropout: 0.1, optimizer: adamW() });
mkdirSync(out, { recursive: true });
for (const [name, graph] of Object.entries({ encoder, decoder, 'training-step': trainingGraph(step) })) {
  for (const contrib of [true, false]) {
    writeFileSync(join(out, `${name}${contrib ? '-contrib' : ''}.onnx`), toOnnx(graph, { name, contrib }));
  }
}
await index.close();
