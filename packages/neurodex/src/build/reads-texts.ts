import { allTexts } from '../pictures/picture-texts.ts';
import { type BuildRequest, isWanted } from './build.ts';

/** Whether a build has words to learn, and is asked to. */
export const readsTexts = (request: Pick<BuildRequest, 'config' | 'dataset' | 'systems'>): boolean =>
  isWanted(request, 'dsi') &&
  request.config.training.plan === 'write' &&
  request.config.text.tokens > 0 &&
  request.dataset.pictures.some((picture) => allTexts(picture).length > 0);
