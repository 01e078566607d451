import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NeurodexError, type ProgressEvent, type Reporter } from '@neurodex/core';
import { createDownloads, type DownloadOptions, type Downloads } from './downloads.ts';
import type { RemoteFile } from './remote-file.ts';
import type { Patience } from './retry.ts';
import { TestServer } from './server.fixture.ts';

/** Tests are in a hurry. */
export const HURRY: Patience = {
  attempts: 4,
  firstWait: 2,
  longestWait: 10,
  longestRetryAfter: 2000,
  connect: 500,
  stall: 250,
};

export const pattern = (length: number, salt = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + salt) & 255);
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const CONTENT = pattern(300_000);

export class Collector implements Reporter {
  readonly events: ProgressEvent[] = [];
  readonly said: string[] = [];
  progress(event: ProgressEvent): void {
    this.events.push(event);
  }
  warn(message: string): void {
    this.said.push(`warning: ${message}`);
  }
  info(message: string): void {
    this.said.push(message);
  }
}

/** The NeurodexError that work ends with. @throws Error when it ends otherwise */
export async function failure(work: Promise<unknown>): Promise<NeurodexError> {
  const outcome = await work.then(
    (value) => new Error(`it did not fail, but gave ${value}`),
    (error: unknown) => error,
  );
  if (outcome instanceof NeurodexError) return outcome;
  throw outcome;
}

export const remote = (url: string, more: Partial<RemoteFile> = {}): RemoteFile => ({ url, name: 'the file', ...more });

/** A server and an empty cache. */
export class Setting {
  readonly server: TestServer;
  readonly cache: string;

  private constructor(server: TestServer, cache: string) {
    this.server = server;
    this.cache = cache;
  }

  static async open(): Promise<Setting> {
    return new Setting(await TestServer.start(), await mkdtemp(join(tmpdir(), 'neurodex-downloads-')));
  }

  start(options: Partial<DownloadOptions> = {}): Downloads {
    return createDownloads({ cache: this.cache, environment: {}, ...options }, HURRY);
  }

  /** Everything in the cache's folder of downloads, leftovers included. */
  kept(): Promise<string[]> {
    return readdir(join(this.cache, 'downloads')).catch(() => []);
  }

  async close(): Promise<void> {
    await this.server.close();
    await rm(this.cache, { recursive: true, force: true });
  }
}
