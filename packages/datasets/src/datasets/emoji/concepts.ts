import { defined } from '@neurodex/core';
import { Random } from '@neurodex/core/random';
import type { Role } from '../dataset.ts';
import type { Artist } from './artists.ts';
import type { Drawing, IconSet } from './iconify.ts';

/** One artist's icons and the role that its pictures get. */
export interface Contribution {
  readonly artist: Artist;
  readonly role: Role;
  readonly icons: IconSet;
}

/** One thing, as several artists have drawn it. */
export interface Concept {
  readonly name: string;
  readonly drawings: readonly { readonly artist: string; readonly role: Role; readonly drawing: Drawing }[];
}

/**
 * Unicode's groups of things, in its order. People differ by skin tone and sex only, symbols and flags are the same
 * shapes whoever draws them: they are left out.
 */
const GROUPS = ['Smileys & Emotion', 'Animals & Nature', 'Food & Drink', 'Travel & Places', 'Activities', 'Objects'];

/** A concept needs at least so many artists to learn from, beside the ones it is catalogued and tested with. */
const TRAINING_ARTISTS = 3;

/** Drawn as lettering or as a clock's hands: nothing that could be told apart at the size of a thumbnail. */
const EXCLUDED = /-oclock$|-thirty$|^zzz$|^hundred-points$/;

/** Faces that carry something of their own; the plain ones differ by the bend of a mouth. */
const SPEAKING_FACES =
  /heart-eyes|sunglasses|halo|tears-of-joy|loudly-crying|screaming|mask|horns|blowing|cowboy|clown|nerd|head-bandage|thermometer|enraged|upside-down|zipper|sneezing|sleeping|thinking|medical/;
const PLAIN_FACE = /(?:^|-)(?:face|grinning|smiling)(?:-|$)/;

/** Of each family of drawings that hardly differ, one is taken: the first in the order of the seed. */
const FAMILIES: readonly RegExp[] = [
  /monkey/,
  /hearts?(-|$)(?!eyes|suit)|^love-letter$/,
  /bubble|balloon$(?<=speech-balloon|thought-balloon)/,
  /-suit$|^joker$|^flower-playing-cards$|^mahjong/,
  /(^|-)(moon|moon-face)$/,
  /^sun(-|$)|^cloud/,
  /(^|-)star$|^sparkles$|^dizzy$/,
  /umbrella-|umbrella$/,
  /^globe-/,
  /mountain$|^mount-|^volcano$/,
  /^cityscape|^sun(rise|set)|^night-with|^bridge-at|^foggy$|^milky-way$/,
  /^(bank|hotel|love-hotel|hospital|school|stadium|classical-building)$|post-office|office-building|-store$/,
  /^houses?$|-house$|^house-/,
  /train$|^tram|^metro$|^monorail$|^light-rail$|^railway-|^station$|^locomotive$/,
  /cableway|tramway|suspension-railway|mountain-railway/,
  /automobile|taxi|police-car$|racing-car|sport-utility/,
  /bus$|ambulance|truck|lorry|fire-engine/,
  /airplane/,
  /^(motor-boat|speedboat|ship|passenger-ship|ferry)$/,
  /hourglass/,
  /clock$|^watch$|^stopwatch$/,
  /traffic-light/,
  /snowman/,
  /-tree$/,
  /chick$|^chicken$|^rooster$/,
  /^(cow|ox|water-buffalo)/,
  /^(ewe|ram|goat)$/,
  /camel$/,
  /^(mouse|rat|hamster)/,
  /^(tiger|leopard)/,
  /^(dog|poodle|wolf)/,
  /^(pig|boar)/,
  /^(cat|rabbit|horse|dragon)(-face)?$/,
  /whale$/,
  /fish$/,
  /leaf|^herb$|^seedling$|^clover/,
  /blossom$|^white-flower$|^hibiscus$|^rosette$/,
  /apple$|^tomato$|^peach$/,
  /beer/,
  /ice-cream|shaved-ice/,
  /^cooked-rice$|^curry-rice$|^rice-/,
  /fork-and-knife/,
  /^hot-beverage$|^teacup|^sake$/,
  /^(birthday-cake|shortcake)$/,
  /-medal$|^trophy$/,
  /ticket/,
  /book|ledger/,
  /mailbox/,
  /envelope|^e-mail$/,
  /speaker|^loudspeaker$/,
  /^bell/,
  /banknote|money-/,
  /^chart-|^bar-chart$/,
  /locked/,
  /key$/,
  /magnifying/,
  /calendar|notepad/,
  /^page-|^memo$|^bookmark|newspaper|^scroll$/,
  /^(pen|fountain-pen|pencil|crayon|paintbrush|black-nib)$/,
  /camera/,
  /^(optical-disk|dvd|computer-disk|floppy-disk)$/,
  /^mobile-phone|^pager$/,
  /^telephone/,
  /paperclip/,
  /pushpin/,
  /folder|card-index|^card-file/,
  /-tray$/,
  /glasses$(?<!wine-glasses)/,
  /-ruler$/,
  /^musical-(note|score)/,
  /hammer|^clamp$|^wrench$/,
  /^(hand|clutch-)bag$|^purse$/,
  /^womans-(hat|boot|sandal|clothes)$|^high-heeled-shoe$/,
  /^(mans|running)-shoe$/,
  /^(t-shirt|running-shirt|jeans)$/,
  /film|clapper/,
];

const familiesOf = (name: string): RegExp[] => {
  const families = FAMILIES.filter((family) => family.test(name));
  return PLAIN_FACE.test(name) && !SPEAKING_FACES.test(name) ? [...families, PLAIN_FACE] : families;
};

/** Unicode sequences that are one person's variant or a combination of several emoji: skin tones, joiners, keycaps. */
const COMBINED = /(^|-)(200d|20e3|1f3f[b-f]|1f1[e-f][0-9a-f])(-|$)/;

/**
 * Finds the same emoji in every set: by Unicode sequence where a set states them, else by any of the names that the sets
 * with sequences give it.
 */
class Joiner {
  private readonly contributions: readonly Contribution[];
  private readonly sequences: ReadonlyMap<string, readonly string[]>;

  constructor(contributions: readonly Contribution[], reference: IconSet) {
    this.contributions = contributions;
    const sequences = new Map<string, string[]>();
    for (const [sequence, name] of reference.characters) {
      if (!COMBINED.test(sequence)) sequences.set(name, [...(sequences.get(name) ?? []), sequence]);
    }
    this.sequences = sequences;
  }

  has(name: string): boolean {
    return this.sequences.has(name);
  }

  concept(name: string): Concept {
    const sequences = this.sequences.get(name) ?? [];
    const known = this.contributions.map(({ icons }) =>
      sequences.map((sequence) => icons.characters.get(sequence)).find((found) => found !== undefined),
    );
    const names = [...new Set([name, ...known.filter((found) => found !== undefined)])];
    const drawings: Concept['drawings'][number][] = [];
    for (const [i, { artist, role, icons }] of this.contributions.entries()) {
      // Firefox OS calls the whole animal 'catside', and its face 'cat'.
      const own = known[i] ?? names.flatMap((each) => [`${each}side`, each]).find((each) => icons.find(each));
      const found = own === undefined ? undefined : icons.find(own);
      const drawing = found === undefined ? undefined : icons.drawing(found);
      if (drawing !== undefined) drawings.push({ artist: artist.name, role, drawing });
    }
    return { name, drawings };
  }
}

/** Artwork that is kept first when two artists' names stand for the same drawing. */
const PRECEDENCE: readonly Role[] = ['catalogue', 'test', 'validation', 'train'];

/**
 * The first `count` concepts in the order of the seed, spread evenly over the groups; with a larger count the same ones
 * come first. Every artist of the catalogue and of the test has drawn each of them, and at least three of the training
 * artists have; the artist of validation is measured on what there is. A drawing that occurs under two names is used once.
 * @param reference the set whose categories and Unicode sequences define the emoji
 * @returns as many as there are, at most `count`
 */
export function chooseConcepts(
  contributions: readonly Contribution[],
  reference: IconSet,
  count: number,
  seed: number,
): Concept[] {
  const joiner = new Joiner(contributions, reference);
  const queues = GROUPS.map((group) =>
    Random.stream(seed, `emoji ${group}`)
      .shuffled([...(reference.categories.get(group) ?? [])].sort())
      .filter((name) => joiner.has(name) && !EXCLUDED.test(name)),
  );
  const chosen: Concept[] = [];
  const seenDrawings = new Set<string>();
  const seenFamilies = new Set<RegExp>();

  /** The concept with the drawings that are new, if enough of them are. */
  const admit = (name: string): Concept | undefined => {
    const families = familiesOf(name);
    if (families.some((family) => seenFamilies.has(family))) return undefined;
    const { drawings } = joiner.concept(name);
    const bodies = new Set<string>();
    const fresh = PRECEDENCE.flatMap((role) => drawings.filter((each) => each.role === role)).filter(({ drawing }) => {
      const isNew = !seenDrawings.has(drawing.body) && !bodies.has(drawing.body);
      bodies.add(drawing.body);
      return isNew;
    });
    const complete = contributions.every(
      ({ artist, role }) =>
        role === 'train' || role === 'validation' || fresh.some((each) => each.artist === artist.name),
    );
    if (!complete || fresh.filter(({ role }) => role === 'train').length < TRAINING_ARTISTS) return undefined;
    for (const family of families) seenFamilies.add(family);
    for (const body of bodies) seenDrawings.add(body);
    return { name, drawings: fresh };
  };

  while (chosen.length < count && queues.some((queue) => queue.length > 0)) {
    for (const queue of queues) {
      let concept: Concept | undefined;
      while (concept === undefined && queue.length > 0) concept = admit(defined(queue.shift(), 'the next name'));
      if (concept !== undefined && chosen.length < count) chosen.push(concept);
    }
  }
  return chosen;
}
