import type { EngineInternals } from '../engine/internals.js'
import { RevocadeError } from '../errors.js'
import type { SessionStore } from '../ports/index.js'
import {
  asRecord,
  integerOption,
  numberOption,
  oneOfOption,
  optionError,
  rejectUnknownKeys,
} from '../validate.js'
import type { PerSubject, SessionEvent, SessionsOptions } from './api.js'

const NAMES = [
  'idleSeconds',
  'absoluteSeconds',
  'accessTokenSeconds',
  'replaySeconds',
  'rotation',
  'perSubject',
  'onEvent',
]
const DAY = 86_400
const TEN_YEARS = 10 * 366 * DAY

/** The options with their defaults. */
export interface SessionsSettings {
  readonly idleSeconds: number
  readonly absoluteSeconds: number
  readonly accessTokenSeconds: number
  readonly replaySeconds: number
  readonly rotation: 'always' | 'unless-bound'
  readonly perSubject: PerSubject | undefined
  readonly onEvent: ((event: SessionEvent) => void) | undefined
}

/**
 * Checks the options, and that they fit the engine's.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not valid, or the engine does not fit
 */
export function readSessionsOptions(
  options: SessionsOptions,
  { settings }: Pick<EngineInternals, 'settings'>,
): SessionsSettings {
  const given = asRecord(options, 'options')
  rejectUnknownKeys(given, NAMES, 'option')
  const longest = longestLife(settings.maxTokenLifetimeSeconds)
  for (const claim of ['sid', 'sub']) requireSelector(settings.selectors, [claim])
  const absoluteSeconds = numberOption(given.absoluteSeconds, 'absoluteSeconds', [1, TEN_YEARS], 90 * DAY)
  if (absoluteSeconds > longest)
    throw optionError(
      'absoluteSeconds',
      `is ${absoluteSeconds}, longer than the engine's maxTokenLifetimeSeconds (${longest}): a revocation ` +
        'would be forgotten before the refresh tokens are. Give the engine at least as much, and the life ' +
        "of access tokens as 'accessTokenSeconds'",
    )
  return {
    idleSeconds: numberOption(given.idleSeconds, 'idleSeconds', [1, TEN_YEARS], 14 * DAY),
    absoluteSeconds,
    accessTokenSeconds: numberOption(given.accessTokenSeconds, 'accessTokenSeconds', [1, longest], longest),
    replaySeconds: numberOption(given.replaySeconds, 'replaySeconds', [0, 60], 10),
    rotation: oneOfOption(given.rotation, 'rotation', ['always', 'unless-bound'], 'always'),
    perSubject: given.perSubject === undefined ? undefined : readPerSubject(given.perSubject),
    onEvent: readFunction(given.onEvent),
  }
}

/** @throws {RevocadeError} ERR_CONFIG when the engine does not look for a selector of these claims */
export function requireSelector(selectors: readonly (readonly string[])[], names: readonly string[]): void {
  const wanted = JSON.stringify(names.toSorted())
  if (selectors.some((honoured) => JSON.stringify(honoured) === wanted)) return
  const entry = names.length === 1 ? `'${names[0] ?? ''}'` : JSON.stringify(names)
  throw new RevocadeError('ERR_CONFIG', `sessions need ${entry} in the option 'claims' of the engine`)
}

/** @throws {RevocadeError} ERR_CONFIG when the store can't keep sessions */
export function requireSessionStore({ store }: Pick<EngineInternals, 'store'>): SessionStore {
  if (store.sessions !== undefined) return store.sessions
  throw new RevocadeError('ERR_CONFIG', `the store (${store.kind}) can't keep sessions: use another one`)
}

function longestLife(seconds: number | undefined): number {
  if (seconds !== undefined) return seconds
  throw new RevocadeError(
    'ERR_CONFIG',
    "sessions need the option 'maxTokenLifetimeSeconds' of the engine: the longest life of any of your " +
      "tokens, also of refresh tokens ('absoluteSeconds')",
  )
}

function readPerSubject(value: unknown): PerSubject {
  const given = asRecord(value, "option 'perSubject'")
  rejectUnknownKeys(given, ['max', 'atLimit'], 'option')
  const { max, atLimit } = given
  if (max === undefined || atLimit === undefined) throw optionError('perSubject', 'needs max and atLimit')
  return {
    max: integerOption(max, 'perSubject.max', [1, 1000], 1),
    atLimit: oneOfOption(atLimit, 'perSubject.atLimit', ['end-oldest', 'refuse'], 'refuse'),
  }
}

function readFunction(value: unknown): SessionsSettings['onEvent'] {
  if (value === undefined || isFunction(value)) return value
  throw optionError('onEvent', 'must be a function')
}

const isFunction = (value: unknown): value is (event: SessionEvent) => void => typeof value === 'function'
