/** What a row says of its picture: class names and sentences; or why it cannot be used. */
export interface Described {
  readonly labels: readonly string[];
  readonly captions?: readonly string[];
}

export interface Problem {
  readonly reason: string;
}

/** Where labels are numbers: their names, by number. */
export type ClassNames = readonly string[] | undefined;

/** Two classes of one name (ImageNet has two kinds of crane) must not become one. */
export function distinctNames(names: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return names.map((name, i) => ((counts.get(name) ?? 0) > 1 ? `${name} (${i})` : name));
}

/** @returns the class name; undefined for "no label", which data sets write as null or, for a hidden test split, as -1 */
function classOf(value: unknown, names: ClassNames): string | undefined | Problem {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string') {
    return value.trim() === '' ? { reason: 'its label is an empty text' } : value;
  }
  if (typeof value === 'boolean') return String(value);
  // A text to which a Parquet file gives no type.
  if (value instanceof Uint8Array) return textOf(value, names);
  if ((typeof value === 'number' && Number.isSafeInteger(value)) || typeof value === 'bigint') {
    const number = Number(value);
    if (names === undefined) return String(value);
    if (number === -1) return undefined;
    return names[number] ?? { reason: `its label ${value} is none of the ${names.length} classes` };
  }
  return { reason: `its label is ${kindOf(value)}, not a class name or a number` };
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Uint8Array, names: ClassNames): string | undefined | Problem {
  try {
    return classOf(decoder.decode(bytes), names);
  } catch {
    return { reason: 'its label is bytes that are no text' };
  }
}

const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  return typeof value === 'object' ? 'an object' : `a ${typeof value} (${value})`;
};

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === null || value === undefined ? [] : [value];

/** The classes of a row: of `label` and of `labels`, each one or a list; each once, in the order given. */
export function labelsOf(label: unknown, labels: unknown, names: ClassNames): readonly string[] | Problem {
  const found = new Set<string>();
  for (const value of [...listOf(label), ...listOf(labels)]) {
    const name = classOf(value, names);
    if (typeof name === 'object') return name;
    if (name !== undefined) found.add(name);
  }
  return [...found];
}

/** The sentences of a row: one text, or a list of them. Blank ones and null are nothing. */
export function captionsOf(value: unknown): readonly string[] | Problem {
  const captions: string[] = [];
  for (const each of listOf(value)) {
    if (each === null) continue;
    if (typeof each !== 'string') return { reason: `its captions hold ${kindOf(each)}, not a text` };
    if (each.trim() !== '') captions.push(each.trim());
  }
  return captions;
}

export interface RowFields {
  readonly label?: unknown;
  readonly labels?: unknown;
  /** A list of sentences, or one. */
  readonly captions?: unknown;
}

export function describeRow(fields: RowFields, names: ClassNames): Described | Problem {
  const labels = labelsOf(fields.label, fields.labels, names);
  if ('reason' in labels) return labels;
  const captions = captionsOf(fields.captions);
  if ('reason' in captions) return captions;
  return { labels, ...(captions.length > 0 ? { captions } : {}) };
}

/**
 * Where some pictures have classes, those without one are left out, as files beside class folders are: they could be
 * neither found nor asked for.
 */
export function withoutUnlabelled<T extends { readonly path: string; readonly labels: readonly string[] }>(
  pictures: readonly T[],
): { readonly kept: readonly T[]; readonly skipped: readonly { readonly path: string; readonly reason: string }[] } {
  if (!pictures.some(({ labels }) => labels.length > 0)) return { kept: pictures, skipped: [] };
  const skipped = pictures.filter(({ labels }) => labels.length === 0);
  const reason = 'it has no label, while other pictures have';
  return {
    kept: skipped.length === 0 ? pictures : pictures.filter(({ labels }) => labels.length > 0),
    skipped: skipped.map(({ path }) => ({ path, reason })),
  };
}
