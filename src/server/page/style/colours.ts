import { css } from './css.js'

/** Colours. One accent; contrasts are at least 4.5 to 1 on both grounds. */
export const COLOURS = css`
  :root {
    color-scheme: light dark;
    --ground: #f6f7f9;
    --card: #fff;
    --line: #d5d9e0;
    --field: #7b8494;
    --ink: #16191f;
    --quiet: #545d6c;
    --accent: #2450c4;
    --on-accent: #fff;
    --good: #0b6b3a;
    --warn: #8a5300;
    --bad: #b3141d;
    --good-ground: #e8f5ed;
    --warn-ground: #fdf3e0;
    --bad-ground: #fdecec;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --ground: #101318;
      --card: #191d24;
      --line: #333a45;
      --field: #7e8899;
      --ink: #e8ebf0;
      --quiet: #a4adbb;
      --accent: #8fb0ff;
      --on-accent: #0c1220;
      --good: #6fd39b;
      --warn: #f2b654;
      --bad: #ff8f8b;
      --good-ground: #14281d;
      --warn-ground: #2c2210;
      --bad-ground: #351a1c;
    }
  }
`
