import { createHash } from 'node:crypto';
import { TestServer } from './server.fixture.ts';

export interface HubRepo {
  readonly repo: string;
  readonly commit: string;
  /** Names that lead to that commit: `main`, `refs/convert/parquet`. */
  readonly revisions: readonly string[];
  /** By path; .parquet and .onnx files are in LFS, with a digest. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** A data set by default. */
  readonly kind?: 'datasets' | 'models';
  /** Where the repository is gated: the token of an account with access, and of one without. */
  readonly token?: string;
  readonly refused?: string;
}

/**
 * A hub as Hugging Face's: the list of a revision's files at /api/datasets/…/revision/…, and the files at
 * /datasets/…/resolve/…, whose large ones are redirected to another host with a signature in the address.
 */
export class TestHub {
  readonly api: TestServer;
  readonly storage: TestServer;

  private constructor(api: TestServer, storage: TestServer) {
    this.api = api;
    this.storage = storage;
  }

  static async start(): Promise<TestHub> {
    return new TestHub(await TestServer.start(), await TestServer.start());
  }

  publish({ repo, commit, revisions, files, kind = 'datasets', ...gate }: HubRepo): void {
    const siblings = Object.entries(files).map(([rfilename, body]) => ({
      rfilename,
      size: body.length,
      blobId: createHash('sha1').update(`blob ${body.length}\0`).update(body).digest('hex'),
      ...(isLarge(rfilename) ? { lfs: { sha256: sha256(body), size: body.length, pointerSize: 132 } } : {}),
    }));
    const answer = JSON.stringify({ _id: '621ffdd236468d709f18200e', id: repo, sha: commit, private: false, siblings });
    // The API lists what is in a gated repository to everybody.
    for (const revision of [commit, ...revisions]) this.api.serve(`/api/${kind}/${repo}/revision/${revision}`, answer);
    for (const [path, body] of Object.entries(files)) {
      const at = `${kind === 'datasets' ? '/datasets' : ''}/${repo}/resolve/${commit}/${path}`;
      if (!isLarge(path)) {
        this.api.serve(at, body, gate);
        continue;
      }
      const blob = this.storage.serve(`/repos/${sha256(body)}`, body, { etag: `"${sha256(body)}"` });
      this.api.serve(at, '', {
        ...gate,
        linkedTag: `"${sha256(body)}"`,
        redirect: `${blob}?X-Amz-Signature=abc&response-content-disposition=inline`,
      });
    }
  }

  get bytesSent(): number {
    return this.api.bytesSent + this.storage.bytesSent;
  }

  async close(): Promise<void> {
    await Promise.all([this.api.close(), this.storage.close()]);
  }
}

const isLarge = (path: string): boolean => /\.(parquet|onnx)$/.test(path);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
