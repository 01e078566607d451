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

export const configProblems = (config: Config): ConfigProblem[] => [
  ...shapeProblems(config),
  ...stemProblems(config),
  ...encoderProblems(config),
  ...splitProblems(config),
  ...writeProblems(config),
  ...trainingProblems(config),
];

function* shapeProblems({ pictures, model: { patchSize, width, heads } }: Config): Generator<ConfigProblem> {
  if (pictures.size % patchSize !== 0) {
    yield {
      key: 'pictures.size',
      message: `pictures.size ${pictures.size} is not a multiple of model.patchSize ${patchSize}`,
      hint: `set pictures.size to ${multiples(pictures.size, patchSize, 8, 512)}`,
    };
  }
  if (width % heads !== 0) {
    yield {
      key: 'model.width',
      message: `model.width ${width} is not a multiple of model.heads ${heads}`,
      hint: `set model.width to ${multiples(width, heads)}`,
    };
  }
}

/** Windows move by a share of a patch and look half as far over the border (query/pixel-input.ts). */
function* stemProblems({ model: { stem, windows, patchSize, width } }: Config): Generator<ConfigProblem> {
  if (stem === 'linear') return;
  if (patchSize % (2 * windows) !== 0) {
    const fewer = Array.from({ length: windows }, (_, i) => windows - i).find((each) => patchSize % (2 * each) === 0);
    yield {
      key: 'model.patchSize',
      message: `model.patchSize ${patchSize} is not a multiple of ${2 * windows}, as model.stem ${stem} with model.windows ${windows} needs`,
      hint: `set model.patchSize to ${multiples(patchSize, 2 * windows)}, ${fewer === undefined ? '' : `model.windows to ${fewer}, `}or model.stem to linear`,
    };
  }
  if (width % 2 !== 0) {
    yield {
      key: 'model.width',
      message: `model.width ${width} is odd, and model.stem ${stem} halves it`,
      hint: `set model.width to ${multiples(width, 2)}, or model.stem to linear`,
    };
  }
}

function* encoderProblems({ identifiers, encoder }: Config): Generator<ConfigProblem> {
  if (identifiers.scheme === 'semantic' && identifiers.vectors === 'encoder' && encoder.file === '') {
    yield {
      key: 'identifiers.vectors',
      message: 'identifiers.vectors is encoder, and encoder.file names none',
      hint: 'set encoder.file to an ONNX file, or identifiers.vectors to pixels or bovw',
    };
  }
  for (const key of ['mean', 'std'] as const) {
    const values = encoder[key];
    if (values.length === 0 || values.length === 3) continue;
    yield {
      key: `encoder.${key}`,
      message: `encoder.${key} has ${values.length} numbers`,
      hint: `set encoder.${key} to three, of red, green and blue, or to []`,
    };
  }
  if (encoder.std.some((value) => value <= 0)) {
    yield {
      key: 'encoder.std',
      message: `encoder.std [${encoder.std.join(', ')}] is divided by`,
      hint: 'set encoder.std to numbers above 0',
    };
  }
}

function* splitProblems({
  split: { validationFraction, testFraction },
  training: { plan },
}: Config): Generator<ConfigProblem> {
  const together = `split.validationFraction ${validationFraction} and split.testFraction ${testFraction}`;
  const heldOut = validationFraction + testFraction;
  if (heldOut > 1 + 1e-9) {
    yield {
      key: 'split.validationFraction',
      message: `${together} are together more than 1`,
      hint: 'they are shares of the queries: make their sum 1 or less',
    };
    return;
  }
  // What the plan `write` learns from is the catalogue.
  if (plan === 'write' || heldOut < 1) return;
  yield {
    key: 'split.validationFraction',
    message: `${together} leave no query to train with`,
    hint: 'make their sum less than 1',
  };
}

function* writeProblems({ training, identifiers, text }: Config): Generator<ConfigProblem> {
  if (training.effort !== 'normal' && (training.plan !== 'write' || training.minutes > 0)) {
    const [reason, hint] =
      training.plan === 'write'
        ? [`training.minutes ${training.minutes} decides that already`, 'leave out one of the two']
        : [`training.plan is ${training.plan}`, 'set training.plan to write, or training.effort to normal'];
    yield {
      key: 'training.effort',
      message: `training.effort ${training.effort} is how long a network of the plan write learns to see, and ${reason}`,
      hint,
    };
  }
  if (training.plan === 'write') return;
  if (text.tokens > 0) {
    yield {
      key: 'text.tokens',
      message: `text.tokens ${text.tokens} is of a network that learns to read, and with training.plan ${training.plan} none does`,
      hint: 'set training.plan to write, or text.tokens to 0',
    };
  }
  if (training.minutes > 0) {
    yield {
      key: 'training.minutes',
      message: `training.minutes ${training.minutes} is a time for the plan write, and training.plan is ${training.plan}`,
      hint: 'set training.plan to write, or set training.indexingEpochs in place of a time',
    };
  }
  if (identifiers.scheme === 'semantic' && identifiers.vectors === 'network') {
    yield {
      key: 'identifiers.vectors',
      message: `identifiers.vectors is network, and with training.plan ${training.plan} the network is trained on identifiers that are given before`,
      hint: 'set training.plan to write, or identifiers.vectors to pixels, bovw or encoder',
    };
  }
}

function* trainingProblems({ training }: Config): Generator<ConfigProblem> {
  const { plan, indexingEpochs, retrievalEpochs } = training;
  if (plan === 'write' || indexingEpochs > 0 || (plan === 'sequential' && retrievalEpochs > 0)) return;
  yield {
    key: 'training.indexingEpochs',
    message: `training.indexingEpochs 0 with the ${plan} plan trains nothing`,
    hint: 'set training.indexingEpochs above 0',
  };
}

/** The multiples of `step` on both sides of `value`, in words: '40 or 48'. */
function multiples(value: number, step: number, least = 1, most = Number.POSITIVE_INFINITY): string {
  const below = Math.floor(value / step) * step;
  const near = [below, below + step].filter((n) => n >= least && n <= most);
  return near.length > 0 ? near.join(' or ') : `a multiple of ${step}`;
}
