import { DUPLICATE_KINDS, type DuplicateMember, KIND_HELP, type KindCounts } from '../pictures/duplicate-facts.ts';
import { type Html, html, jsonScript, trusted } from './html.ts';
import { page } from './page.ts';

/** What the page says. */
export interface DuplicatesFacts {
  readonly source: string;
  readonly pictures: number;
  readonly duplicates: number;
  readonly kinds: KindCounts;
  /** The best one first. */
  readonly groups: readonly { readonly members: readonly DuplicateMember[] }[];
  readonly skipped: readonly unknown[];
}

/** Groups whose pictures are shown: a page of more would take long to open. */
const SHOWN = 1000;
/** Members of a group that are shown. */
const MEMBERS = 24;

/** The id of the script element that holds the names of all duplicates by kind, as JSON. */
export const NAMES_ID = 'names';

const STYLE = `
.kinds{display:flex;flex-wrap:wrap;gap:4px 18px;border:1px solid var(--line);border-radius:8px;padding:8px 14px;margin:12px 0}
.kinds label{display:inline-flex;align-items:center;gap:6px}
.group{padding:14px 0;border-bottom:1px solid var(--line)}
.group[hidden],.member[hidden]{display:none}
.members{display:flex;flex-wrap:wrap;gap:14px;list-style:none;margin:0;padding:0}
.member{width:168px;font-size:13px;line-height:1.35}
.member img{display:block;width:144px;height:144px;object-fit:contain;border:2px solid var(--line);border-radius:6px;margin-bottom:4px}
.member.best img{border-color:var(--right)}
.member b{display:block}
.best b{color:var(--right)}
textarea{width:100%;min-height:180px;font:13px/1.4 ui-monospace,monospace;color:var(--text);background:var(--paper);border:1px solid var(--line);border-radius:6px;padding:8px}
button{font:inherit;padding:6px 14px;border-radius:6px;border:1px solid var(--line);background:var(--paper);color:var(--text);cursor:pointer}
`;

/** Shows what is chosen and lists its names; without it the page shows and lists everything. */
const SCRIPT = `
const names=JSON.parse(document.getElementById('${NAMES_ID}').textContent);
const boxes=[...document.querySelectorAll('.kinds input')];
const list=document.getElementById('list');
const told=document.getElementById('told');
const show=()=>{
const wanted=new Set(boxes.filter((box)=>box.checked).map((box)=>box.value));
for(const group of document.querySelectorAll('.group')){
let any=false;
for(const member of group.querySelectorAll('.member[data-kind]')){member.hidden=!wanted.has(member.dataset.kind);any=any||!member.hidden;}
group.hidden=!any;}
const chosen=names.filter(([kind])=>wanted.has(kind)).map(([,name])=>name);
list.value=chosen.join('\\n');
told.textContent=chosen.length+(chosen.length===1?' name':' names');};
for(const box of boxes)box.addEventListener('change',show);
document.getElementById('copy').addEventListener('click',async()=>{
try{await navigator.clipboard.writeText(list.value);}catch{list.select();document.execCommand('copy');}
told.textContent='copied';});
document.getElementById('chooser').hidden=false;
`;

/**
 * A page to review duplicates: each group with its best picture first, chosen by kind, and the names of the others to copy. It holds
 * all it shows.
 * @param picture JPEG of a member, by the places of its group and in it
 */
export async function duplicatesPage(
  facts: DuplicatesFacts,
  picture: (group: number, member: number) => Promise<Uint8Array>,
): Promise<string> {
  const { source, pictures, groups, duplicates, kinds, skipped } = facts;
  const names = groups.flatMap(({ members }) =>
    members.flatMap(({ kind, path }) => (kind === null ? [] : [[kind, path] as const])),
  );
  const shown: Html[] = [];
  for (const [i, { members }] of groups.slice(0, SHOWN).entries()) shown.push(await groupOf(members, i, picture));
  const title = `Duplicates in ${source}`;
  const subtitle = html`<p>${count(pictures)} pictures, of which ${count(duplicates)} are duplicates of others, in ${count(groups.length)} groups${skipped.length > 0 ? `; ${count(skipped.length)} files could not be read` : ''}.</p>`;
  const more = groups.length - SHOWN;
  const sections = [
    {
      id: 'groups',
      title: 'Groups',
      content: html`${chooser(kinds)}<p class="note">The first picture of each group is the best one: most pixels, then a format without a loss and the largest file, then one with a label, then by name. Nothing was deleted.</p>${shown}${
        more > 0 ? html`<p>${count(more)} more groups are not shown; their names are in the list below.</p>` : html``
      }`,
    },
    {
      id: 'delete',
      title: 'Names of the duplicates',
      content: html`<p>All but the best of each group, one name a line.</p><p><button type="button" id="copy">Copy the names</button> <span id="told" role="status">${count(names.length)} ${names.length === 1 ? 'name' : 'names'}</span></p><textarea id="list" readonly aria-label="Names of the duplicates">${names.map(([, name]) => name).join('\n')}</textarea>`,
    },
  ];
  const footer = html`<p>Made by neurodex duplicates.</p>${jsonScript(NAMES_ID, names)}`;
  return page(title, subtitle, sections, footer, { style: STYLE, script: SCRIPT });
}

const chooser = (kinds: KindCounts): Html =>
  html`<fieldset class="kinds" id="chooser" hidden><legend>Kinds</legend>${DUPLICATE_KINDS.filter(
    (kind) => kinds[kind] > 0,
  ).map(
    (kind) =>
      html`<label title="${KIND_HELP[kind]}"><input type="checkbox" value="${kind}" checked> ${kind} (${count(kinds[kind])})</label>`,
  )}</fieldset>`;

async function groupOf(
  members: readonly DuplicateMember[],
  group: number,
  picture: (group: number, member: number) => Promise<Uint8Array>,
): Promise<Html> {
  const items: Html[] = [];
  for (const [i, member] of members.slice(0, MEMBERS).entries()) items.push(item(member, await picture(group, i)));
  const more = members.length - MEMBERS;
  return html`<div class="group"><ul class="members">${items}</ul>${
    more > 0 ? html`<p class="note">and ${count(more)} more</p>` : html``
  }</div>`;
}

function item(member: DuplicateMember, jpeg: Uint8Array): Html {
  const { path, kind, similarity, labels, role } = member;
  const what = kind === null ? 'best' : `${kind}, ${percent(similarity)} similar`;
  const attributes = kind === null ? html`class="member best"` : html`class="member" data-kind="${kind}"`;
  const source = trusted(`data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`);
  const facts = [sizeOf(member), labels.join(', '), role ?? ''].filter((text) => text !== '');
  return html`<li ${attributes}><img src="${source}" alt="${path}"><b>${what}</b>${path}${facts.map(
    (text) => html`<br><span class="faint">${text}</span>`,
  )}</li>`;
}

const sizeOf = ({ width, height, bytes }: DuplicateMember): string =>
  [width === null ? '' : `${width} × ${height}`, bytes === null ? '' : `${count(bytes)} bytes`]
    .filter((text) => text !== '')
    .join(', ');

/** 0.98765 → '98.7 %': never 100 % for what is not equal. */
const percent = (similarity: number): string =>
  `${similarity === 1 ? 100 : (Math.floor(1000 * similarity) / 10).toFixed(1)} %`;

const count = (n: number): string => n.toLocaleString('en-US');
