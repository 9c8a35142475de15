import { css } from './css.js'

/** The page as a whole, its header and its navigation. */
export const FRAME = css`
  * {
    box-sizing: border-box;
  }
  html {
    -webkit-text-size-adjust: 100%;
  }
  body {
    margin: 0;
    background: var(--ground);
    color: var(--ink);
    font:
      1rem/1.5 system-ui,
      -apple-system,
      'Segoe UI',
      Roboto,
      'Noto Sans',
      'DejaVu Sans',
      sans-serif;
    font-variant-numeric: tabular-nums;
  }
  a {
    color: var(--accent);
    text-underline-offset: 0.15em;
  }
  :focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
    border-radius: 3px;
  }
  main:focus {
    outline: none;
  }
  .skip {
    position: absolute;
    left: -99rem;
  }
  .skip:focus {
    left: 1rem;
    top: 0.5rem;
    background: var(--card);
    padding: 0.5rem 1rem;
    z-index: 1;
  }
  header {
    display: flex;
    flex-wrap: wrap;
    gap: 0.25rem 1.5rem;
    align-items: center;
    padding: 0.5rem max(1rem, calc(50% - 34rem));
    background: var(--card);
    border-bottom: 1px solid var(--line);
  }
  .brand {
    font-weight: 700;
    color: var(--ink);
    text-decoration: none;
    padding: 0.4rem 0;
  }
  nav ul {
    list-style: none;
    margin: 0;
    padding: 0;
    display: flex;
    flex-wrap: wrap;
    gap: 0.25rem;
  }
  nav a {
    display: block;
    padding: 0.4rem 0.7rem;
    border-radius: 6px;
    color: var(--ink);
    text-decoration: none;
  }
  nav a:hover {
    background: var(--ground);
    text-decoration: underline;
  }
  nav a[aria-current] {
    background: var(--accent);
    color: var(--on-accent);
  }
  .who {
    margin-left: auto;
    display: flex;
    gap: 0.75rem;
    align-items: center;
  }
  main {
    max-width: 70rem;
    margin: 0 auto;
    padding: 1rem 1rem 4rem;
  }
  h1 {
    font-size: 1.6rem;
    line-height: 1.2;
    margin: 0.75rem 0 1rem;
  }
  h2 {
    font-size: 1.15rem;
    margin: 1.75rem 0 0.5rem;
  }
  .tabs {
    margin: 0 0 1rem;
  }
  .tabs a {
    border: 1px solid var(--line);
    background: var(--card);
  }
`
