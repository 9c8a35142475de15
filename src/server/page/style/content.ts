import { css } from './css.js'

/** What pages show. */
export const CONTENT = css`
  .card h2 {
    margin-top: 0;
  }
  .quiet {
    color: var(--quiet);
  }
  .number {
    text-align: right;
    font-variant-numeric: tabular-nums;
  }
  code {
    font:
      0.93em/1.4 ui-monospace,
      SFMono-Regular,
      Menlo,
      Consolas,
      'DejaVu Sans Mono',
      monospace;
    overflow-wrap: anywhere;
  }
  .state {
    border: 1px solid var(--line);
    border-left: 0.5rem solid;
    border-radius: 8px;
    padding: 0.75rem 1rem;
    margin: 0 0 1rem;
  }
  .state.plain {
    border-color: var(--accent);
    background: var(--card);
  }
  .state.good {
    border-color: var(--good);
    background: var(--good-ground);
  }
  .state.warn {
    border-color: var(--warn);
    background: var(--warn-ground);
  }
  .state.bad {
    border-color: var(--bad);
    background: var(--bad-ground);
  }
  .headline {
    font-size: 1.2rem;
    margin: 0;
  }
  .headline .quiet {
    font-size: 0.9rem;
  }
  .state.good .headline strong {
    color: var(--good);
  }
  .state.warn .headline strong {
    color: var(--warn);
  }
  .state.bad .headline strong {
    color: var(--bad);
  }
  .state ul {
    margin: 0.5rem 0 0;
    padding-left: 1.2rem;
  }
  .state li {
    margin: 0.3rem 0;
  }
  .state li.bad > strong {
    color: var(--bad);
  }
  .state li.warn > strong {
    color: var(--warn);
  }
  .notice {
    border: 1px solid var(--accent);
    border-radius: 8px;
    padding: 0.25rem 1rem;
    margin: 0 0 1rem;
    background: var(--card);
  }
  .notice p {
    margin: 0.5rem 0;
  }
  .fault {
    color: var(--bad);
    font-weight: 600;
  }
  .figures {
    list-style: none;
    padding: 0;
    margin: 0;
    display: grid;
    gap: 0.75rem;
    grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr));
  }
  .figures li {
    background: var(--card);
    border: 1px solid var(--line);
    border-radius: 8px;
    padding: 0.75rem 1rem;
    display: flex;
    flex-direction: column;
  }
  .figures .value {
    font-size: 1.7rem;
    font-weight: 650;
    line-height: 1.3;
  }
  .figures .name {
    font-weight: 600;
  }
  .figures .quiet {
    font-size: 0.9rem;
  }
  table {
    border-collapse: collapse;
    width: 100%;
    background: var(--card);
    border: 1px solid var(--line);
    border-radius: 8px;
  }
  th,
  td {
    text-align: left;
    vertical-align: top;
    padding: 0.5rem 0.75rem;
    border-top: 1px solid var(--line);
  }
  td {
    overflow-wrap: anywhere;
  }
  thead th {
    border-top: 0;
    color: var(--quiet);
    font-weight: 600;
    font-size: 0.9rem;
  }
  td.number,
  th.number {
    text-align: right;
    white-space: nowrap;
  }
  .parts th:first-child {
    width: 7rem;
  }
  .states td:nth-child(2) {
    white-space: nowrap;
  }
  .dot {
    display: inline-block;
    width: 0.65em;
    height: 0.65em;
    border-radius: 50%;
    margin-right: 0.5em;
    background: var(--field);
  }
  .dot.good {
    background: var(--good);
  }
  .dot.bad {
    background: var(--bad);
    border-radius: 0;
  }
  .card {
    background: var(--card);
    border: 1px solid var(--line);
    border-radius: 8px;
    padding: 1rem;
    margin: 0 0 1rem;
  }
  .narrow {
    max-width: 26rem;
  }
  .columns {
    display: grid;
    gap: 0 1rem;
    grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr));
    align-items: start;
  }
  .card ul {
    padding-left: 1.2rem;
  }
  .card p.quiet {
    margin: 0.4rem 0 0;
  }
  .facts {
    margin: 0;
  }
  .facts + .buttons {
    margin-top: 0.75rem;
  }
  .facts div {
    display: grid;
    grid-template-columns: 9rem 1fr;
    gap: 0 1rem;
    padding: 0.3rem 0;
  }
  .facts div + div {
    border-top: 1px solid var(--line);
  }
  .facts dt {
    color: var(--quiet);
  }
  .facts dd {
    margin: 0;
    overflow-wrap: anywhere;
  }
`
