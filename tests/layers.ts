import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';

/** Files and folders of a package, each with the others that it may import; whatever is not listed is refused. */
type ImportGraph = Readonly<Record<string, readonly string[]>>;

/** Plain data and helpers, used everywhere. */
const PLAIN = ['config.ts', 'errors.ts', 'json.ts', 'names.ts', 'progress.ts', 'shell.ts', 'version.ts'] as const;

/** The import graph of each package, lowest first: a folder may import those in its list and no others. */
export const IMPORTS: Readonly<Record<string, ImportGraph>> = {
  'packages/autograd/src': {
    core: [],
    ops: ['core'],
    graph: ['core', 'ops'],
    onnx: ['core', 'ops', 'graph'],
    nn: ['core', 'ops'],
    optim: ['core', 'ops'],
    runtime: ['core', 'ops', 'graph', 'onnx', 'nn', 'optim'],
    testing: ['core', 'ops', 'graph'],
    'index.ts': ['core', 'ops', 'graph', 'onnx', 'nn', 'optim', 'runtime'],
  },
  'packages/neurodex/src': {
    ...Object.fromEntries(PLAIN.map((file) => [file, []])),
    'check-config.ts': ['config.ts', 'errors.ts'],
    presets: ['config.ts'],
    storage: PLAIN,
    download: [...PLAIN, 'storage'],
    image: [...PLAIN, 'storage'],
    datasets: [...PLAIN, 'storage', 'download', 'image'],
    catalogue: [...PLAIN, 'storage', 'image', 'datasets'],
    clustering: PLAIN,
    identifiers: [...PLAIN, 'clustering'],
    query: [...PLAIN, 'image'],
    'models/bovw': [...PLAIN, 'image', 'clustering'],
    'models/encoder': [...PLAIN, 'image'],
    'dsi/model': [...PLAIN, 'identifiers', 'query'],
    'dsi/graphs': [...PLAIN, 'identifiers', 'query', 'dsi/model'],
    'dsi/search': [...PLAIN, 'identifiers', 'query', 'dsi/model', 'dsi/graphs'],
    tracking: [...PLAIN, 'storage'],
    retrieval: [
      ...PLAIN,
      ...['storage', 'image', 'catalogue', 'identifiers', 'query', 'models/bovw', 'models/encoder', 'dsi/model'],
      ...['dsi/search', 'tracking'],
    ],
    evaluation: [...PLAIN, 'storage', 'image', 'datasets', 'catalogue', 'query', 'retrieval'],
    training: [
      ...PLAIN,
      ...['storage', 'image', 'catalogue', 'identifiers', 'query', 'dsi/model', 'dsi/graphs', 'tracking', 'retrieval'],
      'evaluation',
    ],
    export: [
      ...PLAIN,
      ...['storage', 'datasets', 'catalogue', 'identifiers', 'dsi/model', 'dsi/graphs', 'retrieval', 'evaluation'],
    ],
    report: [...PLAIN, 'storage', 'identifiers', 'query', 'dsi/search', 'tracking', 'evaluation'],
    jobs: [
      ...PLAIN,
      ...[
        'check-config.ts',
        'presets',
        'storage',
        'download',
        'image',
        'datasets',
        'catalogue',
        'identifiers',
        'query',
      ],
      ...['models/bovw', 'models/encoder', 'dsi/model', 'dsi/graphs', 'dsi/search', 'tracking', 'retrieval'],
      ...['evaluation', 'training', 'export', 'report'],
    ],
    study: [...PLAIN, 'storage', 'retrieval', 'evaluation', 'report', 'jobs'],
    server: [
      ...PLAIN,
      ...['image', 'datasets', 'catalogue', 'query', 'dsi/model', 'dsi/search', 'retrieval', 'evaluation', 'report'],
      'jobs',
    ],
    cli: [
      ...PLAIN,
      ...['check-config.ts', 'presets', 'storage', 'datasets', 'catalogue', 'retrieval', 'evaluation', 'tracking'],
      ...['training', 'report', 'jobs', 'study', 'server'],
    ],
    'index.ts': [
      ...PLAIN,
      ...['check-config.ts', 'presets', 'image', 'datasets', 'catalogue', 'query', 'retrieval', 'evaluation'],
      ...['tracking', 'jobs', 'server'],
    ],
    'browser.ts': ['identifiers', 'query', 'dsi/model', 'dsi/search', 'retrieval', 'evaluation', 'export'],
  },
  'packages/web/src': {
    'engine.ts': [],
    state: ['engine.ts'],
    browser: ['engine.ts'],
    charts: ['engine.ts'],
    components: ['engine.ts', 'state'],
    pages: ['engine.ts', 'state', 'charts', 'components'],
    'mount.tsx': [],
    'main.tsx': ['pages', 'mount.tsx'],
    'static.tsx': ['browser', 'pages', 'mount.tsx'],
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
    name: /^(neurodex|sharp)(\/|$)/,
    only: ['packages/neurodex/src', 'packages/web/src'],
    instead: 'autograd knows nothing of images or search: take what it needs as an argument',
  },
  {
    name: /^node:/,
    only: ['packages/autograd/src', 'packages/neurodex/src'],
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

/** What the text of a file imports that it may not. @param file below `base` */
export function refusedImports(base: string, file: string, text: string): RefusedImport[] {
  const graph = IMPORTS[base] ?? {};
  const own = nodeOf(graph, file);
  const refuse = (imported: string, instead: string): RefusedImport => ({ file: `${base}/${file}`, imported, instead });
  return [...text.matchAll(IMPORT)].flatMap((match): RefusedImport[] => {
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
  folders.some((folder) => path.startsWith(`${folder}/`));

/** Every import of the repository that its layers refuse. */
export const refusedInRepository = (root: string): RefusedImport[] =>
  Object.keys(IMPORTS).flatMap((base) =>
    sourcesOf(root, base).flatMap((file) => refusedImports(base, file, readFileSync(join(root, base, file), 'utf8'))),
  );
