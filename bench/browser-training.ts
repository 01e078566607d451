import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, isRecord, silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import { readPicture } from '@neurodex/datasets/image';
import { chromium } from 'playwright-core';
import {
  type BuiltPictures,
  buildPictures,
  type DecodedFile,
} from '../packages/neurodex/src/browser-build/build-pictures.ts';
import { digestOfBytes } from '../packages/neurodex/src/browser-build/memory-files.ts';
import type { Config } from '../packages/neurodex/src/config.ts';
import { PAGES, pageFiles } from '../packages/neurodex/src/export/page-files.ts';
import { writeSite } from '../packages/neurodex/src/jobs/write-site.ts';
import { browserConfig } from '../packages/neurodex/src/presets/browser.ts';
import { nodeMachine } from '../packages/neurodex/src/training/node-machine.ts';
import { ISOLATED } from '../packages/web/tests/bundled-page.ts';
import { findChromium, MISSING_CHROMIUM } from '../packages/web/tests/chromium.ts';
import { hostFolder } from '../packages/web/tests/static-host.ts';
import { atLeast, atMost, type Benchmark, ratio, type Side } from './benchmark.ts';
import { fashionMissing, fashionSplits } from './fashion-files.ts';

const CLASSES = 10;
const MOST_TIMES_NODE = 3;
const LEAST_ACCURACY = 0.98;
const MOST_CODE_BYTES = 300_000;
const SEED = 1;
/** Long: other work may have the cores. */
const PATIENCE = 3_600_000;

/** In the page: what it keeps says more than it shows. */
const KEPT_FACTS = `(async () => {
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('neurodex-index');
  const current = await (await (await root.getFileHandle('current')).getFile()).text();
  const facts = await (await root.getDirectoryHandle(current)).getFileHandle('facts.json');
  return JSON.parse(await (await facts.getFile()).text());
})()`;

/** What one side took, and what it made. */
interface Trained {
  readonly seconds: number;
  readonly accuracy: number | null;
}

export const benchmark: Benchmark = {
  name: 'browser-training',
  description: 'indexing pictures in a tab of Chromium, beside the same in Node',
  flags: {
    pictures: { type: 'string', default: '1000' },
    steps: { type: 'string', default: '6000' },
    device: { type: 'string', default: 'wasm' },
    out: { type: 'string' },
  },
  async run({ flags, log }) {
    const folder = typeof flags.out === 'string' ? flags.out : await mkdtemp(join(tmpdir(), 'neurodex-bench-tab-'));
    const code = await codeBytes();
    const target = atMost('bytes of the page without the runtime, gzipped', code, MOST_CODE_BYTES);
    const missing = fashionMissing() ?? (findChromium() === undefined ? MISSING_CHROMIUM : undefined);
    if (missing !== undefined) {
      const targets = [
        target,
        atMost('tab / Node', null, MOST_TIMES_NODE),
        atLeast('IA@1 in the tab', null, LEAST_ACCURACY),
      ];
      return { sides: { tab: { missing } }, ratios: {}, targets };
    }
    const config: Config = {
      ...browserConfig,
      pictures: { ...browserConfig.pictures, size: 28, thumbnail: 28 },
      // As many patches as the preset has.
      model: { ...browserConfig.model, patchSize: 7, stem: 'linear' },
      training: { ...browserConfig.training, seeSteps: Number(flags.steps) },
    };
    try {
      const each = Math.ceil(Number(flags.pictures) / CLASSES);
      await fashionSplits(folder, { catalogue: each, train: 0, validation: 0, test: 0 }, []);
      const photos = join(folder, 'pictures', 'catalogue');
      const node = await inNode(photos, config);
      log(`Node: ${node.seconds.toFixed(1)} s, IA@1 ${node.accuracy}`);
      const tab = await inTab(photos, config, join(folder, 'site'), String(flags.device), log);
      log(`tab: ${tab.seconds.toFixed(1)} s, IA@1 ${tab.accuracy}`);
      const times = ratio(tab.seconds, node.seconds);
      const sides: Record<string, Side> = { node: { ...node }, tab: { ...tab, device: flags.device } };
      return {
        sides,
        ratios: { 'tab / Node': times },
        targets: [
          atMost('tab / Node', times, MOST_TIMES_NODE),
          atLeast('IA@1 in the tab', tab.accuracy, LEAST_ACCURACY),
          target,
        ],
      };
    } finally {
      if (flags.out === undefined) await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Of scripts, styles and the page itself. */
async function codeBytes(): Promise<number> {
  const files = (await pageFiles(PAGES, 'indexing.html')).filter(([from]) => !from.includes('onnxruntime-web-'));
  const sizes = await Promise.all(files.map(async ([from]) => gzipSync(await readFile(join(PAGES, from))).length));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function inNode(photos: string, config: Config): Promise<Trained> {
  const { pictures } = await openFolder(photos);
  const decoded = await Promise.all(
    pictures.map(async ({ path, labels, read }): Promise<DecodedFile> => {
      const bytes = await read();
      const { picture, thumbnail } = await readPicture(bytes, { ...config.pictures, name: path });
      return { path, labels, pixels: picture.pixels, thumbnail, ...(await digestOfBytes(bytes)) };
    }),
  );
  const { seconds, metrics }: BuiltPictures = await buildPictures(decoded, {
    ...{ config, seed: SEED, source: photos, runtime: nodeRuntime(), machine: nodeMachine, reporter: silentReporter },
  });
  return { seconds, accuracy: metrics['IA@1'] ?? null };
}

async function inTab(
  photos: string,
  config: Config,
  site: string,
  device: string,
  log: (line: string) => void,
): Promise<Trained> {
  await writeSite({ out: site, config, seed: SEED, force: true, reporter: silentReporter });
  const host = await hostFolder(site, ISOLATED);
  const browser = await chromium.launch({ executablePath: defined(findChromium(), 'Chromium') });
  try {
    const page = await browser.newPage();
    await page.goto(`${host.address}?device=${device}`);
    await page.getByLabel('Folder of pictures').setInputFiles(photos);
    const watch = setInterval(async () => {
      const text = await page
        .locator('.loading .note')
        .textContent({ timeout: 1000 })
        .catch(() => null);
      if (text !== null) log(`tab: ${text}`);
    }, 10_000);
    try {
      const shown = page.getByRole('heading', { name: 'This index' }).or(page.getByRole('alert'));
      await shown.first().waitFor({ timeout: PATIENCE });
    } finally {
      clearInterval(watch);
    }
    const failed = await page.getByRole('alert').allInnerTexts();
    if (failed.length > 0) throw new Error(failed.join(' '));
    const kept: unknown = await page.evaluate(KEPT_FACTS);
    const { seconds, accuracy } = isRecord(kept) ? kept : {};
    if (typeof seconds !== 'number' || typeof accuracy !== 'number') throw new Error('the page keeps no facts');
    return { seconds, accuracy };
  } finally {
    await browser.close();
    await host.stop();
  }
}
