import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PLANS } from '../config.ts';
import { PRESETS } from '../presets/presets.ts';
import type { Build, BuildRequest } from './build.ts';
import { clearFrom, firstMissing, runStages, type Stage } from './stage.ts';
import { STAGE_NAMES } from './stage-names.ts';
import { hasRecord, readRecord } from './stage-record.ts';
import { STAGES } from './stages.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-stage-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** As much of a build as the runner needs; the stages here do nothing else. */
const build = () =>
  ({ folder, elapsed: () => 1.5, took: new Map(), log: { sync: () => 7 }, remember() {} }) as unknown as Build;

/** Four stages, each of which reads what the one before wrote; the second drops what the first wrote. */
function chain(runs: string[], stopAt?: string): Stage[] {
  return (['decode', 'split', 'identify', 'train'] as const).map((name, i, all) => ({
    name,
    summary: name,
    reads: i === 0 ? [] : [`${all[i - 1]}.out`],
    writes: [`${name}.out`],
    ...(name === 'identify' ? { drops: ['decode.out'] } : {}),
    ...(name === 'train' ? { resumes: 'always' as const } : {}),
    isPart: () => true,
    async run() {
      runs.push(name);
      if (name === stopAt) throw new Error('killed');
      await writeFile(join(folder, `${name}.out`), name.repeat(3));
      return { length: name.length };
    },
  }));
}

/** Runs what is left, as a process does. */
async function runWhatIsLeft(stages: readonly Stage[]): Promise<void> {
  const first = await firstMissing(build(), stages);
  await clearFrom(build(), stages, first);
  await runStages(build(), stages, first);
}

describe('a build', () => {
  it('goes on behind the last stage that was complete, wherever it was cut off', async () => {
    const names = ['decode', 'split', 'identify', 'train'];
    for (const stopAt of names) {
      await rm(folder, { recursive: true });
      folder = await mkdtemp(join(tmpdir(), 'neurodex-stage-'));
      const first: string[] = [];
      await expect(runWhatIsLeft(chain(first, stopAt))).rejects.toThrow('killed');
      const second: string[] = [];
      await runWhatIsLeft(chain(second));
      expect(first).toEqual(names.slice(0, names.indexOf(stopAt) + 1));
      expect(second).toEqual(names.slice(names.indexOf(stopAt)));
    }
  });

  it('records what a stage found out, when, and what it wrote', async () => {
    await expect(runWhatIsLeft(chain([], 'identify'))).rejects.toThrow('killed');
    expect(await readRecord({ folder }, 'split')).toMatchObject({
      stage: 'split',
      seconds: 1.5,
      logBytes: 7,
      outputs: [{ file: 'split.out', bytes: 15 }],
      facts: { length: 5 },
    });
    expect(await readRecord({ folder }, 'identify')).toBeUndefined();
    expect(await hasRecord(folder)).toBe(true);
  });

  it('runs a stage again whose file is gone, cut off, or whose record was changed, and all that follow', async () => {
    const damages = [
      (): Promise<void> => rm(join(folder, 'split.out')),
      () => writeFile(join(folder, 'split.out'), 'half'),
      async () => {
        const file = join(folder, 'work', 'split.json');
        await writeFile(file, (await readFile(file, 'utf8')).replace('"length": 5', '"length": 6'));
      },
    ];
    for (const damage of damages) {
      await rm(folder, { recursive: true });
      folder = await mkdtemp(join(tmpdir(), 'neurodex-stage-'));
      await expect(runWhatIsLeft(chain([], 'identify'))).rejects.toThrow('killed');
      await damage();
      const runs: string[] = [];
      await runWhatIsLeft(chain(runs));
      expect(runs).toEqual(['split', 'identify', 'train']);
    }
  });

  it('does not need what a later stage has dropped', async () => {
    await expect(runWhatIsLeft(chain([], 'train'))).rejects.toThrow('killed');
    expect(existsSync(join(folder, 'decode.out'))).toBe(false);
    const runs: string[] = [];
    await runWhatIsLeft(chain(runs));
    expect(runs).toEqual(['train']);
  });

  it('keeps what a stage goes on from, unless an earlier one runs again', async () => {
    await expect(runWhatIsLeft(chain([], 'train'))).rejects.toThrow('killed');
    await writeFile(join(folder, 'train.out'), 'checkpoint');
    await clearFrom(build(), chain([]), await firstMissing(build(), chain([])));
    expect(existsSync(join(folder, 'train.out'))).toBe(true);
    await rm(join(folder, 'identify.out'));
    await clearFrom(build(), chain([]), await firstMissing(build(), chain([])));
    expect(existsSync(join(folder, 'train.out'))).toBe(false);
  });
});

describe('a stage that resumes unless it is complete', () => {
  /** It saves its progress, then writes what the last stage reads and drops. */
  function stagesOf(runs: string[], stopAt?: string): Stage[] {
    const stage = (name: Stage['name'], more: Pick<Stage, 'reads' | 'writes'> & Partial<Stage>): Stage => ({
      name,
      summary: name,
      isPart: () => true,
      async run() {
        const before = existsSync(join(folder, 'progress')) ? await readFile(join(folder, 'progress'), 'utf8') : '';
        runs.push(name === 'see' ? `see from "${before}"` : name);
        if (name === 'see') await writeFile(join(folder, 'progress'), `${before}+`);
        if (name === stopAt) throw new Error('killed');
        for (const file of more.writes) if (file !== 'progress') await writeFile(join(folder, file), name);
        return {};
      },
      ...more,
    });
    return [
      stage('split', { reads: [], writes: ['split.out'] }),
      stage('see', { reads: ['split.out'], writes: ['progress', 'see.out'], resumes: 'unless-complete' }),
      stage('identify', { reads: ['split.out'], writes: ['identify.out'] }),
      stage('write', { reads: ['identify.out', 'see.out'], writes: ['write.out'], drops: ['see.out'] }),
      stage('finish', { reads: ['identify.out'], writes: ['finish.out'], resumes: 'always' }),
    ];
  }
  /** What runs after a process was killed in a stage. */
  const after = async (stopAt: string, meanwhile: () => Promise<void> = async () => {}): Promise<string[]> => {
    await expect(runWhatIsLeft(stagesOf([], stopAt))).rejects.toThrow('killed');
    await meanwhile();
    const runs: string[] = [];
    await runWhatIsLeft(stagesOf(runs));
    return runs;
  };

  it('goes on from its files where it was cut off', async () => {
    expect(await after('see')).toEqual(['see from "+"', 'identify', 'write', 'finish']);
  });

  it('is skipped where it has a record, and keeps its files', async () => {
    expect(await after('identify')).toEqual(['identify', 'write', 'finish']);
    expect(await readFile(join(folder, 'progress'), 'utf8')).toBe('+');
    expect(await readRecord({ folder }, 'see')).toBeDefined();
  });

  it('is not needed when what it wrote was used and dropped', async () => {
    expect(await after('finish')).toEqual(['finish']);
    expect(existsSync(join(folder, 'see.out'))).toBe(false);
  });

  it('goes on from its files where what it wrote is gone and still needed', async () => {
    const lost = () => rm(join(folder, 'see.out'));
    expect(await after('identify', lost)).toEqual(['see from "+"', 'identify', 'write', 'finish']);
  });

  it('begins again where an earlier stage does', async () => {
    const lost = () => rm(join(folder, 'split.out'));
    expect(await after('see', lost)).toEqual(['split', 'see from ""', 'identify', 'write', 'finish']);
  });

  it('is never recorded where it resumes always', async () => {
    await runWhatIsLeft(stagesOf([]));
    expect(await readRecord({ folder }, 'finish')).toBeUndefined();
    const runs: string[] = [];
    await runWhatIsLeft(stagesOf(runs));
    expect(runs).toEqual(['finish']);
  });
});

describe('the stages', () => {
  it('read only what earlier ones write, or what their records hold', () => {
    for (const [i, { reads }] of STAGES.entries()) {
      const before = STAGES.slice(0, i);
      const known = new Set([
        ...before.flatMap(({ writes }) => writes),
        ...before.map(({ name }) => `work/${name}.json`),
      ]);
      expect(reads.filter((file) => !known.has(file))).toEqual([]);
    }
  });

  it('drop nothing that a later one reads', () => {
    for (const [i, { drops = [] }] of STAGES.entries()) {
      const later = new Set(STAGES.slice(i + 1).flatMap(({ reads }) => reads));
      expect(drops.filter((file) => later.has(file))).toEqual([]);
    }
  });

  it.each(PLANS)('write each file of a build with the plan %s once', (plan) => {
    const config = { ...PRESETS.joint, training: { ...PRESETS.joint.training, plan } };
    const request = { config } as unknown as BuildRequest;
    const written = STAGES.filter((stage) => stage.isPart(request)).flatMap(({ writes }) => writes);
    expect(written).toContain('model.safetensors');
    expect(new Set(written).size).toBe(written.length);
  });

  it('come in the order of their names', () => {
    fc.assert(
      fc.property(fc.subarray([...STAGE_NAMES]), (names) => {
        expect(STAGES.filter(({ name }) => names.includes(name)).map(({ name }) => name)).toEqual(names);
      }),
    );
  });
});
