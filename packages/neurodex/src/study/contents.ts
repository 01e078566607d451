import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { z } from 'zod';
import { digestOfParameters } from '../build/initial-parameters.ts';
import { digestOfEncoder } from '../build/open-encoder.ts';
import { digestOfTextFiles } from '../build/open-text-encoder.ts';
import { VERSION } from '../version.ts';
import type { StudyCell, StudyGrid } from './grid.ts';
import { configurationFlags, runProgram } from './program.ts';

/** Configuration keys whose value names a file, and what is taken of it. */
const FILES: Readonly<Record<string, (file: string) => Promise<string | null>>> = {
  'encoder.file': digestOfEncoder,
  'text.encoder': digestOfTextFiles,
  'training.initialise': digestOfParameters,
};

/**
 * What the results of each cell depend on beside the grid: the contents of the source and of the files that the
 * configuration names, and the program. The source is read once, as the largest size sees it.
 * @returns a digest for each cell
 * @throws NeurodexError `study-failed` where the source cannot be opened, `interrupted`
 */
export async function contentsOf(
  grid: StudyGrid,
  cells: readonly StudyCell[],
  { cwd, signal }: { readonly cwd: string; readonly signal?: AbortSignal | undefined },
): Promise<(cell: StudyCell) => string> {
  const [largest] = [...cells].sort((a, b) => b.pictures - a.pictures);
  if (largest === undefined) return () => '';
  const shown = await runProgram(
    [
      'dataset',
      'show',
      grid.source,
      ...grid.flags,
      '--fingerprint',
      '--examples',
      '1',
      ...configurationFlags(grid, largest),
    ],
    z.object({ fingerprint: z.string() }),
    { cwd, signal, name: `the source ${grid.source}` },
  );
  const files = new Map<string, string | null>();
  for (const { settings } of cells) {
    for (const [key, digest] of Object.entries(FILES)) {
      const file = settings[key];
      if (typeof file !== 'string' || file === '' || files.has(`${key} ${file}`)) continue;
      files.set(`${key} ${file}`, await digest(resolve(cwd, file)));
    }
  }
  return ({ settings }) => {
    const named = Object.keys(FILES).map((key) => files.get(`${key} ${settings[key]}`) ?? null);
    return createHash('sha256')
      .update(JSON.stringify([VERSION, shown.fingerprint, named]))
      .digest('hex');
  };
}
