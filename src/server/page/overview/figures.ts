import type { Stats } from '../../../api.js'
import { type Html, html } from '../html.js'
import { count, duration } from '../words.js'
import { partsView } from './parts.js'

/** The figures of the engine and of the answers to proxies. */
export function figuresView(stats: Stats, answers: ReadonlyMap<number, number>, storeWorks: boolean): Html {
  const { prefilter, lease, store, decided } = stats
  const checks = Object.values(decided).reduce((sum, value) => sum + value, 0)
  const share = (100 * (decided.prefilter + decided.cache)) / checks
  const inMemory = checks === 0 ? 'since the start' : `${share.toFixed(1)} % decided in memory`
  const age = lease.ageMs === null ? '–' : `${count(lease.ageMs)} ms`
  return html`<section aria-label="Figures">
    <ul class="figures">
      ${figure('Live revocations', count(prefilter.entries), 'in the memory of this server')}
      ${figure('Checks', count(checks), inMemory)}
      ${figure('Staleness', age, `at most ${duration(lease.maxStalenessMs)} by the option`)}
      ${figure('Changes', count(store.seq), 'in the store since it was made')}
    </ul>
    <h2>Parts</h2>
    ${partsView(stats, storeWorks)}
    <h2>Answers to proxies</h2>
    ${answersView(answers)}
  </section>`
}

const figure = (name: string, value: string, note: string): Html =>
  html`<li>
    <span class="name">${name}</span> <span class="value">${value}</span> <span class="quiet">${note}</span>
  </li>`

const MEANINGS: Readonly<Record<number, string>> = {
  200: 'let through',
  401: 'refused: revoked, expired, missing or damaged',
  503: 'could not be decided',
}

function answersView(answers: ReadonlyMap<number, number>): Html {
  if (answers.size === 0) return html`<p class="quiet">No proxy has asked since the start.</p>`
  const rows = [...answers].toSorted(([a], [b]) => a - b)
  return html`<table class="parts">
    <thead>
      <tr>
        <th scope="col">Status</th>
        <th scope="col">Meaning</th>
        <th scope="col" class="number">Since the start</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ([status, number]) =>
          html`<tr>
            <th scope="row">${status}</th>
            <td>${MEANINGS[status] ?? ''}</td>
            <td class="number">${count(number)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}
