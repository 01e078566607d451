import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { LicenceNotice } from '../dataset.ts';

/**
 * The parts of the Iconify JSON format that are used (https://iconify.design/docs/types/iconify-json.html): drawings by
 * name, who drew them, and for some sets the categories and the Unicode sequences of the names.
 */
const frame = {
  left: z.number().optional(),
  top: z.number().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
};
const aliasSchema = z.object({
  parent: z.string(),
  hFlip: z.boolean().optional(),
  vFlip: z.boolean().optional(),
  rotate: z.number().optional(),
});
const iconsSchema = z.object({
  icons: z.record(z.string(), z.object({ body: z.string(), ...frame })),
  aliases: z.record(z.string(), aliasSchema).optional(),
  ...frame,
});
const infoSchema = z.object({
  name: z.string(),
  author: z.object({ name: z.string(), url: z.string().optional() }),
  license: z.object({ title: z.string(), url: z.string().optional() }),
});
const metadataSchema = z.object({ categories: z.record(z.string(), z.array(z.string())).optional() });
const charactersSchema = z.record(z.string(), z.string());

/** The files of an `@iconify-json/*` package that are read. */
export const ICONIFY_FILES = ['package.json', 'icons.json', 'info.json', 'metadata.json', 'chars.json'] as const;

/** A vector drawing without its frame: the same drawing under two names is the same body. */
export interface Drawing {
  readonly body: string;
  readonly viewBox: string;
}

const squash = (name: string): string => name.replaceAll('-', '');

export class IconSet {
  readonly notice: LicenceNotice;
  /** Category to icon names; empty where the package has none. */
  readonly categories: ReadonlyMap<string, readonly string[]>;
  /** Unicode sequence (code points in lower-case hexadecimal, joined by '-') to icon name; empty where there is none. */
  readonly characters: ReadonlyMap<string, string>;
  private readonly icons: z.infer<typeof iconsSchema>;
  /** Names without hyphens, which some sets leave out. */
  private readonly squashed: ReadonlyMap<string, string>;

  private constructor(
    icons: z.infer<typeof iconsSchema>,
    info: z.infer<typeof infoSchema>,
    categories: Readonly<Record<string, readonly string[]>>,
    characters: Readonly<Record<string, string>>,
  ) {
    this.icons = icons;
    this.categories = new Map(Object.entries(categories));
    this.characters = new Map(Object.entries(characters));
    this.squashed = new Map(
      [...Object.keys(icons.aliases ?? {}), ...Object.keys(icons.icons)].map((name) => [squash(name), name]),
    );
    this.notice = {
      work: info.name,
      author: info.author.name,
      licence: info.license.title,
      url: info.author.url ?? info.license.url ?? '',
    };
  }

  /** Reads an unpacked `@iconify-json/*` package. */
  static async open(folder: string): Promise<IconSet> {
    const json = async <T>(file: string, schema: z.ZodType<T>): Promise<T> =>
      schema.parse(JSON.parse(await readFile(join(folder, file), 'utf8')));
    const [icons, info, { categories = {} }, characters] = await Promise.all([
      json('icons.json', iconsSchema),
      json('info.json', infoSchema),
      json('metadata.json', metadataSchema),
      json('chars.json', charactersSchema),
    ]);
    return new IconSet(icons, info, categories, characters);
  }

  /** The set's own spelling of a name, hyphens aside; undefined when it has none like it. */
  find(name: string): string | undefined {
    return this.squashed.get(squash(name));
  }

  /** The drawing of that name, aliases followed; undefined when there is none, or only a turned or mirrored one. */
  drawing(name: string): Drawing | undefined {
    let icon = this.icons.icons[name];
    let alias = this.icons.aliases?.[name];
    // A chain of aliases is short; the bound ends a circle.
    for (let i = 0; icon === undefined && alias !== undefined && i < 8; i++) {
      if (alias.hFlip || alias.vFlip || alias.rotate) return undefined;
      icon = this.icons.icons[alias.parent];
      alias = this.icons.aliases?.[alias.parent];
    }
    if (icon === undefined) return undefined;
    const box = { left: 0, top: 0, width: 16, height: 16, ...this.icons, ...icon };
    return { body: icon.body, viewBox: `${box.left} ${box.top} ${box.width} ${box.height}` };
  }
}
