import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { makeFolder, writeFileAtomically } from '@neurodex/core/storage';
import { z } from 'zod';

const keptSchema = z.object({ settings: z.record(z.string(), z.unknown()), result: z.unknown() });

/** Values that decide what a measurement gives. */
export type KeptSettings = Readonly<Record<string, string | number | null>>;

/** Keeps the result of each part of a long benchmark in a file. A run that was stopped measures only the parts that have none. */
export class KeptResults {
  private readonly folder: string;
  private readonly log: (line: string) => void;

  constructor(folder: string, log: (line: string) => void) {
    this.folder = folder;
    this.log = log;
  }

  /**
   * The result that was kept with the same settings, or a new one, which is kept.
   * @param isThere whether what the measurement left behind, and others use, is still there
   */
  async of<T>(
    name: string,
    { schema, settings, isThere = () => true }: KeptOptions<T>,
    measure: () => Promise<T>,
  ): Promise<T> {
    const file = join(this.folder, `${name}.json`);
    const before = await this.read(file, schema, settings);
    if (before !== undefined && isThere()) {
      this.log(`${name}: measured before`);
      return before;
    }
    this.log(name);
    const result = await measure();
    await makeFolder(this.folder);
    await writeFileAtomically(file, `${JSON.stringify({ settings, result }, null, 2)}\n`);
    return result;
  }

  private async read<T>(file: string, schema: z.ZodType<T>, settings: KeptSettings): Promise<T | undefined> {
    const text = await readFile(file, 'utf8').catch(() => '{}');
    const kept = keptSchema.safeParse(JSON.parse(text));
    if (!kept.success || !isDeepStrictEqual(kept.data.settings, { ...settings })) return undefined;
    return schema.safeParse(kept.data.result).data;
  }
}

export interface KeptOptions<T> {
  readonly schema: z.ZodType<T>;
  readonly settings: KeptSettings;
  readonly isThere?: () => boolean;
}
