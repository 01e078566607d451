/** Sources that are mutated together, and the tests that should notice: one run of Stryker each. */
export interface Group {
  name: string;
  /** Folders or files, from the root of the repository. */
  sources: readonly string[];
  /** Files of these folders that belong to another group. */
  without?: readonly string[];
  /** Globs of test files. A mutant meets those of their tests that reach it. */
  tests: readonly string[];
}

const neurodex = (folder: string) => `packages/neurodex/src/${folder}`;
const core = (file: string) => `packages/core/src/${file}.ts`;
const testsOf = (...folders: string[]) => folders.map((folder) => `${neurodex(folder)}/**/*.test.ts`);

/** What opens an index: a small one of which nothing was trained, and those that whole jobs make. */
const OPENING = [
  ...['manifest', 'index-artifact', 'index-files', 'network', 'trie-of'].map((file) => neurodex(`artifact/${file}.ts`)),
  ...['open-index', 'systems', 'bovw', 'encoder', 'dsi', 'pixels'].map((file) => neurodex(`systems/${file}.ts`)),
];

/** The core: what search and training compute. Nothing of the command line, of jobs, or of HTTP as a whole. */
export const GROUPS: readonly Group[] = [
  {
    name: 'autograd',
    sources: ['core', 'graph', 'nn', 'onnx', 'ops', 'optim'].map((folder) => `packages/autograd/src/${folder}`),
    tests: ['packages/autograd/src/**/*.test.ts'],
  },
  {
    name: 'identifiers',
    sources: [neurodex('identifiers')],
    tests: testsOf('identifiers'),
  },
  { name: 'clustering', sources: [neurodex('clustering')], tests: testsOf('clustering') },
  {
    name: 'models',
    sources: [neurodex('models')],
    tests: [...testsOf('models'), neurodex('systems/bovw-system.test.ts'), neurodex('systems/encoder-system.test.ts')],
  },
  {
    name: 'dsi',
    sources: [neurodex('dsi'), neurodex('query')],
    tests: [...testsOf('dsi', 'query'), neurodex('training/objective.test.ts')],
  },
  { name: 'training', sources: [neurodex('training')], tests: testsOf('training') },
  {
    name: 'systems',
    sources: [neurodex('systems')],
    without: OPENING,
    tests: testsOf('systems'),
  },
  {
    name: 'opening',
    sources: OPENING,
    tests: [
      ...['manifest', 'index-artifact', 'network'].map((file) => neurodex(`artifact/${file}.test.ts`)),
      ...['dsi', 'open-index', 'systems'].map((file) => neurodex(`systems/${file}.test.ts`)),
      ...['bovw', 'encoder', 'export-index', 'jobs'].map((job) => neurodex(`jobs/${job}.test.ts`)),
    ],
  },
  { name: 'relevance', sources: [neurodex('relevance')], tests: testsOf('relevance') },
  { name: 'evaluation', sources: [neurodex('evaluation')], tests: testsOf('evaluation') },
  {
    name: 'pictures',
    sources: [neurodex('pictures'), neurodex('artifact'), neurodex('build/build-catalogue.ts')],
    without: OPENING,
    // A prepared data set is a source that jobs open; vectors and embeddings are written by what they are of.
    tests: [
      ...testsOf('pictures', 'artifact', 'build'),
      ...['open-source', 'bovw', 'encoder'].map((job) => neurodex(`jobs/${job}.test.ts`)),
    ],
  },
  {
    name: 'core',
    sources: ['errors', 'json', 'names', 'random', 'elements', 'records', 'thrown'].map(core),
    tests: ['packages/core/src/*.test.ts'],
  },
  { name: 'storage', sources: ['packages/core/src/storage'], tests: ['packages/core/src/storage/**/*.test.ts'] },
  {
    name: 'server',
    sources: [neurodex('server/admission.ts'), neurodex('server/access.ts')],
    tests: testsOf('server'),
  },
];

/** Tests that measure other things (a browser's bundle, a server under load): never run for a mutant. */
export const LEFT_OUT: readonly string[] = [
  'packages/autograd/src/runtime/browser.test.ts',
  'packages/autograd/src/readme.test.ts',
  neurodex('server/robustness.test.ts'),
  neurodex('server/contract.test.ts'),
];

/** Test files that take seconds: they are asked last, because the first failure ends the run of a mutant. */
export const SLOW: readonly string[] = [
  'packages/autograd/src/ops/table.test.ts',
  neurodex('artifact/catalogue-store.test.ts'),
  neurodex('artifact/table-guard.test.ts'),
  neurodex('models/bovw/vocabulary.test.ts'),
  neurodex('pictures/duplicates.test.ts'),
  neurodex('training/asking.test.ts'),
  neurodex('training/checkpoint.test.ts'),
  neurodex('training/loader.test.ts'),
  neurodex('training/loop.test.ts'),
];
