import type { Random } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import sharp from 'sharp';
import { type Bytes, chunked, headOf } from './attack-client.ts';

/** What a server is sent as pictures: right ones, and everything that is none. */

const MEBIBYTE = 2 ** 20;
/** The server's limit of a body, and what is over it. */
const LARGEST = 16 * MEBIBYTE;

export interface Upload extends Bytes {
  readonly kind: string;
}

export interface Files {
  /** Encoded pictures with their media types. */
  readonly pictures: readonly { readonly type: string; readonly bytes: Buffer }[];
  /** Bytes without meaning, of more than the largest body. */
  readonly noise: Buffer;
}

export async function makeFiles(random: Random): Promise<Files> {
  const spots = new Uint8Array(8 * 8 * 3);
  random.fillBytes(spots);
  const picture = sharp(spots, { raw: { width: 8, height: 8, channels: 3 } }).resize(320, 240, { kernel: 'cubic' });
  const large = picture.clone().resize(3000, 2000);
  const noise = new Uint8Array(64 * 1024);
  random.fillBytes(noise);
  return {
    pictures: [
      { type: 'image/png', bytes: await picture.clone().png().toBuffer() },
      { type: 'image/jpeg', bytes: await picture.clone().jpeg().toBuffer() },
      { type: 'image/webp', bytes: await picture.clone().webp().toBuffer() },
      { type: 'image/gif', bytes: await picture.clone().gif().toBuffer() },
      { type: 'image/tiff', bytes: await picture.clone().tiff().toBuffer() },
      { type: 'image/avif', bytes: await picture.clone().avif({ effort: 0 }).toBuffer() },
      { type: 'image/jpeg', bytes: await large.jpeg().toBuffer() },
    ],
    noise: Buffer.alloc(LARGEST + MEBIBYTE, Buffer.from(noise)),
  };
}

const SEARCH = '/v1/search?k=5';

const sent = (kind: string, type: string, body: Buffer, path = SEARCH): Upload => ({
  kind,
  head: headOf('POST', path, { 'Content-Type': type, 'Content-Length': body.length }),
  body: [body],
});

/** How often each kind comes; a large one costs far more to send than a small one. */
const OFTEN = [
  'valid',
  'valid, chunked',
  'damaged',
  'damaged',
  'noise',
  'wrong type',
  'wrong parameters',
  'of another origin',
  'that ends too early',
] as const;
const RARE = [
  'largest',
  'too large',
  'too large, only announced',
  'too large, chunked',
  'to no route',
  'by another method',
] as const;
type Kind = (typeof OFTEN)[number] | (typeof RARE)[number];

type Maker = (random: Random, files: Files) => Upload;

/** Cut short, overwritten, or with bytes put in between. */
function damaged(random: Random, { bytes }: Files['pictures'][number], { noise }: Files): Buffer {
  const at = random.integer(bytes.length);
  if (random.integer(3) === 0) return bytes.subarray(0, at);
  if (random.integer(2) === 0) return Buffer.concat([bytes.subarray(0, at), noise.subarray(0, 64), bytes.subarray(at)]);
  const out = Buffer.from(bytes);
  for (let n = 1 + random.integer(16); n > 0; n--) out[random.integer(out.length)] = random.integer(256);
  return out;
}

const MAKERS: Readonly<Record<Kind, Maker>> = {
  valid(random, files) {
    const { type, bytes } = random.pick(files.pictures);
    return sent('valid', type, bytes);
  },
  'valid, chunked': (random, files) => {
    const { type, bytes } = random.pick(files.pictures);
    return {
      kind: 'valid, chunked',
      head: headOf('POST', SEARCH, { 'Content-Type': type, 'Transfer-Encoding': 'chunked' }),
      body: chunked(bytes, 1 + random.integer(5000)),
    };
  },
  damaged(random, files) {
    const picture = random.pick(files.pictures);
    return sent('damaged', picture.type, damaged(random, picture, files));
  },
  noise: (random, { noise }) => sent('noise', 'application/octet-stream', noise.subarray(0, random.integer(100_000))),
  'wrong type': (random, files) =>
    sent(
      'wrong type',
      random.pick([
        'text/html',
        'application/x-www-form-urlencoded',
        'image/*',
        'video/mp4',
        '',
        '\xff',
        'image/png; a=b',
      ]),
      random.pick(files.pictures).bytes,
    ),
  'wrong parameters': (random, files) =>
    sent(
      'wrong parameters',
      'image/png',
      random.pick(files.pictures).bytes,
      `/v1/search?${random.pick(['k=0', 'k=%00', 'index=none', 'system=x', '__proto__=1', 'k=5&k=6', '%ff=%fe', 'explain=2'])}`,
    ),
  largest: (_, { noise }) => sent('largest', 'image/png', noise.subarray(0, LARGEST)),
  'too large': (_, { noise }) => sent('too large', 'image/png', noise),
  'too large, only announced': () => ({
    kind: 'too large, only announced',
    head: headOf('POST', SEARCH, { 'Content-Type': 'image/png', 'Content-Length': 2 ** 40 }),
  }),
  'too large, chunked': (_, { noise }) => ({
    kind: 'too large, chunked',
    head: headOf('POST', SEARCH, { 'Content-Type': 'image/png', 'Transfer-Encoding': 'chunked' }),
    body: chunked(noise, MEBIBYTE),
  }),
  'to no route': (random, { noise }) => ({
    ...sent(
      'to no route',
      'image/png',
      noise.subarray(0, LARGEST),
      random.pick(['/', '/v1/nowhere', '/v1/%', '/healthz']),
    ),
  }),
  'by another method': (random, { noise }) => ({
    kind: 'by another method',
    head: headOf(random.pick(['PUT', 'DELETE', 'PATCH', 'GET']), '/v1/search', { 'Content-Length': LARGEST }),
    body: [noise.subarray(0, LARGEST)],
  }),
  'of another origin': (random, files) => {
    const { type, bytes } = random.pick(files.pictures);
    return {
      kind: 'of another origin',
      head: headOf('POST', SEARCH, { 'Content-Type': type, 'Content-Length': bytes.length, Origin: 'null' }),
      body: [bytes],
    };
  },
  'that ends too early': (random, files) => {
    const { type, bytes } = random.pick(files.pictures);
    return {
      kind: 'that ends too early',
      head: headOf('POST', SEARCH, { 'Content-Type': type, 'Transfer-Encoding': 'chunked' }),
      body: [Buffer.from('64\r\n'), bytes.subarray(0, 100), Buffer.from('\r\nzz\r\n')],
    };
  },
};

/** One of the large kinds in so many. */
const RARITY = 25;

/** The i-th upload of an attack: each kind comes up in turn. */
export function upload(random: Random, files: Files, i: number): Upload {
  const names: readonly Kind[] = i % RARITY === 0 ? RARE : OFTEN;
  const turn = i % RARITY === 0 ? i / RARITY : i;
  return MAKERS[defined(names[turn % names.length], 'the kind of an upload')](random, files);
}
