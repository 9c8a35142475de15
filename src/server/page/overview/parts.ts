import type { Stats } from '../../../api.js'
import { type Html, html, type Part } from '../html.js'
import { count } from '../words.js'

type State = 'good' | 'bad' | 'off'

/** The parts that answers come from. */
export function partsView({ prefilter, lease, store, redis }: Stats, storeWorks: boolean): Html {
  const { kind, bytes, capacity } = prefilter
  const isFollowed = lease.live || lease.maxStalenessMs === 0
  return html`<table class="parts states">
    <thead>
      <tr>
        <th scope="col">Part</th>
        <th scope="col">State</th>
        <th scope="col">Details</th>
      </tr>
    </thead>
    <tbody>
      ${part('Memory', isFollowed ? 'good' : 'bad', [
        `${kind}, ${count(bytes / 1024)} KiB, built for ${count(capacity)} revocations`,
      ])}
      ${part('Store', storeWorks ? 'good' : 'bad', [String(store.path ?? store.kind)])}
      ${
        redis === null
          ? part('Redis', 'off', ['not configured, and not needed'])
          : part('Redis', redis.state === 'ready' ? 'good' : 'bad', [
              redis.server,
              redis.roundTripMs !== null && `, answers in ${redis.roundTripMs.toFixed(1)} ms`,
              redis.why !== null && `, ${redis.why}`,
            ])
      }
    </tbody>
  </table>`
}

const STATES: Readonly<Record<State, string>> = { good: 'Works', bad: 'Does not work', off: 'Off' }

const part = (name: string, state: State, details: readonly Part[]): Html =>
  html`<tr>
    <th scope="row">${name}</th>
    <td><span class="dot ${state}"></span>${STATES[state]}</td>
    <td>${details}</td>
  </tr>`
