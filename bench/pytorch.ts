import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { findPython, PYTORCH } from './python.ts';
import { Connection } from './python-process.ts';

const ready = z.object({
  ready: z.literal(true),
  torch: z.string(),
  threads: z.int(),
  variants: z.array(z.string()),
  parameters: z.int(),
});
const measurement = z.object({ seconds_per_step: z.number(), all: z.array(z.number()), loss: z.number() });
const preparation = z.object({
  fastest: z.array(z.object({ dropout: z.number(), variant: z.string() })),
  measured: z.array(
    z.object({ variant: z.string(), dropout: z.number(), seconds_per_step: z.number(), minimum: z.number() }),
  ),
  unavailable: z.array(z.object({ variant: z.string(), dropout: z.number(), reason: z.string() })),
});
const peak = z.object({ gflops: z.number() });
const generation = z.object({ seconds: z.number(), all: z.array(z.number()) });

/** How faithful the seed's algorithm is to the seed: with its faults, or without them (bench/seed_algorithm.py). */
export type SeedForm = 'written' | 'mended';

export type PyTorchDescription = Omit<z.infer<typeof ready>, 'ready'>;
/** Seconds: the median, and every step; the loss of the last. */
export type StepMeasurement = z.infer<typeof measurement>;
/** The fastest variant of each dropout, everything that was measured on the way, and what cannot run here and why. */
export type Preparation = z.infer<typeof preparation>;

/** bench/train_step.py as a long-lived process, so that a caller can alternate its rounds with its own. */
export class PyTorch {
  readonly description: PyTorchDescription;
  readonly #connection: Connection;

  constructor(description: PyTorchDescription, connection: Connection) {
    this.description = description;
    this.#connection = connection;
  }

  /** Compile and measure every variant shortly. Takes minutes the first time. @param dropouts rates in [0, 1) */
  prepare(dropouts: readonly number[]): Promise<Preparation> {
    return this.#connection.ask({ prepare: true, dropouts }, preparation);
  }

  /** Time training steps; the first request of a variant warms it up before. */
  steps(request: { variant: string; dropout: number; steps: number }): Promise<StepMeasurement> {
    return this.#connection.ask(request, measurement);
  }

  /** Time the seed's own training steps, one forward pass for every digit. */
  digitSteps({ form, dropout, steps }: { form: SeedForm; dropout: number; steps: number }): Promise<StepMeasurement> {
    return this.#connection.ask({ digits: form, dropout, steps }, measurement);
  }

  /** Time the seed's generation of k identifiers for one picture. @returns seconds, the median of the runs */
  async generate({
    form,
    batched,
    k,
    runs,
  }: {
    form: SeedForm;
    batched: boolean;
    k: number;
    runs: number;
  }): Promise<number> {
    return (await this.#connection.ask({ generate: k, form, batched, runs }, generation)).seconds;
  }

  /** The fastest 1024³ float32 matrix product, in GFLOP/s. */
  async peak(): Promise<number> {
    return (await this.#connection.ask({ peak: true }, peak)).gflops;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

export interface StartOptions {
  readonly executable: string;
  /** The arguments of the executable; the default is the script beside this file. */
  readonly arguments?: readonly string[];
  /** What the process prints for people; the default is this process's stderr. */
  readonly log?: (line: string) => void;
  /** How long a process may take to end when it is asked to; the default is 5000. */
  readonly graceMilliseconds?: number;
}

/** Start the process. @throws Error when it does not answer, with the last lines that it printed */
export async function startPyTorch(options: StartOptions): Promise<PyTorch> {
  const script = fileURLToPath(new URL('train_step.py', import.meta.url));
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const connection = new Connection(
    spawn(options.executable, options.arguments ?? [script], { stdio: ['pipe', 'pipe', 'pipe'] }),
    { script: 'train_step.py', log, grace: options.graceMilliseconds ?? 5000 },
  );
  try {
    const { ready: _, ...description } = await connection.receive(ready);
    return new PyTorch(description, connection);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Start PyTorch where it is installed, else say how to install it. */
export async function openPyTorch(): Promise<PyTorch | { readonly missing: string }> {
  const python = await findPython(PYTORCH);
  return 'missing' in python ? python : startPyTorch({ executable: python.executable });
}
