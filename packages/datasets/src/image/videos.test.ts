import { expect, it } from 'vitest';
import { decodePicture } from './decode.ts';
import { hasVideoExtension, videoKind } from './videos.ts';

const bytes = (text: string): Buffer => Buffer.from(text.padEnd(64, '\0'), 'latin1');
const heads = {
  MP4: '\0\0\0\x18ftypisom\0\0\0\0isommp42',
  QuickTime: '\0\0\0\x14ftypqt  \0\0\0\0qt  ',
  AVI: 'RIFF\0\0\0\0AVI LIST',
  'Matroska or WebM': '\x1aE\xdf\xa3\x93B\x82\x88matroska',
  MPEG: '\0\0\x01\xba',
  Flash: 'FLV\x01\x05',
};

it.each(Object.entries(heads))('%s is told by its first bytes, and refused with a way out', async (kind, head) => {
  expect(videoKind(bytes(head))).toBe(kind);
  await expect(decodePicture(bytes(head), { size: 8, maxPixels: 100, name: 'clip.jpg' })).rejects.toMatchObject({
    code: 'picture-not-an-image',
    message: `clip.jpg is a video (${kind}), not a picture`,
    hint: expect.stringContaining('ffmpeg -i'),
  });
});

it('pictures and texts are no videos', () => {
  for (const head of ['\xff\xd8\xff\xe0', 'RIFF\0\0\0\0WEBPVP8 ', '\0\0\0\x18ftypheic\0\0\0\0mif1', 'text']) {
    expect(videoKind(bytes(head)), head).toBeUndefined();
  }
  expect(['a.MOV', 'b.m4v', 'c.jpg', 'mov', 'd.ts'].map(hasVideoExtension)).toEqual([true, true, false, false, false]);
});
