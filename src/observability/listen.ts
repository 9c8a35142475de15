import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Revocade, Stats } from '../api.js'
import type { CheckMessage, WriteMessage } from '../diagnostics.js'
import { checkEngine } from '../validate.js'

/** What is done with the messages of one engine. */
export interface Listeners {
  readonly onCheck: ((message: CheckMessage) => void) | undefined
  readonly onWrite: (message: WriteMessage) => void
}

/**
 * Listens to the channels of one engine. Other engines of the process are left to others.
 *
 * @returns a function that ends it
 */
export function listen(engine: Revocade, { onCheck, onWrite }: Listeners): () => void {
  const isOurs = (message: unknown): boolean => (message as { readonly engine?: unknown }).engine === engine
  const check = (message: unknown): void => {
    if (isOurs(message)) onCheck?.(message as CheckMessage)
  }
  const write = (message: unknown): void => {
    if (isOurs(message)) onWrite(message as WriteMessage)
  }
  const pairs = [
    ...(onCheck === undefined ? [] : [['revocade:check', check] as const]),
    ['revocade:revoke', write] as const,
    ['revocade:unrevoke', write] as const,
  ]
  for (const [name, listener] of pairs) subscribe(name, listener)
  return () => {
    for (const [name, listener] of pairs) unsubscribe(name, listener)
  }
}

/**
 * Reads the figures of an engine: once for all metrics that are collected together.
 *
 * @returns undefined where they can't be read: the engine is closed, or its store gone
 * @throws {RevocadeError} ERR_CONFIG when it is no engine
 */
export function statsReader(engine: Revocade): () => Stats | undefined {
  checkEngine(engine, 'instrument()', ['stats'])
  let read: { readonly stats: Stats | undefined } | undefined
  return () => {
    if (read === undefined) {
      read = { stats: statsOf(engine) }
      setImmediate(() => (read = undefined)).unref()
    }
    return read.stats
  }
}

function statsOf(engine: Revocade): Stats | undefined {
  try {
    return engine.stats()
  } catch {
    return undefined
  }
}

/** The outcome of a write as a label: the code of an error says more than that it failed. */
export const outcomeOf = ({ outcome, code }: WriteMessage): string => code ?? outcome
