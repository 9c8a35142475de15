import { RevocadeError } from '../errors.js'

/** Why a refresh token was refused. For logs: the client must not be told. */
export type RefreshRefusal = 'unknown' | 'expired' | 'ended' | 'reused' | 'binding'

/** Why a login was refused. */
export type LoginRefusal = 'ended' | 'expired' | 'revoked' | 'limit'

/** A refresh token or a login that is refused. */
export class SessionRefused extends RevocadeError {
  /** For logs. */
  readonly reason: RefreshRefusal | LoginRefusal
  /** The `error` of RFC 6749, section 5.2, to answer with. */
  readonly oauthError: 'invalid_grant' | 'access_denied'

  private constructor(
    code: 'ERR_REFRESH_REFUSED' | 'ERR_LOGIN_REFUSED',
    message: string,
    reason: RefreshRefusal | LoginRefusal,
  ) {
    super(code, message)
    this.reason = reason
    this.oauthError = code === 'ERR_REFRESH_REFUSED' ? 'invalid_grant' : 'access_denied'
  }

  /** One message for all reasons: a thief learns nothing from it. */
  static refresh(reason: RefreshRefusal): SessionRefused {
    return new SessionRefused('ERR_REFRESH_REFUSED', 'the refresh token is not valid: log in again', reason)
  }

  static login(reason: LoginRefusal, message: string): SessionRefused {
    return new SessionRefused('ERR_LOGIN_REFUSED', message, reason)
  }
}
