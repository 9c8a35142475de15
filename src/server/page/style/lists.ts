import { css } from './css.js'

/** Listings, filters and charts. */
export const LISTS = css`
  .rows {
    list-style: none;
    margin: 0;
    padding: 0;
    background: var(--card);
    border: 1px solid var(--line);
    border-radius: 8px;
  }
  .rows li {
    padding: 0.6rem 1rem;
    overflow-wrap: anywhere;
  }
  .rows li + li {
    border-top: 1px solid var(--line);
  }
  .marked li {
    display: grid;
    grid-template-columns: 1.5rem minmax(0, 1fr);
    gap: 0 0.75rem;
  }
  .marked li > div {
    grid-column: 2;
  }
  .marked .mark {
    margin: -0.6rem -0.75rem -0.6rem -1rem;
    padding: 0.8rem 0.75rem 0.6rem 1rem;
    cursor: pointer;
  }
  .rows + button {
    margin-top: 0.75rem;
  }
  .rows .what {
    font-weight: 600;
  }
  .rows .why,
  .rows .why + .quiet {
    display: block;
  }
  .rows .why + .quiet {
    font-size: 0.9rem;
  }
  .label {
    border: 1px solid var(--field);
    border-radius: 99px;
    padding: 0 0.6rem;
    font-size: 0.85rem;
    white-space: nowrap;
    color: var(--quiet);
  }
  .filter .fields {
    display: grid;
    gap: 0 1rem;
    align-items: end;
    grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr));
  }
  .filter label {
    margin-top: 0.25rem;
  }
  .pages {
    margin: 1rem 0;
  }
  .pages a {
    border: 1px solid var(--line);
    background: var(--card);
  }
  .charts small {
    font-size: 0.9rem;
    font-weight: 400;
    color: var(--quiet);
  }
  .charts svg {
    width: 100%;
    height: 2.75rem;
    margin: 0.25rem 0;
  }
  .charts .line {
    fill: none;
    stroke: var(--accent);
    stroke-width: 2;
    vector-effect: non-scaling-stroke;
  }
  .charts .area {
    fill: var(--accent);
    opacity: 0.15;
  }
  .actors {
    width: auto;
    min-width: min(36rem, 100%);
  }
  .actors th,
  .actors td {
    vertical-align: middle;
  }
  .actors thead th {
    white-space: normal;
  }
  .actors th:first-child {
    min-width: 4rem;
  }
  .actors tbody th {
    overflow-wrap: anywhere;
    padding-block: 0;
  }
  .rows + form {
    margin-top: 1rem;
  }
`
