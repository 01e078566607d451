import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CreateFolderOptions, createFolder, type FileLister, isInside } from '@neurodex/core/storage';
import { z } from 'zod';

/** In every export, and in no other folder: what `--force` replaces. It says which files there are. */
export const EXPORT_FILE = 'export.json';

/** A file of an export, its name with '/' between folders. */
export interface ExportedFile {
  /** Its name, '/' between folders. */
  readonly file: string;
  /** Its size. */
  readonly bytes: number;
}

/** An export that was written. */
export interface WrittenExport {
  /** Absolute path. */
  readonly folder: string;
  /** All of it. */
  readonly files: readonly ExportedFile[];
}

const listSchema = z.object({
  format: z.literal('neurodex-export'),
  files: z.array(z.object({ file: z.string().refine(isInside) })),
});

/** The files that an export says it has. */
export const exportedFiles: FileLister = async (folder) => {
  const text = await readFile(join(folder, EXPORT_FILE), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return [EXPORT_FILE, ...listSchema.parse(JSON.parse(text)).files.map(({ file }) => file)];
  } catch {
    return undefined;
  }
};

/** Writes a file into the folder that is being made. */
export type Write = (file: string, content: string | Uint8Array) => Promise<void>;

/**
 * A folder that appears when all of it is written.
 * @param facts about the export, for its `export.json`
 * @throws NeurodexError `output-exists`, `output-unwritable`, `disk-full`, `interrupted`
 */
export async function writeExport(
  folder: string,
  options: Pick<CreateFolderOptions, 'force' | 'signal'>,
  facts: object,
  work: (write: Write) => Promise<void>,
): Promise<WrittenExport> {
  return await createFolder(folder, { ...options, marker: EXPORT_FILE, lister: exportedFiles }, async (temporary) => {
    const files: (ExportedFile & { readonly sha256: string })[] = [];
    await work(async (file, content) => {
      const path = join(temporary, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      files.push({ file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    });
    await writeFile(join(temporary, EXPORT_FILE), `${JSON.stringify({ ...facts, files }, null, 2)}\n`);
    return { folder, files: files.map(({ file, bytes }) => ({ file, bytes })) };
  });
}

/** A file that goes into exports as it is: packages/neurodex/templates. */
export const template = (file: string): Promise<string> =>
  readFile(new URL(`../../templates/${file}`, import.meta.url), 'utf8');
