import { existsSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { atLeast, atMost, type Benchmark } from './benchmark.ts';
import { fashionFolder, fashionMissing } from './fashion-files.ts';
import { addAll, addOneByOne, encoderRate, openMilliseconds, removeSome } from './living-changes.ts';
import { killAtRandom } from './living-kills.ts';
import { growth } from './living-quality.ts';
import { serveWhileAdding } from './living-server.ts';
import { build } from './write-sides.ts';

/** The index that grows, and one of as many pictures as it has then. Every picture of the first is in the second. */
const [BUILT, GROWN] = [10_000, 20_000];
const QUERIES = 1000;
/** As `write` has it. */
const SIZES = ['pictures.size=32', 'model.patchSize=16'];

export const benchmark: Benchmark = {
  name: 'living',
  description:
    'an index of 10,000 pictures of Fashion-MNIST that grows and shrinks: time of a change, quality after growth, kills, a server meanwhile',
  flags: {
    minutes: { type: 'string', default: '3' },
    kills: { type: 'string', default: '100' },
    only: { type: 'string' },
    reuse: { type: 'boolean', default: false },
    out: { type: 'string', default: 'runs/living' },
  },
  async run({ flags, log }) {
    const missing = fashionMissing();
    if (missing !== undefined) return { sides: { neurodex: { missing } }, ratios: {}, targets: [] };
    const out = resolve(String(flags.out));
    const at = (...names: string[]): string => join(out, ...names);
    const made = async (N: number) => {
      await mkdir(at(String(N)), { recursive: true });
      await fashionFolder(at(String(N)), N, QUERIES);
      const index = at(String(N), 'index');
      if (flags.reuse === true && existsSync(join(index, 'index.json'))) return { reused: index };
      log(`an index of ${N} pictures`);
      const settings = [...SIZES, `training.minutes=${flags.minutes}`];
      return { ...(await build(at(String(N), 'pictures'), index, 'default', settings, log)) };
    };
    if (flags.only === 'kills') {
      const built = await made(BUILT);
      await fashionFolder(at(String(GROWN)), GROWN, QUERIES);
      const growing = { before: at(String(BUILT), 'pictures'), after: at(String(GROWN), 'pictures') };
      await rm(at('killed'), { recursive: true, force: true });
      await cp(at(String(BUILT), 'index'), at('killed'), { recursive: true });
      const kills = await killAtRandom(at('killed'), growing, Number(flags.kills), log);
      return { sides: { built, kills }, ratios: {}, targets: [killTarget(kills)] };
    }
    const [built, scratch] = [await made(BUILT), await made(GROWN)];
    const source = { before: at(String(BUILT), 'pictures'), after: at(String(GROWN), 'pictures') };
    const fresh = at(String(BUILT), 'index');
    const copy = async (name: string): Promise<string> => {
      await rm(at(name), { recursive: true, force: true });
      await cp(fresh, at(name), { recursive: true });
      return at(name);
    };
    log('single changes');
    const single = await addOneByOne(await copy('single'), source);
    const open = { fresh: await openMilliseconds(fresh), changed: await openMilliseconds(at('single')) };
    const removed = await removeSome(at('single'), source);
    log('many at once');
    const encoder = await encoderRate(fresh, source);
    const many = await addAll(await copy('grown'), source);
    log('quality');
    const quality = await growth({ fresh, grown: at('grown'), scratch: at(String(GROWN), 'index') });
    log('kills');
    const kills = await killAtRandom(await copy('killed'), source, Number(flags.kills), log);
    log('a server');
    const served = await serveWhileAdding(await copy('served'), source);
    return {
      sides: {
        built,
        scratch,
        single,
        open,
        removed,
        encoder,
        many,
        quality,
        kills,
        served,
      },
      ratios: {
        'rate of adding / rate of the encoder': many.rate / encoder.rate,
        'opening after 1,000 changes / fresh': open.changed / open.fresh,
        'p99 while pictures are added / idle': served.adding.p99 / served.idle.p99,
      },
      targets: [
        atMost('milliseconds of a single add, p50', single.p50, 25),
        atMost('milliseconds of a single add, p95', single.p95, 50),
        atLeast('rate of adding 10,000 / rate of the encoder', many.rate / encoder.rate, 0.8),
        atLeast('IA@1 of added pictures', quality.indexing, 0.97),
        atMost('AP@10 of an index from scratch less AP@10', quality.scratch - quality.grown, 0.03),
        atMost('loss of AP@10 of the pictures from before', quality.before - quality.after, 0.01),
        atMost('milliseconds until no search returns a removed picture', served.hiddenMilliseconds, 5),
        atMost('seconds until it is erased', removed.seconds, 1),
        atMost('traces of removed pictures', removed.traces, 0),
        atMost('files that differ after adding and removing', removed.differing, 0),
        atMost('opening after 1,000 small changes / fresh', open.changed / open.fresh, 1.5),
        killTarget(kills),
        atMost('failed requests while 1,000 pictures are added', served.failed, 0),
        atMost('p99 while pictures are added / idle p99', served.adding.p99 / served.idle.p99, 2),
      ],
    };
  },
};

const killTarget = ({ neither }: { readonly neither: number }) =>
  atMost('kills that left neither the old nor the new state', neither, 0);
