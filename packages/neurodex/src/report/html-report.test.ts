import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { MEASURED } from '../evaluation/calibration/relevance-measures.fixture.ts';
import { numeric } from '../identifiers/numeric.ts';
import { Trie } from '../identifiers/trie.ts';
import { NO_DUPLICATES } from '../pictures/duplicate-facts.ts';
import { curveSeries } from './curve-series.ts';
import { type DecodingNode, decodingTree } from './decoding-tree.ts';
import type { ReportFacts, ReportPictures } from './facts.ts';
import { escapeXml, html, jsonScript } from './html.ts';
import { FACTS_ID, htmlReport } from './html-report.ts';

/** What a file, a class or a data set may well be called. */
const EVIL = `</script><img src=x onerror="alert('1')">&'"\u0000\u001b[31m`;

let pixels: Uint8Array;
let jpeg: Uint8Array;
beforeAll(async () => {
  const picture = sharp({ create: { width: 16, height: 16, channels: 3, background: '#08f' } });
  pixels = await picture.clone().png().toBuffer();
  jpeg = await picture.clone().jpeg().toBuffer();
});

const attended = { patches: [0.1, 0.2, 0.6, 0.1], onPicture: 0.8 };
const answer = (row: number, relevant: boolean) => ({
  row,
  picture: `${EVIL}${row}.png`,
  label: EVIL,
  identifier: '1',
  relevant,
});
const facts = (name = EVIL): ReportFacts => ({
  index: name,
  created: '2026-01-01T00:00:00Z',
  neurodex: '0.1.0',
  seed: 7,
  dataset: { name, source: `/pictures/${name}` },
  parameters: 1234,
  training: { device: 'cpu', steps: 100, seconds: 12 },
  config: { pictures: { size: 16 }, model: { patchSize: 8, note: name } },
  pictures: { catalogue: 4, train: 3, validation: 2, test: 2 },
  skipped: 1,
  duplicates: { ...NO_DUPLICATES, sets: 2, copies: 3, leftOut: 1, acrossSplits: 1 },
  balance: [
    { label: name, catalogue: 2, train: 2, validation: 1, test: 1 },
    { label: 'b', catalogue: 2, train: 1, validation: 1, test: 1 },
  ],
  split: 'test',
  evaluation: {
    catalogue: 4,
    queries: 2,
    withoutRelevant: 1,
    protocol: 'full',
    systems: { dsi: { 'IA@1': 0.98765, 'AP@10': 0.512345 }, [name]: { 'AP@10': 0.4 } },
    intervals: { dsi: { 'IA@1': [0.9, 1], 'AP@10': [0.4567, 0.6] }, [name]: { 'AP@10': [0.3, 0.5] } },
  },
  relevance: { dsi: MEASURED, [name]: { ...MEASURED, calibrationError: 0.5 } },
  tests: [
    {
      measure: 'AP@10',
      systems: ['dsi', name],
      difference: 0.112345,
      interval: [0.01, 0.2],
      effectSize: null,
      queries: { better: 1, equal: 0, worse: 1 },
      p: 0.5,
      exact: true,
      pHolm: 0.5,
      winner: null,
    },
  ],
  level: 0.05,
  curves: {
    dsi: {
      precision: Array.from({ length: 11 }, (_, i) => 1 - i / 20),
      recall: [
        { k: 1, recall: 0.5 },
        { k: 4, recall: 1 },
      ],
    },
    [name]: {
      precision: Array.from({ length: 11 }, () => 0.4),
      recall: [
        { k: 1, recall: 0.2 },
        { k: 4, recall: 1 },
      ],
    },
  },
  confusion: {
    dsi: [
      { queryClass: name, answerClass: name, queries: 1 },
      { queryClass: 'b', answerClass: name, queries: 1 },
    ],
    [name]: [],
  },
  examples: [
    {
      kind: 'best',
      query: name,
      row: 0,
      label: null,
      systems: {
        dsi: { AP: 0.75, answers: [answer(1, true), answer(2, false)] },
        [name]: { AP: 0.5, answers: [answer(2, false)] },
      },
    },
  ],
  decoded: [
    {
      example: 0,
      identifier: '01',
      attention: [
        { token: '0', probability: 0.5, lastLayer: attended, rollout: attended },
        { token: '1', probability: 0.25, lastLayer: attended, rollout: attended },
      ],
      tree: {
        prefix: '',
        token: '',
        probability: 1,
        rest: { count: 2, probability: 0.1 },
        children: [
          { prefix: '0', token: '0', probability: 0.9, row: 1, name, children: [], rest: { count: 0, probability: 0 } },
        ],
      },
    },
  ],
  notices: [{ work: name, author: 'A', licence: 'CC0', url: 'https://example.org' }],
});
const pictures = (): ReportPictures => ({
  learning: curveSeries([
    {
      kind: 'step',
      phase: 'joint',
      step: 1,
      loss: 2,
      tokenAccuracy: 0.2,
      learningRate: 1,
      gradientNorm: 1,
      picturesPerSecond: 1,
      seconds: 1,
    },
    {
      kind: 'step',
      phase: 'joint',
      step: 2,
      loss: 1,
      tokenAccuracy: 0.4,
      learningRate: 1,
      gradientNorm: 1,
      picturesPerSecond: 1,
      seconds: 1,
    },
    { kind: 'validation', phase: 'joint', step: 2, metrics: { [EVIL]: 0.3 } },
  ]),
  thumbnail: () => jpeg,
  modelPicture: () => pixels,
  size: 16,
  patchSize: 8,
});

describe('the HTML report', () => {
  it('escapes whatever comes from users: no element, attribute or script of theirs', () => {
    const page = htmlReport(facts(), pictures());
    const { document } = parseHTML(page);
    expect(document.querySelectorAll('script')).toHaveLength(1);
    expect(document.querySelector('script')?.getAttribute('type')).toBe('application/json');
    for (const element of document.querySelectorAll('*')) {
      for (const { name } of element.attributes) expect(name).not.toMatch(/^on/i);
    }
    for (const image of document.querySelectorAll('img'))
      expect(image.getAttribute('src')).toMatch(/^data:image\/jpeg/);
    expect(page).not.toContain(EVIL.slice(0, 20));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
    expect(page).not.toMatch(/[\u0000-\u0008\u001b]/);
  });

  it('needs nothing from anywhere', () => {
    const page = htmlReport(facts('emoji'), pictures());
    const { document } = parseHTML(page);
    expect(document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute('content')).toContain(
      "default-src 'none'",
    );
    for (const element of document.querySelectorAll('[src],[href]')) {
      const target = element.getAttribute('src') ?? element.getAttribute('href') ?? '';
      expect(target).toMatch(/^(data:image\/(jpeg|png);base64,[A-Za-z0-9+/=]+|#[\w-]+)$/);
      // Every link within the page leads somewhere.
      if (target.startsWith('#')) expect(document.getElementById(target.slice(1)), target).not.toBeNull();
    }
    expect(document.querySelectorAll('link,iframe,object,embed,base,form')).toHaveLength(0);
    expect(page).not.toMatch(/url\(|@import/);
    expect(page).toContain('prefers-color-scheme:dark');
  });

  it('has the figures of captions, a table for each protocol', () => {
    const { evaluation } = facts('pixels');
    const captioned = { ...evaluation, queries: 9, systems: { dsi: { 'R@1': 0.25 }, bm25: { 'R@1': 0.5 } } };
    const text = { captioned: { ...captioned, intervals: {}, leftOut: { unreadable: 0, learned: 0 } } };
    const { document } = parseHTML(htmlReport({ ...facts('pixels'), text }, pictures()));
    const headings = [...document.querySelectorAll('h3')].map(({ textContent }) => textContent);
    expect(headings).toContain('Text → picture: captioned');
    expect(headings).not.toContain('Text → picture: shared');
    const rows = [...document.querySelectorAll('tr')].map((row) => row.textContent);
    expect(rows).toContain('R@10.2500.500');
    expect(document.body.textContent).toContain('9 captions over 4 catalogue pictures; 1 query without');
    expect(htmlReport(facts('pixels'), pictures())).not.toContain('captions over');
  });

  it('has every figure of the facts, and the facts themselves as JSON', () => {
    const all = facts('pixels');
    const { document } = parseHTML(htmlReport(all, pictures()));
    const embedded = JSON.parse(document.getElementById(FACTS_ID)?.textContent ?? 'null') as ReportFacts;
    expect(embedded).toEqual(all);
    const [table, tests] = document.querySelectorAll('table');
    const text = (row: { children: Iterable<{ textContent: string }> }) =>
      [...row.children].map((cell) => cell.textContent);
    expect([...(table?.querySelectorAll('tr') ?? [])].map(text)).toEqual([
      ['measure', 'dsi', 'pixels'],
      ['IA@1', '0.9880.900 – 1.000', '—'],
      ['AP@10', '0.5120.457 – 0.600', '0.4000.300 – 0.500'],
    ]);
    expect([...(tests?.querySelectorAll('tr') ?? [])].map(text)[1]).toEqual([
      'AP@10',
      'dsi − pixels',
      '+0.112+0.010 – +0.200',
      '—',
      '0.5000',
      '—',
    ]);
    expect(document.getElementById('figures')?.textContent).toContain('1 query without a relevant picture');
    const marks = [...document.querySelectorAll('.answer')].map((cell) => cell.className);
    expect(marks).toEqual(['answer right', 'answer', 'answer']);
    expect(document.getElementById('looking')?.textContent).toContain('2 × 2 patches of 8 × 8 pixels');
    // Two tokens, last layer and rollout: each a veil of four patches.
    expect(document.querySelectorAll('#looking .pictures svg g[shape-rendering] rect')).toHaveLength(16);
    expect(document.querySelectorAll('#learning figure')).toHaveLength(3);
    expect(document.getElementById('configuration')?.textContent).toContain('patchSize8');
  });

  it('has what probabilities are worth: tables, and a chart with a table behind it', () => {
    const { document } = parseHTML(htmlReport(facts('pixels'), pictures()));
    const rows = [...document.querySelectorAll('#relevance tr')].map(({ children }) =>
      [...children].map((cell) => cell.textContent),
    );
    expect(rows).toContainEqual(['pixels', '0.500', '0.088', '0.765', '0.800', '0.750', '0.654']);
    expect(rows).toContainEqual(['0.00 – 0.50', '1,234', '0.100', '0.125']);
    expect(rows).toContainEqual(['0.50 – 1.00', '0', '—', '—']);
    expect(rows).toContainEqual(['dsi', '95 %', '0.950', '12.34', '9.5', '0.050']);
    // Both systems say the same of unknown queries: it is shown once.
    const unknown = ['dsi, pixels', '40', '10', '0.912 (0.850 – 0.975)', '0.400', '0.050', '0.700'];
    expect(rows.filter(([name]) => name === 'dsi, pixels')).toEqual([unknown]);
    expect(rows).toContainEqual(['0.50 – 1.00', '2', '7']);
    const section = document.getElementById('relevance');
    expect(section?.textContent).toContain('500 answers to 50 queries');
    expect(section?.textContent).toContain('of 25 queries taken evenly');
    expect(section?.querySelectorAll('figure')).toHaveLength(3);
    for (const figure of section?.querySelectorAll('figure') ?? []) {
      expect(figure.querySelector('svg[role="img"]')?.getAttribute('aria-label')).toBeTruthy();
      expect(figure.querySelector('details table')).not.toBeNull();
    }
    // One bar, with its number above it.
    const [diagram] = section?.querySelectorAll('svg.chart') ?? [];
    expect(diagram?.querySelectorAll('g[aria-label="rect"] rect')).toHaveLength(1);
    expect(diagram?.querySelector('g[aria-label="text"]')?.textContent).toBe('1.23K');
  });

  it('has probabilities of captions where they are calibrated', () => {
    const { relevance: _, ...others } = facts('pixels');
    const captioned = { ...others.evaluation, leftOut: { unreadable: 0, learned: 0 }, relevance: { bm25: MEASURED } };
    const page = htmlReport({ ...others, relevance: null, text: { captioned } }, pictures());
    const headings = [...parseHTML(page).document.querySelectorAll('#relevance h3')].map((each) => each.textContent);
    expect(headings).toEqual([
      'Text → picture: captioned',
      'captioned: Reliability',
      'captioned: Sets of answers with a promised coverage',
      'captioned: Known and unknown queries',
    ]);
    expect(page).toContain('The index is not calibrated');
  });

  it('lives without a run log, classes, examples and tests', () => {
    const bare: ReportFacts = {
      ...facts('x'),
      balance: [],
      confusion: {},
      relevance: null,
      examples: [],
      decoded: [],
      tests: [],
      notices: [],
    };
    const page = htmlReport(bare, { ...pictures(), learning: curveSeries([]) });
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
    expect(page).toContain('The pictures have no classes.');
  });
});

describe('html', () => {
  it('escapes values and leaves markup of its own alone', () => {
    expect(html`<a title="${'"<&>\''}">${html`<b>${1}</b>`}${[html`<i/>`, html`<u/>`]}</a>`.text).toBe(
      '<a title="&quot;&lt;&amp;&gt;&#39;"><b>1</b><i/><u/></a>',
    );
  });

  it('any text comes back from text and attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const clean = text.replace(/[\p{Cc}\ufffd-\uffff]/gu, '');
        const { document } = parseHTML(`<!doctype html><body>${html`<p title="${clean}">${clean}</p>`.text}</body>`);
        expect(document.querySelector('p')?.textContent).toBe(clean);
        expect(document.querySelector('p')?.getAttribute('title')).toBe(clean);
        expect(escapeXml(text)).not.toMatch(/[<>"']/);
      }),
    );
  });

  it('JSON in a page cannot end its element', () => {
    const value = { a: '</script><!--<script>' };
    const { text } = jsonScript('x', value);
    expect(text.match(/<\/script/g)).toHaveLength(1);
    expect(JSON.parse(text.replace(/^<[^>]*>|<\/script>$/g, ''))).toEqual(value);
  });
});

describe('decodingTree', () => {
  const identifiers = ['0', '00', '01', '10', '11', '12', '13', '14'];
  const trie = new Trie(numeric, identifiers);
  const shares = [0.3, 0.2, 0.1, 0.3, 0.05, 0.02, 0.02, 0.01];
  const answers = shares.map((share, row) => ({ row, score: Math.log(share) }));
  const nameOf = (row: number) => `picture ${row}`;

  it('sums identifiers into their prefixes, best first, and folds the rest', () => {
    const root = decodingTree(trie, answers, { nameOf, children: 2 });
    expect(root).toMatchObject({ prefix: '', probability: expect.closeTo(1, 12), rest: { count: 0 } });
    const [zero, one] = root.children as [DecodingNode, DecodingNode];
    expect(zero).toMatchObject({ prefix: '0', token: '0', probability: expect.closeTo(0.6, 12) });
    // An identifier that ends where others go on is a child without a token.
    expect(zero.children.map(({ token, row, name }) => [token, row, name])).toEqual([
      ['', 0, 'picture 0'],
      ['0', 1, 'picture 1'],
    ]);
    expect(zero.rest).toEqual({ count: 1, probability: expect.closeTo(0.1, 12) });
    expect(one.children.map(({ prefix, row }) => [prefix, row])).toEqual([
      ['10', 3],
      ['11', 4],
    ]);
    expect(one.rest).toEqual({ count: 3, probability: expect.closeTo(0.05, 12) });
  });

  it('shows the best child however improbable, and everything adds up', () => {
    const check = (node: DecodingNode): void => {
      if (node.children.length === 0) return;
      const below = node.children.reduce((sum, child) => sum + child.probability, node.rest.probability);
      expect(below).toBeCloseTo(node.probability, 9);
      node.children.forEach(check);
    };
    for (const least of [0, 0.02, 0.5, 2]) {
      const root = decodingTree(trie, answers, { nameOf, least });
      check(root);
      expect(root.children.length).toBeGreaterThan(0);
    }
  });
});
