import { describe, expect, it } from 'vitest';
import { allTexts, pictureTexts } from './picture-texts.ts';

describe('the texts of a picture', () => {
  it.each([
    ['fire_truck', 'fire truck'],
    ['fire-truck', 'fire truck'],
    ['jack-o-lantern', 'jack o lantern'],
    ['a well-known dog', 'a well-known dog'],
    ['boeing-747', 'boeing 747'],
    ['3-wheeler', '3 wheeler'],
    ['1990-2000', '1990-2000'],
    ['-minus', '-minus'],
    ['__new_york__ city ', 'new york city'],
    ['chien-loup', 'chien loup'],
    ['犬-猫', '犬 猫'],
    ['T-shirt/top', 'T shirt/top'],
    ['two  spaces', 'two  spaces'],
    ['_', '_'],
  ])('have the label %s as %s', (label, words) => {
    expect(pictureTexts({ path: '1.png', labels: [label] }).labels).toEqual([words]);
  });

  it('are distinct and trimmed, captions as they are', () => {
    const picture = {
      path: 'a/red-barn.jpg',
      labels: ['red_barn', 'red-barn', ' ', 'house'],
      captions: [' A red_barn.\n', 'A red_barn.', '', 'a red-barn'],
    };
    expect(pictureTexts(picture)).toEqual({
      captions: ['A red_barn.', 'a red-barn'],
      labels: ['red barn', 'house'],
      name: 'red barn',
    });
    expect(allTexts(picture)).toEqual(['A red_barn.', 'a red-barn', 'red barn', 'house']);
  });

  it('come in the order captions, labels, name, and may be none', () => {
    expect(allTexts({ path: 'sunset.jpg', labels: ['sea'], captions: ['Waves'] })).toEqual(['Waves', 'sea', 'sunset']);
    expect(pictureTexts({ path: '7.png', labels: [] })).toEqual({ captions: [], labels: [], name: undefined });
    expect(allTexts({ path: '7.png', labels: [] })).toEqual([]);
  });
});
