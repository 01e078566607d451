import { openFolder } from '@neurodex/datasets';
import { decodePicture } from '@neurodex/datasets/image';

const dataset = await openFolder(process.argv[2] ?? '.');
for (const picture of dataset.pictures.slice(0, 5)) {
  const { pixels } = await decodePicture(await picture.read(), {
    size: 64,
    maxPixels: 100_000_000,
    name: picture.path,
  });
  console.log(picture.path, picture.labels.join(', '), pixels.length);
}
