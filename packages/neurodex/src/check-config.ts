import { NeurodexError } from '@neurodex/core';
import type { Config } from './config.ts';

/** Something that is wrong with one key of a configuration, or with several together. */
export interface ConfigProblem {
  readonly key: string;
  readonly message: string;
  readonly hint: string;
}

/**
 * What the schema cannot say: keys that are sound on their own and do not fit each other.
 * @throws NeurodexError `config-invalid`
 */
export function checkConfig(config: Config): void {
  const problems = configProblems(config);
  if (problems.length > 0) throw invalidConfig(problems);
}

/** One error for all problems, so that none is found only after another is mended. */
export function invalidConfig(problems: readonly ConfigProblem[]): NeurodexError {
  return new NeurodexError('config-invalid', problems.map(({ message }) => message).join('; '), {
    hint: problems.map(({ hint }) => hint).join('; '),
    details: { keys: problems.map(({ key }) => key) },
  });
}

export function configProblems({ pictures, split, model, training, identifiers, encoder }: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const refuse = (key: string, message: string, hint: string): void => {
    problems.push({ key, message, hint });
  };
  const { patchSize, width, heads } = model;

  if (pictures.size % patchSize !== 0) {
    refuse(
      'pictures.size',
      `pictures.size ${pictures.size} is not a multiple of model.patchSize ${patchSize}`,
      `set pictures.size to ${multiples(pictures.size, patchSize, 8, 512)}`,
    );
  }
  if (width % heads !== 0) {
    refuse(
      'model.width',
      `model.width ${width} is not a multiple of model.heads ${heads}`,
      `set model.width to ${multiples(width, heads)}`,
    );
  }
  if (model.stem === 'convolutional') {
    // Its first stage moves by half a patch and looks a quarter of a patch over the border (dsi/model/patch-embedding.ts).
    if (patchSize % 4 !== 0) {
      refuse(
        'model.patchSize',
        `model.patchSize ${patchSize} is not a multiple of 4, as the convolutional stem needs`,
        `set model.patchSize to ${multiples(patchSize, 4)}, or model.stem to linear`,
      );
    }
    if (width % 2 !== 0) {
      refuse(
        'model.width',
        `model.width ${width} is odd, and the convolutional stem halves it`,
        `set model.width to ${multiples(width, 2)}, or model.stem to linear`,
      );
    }
  }
  if (identifiers.scheme === 'semantic' && identifiers.vectors === 'encoder' && encoder.file === '') {
    refuse(
      'identifiers.vectors',
      'identifiers.vectors is encoder, and encoder.file names none',
      'set encoder.file to an ONNX file, or identifiers.vectors to pixels or bovw',
    );
  }
  for (const key of ['mean', 'std'] as const) {
    const values = encoder[key];
    if (values.length !== 0 && values.length !== 3) {
      refuse(
        `encoder.${key}`,
        `encoder.${key} has ${values.length} numbers`,
        `set encoder.${key} to three, of red, green and blue, or to []`,
      );
    }
  }
  if (encoder.std.some((value) => value <= 0)) {
    refuse(
      'encoder.std',
      `encoder.std [${encoder.std.join(', ')}] is divided by`,
      'set encoder.std to numbers above 0',
    );
  }
  if (split.validationFraction + split.testFraction >= 1) {
    refuse(
      'split.validationFraction',
      `split.validationFraction ${split.validationFraction} and split.testFraction ${split.testFraction} leave no query to train with`,
      'make their sum less than 1',
    );
  }
  const { plan, indexingEpochs, retrievalEpochs } = training;
  if (indexingEpochs === 0 && (plan === 'joint' || retrievalEpochs === 0)) {
    refuse(
      'training.indexingEpochs',
      `training.indexingEpochs 0 with the ${plan} plan trains nothing`,
      'set training.indexingEpochs above 0',
    );
  }
  return problems;
}

/** The multiples of `step` on both sides of `value`, in words: '40 or 48'. */
function multiples(value: number, step: number, least = 1, most = Number.POSITIVE_INFINITY): string {
  const below = Math.floor(value / step) * step;
  const near = [below, below + step].filter((n) => n >= least && n <= most);
  return near.length > 0 ? near.join(' or ') : `a multiple of ${step}`;
}
