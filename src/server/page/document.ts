import { type Html, html } from './html.js'
import type { Login } from './logins.js'
import { CSRF_FIELD } from './view.js'

/** Where the navigation leads. The name is that of the path below `/ui/`. */
const PLACES: readonly { readonly path: string; readonly name: string; readonly editor?: true }[] = [
  { path: './', name: 'Overview' },
  { path: 'lookup', name: 'Look up' },
  { path: 'revoke', name: 'Revoke', editor: true },
  { path: 'list', name: 'Revocations' },
  { path: 'changes', name: 'Changes' },
  { path: 'sessions', name: 'Sessions' },
]

/** What a whole page is made of. */
export interface DocumentParts {
  readonly title: string
  readonly body: Html
  /** Undefined for those who have not logged in. */
  readonly login: Login | undefined
  /** The path below `/ui/`, to mark in the navigation. */
  readonly path: string
  readonly notice?: Html | undefined
  /** A script to load. */
  readonly script?: string | undefined
}

/** A whole page. All addresses are relative, so that a proxy may show it below another path. */
export function document({ title, body, login, path, notice, script }: DocumentParts): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title} · Revocade</title>
        <link rel="icon" href="icon.svg" />
        <link rel="stylesheet" href="style.css" />
        ${script !== undefined && html`<script src="${script}" defer></script>`}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        ${login === undefined ? bareHeader() : header(login, path)}
        <main id="main" tabindex="-1">
          ${notice !== undefined && html`<div class="notice" role="status">${notice}</div>`}
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html> `.text
}

const BRAND = html`<a class="brand" href="./">Revocade</a>`

const bareHeader = (): Html => html`<header>${BRAND}</header>`

function header(login: Login, path: string): Html {
  const { name, role } = login.admin
  const places = PLACES.filter(({ editor }) => editor !== true || role === 'editor')
  return html`<header>
    ${BRAND}
    <nav aria-label="Pages">
      <ul>
        ${places.map(
          (place) =>
            html`<li>
              <a href="${place.path}" ${place.path === path && html` aria-current="page"`}>${place.name}</a>
            </li>`,
        )}
      </ul>
    </nav>
    <form class="who" method="post" action="logout">
      ${csrfField(login)}
      <span>${name} <span class="quiet">${role}</span></span>
      <button class="plain" type="submit">Sign out</button>
    </form>
  </header>`
}

/** The field that says that a form is from a page of this login. */
export const csrfField = (login: Login): Html =>
  html`<input type="hidden" name="${CSRF_FIELD}" value="${login.csrf}" />`
