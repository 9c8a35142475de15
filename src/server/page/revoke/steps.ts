import type { Receipt, Revocade } from '../../../api.js'
import { internalsOf } from '../../../engine/internals.js'
import { type Plan, type Planner, plannerOf } from '../../../engine/planner.js'
import type { Settings } from '../../../options.js'
import type { Form } from '../../oauth/form.js'
import { asRequestError, RequestError } from '../../problem.js'
import { type Entry, revokeEntries, revokeEntry } from '../../revocations/entry.js'
import type { View, Visit } from '../view.js'
import { type Choice, choicesOf } from './choices.js'
import { revokeForm } from './form-view.js'
import { previewView } from './preview-view.js'
import { type Entries, readEntries } from './read-entry.js'
import { receiptView } from './receipt-view.js'

/** What waits for its confirmation. */
class Prepared {
  readonly entries: Entries

  constructor(entries: Entries) {
    this.entries = entries
  }
}

/** The steps of a revocation: say what, see what that means, confirm with a reason. */
export class RevokeSteps {
  readonly #engine: Revocade
  readonly #settings: Settings
  readonly #planner: Planner
  readonly #choices: readonly [Choice, ...Choice[]]
  /** Is told what was done, by whom. */
  readonly #onDone: (receipt: Receipt, actor: string) => void

  constructor(engine: Revocade, onDone: (receipt: Receipt, actor: string) => void) {
    this.#engine = engine
    this.#settings = internalsOf(engine, 'RevokeSteps').settings
    this.#planner = plannerOf(engine)
    this.#choices = choicesOf(engine)
    this.#onDone = onDone
  }

  /** The form of a kind of revocation. */
  begin(visit: Visit, by: unknown, error?: unknown): View {
    const failure = error === undefined ? undefined : asRequestError(error)
    const choice = this.#choiceOf(by)
    const given = failure === undefined ? visit.form : withKeptToken(visit)
    const { login } = visit
    return {
      title: 'Revoke',
      body: revokeForm({ login, choices: this.#choices, choice, given, fault: failure?.message }),
      ...(failure === undefined ? {} : { status: failure.statusCode }),
    }
  }

  /** What would be revoked; the form once more where that can't be. */
  async preview(visit: Visit): Promise<View> {
    const { login, form } = visit
    const by = form.get('by')
    try {
      const entries = readEntries(form, {
        choice: this.#choiceOf(by),
        login,
        latestExpiry: this.#latestExpiry(visit),
      })
      return await this.#preview(visit, entries, login.keep(new Prepared(entries)))
    } catch (error) {
      if (asRequestError(error).statusCode >= 500) throw error
      return this.begin(visit, by, error)
    }
  }

  /**
   * Revokes what the preview has shown, whatever has become of it since: the receipt says whether somebody
   * else was first.
   *
   * @throws {RequestError} when the preview is too old
   */
  async confirm(visit: Visit): Promise<View> {
    const { login, form } = visit
    const kept = form.get('kept') ?? ''
    const prepared = login.kept(kept)
    if (!(prepared instanceof Prepared)) throw new RequestError(410, 'over', OVER)
    const { entries } = prepared
    const reason = form.get('reason')?.trim() ?? ''
    if (reason === '') return this.#preview(visit, entries, kept, NO_REASON)
    if (isForEverybody(entries[0]) && form.get('everybody') !== 'yes')
      return this.#preview(visit, entries, kept, NOT_SAID)
    const { name } = login.admin
    const receipt = await revokeEntries(this.#engine, entries, { reason, actor: name })
    this.#onDone(receipt, name)
    login.notice = receiptView(receipt, visit.now)
    return { goTo: 'revoke' }
  }

  async #preview({ login, now }: Visit, entries: Entries, kept: string, fault?: string): Promise<View> {
    const planOf = (entry: Entry): Promise<Plan> => revokeEntry(this.#planner, entry, login.admin.name)
    const [entry, ...others] = entries
    const plan = await planOf(entry)
    const asNumber = await Promise.all(others.map(planOf))
    const body = previewView({ plan, asNumber, entry, kept, login, now, fault })
    return { title: 'Preview', body, ...(fault === undefined ? {} : { status: 400 }) }
  }

  /** An id with its issuer has no expiry of its own, and is the name of one token. */
  #latestExpiry({ now }: Visit): Date | undefined {
    const { maxTokenLifetimeSeconds: longest, issuerClockAheadSeconds: ahead } = this.#settings
    return longest === undefined ? undefined : new Date(now + (longest + ahead) * 1000)
  }

  #choiceOf(key: unknown): Choice {
    return this.#choices.find((choice) => choice.key === key) ?? this.#choices[0]
  }
}

const OVER = 'this preview is too old, so nothing was done: begin again'
const NO_REASON = 'Give a reason: whoever looks later wants to know.'
const NOT_SAID = 'Say that you want everybody’s tokens revoked.'

const isForEverybody = ({ where }: Entry): boolean =>
  typeof where === 'object' && where !== null && Object.keys(where).length === 0

/** What was entered, with the place of the token instead of the token. */
function withKeptToken({ form, login }: Visit): Form {
  const token = form.get('token')
  if (token === undefined) return form
  return new Map([...form].filter(([name]) => name !== 'token')).set('kept', login.keep(token))
}
