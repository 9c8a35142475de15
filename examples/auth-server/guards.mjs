// What stands before a handler.

/**
 * Against requests that another site makes in the user's name: browsers send the header Origin with all that
 * changes something. SameSite alone does not cover other ports and subdomains.
 */
export const sameOrigin = (origin) => (req, res, next) => {
  if (req.method === 'GET' || req.method === 'HEAD' || req.get('origin') === origin) next()
  else res.status(403).json({ error: 'cross-site' })
}

export function securityHeaders(_req, res, next) {
  res.set({
    'Content-Security-Policy':
      "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  })
  next()
}

/** @param {(req) => string} keyOf Whom the limit is for. */
export const limited = (limits, keyOf) => async (req, res, next) => {
  const { allowed, retryAfterSeconds } = await limits.take(keyOf(req))
  if (allowed) next()
  else res.status(429).set('Retry-After', String(retryAfterSeconds)).json({ error: 'too-many' })
}

/** @param permissions A cache of revocade/permissions. */
export const may = (permissions, permission) => async (req, res, next) => {
  if ((await permissions.get(req.auth)).includes(permission)) next()
  else res.status(403).json({ error: 'forbidden' })
}

/** Refused requests and coded errors have a status. Of the rest the client learns nothing. */
export function failed(error, _req, res, next) {
  if (res.headersSent) {
    next(error)
    return
  }
  const status = error.status ?? error.statusCode ?? 500
  if (status >= 500) console.error(error)
  res.status(status).json({ error: error.code ?? (status < 500 ? 'bad-request' : 'failed') })
}
