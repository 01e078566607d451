import { type Box, boxesIn, boxOf } from '../boxes.ts';

/** A property of an item: a box in `ipco`. */
export type Property = Box;

interface Item {
  readonly type: string;
  readonly properties: Property[];
}

/** Reads whole numbers one after the other. */
class Numbers {
  private readonly view: DataView;
  private at: number;

  constructor(bytes: Uint8Array, { start, end }: Box) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, end);
    this.at = start;
  }

  get left(): boolean {
    return this.at < this.view.byteLength;
  }

  /** @throws RangeError behind the end of the box */
  next(width: 1 | 2 | 4): number {
    const at = this.at;
    this.at += width;
    if (width === 1) return this.view.getUint8(at);
    return width === 2 ? this.view.getUint16(at) : this.view.getUint32(at);
  }

  /** The version of a full box, and its flags. */
  versionAndFlags(): readonly [version: number, flags: number] {
    const both = this.next(4);
    return [both >>> 24, both & 0xffffff];
  }
}

const NO_ITEM: Item = { type: '', properties: [] };

/** The items of a HEIF file: what each is, what is said of it, and what it is made of (ISO/IEC 14496-12 §8.11). */
export class ItemBoxes {
  readonly primary: number;
  private readonly items: ReadonlyMap<number, Item>;
  /** Kind of reference → item that refers → items that it refers to. */
  private readonly references: ReadonlyMap<string, ReadonlyMap<number, readonly number[]>>;
  /** Of `iloc`. */
  readonly locations: Box;

  private constructor(primary: number, items: ItemBoxes['items'], references: ItemBoxes['references'], locations: Box) {
    this.primary = primary;
    this.items = items;
    this.references = references;
    this.locations = locations;
  }

  /** @throws RangeError where a box is missing, ends too early or names what is not there */
  static read(bytes: Uint8Array, meta: Box): ItemBoxes {
    const boxes = boxesIn(bytes, meta.start + 4, meta.end);
    const needed = (type: string, among = boxes): Box => {
      const box = boxOf(among, type);
      if (box === undefined) throw new RangeError(`there is no box ${type}`);
      return box;
    };
    const primary = new Numbers(bytes, needed('pitm'));
    const [version] = primary.versionAndFlags();
    const items = itemsOf(bytes, needed('iinf'));
    const properties = needed('iprp');
    const inside = boxesIn(bytes, properties.start, properties.end);
    const { start, end } = needed('ipco', inside);
    const all = boxesIn(bytes, start, end);
    for (const box of inside) if (box.type === 'ipma') associate(bytes, box, items, all);
    const id = primary.next(version === 0 ? 2 : 4);
    if (!items.has(id)) throw new RangeError('its primary picture is not there');
    return new ItemBoxes(id, items, referencesOf(bytes, boxOf(boxes, 'iref')), needed('iloc'));
  }

  typeOf(item: number): string {
    return (this.items.get(item) ?? NO_ITEM).type;
  }

  /** In the order in which they are applied. */
  propertiesOf(item: number): readonly Property[] {
    return (this.items.get(item) ?? NO_ITEM).properties;
  }

  /** What a derived item is made of. */
  partsOf(item: number): readonly number[] {
    return this.references.get('dimg')?.get(item) ?? [];
  }

  /** What belongs to an item: its alpha channel, a map of depths. */
  auxiliariesOf(item: number): number[] {
    const pairs = [...(this.references.get('auxl') ?? [])];
    return pairs.filter(([, to]) => to.includes(item)).map(([from]) => from);
  }
}

function itemsOf(bytes: Uint8Array, box: Box): Map<number, Item> {
  const [version] = new Numbers(bytes, box).versionAndFlags();
  const items = new Map<number, Item>();
  for (const entry of boxesIn(bytes, box.start + (version === 0 ? 6 : 8), box.end)) {
    const numbers = new Numbers(bytes, entry);
    const [kind] = entry.type === 'infe' ? numbers.versionAndFlags() : [0];
    // Older entries have no type.
    if (kind !== 2 && kind !== 3) continue;
    const id = numbers.next(kind === 2 ? 2 : 4);
    numbers.next(2);
    const type = String.fromCharCode(numbers.next(1), numbers.next(1), numbers.next(1), numbers.next(1));
    items.set(id, { type, properties: [] });
  }
  return items;
}

/** Which properties belong to which item: box `ipma`. */
function associate(bytes: Uint8Array, box: Box, items: ReadonlyMap<number, Item>, all: readonly Property[]): void {
  const numbers = new Numbers(bytes, box);
  const [version, flags] = numbers.versionAndFlags();
  const wide = flags % 2 === 1;
  for (let entries = numbers.next(4); entries > 0; entries--) {
    const item = items.get(numbers.next(version === 0 ? 2 : 4));
    for (let count = numbers.next(1); count > 0; count--) {
      // The highest bit says whether a reader has to know it.
      const index = wide ? numbers.next(2) % 0x8000 : numbers.next(1) % 0x80;
      const property = all[index - 1];
      if (index > 0 && property === undefined) throw new RangeError('a picture has a property that is not there');
      if (property !== undefined) item?.properties.push(property);
    }
  }
}

function referencesOf(bytes: Uint8Array, box: Box | undefined): Map<string, Map<number, number[]>> {
  const found = new Map<string, Map<number, number[]>>();
  if (box === undefined) return found;
  const [version] = new Numbers(bytes, box).versionAndFlags();
  const width = version === 0 ? 2 : 4;
  for (const kind of boxesIn(bytes, box.start + 4, box.end)) {
    const numbers = new Numbers(bytes, kind);
    const from = numbers.next(width);
    const to: number[] = [];
    for (let count = numbers.next(2); count > 0 && numbers.left; count--) to.push(numbers.next(width));
    const known = found.get(kind.type) ?? new Map<number, number[]>();
    found.set(kind.type, known.set(from, to));
  }
  return found;
}
