import { nodeRuntime } from '@neurodex/autograd/node';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operationsContract } from '../../autograd/src/ops/operations.contract.ts';
import { runtimeContract } from '../../autograd/src/runtime/runtime.contract.ts';
import { leftOut, openPage, program, SOFTWARE_ADAPTER } from './browser.ts';
import { hostModule } from './bundled-page.ts';
import { pageRuntime } from './page-runtime.ts';
import { trainingCourse } from './small-training.ts';
import type { StaticHost } from './static-host.ts';

const STEPS = 20;

let host: StaticHost;
let browser: Browser;
const opened: Page[] = [];

beforeAll(async () => {
  if (program === undefined) return;
  host = await hostModule('./runtime-page.ts');
  browser = await chromium.launch({ executablePath: program, args: [...SOFTWARE_ADAPTER] });
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await host?.stop();
});

/** A page with a runtime, opened when it is first asked for. */
function runtimeIn(options: { readonly device: 'cpu' | 'webgpu'; readonly threads: number }) {
  let page: Promise<Page> | undefined;
  const open = async (): Promise<Page> => {
    const { page: fresh } = await openPage(browser);
    opened.push(fresh);
    await fresh.goto(host.address);
    await fresh.waitForFunction(() => 'runtimePage' in globalThis);
    await fresh.evaluate((all) => runtimePage.open(all), options);
    return fresh;
  };
  return () => {
    page ??= open();
    return page;
  };
}

const WASM = { device: 'cpu', contrib: true, inPlace: false } as const;
const WEBGPU = { device: 'webgpu', contrib: false, inPlace: false } as const;
const onThreads = runtimeIn({ device: 'cpu', threads: 2 });
const onAdapter = runtimeIn({ device: 'webgpu', threads: 1 });

/** Why this Chromium has no adapter for WebGPU; undefined where it has one. */
async function adapterMissing(): Promise<string | undefined> {
  const probe = await chromium.launch({ executablePath: program ?? '', args: [...SOFTWARE_ADAPTER] });
  const { createServer } = await import('node:http');
  const server = createServer((_, response) => response.end('<!doctype html><title>probe</title>'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const address = server.address();
    const { page } = await openPage(probe);
    await page.goto(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`);
    const has = await page.evaluate(async () => {
      const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
      return ((await gpu?.requestAdapter().catch(() => null)) ?? null) !== null;
    });
    return has ? undefined : 'this Chromium has no software adapter for WebGPU';
  } finally {
    await probe.close();
    server.close();
  }
}
const noAdapter = program === undefined ? leftOut : await adapterMissing();

describe.skipIf(program === undefined)(`in Chromium, on WebAssembly with threads${leftOut}`, () => {
  runtimeContract('browser, WebAssembly with two threads', () => pageRuntime(onThreads, WASM));
  operationsContract('on WebAssembly', [pageRuntime(onThreads, WASM)]);

  it('the page is isolated, so that there are threads', async () => {
    expect(await (await onThreads()).evaluate(() => crossOriginIsolated)).toBe(true);
  });

  it('the Trainer takes the same course as in Node', async () => {
    const expected = await trainingCourse(nodeRuntime({ threads: 1 }), STEPS);
    const course = await (await onThreads()).evaluate((steps) => runtimePage.train(steps), STEPS);
    expect(expected.at(-1)).toBeLessThan(0.5 * (expected[0] ?? 0));
    for (const [step, loss] of course.entries()) expect(loss, `step ${step}`).toBeCloseTo(expected[step] ?? NaN, 4);
    expect(course).toHaveLength(STEPS);
  });
});

describe.skipIf(noAdapter !== undefined)(
  `in Chromium, on WebGPU${noAdapter === undefined ? '' : ` (left out: ${noAdapter})`}`,
  () => {
    runtimeContract('browser, WebGPU on a software adapter', () => pageRuntime(onAdapter, WEBGPU));
    operationsContract('on WebGPU', [pageRuntime(onAdapter, WEBGPU)]);

    it('the Trainer takes the same course as in Node', async () => {
      const expected = await trainingCourse(nodeRuntime({ threads: 1 }), STEPS);
      const course = await (await onAdapter()).evaluate((steps) => runtimePage.train(steps), STEPS);
      for (const [step, loss] of course.entries()) expect(loss, `step ${step}`).toBeCloseTo(expected[step] ?? NaN, 3);
      expect(course).toHaveLength(STEPS);
    });
  },
);
