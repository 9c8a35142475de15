import { css } from './css.js'

/** Fields and buttons. */
export const FORMS = css`
  label,
  legend {
    display: block;
    font-weight: 600;
    margin: 0.75rem 0 0.25rem;
  }
  label .quiet,
  .choice {
    font-weight: 400;
  }
  fieldset {
    min-width: 0;
    border: 1px solid var(--line);
    border-radius: 8px;
    margin: 1rem 0;
    padding: 0 1rem 1rem;
  }
  .choice {
    display: flex;
    gap: 0.6rem;
    align-items: start;
    margin: 0.5rem 0;
  }
  .choice input {
    margin-top: 0.2rem;
  }
  .card > input[type='hidden'] + label {
    margin-top: 0;
  }
  input:not([type='radio'], [type='checkbox']),
  textarea,
  select {
    width: 100%;
    font: inherit;
    color: inherit;
    background: var(--card);
    border: 1px solid var(--field);
    border-radius: 6px;
    padding: 0.5rem 0.6rem;
    min-height: 2.75rem;
  }
  input[type='datetime-local'] {
    max-width: min(18rem, 100%);
  }
  textarea {
    font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace;
    font-size: 0.93rem;
    resize: vertical;
  }
  input[type='radio'],
  input[type='checkbox'] {
    accent-color: var(--accent);
    width: 1.1rem;
    height: 1.1rem;
    flex: none;
  }
  button {
    font: inherit;
    font-weight: 600;
    cursor: pointer;
    border: 1px solid var(--accent);
    border-radius: 6px;
    background: var(--accent);
    color: var(--on-accent);
    padding: 0.5rem 1rem;
    min-height: 2.75rem;
    margin: 0.75rem 0 0;
  }
  button:hover {
    filter: brightness(1.1);
  }
  button.plain {
    background: none;
    color: var(--accent);
    margin: 0;
    font-weight: 400;
    padding: 0.3rem 0.7rem;
    min-height: 2.25rem;
  }
  button.link {
    background: none;
    border: 0;
    color: var(--accent);
    margin: 0;
    padding: 0.4rem 0;
    text-align: left;
    text-decoration: underline;
    text-underline-offset: 0.15em;
  }
  button.danger {
    background: var(--bad);
    border-color: var(--bad);
    color: var(--card);
  }
  .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: 1rem;
    align-items: center;
  }
  .buttons a {
    margin-top: 0.75rem;
    padding: 0.5rem 0;
  }
`
