/** The layers of ARCHITECTURE.md, lowest first: a folder may use those before it, and not those after it. */
export const LAYERS = {
  'packages/autograd/src': ['core', 'ops', 'graph', 'onnx', 'nn', 'optim', 'runtime'],
  'packages/neurodex/src': [
    'storage',
    'download',
    'image',
    'datasets',
    'catalogue',
    'clustering',
    'identifiers',
    'query',
    'models',
    'dsi',
    'tracking',
    'retrieval',
    'evaluation',
    'training',
    'export',
    'report',
    'jobs',
    'study',
    'server',
    'cli',
  ],
  'packages/web/src': ['state', 'browser', 'charts', 'components', 'pages'],
} as const;

interface Pattern {
  readonly group: readonly string[];
  readonly message: string;
}

const NO_ONNX_RUNTIME = ['onnxruntime-*'];

/** What else the folders of a package may not import. */
const OTHERS: { readonly [Base in keyof typeof LAYERS]: (folder: string) => readonly Pattern[] } = {
  'packages/autograd/src': (folder) => [
    {
      group: ['neurodex', 'neurodex/**', '**/neurodex/src/**', 'sharp'],
      message: 'autograd knows nothing of images or search.',
    },
    ...(folder === 'runtime' ? [] : [{ group: NO_ONNX_RUNTIME, message: 'Only runtime/ talks to ONNX Runtime.' }]),
  ],
  'packages/neurodex/src': () => [
    { group: NO_ONNX_RUNTIME, message: "Only autograd's runtime/ talks to ONNX Runtime." },
    {
      group: ['**/autograd/src/**', '@neurodex/autograd/src/**', '@neurodex/autograd/dist/**'],
      message: 'Use what @neurodex/autograd exports.',
    },
  ],
  'packages/web/src': (folder) => [
    { group: ['node:*', '**/neurodex/src/**', '**/autograd/src/**'], message: 'Pages run in a browser.' },
    ...(folder === 'browser' ? [] : [{ group: NO_ONNX_RUNTIME, message: 'Only browser/ talks to ONNX Runtime.' }]),
  ],
};

/** Who may import ONNX Runtime, in each package. */
export const USES_ONNX_RUNTIME: readonly string[] = ['packages/autograd/src/runtime', 'packages/web/src/browser'];

/** The lint rule that holds the layers: `overrides` of biome.json, which `npm run docs` writes. */
export const layerOverrides = (): readonly unknown[] =>
  Object.entries(LAYERS).flatMap(([base, layers]) =>
    layers.map((folder, i) => {
      const above = layers.slice(i + 1);
      const upwards = {
        group: above.map((name) => `**/${name}/**`),
        message: `Imports point down only: ${folder}/ may not use ${above.map((name) => `${name}/`).join(', ')}.`,
      };
      const others = OTHERS[base as keyof typeof LAYERS](folder);
      const options = { patterns: above.length > 0 ? [upwards, ...others] : others };
      return {
        includes: [
          `${base}/${folder}/**/*.ts`,
          ...(base === 'packages/web/src' ? [`${base}/${folder}/**/*.tsx`, '!**/*.test.tsx'] : []),
          '!**/*.test.ts',
          '!**/*.contract.ts',
          '!**/*.fixture.ts',
        ],
        linter: { rules: { style: { noRestrictedImports: { level: 'error', options } } } },
      };
    }),
  );
