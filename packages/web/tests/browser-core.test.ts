import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { describe, expect, it } from 'vitest';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Every module that an entry reaches, and what is imported that is no file: parts of Node, packages that are missing. */
async function reachedFrom(entry: string): Promise<{ modules: string[]; foreign: string[] }> {
  const modules = new Set<string>();
  const foreign = new Set<string>();
  await build({
    configFile: false,
    logLevel: 'silent',
    build: { write: false, lib: { entry, formats: ['es'] } },
    plugins: [
      {
        name: 'reached',
        enforce: 'pre',
        resolveId(id) {
          if (!/^(node:|fs$|path$|os$|crypto$|module$|worker_threads$)/.test(id)) return null;
          foreign.add(id);
          return { id, external: true };
        },
        moduleParsed: ({ id }) => void modules.add(id.replace(/^.*\/(packages|node_modules)\//, '$1/')),
      },
    ],
  });
  return { modules: [...modules].sort(), foreign: [...foreign].sort() };
}

describe('what searches in the browser', () => {
  it('needs nothing of Node, and nothing that only training or files need', async () => {
    const { modules, foreign } = await reachedFrom(here('../../neurodex/src/browser.ts'));
    expect(foreign).toEqual([]);
    for (const module of ['dsi/search/dsi-system.ts', 'relevance/answer-judge.ts', 'models/appearance/appearance.ts'])
      expect(modules).toContain(`packages/neurodex/src/${module}`);
    const other =
      /neurodex\/src\/(training|artifact|systems|build|cli|jobs)\/|core\/\w+\/storage|datasets\/\w+\/(image|download|datasets)/;
    expect(modules.filter((id) => other.test(id))).toEqual([]);
    expect(modules.filter((id) => /node_modules\/(sharp|zod|onnxruntime-node)/.test(id))).toEqual([]);
  });

  it('is as free of Node where it indexes pictures itself', async () => {
    const { modules, foreign } = await reachedFrom(here('../../neurodex/src/browser-build/index.ts'));
    expect(foreign).toEqual([]);
    for (const module of ['training/see.ts', 'clustering/hierarchy.ts', 'artifact/table-writer.ts'])
      expect(modules).toContain(`packages/neurodex/src/${module}`);
    expect(modules.filter((id) => /node_modules\/(sharp|zod|piscina|onnxruntime-node)/.test(id))).toEqual([]);
  });

  it('is told apart from what does need Node', async () => {
    const { foreign } = await reachedFrom(here('../../core/src/storage/atomic.ts'));
    expect(foreign).toEqual(expect.arrayContaining(['node:crypto', 'node:fs/promises']));
  });
});
