import { PRECISIONS, type Precision } from '@neurodex/autograd';
import { NeurodexError } from '@neurodex/core';
import type { Command } from 'commander';
import type { ExportKind, ExportSummary } from '../../jobs/export-index.ts';
import { oneOf, text, wholeNumber } from '../arguments.ts';
import {
  type CommonFlags,
  type Context,
  type DeviceFlag,
  perform,
  withCommonFlags,
  withDevice,
  withExamples,
} from '../command.ts';
import { formatBytes, plural } from '../format.ts';

interface Flags extends CommonFlags, DeviceFlag {
  readonly onnx?: string;
  readonly triton?: string;
  readonly web?: string;
  readonly precision: Precision;
  readonly k: number;
  readonly withEncoder?: true;
  readonly force?: true;
}

const WHAT: Readonly<Record<ExportKind, string>> = {
  onnx: 'ONNX models',
  triton: 'model repository',
  web: 'static site',
};

export function addExport(program: Command, context: Context): void {
  const command = program
    .command('export')
    .summary('write an index in forms that other programs search with')
    .description(
      'Write the network of an index as ONNX models for any runtime, as a model repository for NVIDIA Triton or KServe,\n' +
        'or as a static site that searches in the browser. At least one of the three is asked for.',
    )
    .argument('<index>', 'folder that neurodex index made')
    .option(
      '--onnx <folder>',
      'encoder, decoder and search as ONNX, and a program in Python that searches',
      text('--onnx'),
    )
    .option('--triton <folder>', 'a model repository with dynamic batching', text('--triton'))
    .option('--web <folder>', 'a static site that searches on the machine of who visits it', text('--web'))
    .option<Precision>(
      '--precision <type>',
      `what weights are stored in: ${PRECISIONS.join(', ')}; fewer bits are measured`,
      oneOf('--precision', PRECISIONS),
      'float32',
    )
    .option('--k <n>', 'answers of a model that does the whole search', wholeNumber('--k', 1, undefined, 100), 100)
    .option('--with-encoder', 'include the image encoder that the network reads, if its licence and size allow it')
    .option('--force', 'replace exports that are there');
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex export photos.index --web site', 'a site to put on any static host'],
    ['neurodex export photos.index --onnx models --precision float16', 'half the size, with the measured loss'],
    ['neurodex export photos.index --triton repository', 'to run many replicas of'],
    ['neurodex export clip.index --onnx models --with-encoder', 'of a network that reads an image encoder'],
  ]);
  command.action((index: string, flags: Flags) => exportTo(index, flags, context));
}

async function exportTo(index: string, flags: Flags, context: Context): Promise<void> {
  const { onnx, triton, web, precision, k, withEncoder = false, force = false, device } = flags;
  if (onnx === undefined && triton === undefined && web === undefined) {
    throw new NeurodexError('usage', 'neurodex export: nothing to export to was named', {
      hint: 'add --onnx FOLDER, --triton FOLDER or --web FOLDER',
    });
  }
  await perform(context, flags, { unwinds: true }, async ({ reporter, path }) => {
    const summary = await context.services.jobs.exportIndex({
      index: path(index),
      out: {
        ...(onnx === undefined ? {} : { onnx: path(onnx) }),
        ...(triton === undefined ? {} : { triton: path(triton) }),
        ...(web === undefined ? {} : { web: path(web) }),
      },
      precision,
      k,
      withEncoder,
      force,
      device,
      reporter,
      ...(context.io.signal === undefined ? {} : { signal: context.io.signal }),
    });
    return { json: summary, text: describe(summary, { onnx, triton, web }) };
  });
}

function describe(
  { precision, measured, encoder, exports }: ExportSummary,
  names: Readonly<Record<ExportKind, string | undefined>>,
): string {
  const lines = exports.map(({ kind, folder, files }) => {
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return `${WHAT[kind].padEnd(16)}  ${names[kind] ?? folder}: ${plural(files.length, 'file')}, ${formatBytes(bytes)}`;
  });
  lines.push(`${'weights'.padEnd(16)}  ${precision}`);
  if (encoder !== null) {
    const { name, licence, bytes } = encoder;
    const whose = name === null ? 'licence not known' : `${name}, ${licence}`;
    lines.push(`${'encoder'.padEnd(16)}  ${formatBytes(bytes)}, ${whose}`);
  }
  if (measured !== null) {
    const { measure, split, queries, original, exported, loss } = measured;
    lines.push(
      `${measure.padEnd(16)}  ${exported.toFixed(4)} on ${plural(queries, `${split} query`, `${split} queries`)}; ` +
        `as trained ${original.toFixed(4)}: ${lost(loss)}`,
    );
  }
  return lines.join('\n');
}

const lost = (loss: number): string => {
  if (loss <= 0) return 'nothing lost';
  return loss < 0.00005 ? 'less than 0.0001 lost' : `${loss.toFixed(4)} lost`;
};
