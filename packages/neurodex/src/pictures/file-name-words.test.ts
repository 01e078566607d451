import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wordsOfFileName } from './file-name-words.ts';

const PIECES = [...'_-.+, \n\u3000/%aÄßxYZ9٣犬º(', '\u0301', '%C3', 'IMG', 'photo', 'cat', 'JPEG'];

describe('a file name as words', () => {
  it.each([
    ['beach.jpg', 'beach'],
    ['holidays/2023/red_fire-truck.jpeg', 'red fire truck'],
    ['a+cat,on..a - mat.png', 'a cat on a mat'],
    ['BeachSunset.jpg', 'Beach Sunset'],
    ['HTMLPage.png', 'HTML Page'],
    ['ÉléphantGris.webp', 'Éléphant Gris'],
    ['E\u0301le\u0301phantGris.webp', 'E\u0301le\u0301phant Gris'],
    ['cat.0.jpg', 'cat 0'],
    ['dog-12.jpg', 'dog 12'],
    ['IMG_1234_dog.jpg', 'IMG 1234 dog'],
    ['façade.jpg', 'façade'],
    ['facade.jpg', 'facade'],
    ['effaced decade.jpg', 'effaced decade'],
    ['screen.jpg', 'screen'],
    ['sam.jpg', 'sam'],
    ['caf%C3%A9 au lait.jpg', 'caf%C3%A9 au lait'],
    ['%C3%89Tat %ABCdef.jpg', '%C3%89Tat %ABCdef'],
    ['犬.png', '犬'],
    ['แมว.png', 'แมว'],
    ['собака_на_траве.jpg', 'собака на траве'],
    ['קו.jpg', 'קו'],
    ['beach', 'beach'],
    ['.beach', 'beach'],
    ['beach.2023', 'beach 2023'],
    ['archive.tar/beach', 'beach'],
  ])('%s', (path, words) => {
    expect(wordsOfFileName(path)).toBe(words);
  });
});

describe('a file name says nothing of the picture where it is', () => {
  it.each([
    ...['IMG_1234.JPG', 'IMG1234.HEIC.jpg', 'DSC00012.jpg', 'DSC_0012_edited.jpg', 'P1010001.JPG', 'GOPR0001.JPG'],
    ...['PXL_20210101_123456789.jpg', 'PXL_20210101_123456789.PORTRAIT.jpg', 'SAM_0001.jpg', 'img.png', 'Photo.png'],
    ...['COCO_val2014_000000000042.jpg', 'ILSVRC2012_val_00000293.JPEG', 'n01440764_10026.JPEG', '000000000042.jpg'],
    ...['image (3).png', 'photo-12.jpg', 'scan0001.png', 'frame_00012.png', 'Copy of IMG_1234.jpg', 'untitled.png'],
    ...['Screenshot 2024-01-02 at 10.00.00.png', 'Screen Shot 2024-01-02 at 10.00.00 AM.png', 'Screenshot from x1.png'],
    ...[
      'Capture d’écran 2024-01-02 à 10.00.00.png',
      'スクリーンショット 2024-01-02 10.00.00.png',
      'Снимок экрана 1.png',
    ],
    ...['WhatsApp Image 2023-01-02 at 10.00.00.jpeg', 'WhatsApp Image 2023-01-02 at 10.00.00 AM (1).jpeg'],
    ...['123e4567-e89b-12d3-a456-426614174000.jpg', 'abcdefab-cafe-beef-dead-abcdefabcdef.jpg'],
    ...['d41d8cd98f00b204e9800998ecf8427e.png', '1000268201_693b08cb0e.jpg', '00a1B2c3d4.jpg'],
    ...['abcdefabcdefabcdefabcdefabcdefab.png', '7.png', '٣.png', '2023-01-02.png', 'ab.png', 'a_b_c_d.png', '12º.png'],
    ...['%E2%98%83.png', '%AB%CD%EF.png', '😀.png', '---.png', '.png', '', 'dogs/'],
  ])('%s', (path) => {
    expect(wordsOfFileName(path)).toBeUndefined();
  });

  it('never has separators or empty words, whatever the name', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES)), (pieces) => {
        const words = wordsOfFileName(pieces.join(''));
        if (words !== undefined) expect(words).toMatch(/^[^\s_.+,-]+(?: [^\s_.+,-]+)*$/u);
      }),
    );
  });
});
