import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomically } from '@neurodex/core/storage';
import type { Dataset, SourcePicture } from '@neurodex/datasets';
import { z } from 'zod';

const LIST = 'pictures.json';

const listSchema = z.object({
  name: z.string(),
  pictures: z.array(
    z.object({
      path: z.string(),
      labels: z.array(z.string()),
      captions: z.array(z.string()).optional(),
      role: z.enum(['catalogue', 'train', 'validation', 'test']).optional(),
    }),
  ),
});

/** Writes every picture of a data set to a file of its own, once: drawing them is no part of what is measured. The list comes last. */
export async function writePictureFiles(open: () => Promise<Dataset>, folder: string): Promise<void> {
  const list = join(folder, LIST);
  if (existsSync(list)) return;
  await rm(folder, { recursive: true, force: true });
  const { name, pictures } = await open();
  for (const picture of pictures) {
    const file = join(folder, picture.path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, await picture.read());
  }
  const listed = pictures.map(({ path, labels, captions, role }) => ({ path, labels, captions, role }));
  await writeFileAtomically(list, JSON.stringify({ name, pictures: listed }));
}

/** The data set of a folder that `writePictureFiles` wrote. */
export async function openPictureFiles(folder: string): Promise<Dataset> {
  const { name, pictures } = listSchema.parse(JSON.parse(await readFile(join(folder, LIST), 'utf8')));
  return {
    name,
    source: folder,
    notices: [],
    skipped: [],
    pictures: pictures.map(
      ({ path, labels, captions, role }): SourcePicture => ({
        path,
        labels,
        ...(captions === undefined ? {} : { captions }),
        ...(role === undefined ? {} : { role }),
        read: () => readFile(join(folder, path)),
      }),
    ),
  };
}
