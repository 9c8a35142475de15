// What is used here of packages without types.

declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export interface Adapter {
    upsert(id: string, payload: { readonly grantId?: string }, expiresIn: number): Promise<void>
    find(id: string): Promise<object | undefined>
    findByUid(uid: string): Promise<object | undefined>
    findByUserCode(code: string): Promise<object | undefined>
    consume(id: string): Promise<void>
    destroy(id: string): Promise<void>
    revokeByGrantId(grantId: string): Promise<void>
  }

  interface Saved {
    save(): Promise<string>
  }

  export class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>)
    readonly Client: { find(id: string): Promise<object | undefined> }
    readonly Grant: new (of: { readonly accountId: string; readonly clientId: string }) => Saved & {
      addOIDCScope(scope: string): void
    }
    readonly RefreshToken: new (of: Readonly<Record<string, unknown>>) => Saved
    callback(): (request: IncomingMessage, response: ServerResponse) => void
  }
}
