import { createHash } from 'node:crypto';
import { parseHTML } from 'linkedom';
import { expect, it } from 'vitest';
import { NO_KINDS } from '../pictures/duplicate-facts.ts';
import { type DuplicatesFacts, duplicatesPage, NAMES_ID } from './duplicates-page.ts';
import { escapeXml } from './html.ts';

/** What a file may well be called. */
const EVIL = `</script></textarea><img src=x onerror="alert('1')">&.png`;

const member = { similarity: 1, width: 640, height: 480, bytes: 12_345, labels: ['cat'], role: null };
const facts: DuplicatesFacts = {
  source: `photos ${EVIL}`,
  pictures: 9,
  duplicates: 3,
  kinds: { ...NO_KINDS, resized: 2, mirrored: 1 },
  groups: [
    {
      members: [
        { ...member, path: EVIL, kind: null },
        { ...member, path: `small ${EVIL}`, kind: 'resized', similarity: 0.99999, width: 320, height: 240 },
      ],
    },
    {
      members: [
        { ...member, path: 'b.png', kind: null },
        { ...member, path: 'c.png', kind: 'resized', width: null, height: null, bytes: null, labels: [] },
        { ...member, path: 'd.png', kind: 'mirrored', similarity: 0.9876, role: 'test' },
      ],
    },
  ],
  skipped: [{}],
};

const pageOf = async (of = facts) => {
  const text = await duplicatesPage(of, async (group, i) => Uint8Array.of(group, i));
  return { text, document: parseHTML(text).document };
};

it('shows every group, its best picture first, with what is known of each', async () => {
  const { document } = await pageOf();
  const groups = [...document.querySelectorAll('.group')].map((group) =>
    [...group.querySelectorAll('.member')].map((each) => [
      each.querySelector('img')?.getAttribute('alt'),
      each.querySelector('b')?.textContent,
    ]),
  );
  expect(groups).toEqual([
    [
      [EVIL, 'best'],
      [`small ${EVIL}`, 'resized, 99.9 % similar'],
    ],
    [
      ['b.png', 'best'],
      ['c.png', 'resized, 100 % similar'],
      ['d.png', 'mirrored, 98.7 % similar'],
    ],
  ]);
  const text = document.querySelector('main')?.textContent ?? '';
  expect(text).toContain('320 × 240, 12,345 bytes');
  expect(document.querySelector('header')?.textContent).toContain('9 pictures, of which 3 are duplicates');
  const source = document.querySelectorAll('.member img')[3]?.getAttribute('src');
  expect(source).toBe(`data:image/jpeg;base64,${Buffer.from([1, 1]).toString('base64')}`);
});

it('lists the names of all but the best, and chooses by kind', async () => {
  const { document } = await pageOf();
  const names = [`small ${EVIL}`, 'c.png', 'd.png'];
  // linkedom leaves the entities of a text area as they are.
  expect(document.querySelector('textarea')?.textContent).toBe(escapeXml(names.join('\n')));
  const listed = JSON.parse(document.getElementById(NAMES_ID)?.textContent ?? '');
  expect(listed).toEqual(names.map((name, i) => [['resized', 'resized', 'mirrored'][i], name]));
  const boxes = [...document.querySelectorAll('.kinds input')].map((box) => box.getAttribute('value'));
  expect(boxes).toEqual(['resized', 'mirrored']);
});

it('runs its own script and no other, and needs nothing from anywhere', async () => {
  const { text, document } = await pageOf();
  const scripts = [...document.querySelectorAll('script')].filter((each) => !each.getAttribute('type'));
  expect(scripts).toHaveLength(1);
  const digest = createHash('sha256')
    .update(scripts[0]?.textContent ?? '')
    .digest('base64');
  const policy = document.querySelector('meta[http-equiv]')?.getAttribute('content') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain(`script-src 'sha256-${digest}'`);
  expect(document.querySelectorAll('[onerror]')).toHaveLength(0);
  expect(text).not.toMatch(/(?:src|href)="https?:/);
});
