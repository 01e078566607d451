import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Which rules of S3 a server does not know. */
export interface TinyS3Options {
  /** Takes the headers of conditions, and writes all the same. */
  readonly ignoresConditions?: boolean;
  /** Looks at conditions, and writes a moment later. */
  readonly looksFirst?: boolean;
  /** Answers 501 to conditions. */
  readonly refusesConditions?: boolean;
  /** Objects of a page of a listing. */
  readonly page?: number;
}

interface Stored {
  readonly content: Buffer;
  readonly etag: string;
  readonly meta: Readonly<Record<string, string>>;
}

interface Upload {
  readonly key: string;
  readonly meta: Readonly<Record<string, string>>;
  readonly parts: Map<number, Stored>;
}

const BUCKET = 'bucket';

/** A server in memory that speaks as much of S3 as is asked of it, over HTTP, with one bucket; it checks no signature. */
export class TinyS3 {
  readonly objects = new Map<string, Stored>();
  readonly uploads = new Map<string, Upload>();
  /** Methods and paths with queries, in order. */
  readonly requests: string[] = [];
  private readonly server: Server;
  private readonly options: TinyS3Options;

  private constructor(options: TinyS3Options) {
    this.options = options;
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start(options: TinyS3Options = {}): Promise<TinyS3> {
    const tiny = new TinyS3(options);
    await new Promise<void>((resolve) => tiny.server.listen(0, '127.0.0.1', resolve));
    return tiny;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const url = new URL(request.url ?? '', 'http://host');
    this.requests.push(`${request.method} ${request.url}`);
    const body = await bodyOf(request);
    const [, bucket = '', ...parts] = url.pathname.split('/').map(decodeURIComponent);
    const key = parts.join('/');
    if (bucket !== BUCKET) return refuse(response, 404, 'NoSuchBucket');
    if (createHash('sha256').update(body).digest('hex') !== request.headers['x-amz-content-sha256'])
      return refuse(response, 400, 'XAmzContentSHA256Mismatch');
    if (key === '') return this.list(url.searchParams, response);
    const query = url.searchParams;
    if (query.has('uploads') || query.has('uploadId')) return this.multipart(request, key, query, body, response);
    if (request.method === 'PUT') return this.put(request, key, body, response);
    if (request.method === 'DELETE') {
      this.objects.delete(key);
      return response.writeHead(204).end();
    }
    return this.get(request, key, response);
  }

  private get(request: IncomingMessage, key: string, response: ServerResponse): unknown {
    const found = this.objects.get(key);
    if (found === undefined) return refuse(response, 404, 'NoSuchKey');
    const { etag, content, meta } = found;
    if (request.headers['if-match'] !== undefined && request.headers['if-match'] !== etag)
      return refuse(response, 412, 'PreconditionFailed');
    const headers = { etag, ...meta, 'content-length': String(content.length) };
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (from === undefined || to === undefined) {
      return response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : content);
    }
    if (Number(from) >= content.length) return refuse(response, 416, 'InvalidRange');
    const part = content.subarray(Number(from), Number(to) + 1);
    const range = `bytes ${from}-${Number(from) + part.length - 1}/${content.length}`;
    return response
      .writeHead(206, { ...headers, 'content-length': String(part.length), 'content-range': range })
      .end(part);
  }

  private async put(request: IncomingMessage, key: string, content: Buffer, response: ServerResponse) {
    const { 'if-none-match': absent, 'if-match': match } = request.headers;
    const isConditional = absent !== undefined || match !== undefined;
    if (isConditional && this.options.refusesConditions) return refuse(response, 501, 'NotImplemented');
    if (isConditional && !this.options.ignoresConditions) {
      const now = this.objects.get(key);
      if (absent === '*' && now !== undefined) return refuse(response, 412, 'PreconditionFailed');
      if (match !== undefined && now === undefined) return refuse(response, 404, 'NoSuchKey');
      if (match !== undefined && now?.etag !== match) return refuse(response, 412, 'PreconditionFailed');
    }
    if (this.options.looksFirst) await new Promise((resolve) => setTimeout(resolve, 200));
    const stored = store(content, metaOf(request));
    this.objects.set(key, stored);
    return response.writeHead(200, { etag: stored.etag }).end();
  }

  private multipart(
    request: IncomingMessage,
    key: string,
    query: URLSearchParams,
    body: Buffer,
    response: ServerResponse,
  ): unknown {
    if (query.has('uploads')) {
      const id = randomUUID();
      this.uploads.set(id, { key, meta: metaOf(request), parts: new Map() });
      return sendXml(
        response,
        200,
        `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      );
    }
    const id = query.get('uploadId') ?? '';
    const upload = this.uploads.get(id);
    if (upload?.key !== key) return refuse(response, 404, 'NoSuchUpload');
    if (request.method === 'DELETE') {
      this.uploads.delete(id);
      return response.writeHead(204).end();
    }
    if (request.method === 'PUT') {
      const part = store(body, {});
      upload.parts.set(Number(query.get('partNumber')), part);
      return response.writeHead(200, { etag: part.etag }).end();
    }
    const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g)];
    const parts = named.map(([, number]) => upload.parts.get(Number(number)));
    const isWhole = named.every(([, , etag], i) => etag?.replaceAll('&quot;', '"') === parts[i]?.etag);
    if (!isWhole) return refuse(response, 400, 'InvalidPart');
    const stored = store(Buffer.concat(parts.map((part) => part?.content ?? Buffer.alloc(0))), upload.meta);
    this.objects.set(key, stored);
    this.uploads.delete(id);
    const etag = stored.etag.replaceAll('"', '&quot;');
    return sendXml(
      response,
      200,
      `<CompleteMultipartUploadResult><ETag>${etag}</ETag></CompleteMultipartUploadResult>`,
    );
  }

  private list(query: URLSearchParams, response: ServerResponse): void {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? '';
    const most = this.options.page ?? Number(query.get('max-keys') ?? 1000);
    const keys = [...this.objects.keys()]
      .filter(
        (key) => key.startsWith(prefix) && (after === '' || Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0),
      )
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const page = keys.slice(0, most);
    const contents = page.map((key) => {
      const bytes = this.objects.get(key)?.content.length;
      return `<Contents><Key>${encodeURIComponent(key)}</Key><Size>${bytes}</Size></Contents>`;
    });
    const isTruncated = keys.length > page.length;
    const next = isTruncated ? `<NextContinuationToken>${escapeXml(page.at(-1) ?? '')}</NextContinuationToken>` : '';
    const end = `<EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated>${next}`;
    sendXml(response, 200, `<ListBucketResult>${contents.join('')}${end}</ListBucketResult>`);
  }
}

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const store = (content: Buffer, meta: Readonly<Record<string, string>>): Stored => ({
  content,
  etag: `"${createHash('md5').update(content).digest('hex')}"`,
  meta,
});

const metaOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (name.startsWith('x-amz-meta-') ? [[name, String(value)]] : [])),
  );

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function sendXml(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0" encoding="UTF-8"?>${text}`);
}

const refuse = (response: ServerResponse, status: number, code: string): unknown =>
  sendXml(response, status, `<Error><Code>${code}</Code><Message>it is so</Message></Error>`);
