import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** What `neurodex search --json` prints. */
export interface SearchResults {
  readonly results: readonly {
    readonly query: string;
    readonly none: number | null;
    readonly nothingFound: boolean;
    readonly answers: readonly {
      readonly rank: number;
      readonly identifier: string;
      readonly picture: string;
      readonly label: string | null;
      readonly score: number;
      readonly relevance: number | null;
    }[];
  }[];
}

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

/** Sums of float32 in another order: answers whose scores differ by less may change places. */
const SCORE_TOLERANCE = 0.03;

type SearchAnswer = SearchResults['results'][number]['answers'][number];

const isRelevant = ({ relevance }: SearchAnswer): boolean => (relevance ?? NaN) >= 0.5;

/** Calibrated answers in the order in which pages show them: relevant ones first. */
export const grouped = (answers: readonly SearchAnswer[]): SearchAnswer[] => [
  ...answers.filter(isRelevant),
  ...answers.filter((answer) => !isRelevant(answer)),
];

/**
 * The page shows answers as Node gives them, with the same relevance: relevant ones first. Where nothing matches they are unfolded.
 * @param answers calibrated ones
 * @param pool more of them: where scores are alike, another one may be the last
 */
export async function expectJudged(
  page: Page,
  answers: readonly SearchAnswer[],
  nothingFound: boolean,
  pool = answers,
): Promise<void> {
  const folded = page.getByText('Show similar pictures anyway');
  await (nothingFound ? folded : page.locator('.columns')).waitFor();
  if (nothingFound) await folded.click();
  const ordered = grouped(answers);
  const pictures = await shownAnswers(page);
  expect([pictures.length, new Set(pictures).size]).toEqual([ordered.length, ordered.length]);
  for (const [i, { score }] of ordered.entries()) {
    const own = pool.find(({ picture }) => picture === pictures[i])?.score ?? NaN;
    expect(Math.abs(own - score), `answer ${i + 1}: ${pictures[i]}`).toBeLessThan(SCORE_TOLERANCE);
  }
  const texts = await page.locator('section[aria-labelledby=answers-dsi] .relevance').allTextContents();
  const shown = texts.map((text) => (text.includes('<') ? 0 : Number(/(\d+) %$/.exec(text)?.[1])));
  expect(shown).toHaveLength(ordered.length);
  for (const [i, { relevance }] of ordered.entries())
    expect(Math.abs((shown[i] ?? NaN) - 100 * (relevance ?? NaN)), `answer ${i + 1}`).toBeLessThan(1.5);
  expect(await page.locator('.group.relevant .answer').count()).toBe(answers.filter(isRelevant).length);
}
