import { type Html, html } from '../html.js'
import type { Problem } from './problems.js'

/** What is wrong, or that nothing is. */
export function problemsView(problems: readonly Problem[], now: number): Html {
  const level = problems[0]?.level ?? 'good'
  return html`<section class="state ${level}" id="state" aria-label="State">
    <p class="headline">
      <strong>${HEADLINES[level]}</strong>
      <span class="quiet">as of <span data-text="time">${timeText(now)}</span></span>
    </p>
    ${
      problems.length > 0 &&
      html`<ul>
        ${problems.map(
          (problem) =>
            html`<li class="${problem.level}"><strong>${problem.title}.</strong> ${problem.text}</li>`,
        )}
      </ul>`
    }
  </section>`
}

/** The time of day. */
export const timeText = (now: number): string => `${new Date(now).toISOString().slice(11, 19)} UTC`

const HEADLINES = {
  good: 'All is well: every token is judged.',
  warn: 'Working, with a warning.',
  bad: 'Something is wrong.',
} as const
