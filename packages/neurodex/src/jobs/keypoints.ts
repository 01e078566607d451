import { refuseForeignFile, writeMarkedFile } from '@neurodex/core/storage';
import { decodeWhole, readPictureFile } from '@neurodex/datasets/image';
import { grayOf } from '../models/bovw/plane.ts';
import { sift } from '../models/bovw/sift.ts';
import { keypointsPicture } from '../report/keypoints-picture.ts';
import { markedPng } from '../report/marked-png.ts';

/** The first octave has four times as many pixels as the picture, and its planes must fit into 4 GiB. */
const MAX_PIXELS = 16_000_000;

export interface KeypointsOptions {
  readonly file: string;
  /** PNG to draw them in. */
  readonly out?: string;
}

export interface FoundKeypoint {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly angle: number;
  readonly response: number;
  /** 128 whole numbers, 0 … 255. */
  readonly descriptor: readonly number[];
}

/** The SIFT keypoints of a picture at its own size. @throws NeurodexError `picture-*`, `output-unwritable`, `disk-full` */
export async function findKeypoints({ file, out }: KeypointsOptions): Promise<FoundKeypoint[]> {
  if (out !== undefined) await refuseForeignFile(out);
  const { width, height, pixels } = await decodeWhole(await readPictureFile(file), {
    name: file,
    maxPixels: MAX_PIXELS,
  });
  const keypoints = sift(grayOf(pixels, width, height));
  if (out !== undefined)
    await writeMarkedFile(out, markedPng(await keypointsPicture(pixels, width, height, keypoints)));
  return keypoints.map(({ descriptor, ...point }) => ({ ...point, descriptor: [...descriptor] }));
}
