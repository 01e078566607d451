import { Worker, isMainThread } from 'node:worker_threads';
import { nodeRuntime } from '@neurodex/autograd/node';
import { openIndex } from '../packages/neurodex/src/retrieval/open.ts';
import { queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import { makeRandomIndex } from './random-index.ts';
const out = '/tmp/sv/bench-index';
try { await makeRandomIndex(out, 1000, 300, ['dsi', 'pixels']); } catch (e) { console.log(String(e)); }
let inside = 0;
const real = nodeRuntime();
const runtime = {...real, async load(m: never) { const s = await real.load(m); return { async run(f: never, i: never) { const t = performance.now(); try { return await s.run(f, i); } finally { inside += performance.now() - t; } }, release: () => s.release() }; } };
const index = await openIndex(out, runtime as never);
const qs = queriesOf(index.catalogue, 'test');
for (const name of ['dsi', 'pixels'] as const) {
  const sys = await index.system(name);
  for (const b of [1,4,8,16,32]) {
    await sys.rank(qs.slice(0, b), 10);
    const n = Math.max(3, Math.ceil(64 / b));
    inside = 0;
    const t = performance.now();
    for (let i = 0; i < n; i++) await sys.rank(qs.slice((i * b) % 200, (i * b) % 200 + b), 10);
    const ms = (performance.now() - t) / n;
    console.log(name, 'batch', b, ms.toFixed(1), 'ms/batch', (ms / b).toFixed(2), 'ms/query', 'inside', (inside / n).toFixed(1));
  }
}
