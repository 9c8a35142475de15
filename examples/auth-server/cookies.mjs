// Both tokens are in cookies that no script can read. The refresh token is sent to /auth alone.

/** @param {string} origin The prefixes let nobody else set them; browsers accept those over https only. */
export function createCookies(origin) {
  const isHttps = origin.startsWith('https:')
  const access = isHttps ? '__Host-access' : 'access'
  const refresh = isHttps ? '__Secure-refresh' : 'refresh'
  const shared = { httpOnly: true, secure: true, sameSite: 'strict' }
  return {
    /** All of them: whoever can set a second one must not choose which is used. */
    accessTokens: (req) => valuesOf(req, access),
    refreshTokens: (req) => valuesOf(req, refresh),
    set(res, accessToken, issued) {
      res.cookie(access, accessToken, { ...shared, path: '/' })
      res.cookie(refresh, issued.refreshToken, { ...shared, path: '/auth', expires: issued.refreshExpiresAt })
    },
    clear(res) {
      res.clearCookie(access, { ...shared, path: '/' })
      res.clearCookie(refresh, { ...shared, path: '/auth' })
    },
  }
}

/** The tokens have no character that a cookie would need to encode. */
const valuesOf = (req, name) =>
  (req.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
