import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sealed } from '@neurodex/core/storage';
import { prepareEnvironment } from './python.ts';

/**
 * Other people's programs read what Neurodex writes: draw a small folder of pictures, index and evaluate it with the
 * command line, and run interop/check_*.py on the result. `--index DIR` looks at an index that is there already. And
 * Neurodex reads what their programs make: interop/read_*.ts compares.
 * Exit status 0: all passed, or left out (said so) where Python or PyPI cannot be had; 1: a check or a command failed.
 */
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const PICTURES = 48;
const PRECISIONS = ['float32', 'float16', 'int8'];
const MEASURES = ['--measures', 'P@10 AP AP@10 R@100 RR nDCG@10 nDCG Success@1 Rprec'];
const bin = here('../packages/neurodex/bin/neurodex.js');

/** Run a program, say so, and return what it prints on stdout. @throws Error when it fails */
function run(title: string, program: string, args: readonly string[], capture = false): string {
  console.log(`$ ${title}`);
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
    maxBuffer: 1 << 28,
  });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${title} ended with ${result.signal ?? result.status}`);
  return result.stdout;
}

function neurodex(args: readonly string[], capture = false): string {
  return run(`npx neurodex ${args.join(' ')}`, process.execPath, [bin, ...args], capture);
}

/** The exports of an index in every precision, and what Node answers to the queries that others are asked as well. */
function exportAll(index: string, out: string, precisions = PRECISIONS, kinds = ['onnx', 'triton']): string {
  run('tsx interop/write_export.ts', process.execPath, ['--import', 'tsx', here('write_export.ts'), index, out]);
  for (const precision of precisions) {
    const folders = kinds.flatMap((kind) => [`--${kind}`, join(out, `${kind}-${precision}`)]);
    neurodex(['export', index, ...folders, '--precision', precision, '--json'], true);
  }
  return out;
}

function main(): number {
  const { values } = parseArgs({ options: { index: { type: 'string' } } });
  const environment = prepareEnvironment((message) => console.log(message));
  if ('leftOut' in environment) {
    console.log(`interop checks LEFT OUT: ${environment.leftOut}`);
    return 0;
  }
  const { python } = environment;
  const script = (name: string, ...args: string[]) =>
    run(['python', `interop/${name}`, ...args].join(' '), python, [here(name), ...args]);

  const folder = mkdtempSync(join(tmpdir(), 'neurodex-interop-'));
  try {
    const index = values.index === undefined ? join(folder, 'index') : resolve(values.index);
    const pictures = join(folder, 'pictures');
    script('make_pictures.py', pictures);
    if (values.index === undefined) {
      neurodex(['index', pictures, '--out', index, '--preset', 'quick', '--json'], true);
    }
    const metrics = join(folder, 'evaluate.json');
    writeFileSync(metrics, neurodex(['evaluate', index, '--json'], true));
    neurodex(['evaluate', index, '--trec', join(folder, 'trec')], true);
    const report = join(folder, 'report.json');
    writeFileSync(report, neurodex(['report', index, '--out', join(folder, 'report.html'), '--json'], true));

    const runs = join(folder, 'runs');
    script('make_runs.py', runs);
    const [judged, compared] = [join(folder, 'judged.json'), join(folder, 'compared.json')];
    const qrels = ['--qrels', join(runs, 'qrels.txt'), '--quiet', '--json'];
    const files = readdirSync(runs).filter((name) => name.startsWith('run-'));
    const all = files.sort().map((name) => join(runs, name));
    writeFileSync(judged, neurodex(['evaluate', ...all.flatMap((f) => ['--run', f]), ...MEASURES, ...qrels], true));
    const some = all.filter((_, i) => i % 2 === 0).slice(0, 5);
    writeFileSync(compared, neurodex(['compare', ...some, '--measures', 'AP nDCG@10 P@10', ...qrels], true));

    const models = join(folder, 'onnx');
    run('tsx interop/write_onnx.ts', process.execPath, ['--import', 'tsx', here('write_onnx.ts'), index, models]);

    const exported = exportAll(index, join(folder, 'export'));
    const byBeam = join(folder, 'index-by-beam');
    cpSync(index, byBeam, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(byBeam, 'index.json'), 'utf8'));
    manifest.config.retrieval.exactUpTo = 0;
    writeFileSync(join(byBeam, 'index.json'), sealed(manifest));
    const exportedByBeam = exportAll(byBeam, join(folder, 'export-by-beam'), ['float32'], ['onnx']);

    const bovw = join(folder, 'bovw');
    run('tsx interop/write_bovw.ts', process.execPath, ['--import', 'tsx', here('write_bovw.ts'), bovw]);
    const tracked = join(folder, 'tracked');
    const short = ['index', pictures, '--preset', 'quick', '--set', 'training.indexingEpochs=40', '--json'];
    neurodex([...short, '--out', join(tracked, 'index'), '--track', 'tensorboard,wandb'], true);
    const parquet = join(folder, 'parquet');
    script('make_parquet.py', parquet);

    const [matrix, decoded] = [join(folder, 'matrix'), join(folder, 'decoded')];
    script('make_picture_matrix.py', matrix);
    const readMatrix = ['--import', 'tsx', here('read_picture_matrix.ts'), matrix, decoded];
    run(`tsx interop/read_picture_matrix.ts ${matrix} ${decoded}`, process.execPath, readMatrix);

    const coco = join(folder, 'coco');
    script('make_coco.py', coco);
    const annotations = ['instances', 'captions'].map((what) => join(coco, 'annotations', `${what}_val2014.json`));
    const readCoco = ['--import', 'tsx', here('read_coco.ts'), ...annotations];
    const cocoRead = join(folder, 'coco.json');
    writeFileSync(cocoRead, run(`tsx interop/read_coco.ts ${annotations.join(' ')}`, process.execPath, readCoco, true));
    const prepared = join(folder, 'coco.data');
    neurodex(['dataset', 'build', coco, '--out', prepared, '--preset', 'quick', '--json'], true);

    const checks: Record<string, string[]> = {
      'check_parquet.py': values.index === undefined ? [index, '--pictures', String(PICTURES)] : [index],
      'check_measures.py': [join(folder, 'trec'), metrics, report],
      'check_runs.py': [runs, judged, compared],
      'check_onnx.py': [models],
      'check_export.py': [exported, exportedByBeam],
      'check_bovw.py': [bovw],
      'check_tensorboard.py': [join(tracked, 'index'), join(tracked, 'runs')],
      'check_wandb.py': [join(tracked, 'index'), join(tracked, 'wandb')],
      'check_mlflow.py': [join(folder, 'mlflow'), process.execPath, bin, ...short],
      'read_parquet.ts': [parquet],
      'check_picture_matrix.py': [matrix, decoded, here('../packages/neurodex/templates')],
      'check_coco.py': [...annotations, cocoRead, join(prepared, 'catalogue')],
    };
    const failed: string[] = [];
    for (const [name, args] of Object.entries(checks)) {
      try {
        if (name.endsWith('.py')) script(name, ...args);
        else run(`tsx interop/${name} ${args.join(' ')}`, process.execPath, ['--import', 'tsx', here(name), ...args]);
      } catch (error) {
        failed.push((error as Error).message);
      }
    }
    const passed = Object.keys(checks).length - failed.length;
    console.log(`interop: ${passed} of ${Object.keys(checks).length} checks passed`);
    for (const failure of failed) console.log(`FAILED: ${failure}`);
    return failed.length > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
