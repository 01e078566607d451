import { parseHTML } from 'linkedom';
import { expect, it } from 'vitest';
import { type AnswersFacts, answersPage } from './answers-page.ts';

/** What a file may well be called, and a person may well type. */
const EVIL = `</title></style><img src=x onerror="alert('1')">&.png`;

const answer = { rank: 1, identifier: '0.3', picture: EVIL, label: 'cat', score: 0.98765, relevance: 0.75 };
const facts: AnswersFacts = {
  index: `photos ${EVIL}`,
  system: 'dsi',
  results: [
    {
      query: EVIL,
      none: 0.1,
      nothingFound: false,
      answers: [answer, { ...answer, rank: 2, picture: 'b.png', label: null, relevance: 0.2 }],
    },
    { query: 'a red bicycle', none: 0.875, nothingFound: true, answers: [] },
    { query: 'many', none: null, nothingFound: false, answers: [{ ...answer, relevance: null }, answer, answer] },
    { query: 'few', none: null, nothingFound: false, answers: [] },
  ],
  failed: [{ input: 'gone.png', message: 'gone.png is not there' }],
  pictures: [
    { query: Uint8Array.of(1), answers: [Uint8Array.of(2), Uint8Array.of(3)] },
    { query: null, answers: [] },
    { query: null, answers: [Uint8Array.of(4)] },
    { query: null, answers: [] },
  ],
};
const text = answersPage(facts);
const { document } = parseHTML(text);
const jpeg = (byte: number): string => `data:image/jpeg;base64,${Buffer.from([byte]).toString('base64')}`;
const section = (i: number) => document.getElementById(`query-${i}`);

it('shows each query with its picture, and its answers in their order', () => {
  expect(document.querySelector('h1')?.textContent).toBe(`Answers of photos ${EVIL}`);
  expect([...document.querySelectorAll('section h2')].map((title) => title.textContent)).toEqual([
    EVIL,
    'a red bicycle',
    'many',
    'few',
    'Queries without answers',
  ]);
  expect([...(section(1)?.querySelectorAll('img') ?? [])].map((image) => image.getAttribute('src'))).toEqual(
    [1, 2, 3].map(jpeg),
  );
  expect(section(1)?.querySelector('.query > img')?.getAttribute('alt')).toBe(`Query: ${EVIL}`);
  const items = [...(section(1)?.querySelectorAll('ol > li') ?? [])];
  expect(items.map((item) => item.querySelector('b')?.textContent)).toEqual([`1. ${EVIL}`, '2. b.png']);
  for (const said of ['identifier 0.3', 'score 0.988', 'cat', 'relevant 75 %'])
    expect(items[0]?.textContent).toContain(said);
  expect(items[1]?.querySelector('.likely')).toBeNull();
  expect(items[1]?.textContent).toContain('relevant 20 %');
});

it('says where nothing matches, how many answers it does not show, and what failed', () => {
  expect(section(2)?.textContent).toContain('Nothing in the catalogue matches, most likely (88 %).');
  expect(section(3)?.querySelectorAll('li')).toHaveLength(1);
  expect(section(3)?.textContent).toContain('2 more answers are not shown');
  expect(section(3)?.textContent).not.toContain('relevant');
  expect(section(4)?.textContent).toContain('No answer is as relevant as was asked for.');
  expect(document.getElementById('failed')?.textContent).toContain('gone.png is not there');
});

it('holds all that it shows, and nothing of what it is told becomes markup', () => {
  expect(document.querySelectorAll('[onerror],script,link')).toHaveLength(0);
  for (const image of document.querySelectorAll('img')) expect(image.getAttribute('src')).toMatch(/^data:image\/jpeg/);
  expect(text).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`);
  for (const link of document.querySelectorAll('a')) expect(link.getAttribute('href')).toMatch(/^#[\w-]+$/);
});
