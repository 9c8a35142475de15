import type { EndOptions, SessionsReceipt, SessionsToEnd } from './api.js'
import { attempts } from './attempts.js'
import type { SessionsContext } from './context.js'
import { endUser } from './end-user.js'
import {
  commit,
  type DoneEnding,
  endLogin,
  isLiveAt,
  isOver,
  lastExpiry,
  latest,
  markedAs,
  NOTHING,
  type Why,
} from './ending.js'
import { readToEnd, requireEndOptions, type ToEnd } from './input.js'
import { requireSelector } from './options.js'
import type { Family } from './state.js'

/** Ends what a caller names. */
export async function revoke(
  context: SessionsContext,
  what: SessionsToEnd,
  options: EndOptions,
): Promise<SessionsReceipt> {
  const toEnd = readToEnd(what)
  requireEndOptions(options)
  const { commits } = context.engine.layers
  const { done, ended } = await attempts(context.pause, (attempt) => end(context, toEnd, options, attempt))
  context.emitEnded(ended, 'revoked')
  const { at, reached } = commits.everywhere()
  const redis = done === undefined ? commits.whereNothingIsWritten() : done.published
  const [published] = await Promise.all([redis, options.ack === 'fleet' ? reached() : undefined])
  return {
    seq: (done?.written ?? []).reduce((most, { seq }) => Math.max(most, seq), 0),
    ended: ended.length,
    durable: context.engine.store.durable ?? true,
    redis: published,
    effectiveEverywhereAt: at,
  }
}

async function end(
  context: SessionsContext,
  what: ToEnd,
  why: Why,
  attempt: number,
): Promise<DoneEnding | undefined> {
  switch (what.is) {
    case 'login':
      return endLogin(context, { sid: what.sid, why, attempt })
    case 'app':
      return endApp(context, what, why)
    case 'token': {
      const token = context.tokens.read(what.refreshToken)
      const family = token === undefined ? undefined : await context.family(token.family)
      return family === undefined || isOver(context, family)
        ? NOTHING
        : endFamily(context, family, why, attempt)
    }
    case 'user':
      return endUser(context, what, why)
  }
}

/**
 * Ends a session: that of an application alone, and that of the only application with the whole login.
 *
 * @returns undefined when somebody else's commit came first
 */
export async function endFamily(
  context: SessionsContext,
  family: Family,
  why: Why,
  attempt = 0,
): Promise<DoneEnding | undefined> {
  const { sid, clientId } = family
  return clientId === '' ? endLogin(context, { sid, why, attempt }) : endApp(context, family, why)
}

async function endApp(
  context: SessionsContext,
  { sid, clientId }: Pick<Family, 'sid' | 'clientId'>,
  why: Why,
): Promise<DoneEnding | undefined> {
  requireSelector(context.engine.settings.selectors, ['sid', 'client_id'])
  const { families, unchanged } = await context.group({ sid })
  const now = context.now()
  const own = families.filter((family) => family.clientId === clientId)
  const cutoff = latest(own, now)
  const mutation = context.engine.layers.mutations.ofSelector(
    { sid, client_id: clientId },
    { ...why, issuedBefore: new Date(cutoff) },
  )
  const ending = {
    put: own.flatMap((family) => markedAs(family, now, false)),
    mutations: [{ ...mutation, expiresAt: lastExpiry(context, cutoff) }],
    ended: own.filter(isLiveAt(now)),
  }
  return commit(context, ending, [unchanged])
}
