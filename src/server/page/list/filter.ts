import type { StoredRow, Target } from '../../../ports/index.js'
import type { Form } from '../../oauth/form.js'
import { RequestError } from '../../problem.js'
import type { ShownRow } from '../shown-row.js'

/** The longest text of a filter, in characters. Reasons are no longer than that. */
export const MOST_CHARACTERS = 1024

/** What a listing shows. It waits in the login: a text that somebody pastes is in no address. */
export class Filter {
  /** A part of what is revoked or of the reason, in any case; '' for all. */
  readonly text: string
  /** A part of the name of who did it; '' for all. */
  readonly actor: string
  readonly kind: 'any' | 'token' | 'selector'
  /** `changes`: also what has ended, and what was taken back. */
  readonly state: 'live' | 'changes'
  readonly #text: string
  readonly #actor: string

  constructor({ text = '', actor = '', kind = 'any', state = 'live' }: Partial<Filter> = {}) {
    this.text = text
    this.actor = actor
    this.kind = kind
    this.state = state
    this.#text = text.toLowerCase()
    this.#actor = actor.toLowerCase()
  }

  get isOpen(): boolean {
    return this.text === '' && this.actor === '' && this.kind === 'any' && this.state === 'live'
  }

  /**
   * Whether a row is wanted, if it is by the right name: {@link Filter.isBy}.
   *
   * @param liveAfter - NumericDate seconds: what expires up to then has ended
   */
  accepts(row: StoredRow, liveAfter: number): boolean {
    const { target, reason = '' } = row
    if (this.state === 'live' && (!row.revoked || row.expiresAt <= liveAfter)) return false
    if (this.kind !== 'any' && (target.kind === 'selector') !== (this.kind === 'selector')) return false
    return holds([...textsOf(target), reason], this.#text)
  }

  /** Whether the name is that of who revoked, or of who took it back. */
  isBy({ actor = '', takenBackBy = '' }: ShownRow): boolean {
    return holds([actor, takenBackBy], this.#actor)
  }
}

/**
 * The filter of a form.
 *
 * @throws {RequestError} when a text is too long to look for
 */
export function readFilter(form: Form): Filter {
  const kind = form.get('kind')
  return new Filter({
    text: textOf(form, 'text'),
    actor: textOf(form, 'actor'),
    kind: kind === 'token' || kind === 'selector' ? kind : 'any',
    state: form.get('state') === 'changes' ? 'changes' : 'live',
  })
}

function textOf(form: Form, name: string): string {
  const text = form.get(name)?.trim() ?? ''
  if (text.length <= MOST_CHARACTERS) return text
  throw new RequestError(400, 'too-long', 'a filter has at most 1,024 characters: look for a part')
}

/** @param part - in lower case */
const holds = (texts: readonly string[], part: string): boolean =>
  part === '' || texts.some((text) => text.toLowerCase().includes(part))

/** What people may look for: values, and `name = value` as pages show it. */
function textsOf(target: Target): string[] {
  switch (target.kind) {
    case 'hash':
      return [target.sha256]
    case 'id':
      return [pair(target.claim, target.id), ...(target.iss === undefined ? [] : [pair('iss', target.iss)])]
    case 'selector': {
      const claims = Object.entries(target.where)
      return claims.length === 0 ? ['everybody'] : claims.map(([name, value]) => pair(name, value))
    }
  }
}

const pair = (name: string, value: string | number): string => `${name} = ${value}`
