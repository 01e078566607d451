import { libvips } from '@neurodex/datasets/image';
import { strokeText, textWidth, wrapText } from './stroke-text.ts';

export interface SheetAnswer {
  /** An encoded picture: PNG, JPEG … */
  readonly picture: Uint8Array;
  /** Whether it is relevant to the query. */
  readonly right: boolean;
}

export interface SheetRow {
  /** The query, encoded. */
  readonly query: Uint8Array;
  readonly caption: string;
  /** The same systems in the same order in every row; answers best first. */
  readonly systems: readonly { readonly name: string; readonly answers: readonly SheetAnswer[] }[];
}

export interface ContactSheetOptions {
  readonly rows: readonly SheetRow[];
  readonly title?: string;
  /** Answers shown for each system; 5 by default. */
  readonly answers?: number;
  /** Edge of a picture in pixels; 104 by default. */
  readonly edge?: number;
}

const COLOURS = {
  background: '#f6f8fa',
  ink: '#1f2328',
  faint: '#59636e',
  line: '#d1d9e0',
  right: '#1a7f37',
  wrong: '#cf222e',
} as const;

const MARGIN = 28;
const GAP = 10;
/** Between the query and the systems, and between systems. */
const COLUMN_GAP = 36;
const CAPTION = { size: 13, lineHeight: 17, lines: 2 } as const;
/** Captions may stand out on both sides of the query by this much. */
const OVERHANG = 10;
const ROW_GAP = 16;
const RADIUS = 10;
const FRAME = 4;
const HEADER = 92;
const FOOTER = 24;

interface Box {
  readonly x: number;
  readonly y: number;
}

/** Where everything stands, in pixels. */
function plan({ rows, answers = 5, edge = 104 }: ContactSheetOptions) {
  const systems = rows[0]?.systems.map(({ name }) => name) ?? [];
  const systemWidth = answers * edge + (answers - 1) * GAP;
  const systemX = (s: number): number => MARGIN + edge + COLUMN_GAP + s * (systemWidth + COLUMN_GAP);
  const captions = rows.map(({ caption }) => wrapText(caption, CAPTION.size, edge + 2 * OVERHANG, CAPTION.lines));
  const captionHeight = 8 + CAPTION.lineHeight * Math.max(1, ...captions.map((lines) => lines.length));
  const rowHeight = edge + captionHeight + ROW_GAP;
  const rowY = (r: number): number => HEADER + r * rowHeight;
  return {
    answers,
    edge,
    captions,
    rowHeight,
    systems,
    systemWidth,
    systemX,
    rowY,
    query: (r: number): Box => ({ x: MARGIN, y: rowY(r) }),
    answer: (r: number, s: number, i: number): Box => ({ x: systemX(s) + i * (edge + GAP), y: rowY(r) }),
    width: systemX(Math.max(systems.length, 1)) - COLUMN_GAP + MARGIN,
    height: rowY(rows.length) - ROW_GAP + FOOTER,
  };
}
type Plan = ReturnType<typeof plan>;

/**
 * One PNG on which a person sees at a glance who finds what: a row for each query, the query at the left, and the first
 * answers of each system side by side. A relevant answer has a solid green frame and a tick, another one a dashed red
 * frame and a cross, so that colour is not needed to tell them apart.
 */
export async function contactSheet(options: ContactSheetOptions): Promise<Uint8Array> {
  const { rows } = options;
  if (rows.length === 0) throw new RangeError('a contact sheet needs a query');
  const layout = plan(options);
  const pictures = rows.flatMap(({ query, systems }, r) => [
    { box: layout.query(r), picture: query },
    ...systems.flatMap(({ answers }, s) =>
      answers.slice(0, layout.answers).map(({ picture }, i) => ({ box: layout.answer(r, s, i), picture })),
    ),
  ]);
  const layers = await Promise.all(
    pictures.map(async ({ box, picture }) => ({
      input: await squarePicture(picture, layout.edge),
      raw: { width: layout.edge, height: layout.edge, channels: 3 as const },
      left: box.x,
      top: box.y,
    })),
  );
  const overlay = Buffer.from(drawing(options, layout, pictures));
  return await libvips()({ create: { width: layout.width, height: layout.height, channels: 3, background: '#ffffff' } })
    .composite([...layers, { input: overlay, left: 0, top: 0 }])
    .png({ compressionLevel: 9 })
    .toBuffer();
}

const squarePicture = (picture: Uint8Array, edge: number): Promise<Buffer> =>
  libvips()(picture)
    .resize(edge, edge, { fit: 'cover' })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw()
    .toBuffer();

/** Everything but the pictures. It lies over them: the background has rounded windows through which they are seen. */
function drawing(options: ContactSheetOptions, layout: Plan, pictures: readonly { readonly box: Box }[]): string {
  const { rows, title = 'Queries and their first answers' } = options;
  const { width, height, edge } = layout;
  const windows = pictures.map(({ box }) => roundedWindow(box, edge)).join('');
  const heading = { size: 17, colour: COLOURS.ink, weight: 1.9 };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`,
    `<path fill="${COLOURS.background}" fill-rule="evenodd" d="M0 0H${width}V${height}H0Z${windows}"/>`,
    legend(width - MARGIN, 38, title, width),
    strokeText('query', MARGIN, HEADER - 16, { ...heading, maxWidth: edge }),
    ...layout.systems.map((name, s) =>
      strokeText(name, layout.systemX(s), HEADER - 16, { ...heading, maxWidth: layout.systemWidth }),
    ),
    ...rows.map((row, r) => rowDrawing(row, r, layout)),
    '</svg>',
  ].join('');
}

/** Title at the left, what the frames mean at the right; the title gives way. */
function legend(right: number, y: number, title: string, width: number): string {
  const size = 14;
  const words = ['relevant', 'not relevant'] as const;
  const wide = width > 640;
  const parts: string[] = [];
  let x = right;
  for (const word of wide ? [words[1], words[0]] : []) {
    parts.push(strokeText(word, x, y, { size, colour: COLOURS.faint, weight: 1.4, anchor: 'end' }));
    x -= textWidth(word, size) + 18;
    parts.push(badge(x, y - 5, word === 'relevant'));
    x -= 28;
  }
  const style = { size: 21, colour: COLOURS.ink, weight: 2.3, maxWidth: Math.max(0, x - MARGIN) };
  return strokeText(title, MARGIN, y + 2, style) + parts.join('');
}

function rowDrawing({ systems }: SheetRow, r: number, layout: Plan): string {
  const { edge } = layout;
  const query = layout.query(r);
  const line = query.y + layout.rowHeight - ROW_GAP / 2 - 0.5;
  const style = { size: CAPTION.size, colour: COLOURS.faint, weight: 1.35, anchor: 'middle' } as const;
  return [
    frame(query, edge, COLOURS.faint, 2),
    ...(layout.captions[r] ?? []).map((text, i) =>
      strokeText(text, query.x + edge / 2, query.y + edge + 19 + i * CAPTION.lineHeight, style),
    ),
    line < layout.height - FOOTER
      ? `<path stroke="${COLOURS.line}" d="M${MARGIN} ${line}H${layout.width - MARGIN}"/>`
      : '',
    ...systems.flatMap(({ answers }, s) =>
      answers.slice(0, layout.answers).map(({ right }, i) => {
        const box = layout.answer(r, s, i);
        const colour = right ? COLOURS.right : COLOURS.wrong;
        return frame(box, edge, colour, FRAME, right ? '' : '9 6') + badge(box.x + edge - 5, box.y + edge - 5, right);
      }),
    ),
  ].join('');
}

const roundedWindow = ({ x, y }: Box, edge: number): string => {
  const side = edge - 2 * RADIUS;
  const corner = (dx: number, dy: number): string => `a${RADIUS} ${RADIUS} 0 0 1 ${dx} ${dy}`;
  return `M${x + RADIUS} ${y}h${side}${corner(RADIUS, RADIUS)}v${side}${corner(-RADIUS, RADIUS)}h${-side}${corner(-RADIUS, -RADIUS)}v${-side}${corner(RADIUS, -RADIUS)}Z`;
};

function frame({ x, y }: Box, edge: number, colour: string, width: number, dashes = ''): string {
  const rectangle = `x="${x}" y="${y}" width="${edge}" height="${edge}" rx="${RADIUS}" fill="none" stroke-width="${width}"`;
  // White under the dashes, so that the gaps are gaps on a dark picture too.
  const under = dashes === '' ? '' : `<rect ${rectangle} stroke="#ffffff"/>`;
  return `${under}<rect ${rectangle} stroke="${colour}"${dashes === '' ? '' : ` stroke-dasharray="${dashes}"`}/>`;
}

/** A tick or a cross on a disc, 20 pixels wide; (x, y) is its middle. */
function badge(x: number, y: number, right: boolean): string {
  const stroke = right ? 'M-4.2 .4L-1.2 3.4L4.4 -3.2' : 'M-3.4 -3.4L3.4 3.4M3.4 -3.4L-3.4 3.4';
  return `<g transform="translate(${x} ${y})"><circle r="10" fill="${right ? COLOURS.right : COLOURS.wrong}" stroke="#ffffff" stroke-width="2"/><path d="${stroke}" fill="none" stroke="#ffffff" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/></g>`;
}
