import { Encoder, type ExportedEncoder, encoderFacts } from 'neurodex/browser';
import { EngineError, type Progress } from '../engine.ts';
import type { Runtime } from './network.ts';
import type { SiteFiles } from './site.ts';

type OnProgress = (progress: Progress) => void;

/** The image encoder in front of a site's network, which is loaded for the first picture that it encodes. */
export class SiteEncoder {
  readonly description: ExportedEncoder;
  private readonly files: SiteFiles;
  private readonly runtime: Runtime;
  private opening: Promise<Encoder> | undefined;

  constructor(description: ExportedEncoder, files: SiteFiles, runtime: Runtime) {
    this.description = description;
    this.files = files;
    this.runtime = runtime;
  }

  /** Numbers of an embedding: P·C. */
  get length(): number {
    const { tokens, channels } = this.description.output;
    return tokens * channels;
  }

  /**
   * @param pixels uint8 RGB [size, size, 3]
   * @returns float32 [P,C]
   * @throws EngineError `damaged`, `no-index`, `unreachable`, `no-runtime`
   */
  async embed(pixels: Uint8Array, onProgress?: OnProgress): Promise<Float32Array> {
    this.opening ??= this.open(onProgress).catch((error) => {
      // The network connection may have failed, so the next query tries again.
      this.opening = undefined;
      throw error;
    });
    const encoder = await this.opening;
    try {
      return await encoder.embed([pixels]);
    } catch (error) {
      throw doesNotRun(error);
    }
  }

  private async open(onProgress: OnProgress | undefined): Promise<Encoder> {
    const bytes = await this.files.encoder(this.description, onProgress);
    onProgress?.({ activity: 'Starting the image encoder', done: 0 });
    try {
      return await Encoder.restore(this.runtime, bytes, encoderFacts(this.description), this.description.file);
    } catch (error) {
      throw doesNotRun(error);
    }
  }
}

const doesNotRun = (cause: unknown): EngineError =>
  new EngineError('no-runtime', 'the image encoder of this site does not run in this browser', {
    hint: 'Use a newer browser, or one with more memory. Pictures of this site may still work.',
    cause,
  });
