import { channel } from 'node:diagnostics_channel'
import client from 'prom-client'
import { RevocadeError } from 'revocade'
import { instrument } from 'revocade/prometheus'
import { expect, it } from 'vitest'
import { send } from '../adapters/request.js'
import { EDITOR, mint, sidecar } from './sidecar.js'

/** The samples of the engine as `name{labels} value`, labels in order; times and memory without the value. */
function samplesIn(text: string): string[] {
  const samples = text.split('\n').filter((line) => line.startsWith('revocade_'))
  return samples
    .filter((line) => !line.startsWith('revocade_check_answers_total'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      const varies = /_seconds(?:_bucket|_sum)?$/.test(name)
      return `${name}{${labels.split(',').toSorted().join()}} ${varies ? '' : String(Number(value))}`
    })
    .toSorted()
}

const helpIn = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => /^# (?:HELP|TYPE) revocade_/.test(line) && !line.includes('revocade_check_answers'))
    .toSorted()

it('/metrics has the metrics of revocade/prometheus, with the same names, labels and counts', async () => {
  const server = await sidecar()
  const registry = new client.Registry()
  const stop = instrument(server.engine, { client, registry })
  try {
    const post = (body: object) =>
      fetch(`http://127.0.0.1:${server.admin}/revocations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${EDITOR}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const scrape = async (): Promise<string> => (await send(server.admin, '/metrics')).text
    const token = await mint()
    const asked = await Promise.all([scrape(), registry.metrics()])
    expect(samplesIn(asked[0])).toEqual(samplesIn(asked[1]))

    expect((await post({ token })).status).toBe(201)
    expect((await post({ token })).status).toBe(200)
    expect((await post({ where: { email: 'x' } })).status).toBe(400)
    await expect(server.engine.unrevoke({ user: 'x' })).rejects.toThrow(RevocadeError)
    expect((await send(server.check, '/check', { authorization: [`Bearer ${token}`] })).status).toBe(401)
    const [ours, theirs] = await Promise.all([scrape(), registry.metrics()])
    expect(samplesIn(ours)).toEqual(samplesIn(theirs))
    expect(helpIn(ours)).toEqual(helpIn(theirs))
    expect(ours).toContain('revocade_writes_total{operation="revoke",outcome="revoked"} 1\n')
    expect(ours).toMatch(/^revocade_write_duration_seconds_bucket\{operation="revoke",le="\+Inf"\} 2$/m)
    expect(ours).toContain('revocade_check_answers_total{status="401"} 1\n')
  } finally {
    stop()
    await server.close()
  }
  expect(channel('revocade:revoke').hasSubscribers).toBe(false)
})
