import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { effectiveRate, layout } from '@neurodex/autograd';
import { z } from 'zod';
import { SMOOTHING } from '../packages/neurodex/src/dsi/model/class-loss.ts';
import type { PictureQuery } from '../packages/neurodex/src/query/query.ts';
import { classesOf, haveClasses } from '../packages/neurodex/src/training/class-batches.ts';
import { type SeeSource, seeParameters } from '../packages/neurodex/src/training/see.ts';
import type { Python } from './python.ts';
import { Connection } from './python-process.ts';

const SCRIPT = 'see_training.py';

const ready = z.object({ ready: z.literal(true), torch: z.string(), threads: z.int() });
const done = z.object({ ready: z.literal(true) });
const opened = z.object({
  variant: z.string(),
  measured: z.array(z.object({ variant: z.string(), seconds_per_step: z.number() })),
  unavailable: z.array(z.object({ variant: z.string(), reason: z.string() })),
  compile_seconds: z.number(),
});
const trained = z.object({ seconds: z.number(), cpu_seconds: z.number(), losses: z.array(z.number()) });

export interface SeePeerDescription {
  /** Version of PyTorch. */
  readonly torch: string;
  readonly threads: number;
  /** The form of the step that was the fastest here, or the one that was asked for. */
  readonly variant: string;
  /** Processor seconds of a step of each form that was tried. */
  readonly measured: readonly { readonly variant: string; readonly seconds_per_step: number }[];
  readonly unavailable: readonly { readonly variant: string; readonly reason: string }[];
  /** Of compiling and timing all of them. */
  readonly compileSeconds: number;
}

export interface SeePeerOptions {
  /** One that has PyTorch. */
  readonly python: Python;
  readonly threads: number;
  /** The form of the step (bench/see_training.py); by default the fastest of the compiled ones. */
  readonly variant?: string;
  readonly log: (line: string) => void;
}

/** The stage `see` in PyTorch: bench/see_training.py as a long-lived process, for one set of pictures and one configuration. */
export class SeePeer {
  readonly description: SeePeerDescription;
  private readonly connection: Connection;
  /** Of the files that the two sides hand each other. */
  private readonly folder: string;
  private readonly width: number;

  private constructor(description: SeePeerDescription, connection: Connection, folder: string, width: number) {
    this.description = description;
    this.connection = connection;
    this.folder = folder;
    this.width = width;
  }

  /** Starts it and compiles the step, or says why it cannot run here. */
  static async open(source: SeeSource, options: SeePeerOptions): Promise<SeePeer | { readonly missing: string }> {
    const { python, threads, variant, log } = options;
    const script = fileURLToPath(new URL(SCRIPT, import.meta.url));
    const child = spawn(python.executable, [script, String(threads)], { stdio: ['pipe', 'pipe', 'pipe'] });
    const connection = new Connection(child, { script: SCRIPT, log, grace: 5000 });
    const folder = await mkdtemp(join(tmpdir(), 'neurodex-see-'));
    try {
      const { torch } = await connection.receive(ready);
      const { compile_seconds: compileSeconds, ...found } = await connection.ask(
        { open: { ...specOf(source), ...(variant === undefined ? {} : { variant }) } },
        opened,
      );
      return new SeePeer({ torch, threads, ...found, compileSeconds }, connection, folder, source.geometry.width);
    } catch (error) {
      await connection.close();
      await rm(folder, { recursive: true, force: true });
      return { missing: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Training begins anew. @param parameters as `seeParameters` lays them out */
  async begin(parameters: Float32Array): Promise<void> {
    await this.connection.ask({ begin: await this.write('parameters.f32', [parameters]) }, done);
  }

  /** One step for each learning rate; reading the batches is not counted. */
  async train(
    batches: readonly { readonly pictures: Uint8Array; readonly classes: Float32Array }[],
    learningRates: readonly number[],
  ): Promise<{ readonly seconds: number; readonly cpuSeconds: number; readonly losses: readonly number[] }> {
    const parts = [...batches.map(({ pictures }) => pictures), ...batches.map(({ classes }) => classes)];
    const train = await this.write('batches.bin', parts);
    const { cpu_seconds: cpuSeconds, ...rest } = await this.connection.ask(
      { train, learning_rates: learningRates },
      trained,
    );
    return { ...rest, cpuSeconds };
  }

  /** The states of queries by the network as it is, float32 [D] each. */
  async encode(queries: readonly PictureQuery[]): Promise<Float32Array[]> {
    const states = await this.write(
      'pictures.u8',
      queries.map(({ pixels }) => pixels),
    );
    const into = join(this.folder, 'states.f32');
    await this.connection.ask({ states, into }, done);
    const { buffer, byteOffset, length } = await readFile(into);
    const all = new Float32Array(buffer.slice(byteOffset, byteOffset + length));
    if (all.length !== queries.length * this.width) throw new Error(`${SCRIPT} wrote ${all.length} numbers of states`);
    return queries.map((_, i) => all.slice(i * this.width, (i + 1) * this.width));
  }

  async close(): Promise<void> {
    await this.connection.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async write(name: string, parts: readonly (Uint8Array | Float32Array)[]): Promise<string> {
    const file = join(this.folder, name);
    await writeFile(
      file,
      parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength)),
    );
    return file;
  }
}

/** What the other side has to know. @throws RangeError for a network or pictures that it has no form of */
function specOf(source: SeeSource) {
  const { geometry, config, pictures } = source;
  const { input, stem, windows, positions, attention, output } = geometry;
  const known = input === 'pixels' && stem !== 'linear' && positions === 'learned' && attention === 'prefix';
  if (!known || output !== 'memory' || !haveClasses(pictures))
    throw new RangeError('bench/see_network.py has no form of this network');
  const { optimizer, weightDecay, gradientClip, contrast, batchSize } = config.training;
  return {
    geometry: {
      picture: geometry.imageSize,
      patch: geometry.patchSize,
      width: geometry.width,
      feed_forward: geometry.feedForwardWidth,
      heads: geometry.heads,
      layers: geometry.layers,
      classes: classesOf(pictures).length,
      windows,
      stem_blocks: stem === 'convolutional' ? 1 : 0,
    },
    dropout: effectiveRate(config.model.dropout),
    temperature: contrast,
    smoothing: SMOOTHING,
    batch: batchSize,
    optimizer: { name: optimizer, weight_decay: weightDecay, clip: gradientClip },
    layout: [...layout(seeParameters(source))].map(([name, { shape }]) => [name, shape]),
  };
}
