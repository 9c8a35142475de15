// What is used here of packages without types.

declare module 'express-jwt-blacklist' {
  type Callback<T> = (error: unknown, result?: T) => void
  type Claims = Readonly<Record<string, unknown>>

  const blacklist: {
    configure(options: { tokenId?: string; store: { type: 'redis'; client: object } }): void
    isRevoked(request: unknown, user: Claims, done: Callback<boolean>): void
    revoke(user: Claims, done: Callback<unknown>): void
  }
  export default blacklist
}
