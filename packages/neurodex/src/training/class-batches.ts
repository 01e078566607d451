import { float32, normal, parameter, type Random } from '@neurodex/autograd';
import type { ObjectiveGraph } from '../dsi/graphs/training.ts';
import { classLoss, PROXIES } from '../dsi/model/class-loss.ts';
import type { TargetArrays } from './batches.ts';
import { SeeBatches, type SeenPicture, type SeenSource } from './see-batches.ts';

/** Classes that have proxies, at most: a batch moves the proxies of all of them. */
const MOST_CLASSES = 2048;

/** Labels in the order of their first pictures. */
export const classesOf = (pictures: readonly SeenPicture[]): string[] => [
  ...new Set(pictures.flatMap(({ labels }) => labels)),
];

/** Whether pictures are to be told apart by their classes: each has one, and there are some and not too many. */
export function haveClasses(pictures: readonly SeenPicture[]): boolean {
  const count = classesOf(pictures).length;
  return count > 1 && count <= MOST_CLASSES && pictures.every(({ labels }) => labels.length > 0);
}

/** Batches whose targets are the classes of the pictures, those of a picture with the same weight. */
export class ClassBatches extends SeeBatches {
  readonly objective: ObjectiveGraph;
  private readonly places: ReadonlyMap<string, number>;

  constructor(source: SeenSource, random: Random) {
    super(source, random);
    const { contrast } = source.config.training;
    this.places = new Map(classesOf(source.pictures).map((label, place) => [label, place]));
    const C = this.places.size;
    this.objective = {
      parameters: { [PROXIES]: normal(1, C, source.geometry.width) },
      inputs: (B) => ({ classes: float32(B, C) }),
      loss: (parameters, inputs, geometry, options) => {
        const batch = { input: parameter(inputs, 'input'), classes: parameter(inputs, 'classes') };
        return classLoss(parameters, batch, contrast, geometry, options);
      },
    };
  }

  protected choose(): readonly SeenPicture[] {
    return Array.from({ length: this.size }, () => this.sampler.draw(this.random));
  }

  protected allocateTargets(): TargetArrays {
    return { classes: new Float32Array(this.size * this.places.size) };
  }

  protected writeTargets(chosen: readonly SeenPicture[], targets: TargetArrays): void {
    const classes = targets.classes as Float32Array;
    classes.fill(0);
    for (const [b, { labels }] of chosen.entries()) {
      const own = new Set(labels);
      for (const label of own) classes[b * this.places.size + (this.places.get(label) ?? NaN)] = 1 / own.size;
    }
  }
}
