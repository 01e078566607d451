import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findChromium, MISSING_CHROMIUM } from './chromium.ts';

/** Undefined: the tests in a browser are left out. */
export const program = findChromium();
/** Of a suite that needs a browser, for its name. */
export const leftOut = program === undefined ? ` (left out: ${MISSING_CHROMIUM})` : '';

/** A graphics adapter that is a program on the processor; Chromium offers it where it is asked to. */
export const SOFTWARE_ADAPTER = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
] as const;

export const launch = (): Promise<Browser> =>
  program === undefined ? Promise.reject(new Error(MISSING_CHROMIUM)) : chromium.launch({ executablePath: program });

export interface OpenedPage {
  readonly page: Page;
  /** What the page threw or complained of on the console. */
  readonly complaints: readonly string[];
}

/** A page in a context of its own; nothing moves in it unless asked to. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<OpenedPage> {
  const context = await browser.newContext({
    reducedMotion: 'reduce',
    viewport: { width: 1200, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  // Long, because measuring and loading wait for cores that other tests have.
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return { page, complaints };
}

/** Pixels by which the page is wider than its window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe-core finds wrong: WCAG 2.2 A and AA and its best practices.
 * @param rules those alone; all by default
 */
export async function accessibilityProblems(page: Page, rules?: readonly string[]): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(
    (only) => {
      const { axe: loaded } = globalThis as unknown as { axe: typeof import('axe-core') };
      return loaded.run(only === undefined ? {} : { runOnly: { type: 'rule', values: only } });
    },
    rules === undefined ? undefined : [...rules],
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}; ${target.join(' ')}; ${failureSummary}`),
  );
}
