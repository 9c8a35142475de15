import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { COVERED } from '../support/coverage.js'
import { temporaryDirectory } from '../support/temp.js'

const SERVER = fileURLToPath(new URL('../../examples/auth-server/server.mjs', import.meta.url))
const PASSWORD = 'correct horse battery'

const browser = await launchChromium()

let server: ChildProcess
let origin: string
let stderr = ''

const start = (more: object): ChildProcess => {
  const env = {
    ...process.env,
    ...COVERED,
    DATA: temporaryDirectory(),
    STORE: '',
    ORIGIN: undefined,
    ...more,
  }
  return spawn(process.execPath, [SERVER], { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

beforeAll(async () => {
  server = start({ PORT: '0' })
  server.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [line] = (await once(createInterface({ input: server.stdout ?? process.stdin }), 'line')) as [string]
  origin = /http:\/\/localhost:\d+/.exec(line)?.[0] ?? ''
})
afterAll(async () => {
  await browser?.close()
  const exited = once(server, 'exit')
  server.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
})

/** A browser on a device of its own. */
class Device {
  readonly context: BrowserContext
  readonly page: Page

  private constructor(context: BrowserContext, page: Page) {
    this.context = context
    this.page = page
  }

  static async open(): Promise<Device> {
    const context = await browser?.newContext()
    if (context === undefined) throw new Error('there is no browser')
    const page = await context.newPage()
    const device = new Device(context, page)
    await device.reload()
    return device
  }

  /** Opens the page again, and waits for what it shows. */
  async reload(): Promise<void> {
    await this.page.goto(origin)
    await this.page.locator('#signed-in:visible, #signed-out:visible').waitFor()
  }

  async begin(button: 'Log in' | 'Register', name: string, device: string): Promise<void> {
    await this.page.getByLabel('Name').fill(name)
    await this.page.getByLabel('Password').fill(PASSWORD)
    await this.page.getByLabel('This device').fill(device)
    await this.click(button)
    await this.page.locator('#signed-in').waitFor()
  }

  /** Clicks, and waits for the answer to the request that changes something. */
  async click(button: string): Promise<void> {
    const answered = this.page.waitForResponse((response) => response.request().method() !== 'GET')
    await this.page.getByRole('button', { name: button, exact: true }).click()
    await answered
  }

  /** Who the page says is signed in; undefined where it asks to log in. */
  async user(): Promise<string | undefined> {
    await this.reload()
    const isIn = await this.page.locator('#signed-in').isVisible()
    return isIn ? ((await this.page.locator('#name').textContent()) ?? '') : undefined
  }

  /** The lines of the list of devices. */
  async devices(): Promise<string[]> {
    await this.reload()
    await this.page.locator('#devices li').first().waitFor()
    return this.page.locator('#devices li').allTextContents()
  }

  async cookie(name: 'access' | 'refresh'): Promise<string> {
    const cookies = await this.context.cookies(`${origin}/auth`)
    return cookies.find((cookie) => cookie.name === name)?.value ?? ''
  }
}

/** A request of somebody who is no browser: a thief, or a test that wants no refresh behind its back. */
const send = (method: string, path: string, headers: Record<string, string> = {}, body?: object) =>
  fetch(origin + path, {
    method,
    headers: { origin, 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  })

/** What an access token is answered with, at this moment. */
const statusWith = async (access: string): Promise<number> =>
  (await send('GET', '/me', { cookie: `access=${access}` })).status

it('says that its port is taken, and ends', async () => {
  const { port } = new URL(origin)
  const second = start({ PORT: port })
  let text = ''
  second.stderr?.setEncoding('utf8').on('data', (part: string) => (text += part))
  expect(await once(second, 'close')).toEqual([1, null])
  expect(text).toBe(`can't listen on 127.0.0.1:${port} (EADDRINUSE): give another port, as in PORT=3001\n`)
})

const withBrowser = it.skipIf(browser === undefined)

withBrowser('two devices, rotation, a stolen refresh token, and log out everywhere', async () => {
  const [laptop, phone] = [await Device.open(), await Device.open()]
  await laptop.begin('Register', 'alice', 'laptop')
  await phone.begin('Log in', 'alice', 'phone')
  expect([await laptop.user(), await phone.user()]).toEqual(['alice', 'alice'])

  // No script can read the cookies, and no other site has them sent.
  expect(await laptop.page.evaluate('document.cookie')).toBe('')
  const flags = { httpOnly: true, secure: true, sameSite: 'Strict' }
  expect(await laptop.context.cookies(`${origin}/auth`)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'access', path: '/', ...flags }),
      expect.objectContaining({ name: 'refresh', path: '/auth', ...flags }),
    ]),
  )

  // Each sees both devices, and which one it is.
  expect(await laptop.devices()).toEqual([
    expect.stringMatching(/^laptop, .*\(this device\)$/),
    expect.stringMatching(/^phone, .*End$/),
  ])
  expect(await phone.devices()).toEqual([
    expect.stringMatching(/^laptop, .*End$/),
    expect.stringMatching(/^phone, .*\(this device\)$/),
  ])

  // A refresh gives another refresh token. The thief has the one of before.
  const stolen = await phone.cookie('refresh')
  await phone.click('Refresh')
  const second = await phone.cookie('refresh')
  await phone.click('Refresh')
  expect(new Set([stolen, second, await phone.cookie('refresh')]).size).toBe(3)
  const access = await phone.cookie('access')
  expect(await statusWith(access)).toBe(200)

  // He uses it: that session ends, for him and for the phone, and its access token at once. No other does.
  const theft = await send('POST', '/auth/refresh', { cookie: `refresh=${stolen}` })
  expect([theft.status, theft.headers.getSetCookie()]).toEqual([400, []])
  expect(await statusWith(access)).toBe(401)
  expect(await phone.user()).toBeUndefined()
  expect(stderr).toMatch(/a refresh token of user [\w-]+ was stolen/)
  expect(await laptop.devices()).toEqual([expect.stringContaining('laptop')])

  // Log out everywhere on one device ends the other one's access at once.
  await phone.begin('Log in', 'alice', 'phone')
  const [onLaptop, onPhone] = [await laptop.cookie('access'), await phone.cookie('access')]
  expect([await statusWith(onLaptop), await statusWith(onPhone)]).toEqual([200, 200])
  await phone.click('Log out everywhere')
  expect([await statusWith(onLaptop), await statusWith(onPhone)]).toEqual([401, 401])
  expect([await laptop.user(), await phone.user()]).toEqual([undefined, undefined])

  // And one can come back.
  await laptop.begin('Log in', 'alice', 'laptop')
  await phone.begin('Log in', 'alice', 'phone')

  // One device ends another, and then itself.
  const ended = await phone.cookie('access')
  await laptop.reload()
  await laptop.click('End')
  expect(await statusWith(ended)).toBe(401)
  expect(await phone.user()).toBeUndefined()
  const own = await laptop.cookie('access')
  await laptop.click('Log out')
  expect(await statusWith(own)).toBe(401)
  expect(await laptop.user()).toBeUndefined()
  expect(await laptop.context.cookies(origin)).toEqual([])
})

/** The tokens that a response sets. */
function cookiesOf(response: Response): { readonly access: string; readonly refresh: string } {
  const line = (name: string): string =>
    response.headers.getSetCookie().find((cookie) => cookie.startsWith(`${name}=`)) ?? ''
  const value = (name: string): string => line(name).replace(/^\w+=|;.*$/g, '')
  return { access: value('access'), refresh: value('refresh') }
}

/** Somebody who is signed in without a browser. */
class Client {
  readonly access: string
  readonly refresh: string

  private constructor(access: string, refresh: string) {
    this.access = access
    this.refresh = refresh
  }

  static async begin(path: '/auth/login' | '/auth/register', name: string, password = PASSWORD) {
    const response = await send('POST', path, {}, { name, password })
    expect(response.status, await response.text()).toBeLessThan(300)
    const { access, refresh } = cookiesOf(response)
    return new Client(access, refresh)
  }

  send(method: string, path: string, body?: object): Promise<Response> {
    return send(method, path, { cookie: `access=${this.access}; refresh=${this.refresh}` }, body)
  }
}

it('refuses what another site sends, whatever cookies it has', async () => {
  const bob = await Client.begin('/auth/register', 'bob')
  for (const from of ['https://evil.example', 'null', `${origin}0`, '']) {
    const cookie = `access=${bob.access}; refresh=${bob.refresh}`
    const response = await send('POST', '/auth/logout', { cookie, origin: from })
    expect([from, response.status]).toEqual([from, 403])
  }
  expect(await statusWith(bob.access)).toBe(200)
})

it('gives two tabs that refresh at once the same token', async () => {
  const carol = await Client.begin('/auth/register', 'carol')
  const answers = await Promise.all([1, 2, 3].map(() => carol.send('POST', '/auth/refresh')))
  expect(answers.map(({ status }) => status)).toEqual([204, 204, 204])
  expect(new Set(answers.map((answer) => cookiesOf(answer).refresh)).size).toBe(1)
})

it('a change of password ends all other sessions, and the old password is good for nothing', async () => {
  const [here, there] = [
    await Client.begin('/auth/register', 'dave'),
    await Client.begin('/auth/login', 'dave'),
  ]
  const newPassword = 'another horse battery'
  expect(
    (await here.send('POST', '/auth/password', { password: 'wrong one, surely', newPassword })).status,
  ).toBe(401)
  const changed = await here.send('POST', '/auth/password', { password: PASSWORD, newPassword })
  expect(await changed.json()).toEqual({ ended: 1 })
  expect([await statusWith(here.access), await statusWith(there.access)]).toEqual([200, 401])
  expect((await there.send('POST', '/auth/refresh')).status).toBe(400)
  expect((await send('POST', '/auth/login', {}, { name: 'dave', password: PASSWORD })).status).toBe(401)
  await Client.begin('/auth/login', 'dave', newPassword)
})

it('nobody ends a session of another user', async () => {
  const [erin, frank] = [
    await Client.begin('/auth/register', 'erin'),
    await Client.begin('/auth/register', 'frank'),
  ]
  const [session] = (await (await erin.send('GET', '/auth/sessions')).json()) as { sid: string }[]
  expect((await frank.send('DELETE', `/auth/sessions/${session?.sid ?? ''}`)).status).toBe(404)
  expect(await statusWith(erin.access)).toBe(200)
})

it('a change of role is effective once it is answered', async () => {
  const [alice, grace] = [
    await Client.begin('/auth/login', 'alice'),
    await Client.begin('/auth/register', 'grace'),
  ]
  expect((await grace.send('GET', '/users')).status).toBe(403)
  expect((await grace.send('PUT', '/users/grace/role', { role: 'admin' })).status).toBe(403)
  expect((await alice.send('PUT', '/users/grace/role', { role: 'emperor' })).status).toBe(400)
  expect((await alice.send('PUT', '/users/grace/role', { role: 'admin' })).status).toBe(204)
  expect((await grace.send('GET', '/users')).status).toBe(200)
})

it('a login after a login ends the first session of that browser', async () => {
  const heidi = await Client.begin('/auth/register', 'heidi')
  const again = await heidi.send('POST', '/auth/login', { name: 'heidi', password: PASSWORD })
  expect(again.status).toBe(200)
  expect(await statusWith(heidi.access)).toBe(401)
})

it.each([
  ['/auth/register', { name: 'ivan', password: 'short' }, 400, 'name-or-password'],
  ['/auth/register', { name: 'i van', password: PASSWORD }, 400, 'name-or-password'],
  ['/auth/register', { name: 'alice', password: PASSWORD }, 409, 'name-taken'],
  ['/auth/login', { name: 'nobody', password: PASSWORD }, 401, 'wrong-password'],
  ['/auth/login', { name: ['alice'], password: {} }, 401, 'wrong-password'],
  ['/auth/refresh', {}, 401, 'no-session'],
  ['/auth/logout-everywhere', {}, 401, 'ERR_TOKEN_MISSING'],
  ['/nowhere', {}, 404, 'not-found'],
])('answers POST %s %j with %i %s', async (path, body, status, error) => {
  const response = await send('POST', path, {}, body)
  expect([response.status, await response.json()]).toEqual([status, { error }])
})

it('stops guessing, and says for how long', async () => {
  const guess = () => send('POST', '/auth/login', {}, { name: 'mallory', password: 'guessed' })
  const statuses = await Promise.all(Array.from({ length: 12 }, async () => (await guess()).status))
  expect(statuses.toSorted()).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429])
  const refused = await guess()
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(stderr).not.toMatch(/Error/)
})
