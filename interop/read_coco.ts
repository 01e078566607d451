import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { categoriesByArea, jsonRows, readAnnotations, regionArea } from '@neurodex/datasets';
import { z } from 'zod';

/**
 * `tsx interop/read_coco.ts INSTANCES CAPTIONS`: what Neurodex reads in a pair of annotation files, as one JSON object
 * on stdout, for check_coco.py. `regions` are the areas of the regions as Neurodex draws them, by annotation number.
 */
const [instancesPath = '', captionsPath = ''] = process.argv.slice(2);
const instances = await readAnnotations(instancesPath);
const captions = await readAnnotations(captionsPath);

const annotation = z.object({ id: z.number(), image_id: z.number(), segmentation: z.unknown() });
const regions: Record<string, number | null> = {};
for await (const { key, value } of jsonRows((await openAsBlob(instancesPath)).stream())) {
  if (key !== 'annotations') continue;
  const { id, image_id, segmentation } = annotation.parse(value);
  const image = instances.images.get(image_id);
  if (image !== undefined) regions[id] = regionArea(segmentation, image.height ?? 0, image.width ?? 0) ?? null;
}

const pictures = [...instances.images.values()].map((image) => {
  const objects = instances.objects.get(image.id) ?? [];
  return { ...image, objects, classes: categoriesByArea(objects), captions: captions.captions.get(image.id) ?? [] };
});
const skipped = [...instances.skipped, ...captions.skipped].map(({ path, reason }) => `${basename(path)}: ${reason}`);
console.log(JSON.stringify({ pictures, categories: Object.fromEntries(instances.categories), regions, skipped }));
