import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, silentReporter } from '@neurodex/core';
import sharp from 'sharp';
import { FINE_BATCHES } from '../packages/neurodex/src/dsi/search/batch-sizes.ts';
import { encoderPixels } from '../packages/neurodex/src/pictures/encoder-pixels.ts';
import { decodeThumbnail } from '../packages/neurodex/src/pictures/thumbnail.ts';
import type { PictureQuery } from '../packages/neurodex/src/query/query.ts';
import { decodeUpload } from '../packages/neurodex/src/server/decode-upload.ts';
import { ofNetwork, readingOf } from '../packages/neurodex/src/server/index-details.ts';
import { DEFAULT_LIMITS } from '../packages/neurodex/src/server/limits.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { DECODING_BATCHES, type DecodingReply, type DecodingTurn } from './decoding-sides.ts';
import { ANSWERS, uploadsOf } from './serve-uploads.ts';

/**
 * Decodes uploads and searches with them, as the server does, without HTTP:
 * `decoding-child.ts INDEX SHARE SHARES THREADS spinning|sleeping`. Waits for turns, and answers each with what it did.
 */
const [folder = '', share = '', shares = '', threads = '', waiting = ''] = process.argv.slice(2);
const NAME = { name: 'the picture', maxPixels: Number.POSITIVE_INFINITY };

// As the server has it: pictures are decoded side by side.
sharp.concurrency(1);
const runtime = nodeRuntime({ threads: Number(threads), spinning: waiting === 'spinning' });
const index = await openIndex(folder, runtime, silentReporter, { batches: FINE_BATCHES });
const dsi = await index.system('dsi');
const reading = readingOf(index);
const withThumbnail = (await ofNetwork(index)).lookAtThumbnails.has('dsi');
const uploads = (await uploadsOf(index)).filter((_, i) => i % Number(shares) === Number(share));
let next = 0;

async function decode(upload: Uint8Array): Promise<PictureQuery> {
  const { pixels, thumbnail, file } = await decodeUpload(upload, reading, DEFAULT_LIMITS, withThumbnail);
  const preprocessing = index.manifest.encoder?.preprocessing;
  return {
    kind: 'picture',
    pixels,
    thumbnail: () => decodeThumbnail(defined(thumbnail, 'the thumbnail'), NAME.name),
    ...(file === undefined || preprocessing === undefined
      ? {}
      : { encoderPixels: () => encoderPixels(file, preprocessing, NAME) }),
  };
}

const decodeBatch = (batch: number): Promise<PictureQuery[]> =>
  Promise.all(
    Array.from({ length: batch }, () => decode(defined(uploads[next++ % uploads.length], 'a picture of this share'))),
  );

/** While a batch is ranked, the pictures of the next one are decoded. */
async function measure({ batch, seconds }: DecodingTurn): Promise<DecodingReply> {
  let queries = await decodeBatch(batch);
  let following = decodeBatch(batch);
  const [began, before] = [performance.now(), process.cpuUsage()];
  let done = 0;
  while (performance.now() - began < 1000 * seconds) {
    await dsi.rank(queries, ANSWERS);
    done += batch;
    queries = await following;
    following = decodeBatch(batch);
  }
  const [took, { user, system }] = [(performance.now() - began) / 1000, process.cpuUsage(before)];
  await following;
  return { rate: done / took, queries: done, processorSeconds: (user + system) / 1e6 };
}

const reply = (message: DecodingReply | 'ready'): void => void process.send?.(message);

// The graphs of every size are loaded before the first turn.
for (const batch of DECODING_BATCHES) await dsi.rank(await decodeBatch(batch), ANSWERS);
process.on('message', async (turn: DecodingTurn) => reply(await measure(turn)));
process.on('disconnect', () => process.exit());
reply('ready');
