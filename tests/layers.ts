import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';

/** Files and folders of a package, each with the others that it may import; whatever is not listed is refused. */
type ImportGraph = Readonly<Record<string, readonly string[]>>;

/** Plain data, and what a platform declares too little of: used everywhere. */
const PLAIN = ['effort.ts', 'config.ts', 'version.ts', 'webassembly.ts'] as const;

/** The import graph of each package, lowest first: a folder may import those in its list and no others. */
export const IMPORTS: Readonly<Record<string, ImportGraph>> = {
  'packages/core/src': {
    'elements.ts': [],
    'records.ts': [],
    'thrown.ts': ['records.ts'],
    'errors.ts': ['elements.ts', 'records.ts', 'thrown.ts'],
    'json.ts': ['errors.ts', 'thrown.ts'],
    'names.ts': [],
    'progress.ts': [],
    'random.ts': ['elements.ts'],
    'canonical-json.ts': [],
    'interrupted.ts': ['errors.ts'],
    'shell.ts': [],
    'threads.ts': ['errors.ts'],
    storage: ['canonical-json.ts', 'elements.ts', 'records.ts', 'thrown.ts', 'errors.ts', 'interrupted.ts', 'json.ts'],
    'workers.ts': [],
    'index.ts': [
      ...['canonical-json.ts', 'elements.ts', 'records.ts', 'thrown.ts', 'errors.ts', 'interrupted.ts', 'names.ts'],
      ...['progress.ts', 'shell.ts', 'threads.ts'],
    ],
  },
  'packages/datasets/src': {
    resampling: [],
    'picture.ts': ['resampling'],
    image: ['picture.ts'],
    'formats.ts': ['image'],
    download: [],
    metadata: ['image'],
    datasets: ['picture.ts', 'image', 'download', 'metadata'],
    'names.ts': ['datasets'],
    'skipped.ts': ['image', 'datasets'],
    'index.ts': ['metadata', 'datasets'],
  },
  'packages/tracking/src': {
    'tracker.ts': [],
    'outbox.ts': [],
    'memory.ts': ['tracker.ts'],
    'fan-out.ts': ['tracker.ts'],
    'scalars.ts': ['tracker.ts'],
    'run-identity.ts': ['tracker.ts'],
    'tracked-reporter.ts': ['tracker.ts'],
    'read-run-log.ts': ['tracker.ts'],
    'appended-file.ts': ['outbox.ts'],
    'run-log.ts': ['tracker.ts', 'outbox.ts', 'scalars.ts'],
    mlflow: ['tracker.ts', 'outbox.ts', 'scalars.ts'],
    tensorboard: ['tracker.ts', 'outbox.ts', 'scalars.ts', 'appended-file.ts'],
    wandb: ['tracker.ts', 'outbox.ts', 'scalars.ts', 'appended-file.ts'],
    'trackers.ts': ['tracker.ts', 'outbox.ts', 'run-identity.ts', 'mlflow', 'tensorboard', 'wandb'],
    'index.ts': [
      ...['tracker.ts', 'memory.ts', 'fan-out.ts', 'run-identity.ts', 'tracked-reporter.ts', 'read-run-log.ts'],
      ...['run-log.ts', 'trackers.ts'],
    ],
  },
  'packages/objects/src': {
    'object-store.ts': [],
    'keys.ts': [],
    'check-range.ts': ['object-store.ts'],
    'source-file.ts': [],
    'patience.ts': [],
    'locks.ts': [],
    'content.ts': ['object-store.ts'],
    cache: ['object-store.ts', 'locks.ts', 'content.ts'],
    folder: ['object-store.ts', 'keys.ts', 'check-range.ts', 'source-file.ts', 'locks.ts'],
    s3: ['object-store.ts', 'keys.ts', 'check-range.ts', 'source-file.ts', 'patience.ts'],
    'open-store.ts': ['object-store.ts', 'patience.ts', 'folder', 's3'],
    'index.ts': ['object-store.ts', 'keys.ts', 'content.ts', 'patience.ts', 'cache', 'open-store.ts'],
  },
  'packages/autograd/src': {
    core: [],
    ops: ['core'],
    graph: ['core', 'ops'],
    onnx: ['core', 'ops', 'graph'],
    nn: ['core', 'ops'],
    optim: ['core', 'ops', 'nn'],
    runtime: ['core', 'ops', 'graph', 'onnx', 'nn', 'optim'],
    testing: ['core', 'ops', 'graph'],
    'index.ts': ['core', 'ops', 'graph', 'onnx', 'nn', 'optim', 'runtime'],
  },
  'packages/neurodex/src': {
    ...Object.fromEntries(PLAIN.map((file) => [file, []])),
    'config.ts': ['effort.ts'],
    'check-config.ts': ['config.ts'],
    presets: ['config.ts'],
    configuration: ['config.ts', 'check-config.ts', 'presets'],
    text: PLAIN,
    query: PLAIN,
    pictures: [...PLAIN, 'text', 'query'],
    filter: ['query', 'pictures'],
    relevance: [],
    clustering: PLAIN,
    identifiers: [...PLAIN, 'clustering'],
    'models/bm25': PLAIN,
    'models/appearance': PLAIN,
    'models/pixels': PLAIN,
    'models/bovw': [...PLAIN, 'clustering'],
    'models/encoder': [...PLAIN, 'query'],
    'models/text-encoder': [...PLAIN, 'text', 'models/encoder'],
    'dsi/model': [...PLAIN, 'identifiers', 'query'],
    'dsi/graphs': [...PLAIN, 'identifiers', 'query', 'dsi/model'],
    'dsi/search': [...PLAIN, 'identifiers', 'query', 'dsi/model', 'dsi/graphs'],
    artifact: [...PLAIN, 'text', 'query', 'pictures', 'relevance', 'identifiers', 'dsi/model'],
    systems: [
      ...PLAIN,
      'filter',
      ...['query', 'pictures', 'models/bm25', 'models/bovw', 'models/encoder', 'models/text-encoder', 'dsi/search'],
      ...['relevance', 'models/appearance', 'models/pixels', 'artifact'],
    ],
    evaluation: [...PLAIN, 'text', 'query', 'pictures', 'relevance'],
    training: [
      ...PLAIN,
      ...['query', 'pictures', 'identifiers', 'models/encoder', 'dsi/model', 'dsi/graphs', 'dsi/search', 'artifact'],
      'evaluation',
    ],
    export: [
      ...PLAIN,
      'relevance',
      ...['query', 'pictures', 'identifiers', 'models/encoder', 'dsi/model', 'dsi/graphs', 'dsi/search', 'artifact'],
      ...['systems', 'evaluation'],
    ],
    report: [...PLAIN, 'query', 'pictures', 'identifiers', 'dsi/search', 'evaluation'],
    build: [
      ...PLAIN,
      ...['check-config.ts', 'presets', 'text', 'query', 'pictures', 'identifiers', 'models/bovw', 'models/encoder'],
      ...['models/text-encoder', 'models/appearance', 'relevance'],
      ...['dsi/model', 'dsi/graphs', 'artifact', 'systems', 'evaluation', 'training', 'report'],
    ],
    changes: [
      ...PLAIN,
      'relevance',
      ...['query', 'pictures', 'identifiers', 'models/encoder', 'dsi/model', 'dsi/search', 'artifact', 'systems'],
      ...['evaluation', 'training', 'build'],
    ],
    shards: [
      ...PLAIN,
      ...['query', 'pictures', 'clustering', 'identifiers', 'dsi/search', 'artifact', 'systems', 'changes'],
    ],
    jobs: [
      ...PLAIN,
      'filter',
      'shards',
      'relevance',
      ...['check-config.ts', 'presets', 'query', 'pictures', 'identifiers', 'models/bovw', 'dsi/model', 'dsi/search'],
      ...['text', 'artifact', 'systems', 'evaluation', 'training', 'export', 'report', 'build', 'changes'],
    ],
    study: [...PLAIN, 'query', 'evaluation', 'report', 'build', 'jobs'],
    server: [
      ...PLAIN,
      'filter',
      ...['query', 'pictures', 'dsi/model', 'dsi/search', 'artifact', 'systems', 'evaluation', 'report', 'jobs'],
      ...['text', 'relevance', 'changes', 'shards'],
    ],
    doctor: [...PLAIN],
    mcp: [...PLAIN, 'query', 'pictures', 'report', 'jobs', 'server'],
    library: [
      ...PLAIN,
      ...[
        'configuration',
        'presets',
        'text',
        'query',
        'pictures',
        'systems',
        'evaluation',
        'export',
        'build',
        'training',
      ],
      ...['changes', 'shards', 'jobs', 'server'],
    ],
    cli: [
      ...PLAIN,
      'filter',
      ...[
        'configuration',
        'check-config.ts',
        'presets',
        'query',
        'pictures',
        'systems',
        'evaluation',
        'training',
        'report',
        'build',
      ],
      ...['shards', 'jobs', 'study', 'server', 'doctor', 'mcp'],
    ],
    'index.ts': [
      ...PLAIN,
      ...[
        'configuration',
        'query',
        'pictures',
        'relevance',
        'dsi/search',
        'artifact',
        'evaluation',
        'training',
        'export',
      ],
      ...['presets', 'build', 'jobs', 'server', 'library'],
    ],
    'browser-build': [
      ...PLAIN,
      ...[
        'presets',
        'query',
        'pictures',
        'identifiers',
        'dsi/model',
        'artifact',
        'training',
        'export',
        'build',
        'jobs',
      ],
    ],
    'browser.ts': [
      ...['query', 'relevance', 'identifiers', 'models/appearance', 'models/encoder', 'dsi/model', 'dsi/search'],
      ...['evaluation', 'export'],
    ],
  },
  'packages/web/src': {
    'engine.ts': [],
    'indexer.ts': ['engine.ts'],
    state: ['engine.ts', 'indexer.ts'],
    browser: ['engine.ts'],
    charts: ['engine.ts'],
    indexing: ['engine.ts', 'indexer.ts', 'browser'],
    components: ['engine.ts', 'indexer.ts', 'state'],
    pages: ['engine.ts', 'indexer.ts', 'state', 'charts', 'components'],
    'mount.tsx': [],
    'main.tsx': ['pages', 'mount.tsx'],
    'static.tsx': ['browser', 'pages', 'mount.tsx'],
    'indexing.tsx': ['indexing', 'pages', 'mount.tsx'],
  },
};

/** Packages that only some places may import, and what to use elsewhere. */
const EXTERNAL: readonly { readonly name: RegExp; readonly only: readonly string[]; readonly instead: string }[] = [
  {
    name: /^onnxruntime-/,
    only: ['packages/autograd/src/runtime', 'packages/web/src/browser'],
    instead: 'use the Runtime of @neurodex/autograd',
  },
  {
    name: /^neurodex(\/|$)/,
    only: ['packages/web/src'],
    instead: 'the other packages stand by themselves: take what they need as an argument',
  },
  {
    name: /^(bullmq|ioredis|pg)$/,
    only: ['packages/neurodex/src/shards/drivers'],
    instead: 'ask a ShardDriver',
  },
  {
    name: /^@modelcontextprotocol\//,
    only: ['packages/neurodex/src/mcp'],
    instead: 'searches know nothing of the protocol: it is spoken above the server',
  },
  {
    name: /^sharp(\/|$)/,
    only: ['packages/datasets/src', 'packages/neurodex/src'],
    instead: 'autograd knows nothing of images: take what it needs as an argument',
  },
  {
    name: /^@neurodex\/core\/(json|storage)$/,
    only: ['datasets', 'tracking', 'objects', 'neurodex'].map((name) => `packages/${name}/src`),
    instead: 'autograd reads and writes no files',
  },
  {
    name: /^@neurodex\/core\/workers$/,
    only: ['packages/datasets/src', 'packages/neurodex/src'],
    instead: 'autograd and trackers work on the thread that calls them',
  },
  {
    name: /^@neurodex\/autograd(\/|$)/,
    only: ['packages/neurodex/src', 'packages/web/src/browser', 'packages/web/src/indexing'],
    instead: 'data sets and trackers work without a runtime',
  },
  {
    name: /^@neurodex\/autograd\/node$/,
    only: ['build', 'shards', 'jobs', 'library', 'server', 'doctor'].map((folder) => `packages/neurodex/src/${folder}`),
    instead: 'take the Runtime as an argument',
  },
  {
    name: /^@neurodex\/datasets$/,
    only: [
      ...[
        'pictures',
        'artifact',
        'build',
        'changes',
        'shards',
        'evaluation',
        'export',
        'jobs',
        'library',
        'server',
        'doctor',
        'mcp',
        'cli',
        'index.ts',
      ].map((folder) => `packages/neurodex/src/${folder}`),
    ],
    instead: 'the model and its training know the stored pictures (pictures/), not where they come from',
  },
  {
    name: /^node:/,
    only: ['core', 'datasets', 'tracking', 'objects', 'autograd', 'neurodex'].map((name) => `packages/${name}/src`),
    instead: 'pages run in a browser: ask the server',
  },
  {
    name: /^@neurodex\/[\w-]+\/(src|dist)\//,
    only: [],
    instead: 'import what the package exports',
  },
];

export interface RefusedImport {
  readonly file: string;
  readonly imported: string;
  readonly instead: string;
}

const IMPORT =
  /(?:^|[\s;])(?:import|export)\b[^'"`;]*?from\s*'([^']+)'|(?:^|[^\w.])import\(\s*'([^']+)'|^import\s+'([^']+)'/gm;

/** The files of a package that its layers hold: tests, fixtures and contracts may import whatever they test. */
export const sourcesOf = (root: string, base: string): string[] =>
  readdirSync(join(root, base), { recursive: true, encoding: 'utf8' })
    .map((file) => file.split(sep).join('/'))
    .filter((file) => /\.tsx?$/.test(file) && !/\.(test|fixture|contract)\.tsx?$/.test(file))
    .sort();

/** Names in a graph that hold a path: 'dsi/model' and 'dsi' both could. */
export function nodeOf(graph: ImportGraph, path: string): string | undefined {
  return Object.keys(graph).find((name) => path === name || path.startsWith(`${name}/`));
}

/** Examples in docstrings import what users import. */
const withoutDocstrings = (text: string): string => text.replace(/^\s*\* .*$/gm, '');

/** What the text of a file imports that it may not. @param file below `base` */
export function refusedImports(base: string, file: string, text: string): RefusedImport[] {
  const graph = IMPORTS[base] ?? {};
  const own = nodeOf(graph, file);
  const refuse = (imported: string, instead: string): RefusedImport => ({ file: `${base}/${file}`, imported, instead });
  return [...withoutDocstrings(text).matchAll(IMPORT)].flatMap((match): RefusedImport[] => {
    const imported = match[1] ?? match[2] ?? match[3] ?? '';
    if (!imported.startsWith('.')) {
      const rule = EXTERNAL.find(({ name, only }) => name.test(imported) && !isBelow(`${base}/${file}`, only));
      return rule === undefined ? [] : [refuse(imported, rule.instead)];
    }
    const target = posix.join(posix.dirname(file), imported);
    if (target.startsWith('..')) return [refuse(imported, 'a package imports another by its name')];
    const other = nodeOf(graph, target);
    if (other === own || (own !== undefined && other !== undefined && graph[own]?.includes(other))) return [];
    if (!/\.tsx?$/.test(target)) return [];
    return [refuse(imported, `${own ?? file} may import ${graph[own ?? '']?.join(', ') || 'nothing here'}`)];
  });
}

const isBelow = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => path === folder || path.startsWith(`${folder}/`));

/** Every import of the repository that its layers refuse. */
export const refusedInRepository = (root: string): RefusedImport[] =>
  Object.keys(IMPORTS).flatMap((base) =>
    sourcesOf(root, base).flatMap((file) => refusedImports(base, file, readFileSync(join(root, base, file), 'utf8'))),
  );
