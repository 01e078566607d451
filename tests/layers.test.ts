import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { IMPORTS, nodeOf, refusedImports, refusedInRepository, sourcesOf } from './layers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

it('no file imports what its layer may not', () => {
  const lines = refusedInRepository(root).map(
    ({ file, imported, instead }) => `${file} imports ${imported}: ${instead}`,
  );
  expect(lines).toEqual([]);
});

describe.each(Object.entries(IMPORTS))('the import graph of %s', (base, graph) => {
  it('has every file and folder there is', () => {
    expect(sourcesOf(root, base).filter((file) => nodeOf(graph, file) === undefined)).toEqual([]);
  });

  it('has no circle: each imports those before it only', () => {
    const names = Object.keys(graph);
    for (const [name, imports] of Object.entries(graph)) {
      for (const other of imports) expect(names.indexOf(other), `${name} → ${other}`).toBeLessThan(names.indexOf(name));
    }
  });
});

describe('an import is refused', () => {
  const refused = (file: string, text: string, base = 'packages/neurodex/src') =>
    refusedImports(base, file, text).map(({ imported }) => imported);

  it('upwards, from the root as well, whether for types, as a re-export, late or for its effects', () => {
    expect(refused('pictures/a.ts', "import { x } from '../cli/x.ts';")).toEqual(['../cli/x.ts']);
    expect(refused('pictures/a.ts', "import type { x } from '../cli/x.ts';")).toEqual(['../cli/x.ts']);
    expect(refused('pictures/a.ts', "export * from '../cli/x.ts';")).toEqual(['../cli/x.ts']);
    expect(refused('pictures/a.ts', "const y = await import('../cli/x.ts');")).toEqual(['../cli/x.ts']);
    expect(refused('pictures/a.ts', "import '../cli/x.ts';")).toEqual(['../cli/x.ts']);
    expect(refused('version.ts', "import { x } from './cli/x.ts';")).toEqual(['./cli/x.ts']);
    expect(refused('cli/a.ts', "import {\n  x,\n} from '../jobs/x.ts';\nimport { y } from './y.ts';")).toEqual([]);
  });

  it('around the layers: by the path of another package, or of what is built', () => {
    expect(refused('jobs/a.ts', "import { x } from '../../../autograd/src/x.ts';")).toHaveLength(1);
    expect(refused('jobs/a.ts', "import { x } from '../../dist/x.js';")).toHaveLength(1);
    expect(refused('jobs/a.ts', "import { x } from '@neurodex/autograd/dist/x.js';")).toHaveLength(1);
  });

  it('of a library that only one place may use', () => {
    const ort = "import { x } from 'onnxruntime-node';";
    expect(refused('jobs/a.ts', ort)).toEqual(['onnxruntime-node']);
    expect(refused('runtime/node.ts', ort, 'packages/autograd/src')).toEqual([]);
    expect(refused('core/a.ts', "import sharp from 'sharp';", 'packages/autograd/src')).toEqual(['sharp']);
    expect(refused('pages/a.tsx', "import fs from 'node:fs';", 'packages/web/src')).toEqual(['node:fs']);
  });
});
