import { allTexts } from '../pictures/picture-texts.ts';
import { type BuildRequest, isWanted } from './build.ts';
import { needsNoTexts } from './open-text-encoder.ts';

/** Whether a build has words to learn, or a text encoder that needs none, and is asked to. */
export const readsTexts = (request: Pick<BuildRequest, 'config' | 'dataset' | 'systems'>): boolean =>
  isWanted(request, 'dsi') &&
  request.config.training.plan === 'write' &&
  request.config.text.tokens > 0 &&
  (request.dataset.pictures.some((picture) => allTexts(picture).length > 0) || needsNoTexts(request.config));
