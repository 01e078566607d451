import type { EncoderPreset } from '../../config.ts';

/** How an encoder is fed and read; undefined is left to its file. */
export interface EncoderDefaults {
  readonly input?: string;
  readonly output?: string;
  readonly size?: number;
  /** Of red, green and blue, taken from values of 0 to 1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * The exports on Hugging Face's hub (onnx-community, Xenova), made by Optimum: names of their inputs and outputs, and the
 * normalisation in their preprocessor_config.json. DINOv2 gives the class token and the patches, CLIP the projected vector
 * that its texts are compared with, SigLIP the vector of its attention pooling.
 */
export const ENCODERS = {
  none: { mean: [0, 0, 0], std: [1, 1, 1] },
  dinov2: {
    input: 'pixel_values',
    output: 'last_hidden_state',
    size: 224,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  },
  clip: {
    input: 'pixel_values',
    output: 'image_embeds',
    size: 224,
    mean: [0.48145466, 0.4578275, 0.40821073],
    std: [0.26862954, 0.26130258, 0.27577711],
  },
  siglip: {
    input: 'pixel_values',
    output: 'pooler_output',
    size: 224,
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
  },
} as const satisfies { readonly [Name in EncoderPreset]: EncoderDefaults };
