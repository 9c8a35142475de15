import type { StoredRow, Target } from '../../../ports/index.js'
import type { Form } from '../../oauth/form.js'

/** What a listing shows. It waits in the login: a text that somebody pastes is in no address. */
export class Filter {
  /** A part of what is revoked or of the reason, in any case; '' for all. */
  readonly text: string
  /** A part of the name of who did it; '' for all. */
  readonly actor: string
  readonly kind: 'any' | 'token' | 'selector'
  /** `changes`: also what has ended, and what was taken back. */
  readonly state: 'live' | 'changes'

  constructor({ text = '', actor = '', kind = 'any', state = 'live' }: Partial<Filter> = {}) {
    this.text = text
    this.actor = actor
    this.kind = kind
    this.state = state
  }

  get isOpen(): boolean {
    return this.text === '' && this.actor === '' && this.kind === 'any' && this.state === 'live'
  }

  /** @param liveAfter - NumericDate seconds: what expires up to then has ended */
  accepts(row: StoredRow, liveAfter: number): boolean {
    const { target, reason = '', actor = '' } = row
    if (this.state === 'live' && (!row.revoked || row.expiresAt <= liveAfter)) return false
    if (this.kind !== 'any' && (target.kind === 'selector') !== (this.kind === 'selector')) return false
    if (!holds([actor], this.actor)) return false
    return holds([...textsOf(target), reason], this.text)
  }
}

/** The filter of a form. */
export function readFilter(form: Form): Filter {
  const kind = form.get('kind')
  return new Filter({
    text: form.get('text')?.trim() ?? '',
    actor: form.get('actor')?.trim() ?? '',
    kind: kind === 'token' || kind === 'selector' ? kind : 'any',
    state: form.get('state') === 'changes' ? 'changes' : 'live',
  })
}

const holds = (texts: readonly string[], part: string): boolean =>
  part === '' || texts.some((text) => text.toLowerCase().includes(part.toLowerCase()))

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
