import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';

/** The page of an exported site is open and can search. */
export const ready = (page: Page): Promise<void> =>
  page.getByRole('heading', { name: 'Search with a picture' }).waitFor({ timeout: 45_000 });

export const upload = (page: Page, name: string, buffer: Buffer, mimeType = 'image/png'): Promise<void> =>
  page.locator('input[type=file]').first().setInputFiles({ name, mimeType, buffer });

/** What the page answers to a file: names of pictures, best first. */
export async function answersTo(page: Page, file: string, name: string): Promise<string[]> {
  await upload(page, name, await readFile(file));
  await page.getByRole('heading', { name, exact: true }).waitFor();
  return await shownAnswers(page);
}

/** The answers of the network that the page shows: names of pictures, best first. */
export async function shownAnswers(page: Page): Promise<string[]> {
  await page.locator('.columns[aria-busy=false], .columns:not([aria-busy])').waitFor();
  return await page
    .locator('section[aria-labelledby=answers-dsi] .answer-title')
    .evaluateAll((all) => all.map((one) => one.getAttribute('title')?.split(', ')[1] ?? ''));
}
