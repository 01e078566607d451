import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { disc, SMALL_WRITE } from '../jobs/written-indexes.fixture.ts';
import type { SystemName } from '../query/system.ts';
import { buildIndex } from './build-index.ts';

const COLOURS = { cat: '#c00', dog: '#0a0', bird: '#00c' };
/** Pictures of each. */
const EACH = 20;

/** A small network, and as many validation queries as a calibration takes. */
export const PETS_CONFIG = {
  ...SMALL_WRITE,
  split: { retrievalFraction: 0.5, validationFraction: 0.4, testFraction: 0.3 },
};

/** A folder with `photos`, the index `pets` that was built from them, and two pictures that are not in it. */
export class Pets {
  readonly root: string;
  private copies = 0;

  private constructor(root: string) {
    this.root = root;
  }

  /** @param seeSteps steps of training; a few give an index that finds little */
  static async create(systems: readonly SystemName[] = ['dsi', 'pixels'], seeSteps = 3): Promise<Pets> {
    const pets = new Pets(await mkdtemp(join(tmpdir(), 'neurodex-pets-')));
    for (const [name, colour] of Object.entries(COLOURS)) {
      mkdirSync(pets.at('photos', name), { recursive: true });
      for (let i = 0; i < EACH; i++) writeFileSync(pets.at('photos', name, `${i}.png`), await disc(colour, 5 * i));
    }
    writeFileSync(pets.at('cat.jpg'), await disc(COLOURS.cat, 1003));
    writeFileSync(pets.at('dog.jpg'), await disc(COLOURS.dog, 1008));
    const config = { ...PETS_CONFIG, training: { ...PETS_CONFIG.training, seeSteps } };
    await buildIndex({ source: pets.at('photos'), out: pets.at('pets'), config, systems, seed: 1 });
    return pets;
  }

  at(...path: readonly string[]): string {
    return join(this.root, ...path);
  }

  /** A copy of the index, to change. */
  copy(): string {
    const folder = this.at(`copy-${this.copies++}`);
    cpSync(this.at('pets'), folder, { recursive: true });
    return folder;
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }
}
