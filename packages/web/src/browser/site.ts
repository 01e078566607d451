import type { ExportedEncoder, SiteDescription, SiteRelevance } from 'neurodex/browser';
import { EngineError, type Progress } from '../engine.ts';

type OnProgress = (progress: Progress) => void;

/** The hint for a site whose files are missing or damaged. */
export const COPY_AGAIN = 'Copy the whole exported folder to its host again.';

/** Reads the files of an exported index, by addresses relative to the page. */
export class SiteFiles {
  private readonly base: URL;
  private readonly get: typeof fetch;

  constructor(base: URL, get: typeof fetch = (...request) => fetch(...request)) {
    this.base = base;
    this.get = get;
  }

  /** The device that the page's address names; null by default. */
  get device(): string | null {
    return this.base.searchParams.get('device');
  }

  address(file: string): string {
    return new URL(file, this.base).href;
  }

  /** @throws EngineError `no-index`, `newer`, `unreachable` */
  async describe(): Promise<SiteDescription> {
    const response = await this.read('description.json');
    let site: unknown;
    try {
      site = await response.json();
    } catch (error) {
      throw new EngineError('no-index', 'description.json beside this page is not valid JSON', {
        hint: COPY_AGAIN,
        cause: error,
      });
    }
    if (!isExport(site))
      throw new EngineError('no-index', 'there is no exported index beside this page', { hint: COPY_AGAIN });
    if (site.version !== 1) {
      throw new EngineError(
        'newer',
        `the index beside this page has version ${site.version}, and this page reads version 1`,
        { hint: 'Use the page and the index of the same export.' },
      );
    }
    return site;
  }

  /** The bytes of the model. @throws EngineError `damaged`, `no-index`, `unreachable` */
  model({ model }: SiteDescription, onProgress: OnProgress | undefined): Promise<Uint8Array> {
    return this.large(model, 'Loading the model', onProgress);
  }

  /** The bytes of the image encoder. @throws EngineError `damaged`, `no-index`, `unreachable` */
  encoder(encoder: ExportedEncoder, onProgress: OnProgress | undefined): Promise<Uint8Array> {
    return this.large(encoder, 'Loading the image encoder', onProgress);
  }

  /** How likely answers are relevant; undefined where nobody knows. @throws EngineError `damaged`, `no-index`, `unreachable` */
  async relevance(
    { relevance }: SiteDescription,
    onProgress: OnProgress | undefined,
  ): Promise<SiteRelevance | undefined> {
    if (relevance === undefined) return undefined;
    const bytes = await this.large(relevance, 'Loading the calibration', onProgress);
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as SiteRelevance;
    } catch (error) {
      throw new EngineError('damaged', `${relevance.file} is not valid JSON`, { hint: COPY_AGAIN, cause: error });
    }
  }

  private async large(
    file: { readonly file: string; readonly bytes: number },
    activity: string,
    onProgress: OnProgress | undefined,
  ): Promise<Uint8Array> {
    const response = await this.read(file.file);
    const bytes = new Uint8Array(file.bytes);
    let done = 0;
    const wrongLength = (): EngineError => notOfThisIndex(file.file, file.bytes);
    const reader = response.body?.getReader();
    try {
      for (;;) {
        const chunk = await reader?.read();
        if (chunk === undefined || chunk.done) break;
        if (done + chunk.value.length > bytes.length) throw wrongLength();
        bytes.set(chunk.value, done);
        done += chunk.value.length;
        onProgress?.({ activity, done, total: bytes.length });
      }
    } catch (error) {
      throw error instanceof EngineError ? error : unreachable(file.file, error);
    }
    if (done < bytes.length) throw wrongLength();
    return bytes;
  }

  /** A picture at the size that the network sees. @throws EngineError `no-index`, `unreachable` */
  async picture(row: number): Promise<Blob> {
    return await (await this.read(`pictures/${row}.webp`)).blob();
  }

  /** A thumbnail. @throws EngineError `no-index`, `unreachable` */
  async thumbnail(row: number): Promise<Blob> {
    return await (await this.read(thumbnailFile(row))).blob();
  }

  /**
   * What the image encoder made of a picture of the site.
   * @param count of its numbers: P·C
   * @throws EngineError `damaged`, `no-index`, `unreachable`
   */
  async embedding(row: number, count: number): Promise<Float32Array> {
    const file = `embeddings/${row}.f32`;
    const buffer = await (await this.read(file)).arrayBuffer();
    const length = count * Float32Array.BYTES_PER_ELEMENT;
    if (buffer.byteLength !== length) throw notOfThisIndex(file, length);
    return new Float32Array(buffer);
  }

  private async read(file: string): Promise<Response> {
    let response: Response;
    try {
      response = await this.get(this.address(file));
    } catch (error) {
      throw unreachable(file, error);
    }
    if (response.ok) return response;
    if (response.status === 404)
      throw new EngineError('no-index', `there is no ${file} beside this page`, { hint: COPY_AGAIN });
    throw new EngineError('unreachable', `${file} could not be read: the host answered ${response.status}`, {
      hint: 'Try again later.',
    });
  }
}

export const thumbnailFile = (row: number): string => `thumbnails/${row}.webp`;

const notOfThisIndex = (file: string, bytes: number): EngineError =>
  new EngineError('damaged', `${file} is not the file of this index: it should have ${bytes} bytes`, {
    hint: COPY_AGAIN,
  });

/** Whether a value is the description of an export, of whichever version. */
const isExport = (value: unknown): value is SiteDescription =>
  typeof value === 'object' && value !== null && 'format' in value && value.format === 'neurodex-export';

const unreachable = (file: string, cause: unknown): EngineError =>
  new EngineError('unreachable', `${file} could not be read: the host cannot be reached`, {
    hint: 'Check that you are online, and try again.',
    cause,
  });
