import { readFile } from 'node:fs/promises';
import { isNamedDataset } from '@neurodex/datasets';
import { beforeAll, describe, expect, it } from 'vitest';
import { CONFIGURATION_KEYS, CONFIGURATION_SECTIONS } from '../configuration/keys.ts';
import { PRESETS } from '../presets/presets.ts';
import { runCli } from './test-io.fixture.ts';

/** Every constant of the notebook, and those that it takes from its own modules or passes as arguments. */
const CONSTANTS = `
  DATASET COCO IMAGENET_FULL IMAGENET_REDUCED IMAGENET_TINY NUMBER_OF_IMAGES_IN_DB MIN_IMAGES_PER_CLASS
  IMAGE_RETRIEVAL_DB_PERCENTAGE SHUFFLE_DB_IMAGES COCO_DATA_YEAR COCO_DATA_TYPE COCO_DATA_CAPTIONS_FILE
  CODO_DATA_INSTANCES_FILE MIN_COCO_IMAGE_CAPTIONS IMAGENET_DATA_FOLDER IMAGENET_DATA_CLASSES_FILE
  IMAGE_PATCHES_PER_DIMENSION MAX_ASPECT_RATIO_TOLERANCE HF_TOKEN IMAGE_PATCH_SIZE TRANSFORMER_EMBEDDINGS_SIZE
  TRANSFORMER_FNN_HIDDEN_SIZE TRANSFORMER_NUM_HEADS TRANSFORMER_NUM_LAYERS TRANSFORMER_DROPOUT
  LEARN_POSITIONAL_ENCODINGS TRANSFORMER_INDEXING_TRAINING_EPOCHS TRANSFORMER_RETRIEVAL_TRAINING_EPOCHS
  TRANSFORMER_BATCH_SIZE TRANSFORMER_LEARNING_RATE IA_K MAP_K MAP_N RECALL_K RECALL_N EVALUATE_MODELS
  PRINT_EVALUATION_DEBUG USE_DEMO_DATA DEMO_DATA_SIZE DEMO_FOLDER PRINT_EXAMPLES DATA_FOLDER MODELS_FOLDER
  FORCE_DICTIONARIES_CREATION LOAD_MODELS_CHECKPOINTS SAVE_PYTORCH_DATASETS RUNNING_IN_COLAB WANDB_API_KEY
  WANDB_PROJECT_NAME RANDOM_SEED MODEL_CHECKPOINT_FILE indexing_split_ratios retrieval_split_ratios kmeans_clusters
`
  .trim()
  .split(/\s+/);

interface Row {
  readonly constant: string;
  readonly value: string;
  readonly here: string;
}

let rows: Row[] = [];
beforeAll(async () => {
  const page = await readFile(new URL('../../../../docs/from-the-notebook.md', import.meta.url), 'utf8');
  rows = [...page.matchAll(/^\| `(\w+)` \| (.*?) \| (.*) \|$/gm)].map(([, constant = '', value = '', here = '']) => ({
    constant,
    value,
    here,
  }));
});

const keysIn = (text: string): string[] =>
  [...text.matchAll(/`([a-z]+[A-Za-z]*\.[A-Za-z]+)`/g)].map(([, key = '']) => key);

describe('docs/from-the-notebook.md', () => {
  it('has every constant once, and no other', () => {
    expect(rows.map(({ constant }) => constant).sort()).toEqual([...CONSTANTS].sort());
    for (const { here } of rows) expect(here).not.toBe('');
  });

  it('names configuration keys that exist', () => {
    const known = CONFIGURATION_KEYS.map(({ path }) => path);
    const named = rows.flatMap(({ here }) => keysIn(here)).filter((key) => !/\.(safetensors|u8|partial)$/.test(key));
    expect(named.length).toBeGreaterThan(20);
    for (const key of named) expect(known).toContain(key);
    expect(CONFIGURATION_SECTIONS).toContain('dataset');
  });

  it('the preset seed has the numbers of the notebook, wherever one key stands for one constant', () => {
    const values: Record<string, unknown> = {};
    for (const [section, keys] of Object.entries(PRESETS.seed)) {
      for (const [key, value] of Object.entries(keys)) values[`${section}.${key}`] = value;
    }
    let compared = 0;
    for (const { constant, value, here } of rows) {
      const [key] = keysIn(here);
      // The first thing that is said is the key itself; the size of the demo data is another run's.
      if (key === undefined || !here.startsWith(`\`${key}\``) || constant === 'DEMO_DATA_SIZE') continue;
      if (!/^[\d.]+$/.test(value)) continue;
      expect([constant, values[key]]).toEqual([constant, Number(value)]);
      compared++;
    }
    expect(compared).toBeGreaterThanOrEqual(17);
  });

  it('names data sets, and flags that their commands have', async () => {
    for (const { here } of rows) {
      const [, source] = /^SOURCE `([\w-]+)`/.exec(here) ?? [];
      if (source !== undefined) expect(isNamedDataset(source), source).toBe(true);
    }
    const helps = await Promise.all(
      [['index'], ['evaluate'], ['dataset', 'build'], ['dataset', 'show']].map(
        async (command) => (await runCli([...command, '--help'])).stdout,
      ),
    );
    const flags = new Set(helps.join('\n').match(/--[a-z]+(?:-[a-z]+)*/g));
    for (const { here } of rows)
      for (const flag of here.match(/--[a-z]+(?:-[a-z]+)*/g) ?? []) expect(flags).toContain(flag);
  });
});
