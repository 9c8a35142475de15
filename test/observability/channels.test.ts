import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type CheckMessage, createRevocade, type WriteMessage } from 'revocade'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryDirectory } from '../support/temp.js'
import { JWT, openEngine, SECRETS, useAll } from './engine.js'

function heard<T>(...names: string[]): T[] {
  const messages: T[] = []
  const listener = (message: unknown) => void messages.push(message as T)
  for (const name of names) subscribe(name, listener)
  onTestFinished(() => names.forEach((name) => unsubscribe(name, listener)))
  return messages
}

describe('the channels', () => {
  it('say of each call that writes what became of it', async () => {
    const engine = await openEngine()
    const messages = heard<WriteMessage>('revocade:revoke', 'revocade:unrevoke')
    await useAll(engine)
    expect(
      messages.map(({ operation, outcome, code, count }) => [operation, code ?? outcome, count]),
    ).toEqual([
      ['revoke', 'revoked', 1],
      ['revoke', 'revoked', 1],
      ['revoke', 'already', expect.any(Number)],
      ['revokeWhere', 'revoked', 1],
      ['revokeMany', 'written', 1],
      ['unrevoke', 'unrevoked', 1],
      ['revoke', 'ERR_TOKEN_NOT_IDENTIFIABLE', 0],
      ['revokeWhere', 'ERR_CONFIG', 0],
    ])
    expect(messages.every(({ engine: by, durationMs }) => by === engine && durationMs >= 0)).toBe(true)
  })

  it('say of a check that the prefilter can not decide what it answered, and nothing of others', async () => {
    const engine = await openEngine()
    const messages = heard<CheckMessage>('revocade:check')
    await useAll(engine)
    expect(messages.map(({ status, decidedBy }) => [status, decidedBy])).toEqual([
      ['revoked', 'store'],
      ['revoked', expect.stringMatching(/cache|store/)],
      ['revoked', 'store'],
      ['revoked', 'store'],
    ])
    expect(engine.stats().decided.prefilter).toBe(1)
  })

  it('say that nothing could decide', async () => {
    const store = join(temporaryDirectory(), 'gone.db')
    const engine = await createRevocade({ store, maxStalenessMs: 0, onUnknown: 'revoked' })
    onTestFinished(() => engine.close())
    for (const end of ['', '-wal', '-shm']) rmSync(store + end, { force: true })
    const messages = heard<CheckMessage>('revocade:check')
    expect(await engine.isRevoked(JWT)).toBe(true)
    expect(messages).toMatchObject([{ status: 'revoked', decidedBy: 'policy' }])
  })

  it('hold nothing of a token, a claim, a reason or an actor', async () => {
    const engine = await openEngine()
    const messages = heard<object>('revocade:check', 'revocade:revoke', 'revocade:unrevoke')
    await useAll(engine)
    expect(messages).toHaveLength(12)
    const text = JSON.stringify(messages.map((message) => ({ ...message, engine: undefined })))
    expect(SECRETS.filter((secret) => text.includes(secret))).toEqual([])
  })

  it('let a listener ask the engine again', async () => {
    const engine = await openEngine()
    await engine.revoke(JWT)
    const answers: boolean[] = []
    const listener = () => void answers.push(engine.isClearlyActive('another'))
    subscribe('revocade:check', listener)
    onTestFinished(() => void unsubscribe('revocade:check', listener))
    expect(await engine.isRevoked(JWT)).toBe(true)
    expect(await engine.isRevoked('another')).toBe(false)
    expect(answers).toEqual([true])
  })
})
