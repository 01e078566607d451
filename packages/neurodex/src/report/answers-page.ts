import { visibleName } from '@neurodex/core';
import { type Html, html, trusted } from './html.ts';
import { page } from './page.ts';

/** An answer as the page shows it. */
export interface ShownAnswer {
  /** From 1. */
  readonly rank: number;
  readonly identifier: string;
  readonly picture: string;
  readonly label: string | null;
  readonly score: number;
  /** In [0, 1]; null where it is not known. */
  readonly relevance: number | null;
}

export interface ShownResult {
  /** Path of a picture, or words. */
  readonly query: string;
  /** Probability that nothing in the catalogue is relevant; null where it is not known. */
  readonly none: number | null;
  readonly nothingFound: boolean;
  readonly answers: readonly ShownAnswer[];
}

/** What the page says. */
export interface AnswersFacts {
  /** As the user named it. */
  readonly index: string;
  readonly system: string;
  readonly results: readonly ShownResult[];
  /** Queries that could not be answered, and why. */
  readonly failed: readonly { readonly input: string; readonly message: string }[];
  /** JPEG; of each result, the query's and those of its first answers. */
  readonly pictures: readonly { readonly query: Uint8Array | null; readonly answers: readonly Uint8Array[] }[];
}

const STYLE = `
.query{display:flex;flex-wrap:wrap;gap:12px 24px;align-items:flex-start}
.query>img,.answer-list img{display:block;width:144px;height:144px;object-fit:contain;border:1px solid var(--line);border-radius:6px;margin-bottom:4px}
.query>img{border:3px solid var(--text)}
.answer-list{display:flex;flex-wrap:wrap;gap:16px;list-style:none;margin:0;padding:0;flex:1 1 320px;min-width:0}
.answer-list li{width:152px;font-size:13px;line-height:1.35}
.answer-list b{display:block}
.likely{color:var(--right)}
@media (max-width:520px){.answer-list{gap:12px}.answer-list li{width:calc(50% - 6px)}.answer-list img{width:100%;height:auto;aspect-ratio:1}}
`;

/** From this probability on an answer is more likely relevant than not. */
const LIKELY = 0.5;

/** Queries with their answers, pictures beside scores, as one self-contained HTML page. */
export function answersPage(facts: AnswersFacts): string {
  const { index, system, results, failed, pictures } = facts;
  const subtitle = html`<p>${results.length === 1 ? '1 query' : `${results.length} queries`}, answered by ${system}. Best answers come first.</p>`;
  const sections = results.map((result, i) => ({
    id: `query-${i + 1}`,
    title: result.query,
    content: resultOf(result, pictures[i] ?? { query: null, answers: [] }),
  }));
  const faults =
    failed.length === 0 ? [] : [{ id: 'failed', title: 'Queries without answers', content: failures(failed) }];
  const footer = html`<p>Made by neurodex search.</p>`;
  return page(`Answers of ${index}`, subtitle, [...sections, ...faults], footer, { style: STYLE });
}

function resultOf(
  { query, none, nothingFound, answers }: ShownResult,
  pictures: AnswersFacts['pictures'][number],
): Html {
  const shown = answers.slice(0, pictures.answers.length);
  const more = answers.length - shown.length;
  const notes = [
    ...(nothingFound
      ? [`Nothing in the catalogue matches, most likely${none === null ? '' : ` (${percent(none)})`}.`]
      : []),
    ...(answers.length === 0 ? [nothingFound ? '' : 'No answer is as relevant as was asked for.'] : []),
    ...(more > 0 ? [`${more.toLocaleString('en-US')} more answers are not shown; --json has them all.`] : []),
  ].filter((note) => note !== '');
  const asked = pictures.query === null ? html`` : html`<img src="${jpegUrl(pictures.query)}" alt="Query: ${query}">`;
  const list =
    shown.length === 0
      ? html``
      : html`<ol class="answer-list">${shown.map((answer, i) => item(answer, pictures.answers[i]))}</ol>`;
  return html`${notes.map((note) => html`<p class="note">${note}</p>`)}<div class="query">${asked}${list}</div>`;
}

function item({ rank, picture, label, score, relevance, identifier }: ShownAnswer, jpeg: Uint8Array | undefined): Html {
  const image = jpeg === undefined ? html`` : html`<img src="${jpegUrl(jpeg)}" alt="">`;
  const named = label === null ? html`` : html`<br>${visibleName(label)}`;
  const likely =
    relevance === null
      ? html``
      : html`<br><span class="${relevance >= LIKELY ? 'likely' : 'faint'}">relevant ${percent(relevance)}</span>`;
  return html`<li>${image}<b>${rank}. ${picture}</b><span class="faint">identifier ${identifier}<br>score ${score.toFixed(3)}</span>${named}${likely}</li>`;
}

const failures = (failed: AnswersFacts['failed']): Html =>
  html`<ul>${failed.map(({ input, message }) => html`<li>${input}: ${message}</li>`)}</ul>`;

const jpegUrl = (jpeg: Uint8Array): Html => trusted(`data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`);

const percent = (share: number): string => `${Math.round(100 * share)} %`;
