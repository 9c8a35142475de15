import type { Stats } from '../../../api.js'
import { type Html, html } from '../html.js'
import { count, duration } from '../words.js'
import { partsView } from './parts.js'

/** What the figures show, by the names of their places. */
export function figureTexts({ prefilter, lease, store, decided }: Stats): Readonly<Record<string, string>> {
  const checks = Object.values(decided).reduce((sum, value) => sum + value, 0)
  const share = (100 * (decided.prefilter + decided.cache)) / checks
  return {
    live: count(prefilter.entries),
    checks: count(checks),
    memory: checks === 0 ? 'since the start' : `${share.toFixed(1)} % decided in memory`,
    staleness: lease.ageMs === null ? '–' : `${count(lease.ageMs)} ms`,
    changes: count(store.seq),
  }
}

/** The figures of the engine and of the answers to proxies. */
export function figuresView(stats: Stats, answers: ReadonlyMap<number, number>, storeWorks: boolean): Html {
  const texts = figureTexts(stats)
  const text = (name: string): Html => html`<span data-text="${name}">${texts[name]}</span>`
  const longest = duration(stats.lease.maxStalenessMs)
  return html`<section aria-label="Figures">
    <ul class="figures">
      ${figure('Entries in memory', text('live'), 'revocations, and what was taken back')}
      ${figure('Checks', text('checks'), text('memory'))}
      ${figure('Staleness', text('staleness'), `at most ${longest} is allowed`)}
      ${figure('Changes', text('changes'), 'in the store since it was made')}
    </ul>
    <h2>Parts</h2>
    ${partsView(stats, storeWorks)}
    <h2>Answers to proxies since the start</h2>
    ${answersView(answers)}
  </section>`
}

const figure = (name: string, value: Html, note: Html | string): Html =>
  html`<li>
    <span class="name">${name}</span> <span class="value">${value}</span> <span class="quiet">${note}</span>
  </li>`

const MEANINGS: Readonly<Record<number, string>> = {
  200: 'let through',
  401: 'refused: revoked, expired, missing or damaged',
  503: 'could not be decided',
}

/** How often proxies got which status, by the names of their places. */
export function answerTexts(answers: ReadonlyMap<number, number>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    statusesOf(answers).map((status) => [`answered-${status}`, count(answers.get(status) ?? 0)]),
  )
}

/** Those that are always shown, and what else there was. */
const statusesOf = (answers: ReadonlyMap<number, number>): number[] =>
  [...new Set([...Object.keys(MEANINGS).map(Number), ...answers.keys()])].toSorted((a, b) => a - b)

function answersView(answers: ReadonlyMap<number, number>): Html {
  const texts = answerTexts(answers)
  return html`<table class="parts">
    <thead>
      <tr>
        <th scope="col">Status</th>
        <th scope="col">Meaning</th>
        <th scope="col" class="number">Number</th>
      </tr>
    </thead>
    <tbody>
      ${statusesOf(answers).map(
        (status) =>
          html`<tr>
            <th scope="row">${status}</th>
            <td>${MEANINGS[status] ?? ''}</td>
            <td class="number" data-text="answered-${status}">${texts[`answered-${status}`]}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}
