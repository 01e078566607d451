import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { atMost, type Benchmark, ratio } from './benchmark.ts';
import { randomIndex } from './random-index.ts';
import { interleave } from './statistics.ts';

const PACKAGE = new URL('../packages/neurodex/', import.meta.url);
/** The command line as it is published, and the modules that it was made of, one by one. */
const PROGRAM = fileURLToPath(new URL('bin/neurodex.js', PACKAGE));
const MODULES = fileURLToPath(new URL('dist/cli/main.js', PACKAGE));
const MOST_SECONDS = 0.45;

export const benchmark: Benchmark = {
  name: 'cold',
  description: 'seconds from the shell to an answer: a search in a process of its own',
  flags: {
    rounds: { type: 'string', default: '15' },
    catalogue: { type: 'string', default: '1000' },
    index: { type: 'string' },
  },
  async run({ flags, log }) {
    const root = await mkdtemp(join(tmpdir(), 'neurodex-bench-cold-'));
    try {
      const index = typeof flags.index === 'string' ? flags.index : join(root, 'index');
      if (flags.index === undefined) {
        await randomIndex(index, {
          ...{ catalogue: Number(flags.catalogue), queries: 100, systems: ['dsi'], preset: 'default' },
        });
      }
      const query = join(root, 'query.png');
      const spot = { width: 64, height: 64, channels: 3, background: '#c08040' } as const;
      await writeFile(query, await sharp({ create: spot }).png().toBuffer());
      const found = await interleave(
        {
          node: () => seconds(['-e', '0']),
          version: () => seconds([PROGRAM, '--version']),
          search: () => seconds([PROGRAM, 'search', index, query]),
          'search, modules one by one': () => seconds([MODULES, 'search', index, query]),
        },
        Number(flags.rounds),
        (side, round, value) => log(`round ${round}, ${side}: ${value.toFixed(3)} s`),
      );
      const { search } = found;
      return {
        sides: Object.fromEntries(Object.entries(found).map(([side, figures]) => [side, { seconds: figures }])),
        ratios: {
          'search / modules one by one': ratio(search.median, found['search, modules one by one'].median),
          'search / an empty program of Node': ratio(search.median, found.node.median),
        },
        targets: [atMost('seconds from the shell to an answer', search.median, MOST_SECONDS)],
      };
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  },
};

/** Until the process has ended. */
async function seconds(args: readonly string[]): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString();
  });
  const status = await new Promise<number | null>((done) => {
    child.on('close', done);
  });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${errors}`);
  return (performance.now() - began) / 1000;
}
