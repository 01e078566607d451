import { parseXml, XmlElement } from '@rgrove/parse-xml';

/** A value of XMP: a text, items of a list (of alternatives with their languages), or fields by their full names. */
export interface RdfValue {
  readonly text?: string;
  readonly items?: readonly (RdfValue & { readonly language?: string })[];
  readonly fields?: RdfFields;
}

/** By the address of the name space and the local name. */
export type RdfFields = ReadonlyMap<string, RdfValue>;

const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';
const XML = 'http://www.w3.org/XML/1998/namespace';
const LISTS: ReadonlySet<string> = new Set([`${RDF}Bag`, `${RDF}Seq`, `${RDF}Alt`]);
/** Attributes of RDF itself say how a value is written, and are none. */
const SYNTAX = new RegExp(`^(${RDF}|${XML})`);

/** Prefixes of name spaces. */
type Scope = ReadonlyMap<string, string>;

/** Bytes of XMP; of more, somebody has put a picture or a history into it. */
const LARGEST = 4 << 20;

/**
 * The properties of XMP (ISO 16684-1), which is RDF in XML, in any of the forms that its rules allow.
 * @throws RangeError for what is no XMP
 */
export function readRdf(bytes: Uint8Array): RdfFields {
  if (bytes.length > LARGEST) throw new RangeError(`it is larger than ${LARGEST >> 20} MiB`);
  let root: XmlElement | null;
  try {
    root = parseXml(decoded(bytes).replace(/\0+$/, '').trim()).root;
  } catch (error) {
    throw new RangeError(`it is no XML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : error}`);
  }
  const properties = new Map<string, RdfValue>();
  const holds = root !== null && collect(root, new Map([['xml', XML]]), properties);
  if (!holds) throw new RangeError('it holds no RDF');
  return properties;
}

/** UTF-8, or UTF-16 with its mark. */
function decoded(bytes: Uint8Array): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}

/** Descriptions lie in RDF, and that in anything. @returns whether there is RDF */
function collect(element: XmlElement, outer: Scope, properties: Map<string, RdfValue>): boolean {
  const scope = scopeOf(element, outer);
  if (nameOf(element.name, scope) !== `${RDF}RDF`)
    return elementsOf(element).reduce((found, child) => collect(child, scope, properties) || found, false);
  for (const description of elementsOf(element))
    for (const [name, value] of fieldsOf(description, scopeOf(description, scope)))
      if (!properties.has(name)) properties.set(name, value);
  return true;
}

function scopeOf({ attributes }: XmlElement, outer: Scope): Scope {
  const own = Object.entries(attributes).filter(([name]) => name === 'xmlns' || name.startsWith('xmlns:'));
  return own.length === 0 ? outer : new Map([...outer, ...own.map(([name, uri]) => [name.slice(6), uri] as const)]);
}

/** A name with the address of its name space in place of its prefix. An attribute without one is in none. */
function nameOf(name: string, scope: Scope): string {
  const colon = name.indexOf(':');
  return `${scope.get(name.slice(0, Math.max(0, colon))) ?? ''}${name.slice(colon + 1)}`;
}

const elementsOf = ({ children }: XmlElement): XmlElement[] =>
  children.filter((child): child is XmlElement => child instanceof XmlElement);

/** Properties of a description, written as attributes or as elements. */
function fieldsOf(element: XmlElement, scope: Scope): Map<string, RdfValue> {
  const fields = new Map<string, RdfValue>();
  for (const [name, text] of Object.entries(element.attributes)) {
    if (name === 'xmlns' || name.startsWith('xmlns:')) continue;
    const full = nameOf(name, scope);
    if (!SYNTAX.test(full)) fields.set(full, { text });
  }
  for (const child of elementsOf(element)) {
    const own = scopeOf(child, scope);
    fields.set(nameOf(child.name, own), parsedValue(child, own));
  }
  return fields;
}

function parsedValue(element: XmlElement, scope: Scope): RdfValue {
  const attribute = (name: string): string | undefined =>
    Object.entries(element.attributes).find(([each]) => nameOf(each, scope) === `${RDF}${name}`)?.[1];
  const resource = attribute('resource');
  if (resource !== undefined) return { text: resource };
  const [child, ...others] = elementsOf(element);
  const own = child && scopeOf(child, scope);
  if (child !== undefined && own !== undefined && others.length === 0) {
    const name = nameOf(child.name, own);
    if (LISTS.has(name)) return { items: itemsOf(child, own) };
    if (name === `${RDF}Description`) return structure(fieldsOf(child, own));
  }
  const fields = fieldsOf(element, scope);
  return fields.size === 0 ? { text: element.text } : structure(fields);
}

/** A value with qualifiers is a structure that holds it. */
function structure(fields: RdfFields): RdfValue {
  return fields.get(`${RDF}value`) ?? { fields };
}

function itemsOf(list: XmlElement, scope: Scope): NonNullable<RdfValue['items']> {
  return elementsOf(list).map((item) => {
    const own = scopeOf(item, scope);
    const language = Object.entries(item.attributes).find(([name]) => nameOf(name, own) === `${XML}lang`)?.[1];
    return { ...parsedValue(item, own), ...(language === undefined ? {} : { language }) };
  });
}
