import { css } from './css.js'

/** What narrow screens and wishes of the reader change. */
export const SCREENS = css`
  @media (max-width: 40rem) {
    header nav {
      order: 1;
      width: 100%;
      margin: 0 -0.7rem;
    }
    header nav ul {
      gap: 0;
    }
    .who {
      min-width: 0;
      overflow-wrap: anywhere;
    }
    .facts div {
      grid-template-columns: 1fr;
    }
    nav a,
    .tabs a {
      padding: 0.6rem 0.7rem;
    }
    th,
    td {
      padding: 0.4rem 0.5rem;
    }
    .parts th:first-child {
      width: auto;
    }
  }
`
