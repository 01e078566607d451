import { describe, expect, it } from 'vitest';
import { EngineError } from '../engine.ts';
import { leftOut } from './left-out.ts';

const undecodable = new EngineError('not-a-picture', 'a is not a picture that this browser can read');
const bytes = (...parts: readonly (string | readonly number[])[]): Blob =>
  new Blob(parts.map((part) => (typeof part === 'string' ? part : Uint8Array.from(part))));
const media = (brand: string): Blob => bytes([0, 0, 0, 20], 'ftyp', brand, [0, 0, 0, 0], brand, [0, 0]);

describe('a picture that a browser does not decode', () => {
  it.each([
    ['empty.jpg', bytes(), /^is empty \(0 bytes\)$/, /copy it again or leave it out/],
    ['a.heic', media('heic'), /^is a HEIC picture, which this browser does not decode$/, /convert the picture to JPEG/],
    ['scan.tif', bytes('II*\0', [8, 0, 0, 0, 0, 0, 0, 0, 0, 0]), /^is a TIFF picture, which/, /JPEG or PNG/],
    ['p.raf', bytes('FUJIFILMCCD-RAW 0201'), /^is a camera raw file, which/, /raw converter/],
    ['clip.jpg', media('isom'), /^is a video \(MP4\), not a picture$/, /ffmpeg -i VIDEO/],
    ['cut.jpg', bytes([0xff, 0xd8, 0xff, 0xe0]), /^is a damaged JPEG file, or too large/, /copy it again/],
    [
      'words.png',
      bytes('no picture'),
      /^is not a JPEG, PNG, .* picture, whatever its name says$/,
      /convert it to JPEG/,
    ],
  ])('%s is skipped for the reason of the command line', async (path, file, reason, advice) => {
    const left = await leftOut(`x/${path}`, file, undecodable);
    expect(left.path).toBe(`x/${path}`);
    expect(left.reason).toMatch(reason);
    expect(left.advice).toMatch(advice);
  });

  it('is grouped by its ending, if that is not the ending of a picture', async () => {
    expect(await leftOut('logo.svg', bytes('<svg/>'), undecodable)).toEqual({
      path: 'logo.svg',
      reason: 'not a picture file',
      group: 'not a picture file (.svg)',
    });
  });

  it('is skipped as well where it is too large, is gone, or its decoder fails in another way', async () => {
    const large = new EngineError('too-large', 'a.png has 9 × 9 = 81 pixels, and the limit is 4', {
      hint: 'Scale it.',
    });
    expect(await leftOut('a.png', bytes(), large)).toEqual({
      path: 'a.png',
      reason: 'has 9 × 9 = 81 pixels, and the limit is 4',
      advice: 'Scale it.',
    });
    const gone = bytes('x');
    gone.arrayBuffer = () => Promise.reject(new DOMException('gone', 'NotReadableError'));
    expect((await leftOut('a.png', gone, new RangeError('no memory'))).reason).toMatch(
      /^cannot be read: it was changed/,
    );
    const odd = await leftOut(
      'a.png',
      bytes([0x89], 'PNG\r\n\x1a\n'),
      new RangeError('Array buffer allocation failed'),
    );
    expect(odd.reason).toMatch(/^is a damaged PNG file, or too large/);
  });
});
