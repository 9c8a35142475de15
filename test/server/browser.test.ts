import { join } from 'node:path'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRevocade } from '#dist/index.js'
import { createSessions } from '#dist/sessions/index.js'
import { send } from '../adapters/request.js'
import { launchChromium } from '../support/chromium.js'
import { EDITOR, mint, sidecar } from './sidecar.js'

const browser: Browser | undefined = await launchChromium()

let server: Awaited<ReturnType<typeof sidecar>>
/** What the browser complained about: errors of scripts, and what the content security policy blocked. */
let complaints: string[] = []
/** All addresses that were asked for, and all headers of the answers. */
let addresses: string[] = []

beforeAll(async () => {
  server = await sidecar()
})

afterAll(async () => {
  await browser?.close()
  await server.close()
})

const base = (): string => `http://127.0.0.1:${server.admin}/ui/`

/** A browser that has just been opened. */
async function withPage(
  use: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const context: BrowserContext | undefined = await browser?.newContext(options)
  if (context === undefined) throw new Error('there is no browser')
  complaints = []
  addresses = []
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  // Statuses such as 409 are said there as well.
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => addresses.push(request.url()))
  page.on('response', (response) => addresses.push(JSON.stringify(response.headers())))
  try {
    await page.goto(base())
    await use(page)
    expect(complaints).toEqual([])
  } finally {
    await context.close()
  }
}

async function signIn(page: Page): Promise<void> {
  await page.getByLabel('Token').fill(EDITOR)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
}

const go = (page: Page, name: string): Promise<void> =>
  page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click()

const statusAtCheck = async (token: string): Promise<number> =>
  (await send(server.check, '/check', { authorization: [`Bearer ${token}`] })).status

const main = (page: Page): Promise<string> => page.locator('main').innerText()

/** Signs in, revokes a token with a preview, finds it in the list, and takes it back. */
async function revokeAndUndo(page: Page, jti: string): Promise<void> {
  const token = await mint({ jti })
  await signIn(page)
  await go(page, 'Look up')
  await page.getByLabel('Token').fill(`Bearer ${token}`)
  await page.getByRole('button', { name: 'Look up' }).first().click()
  await page.getByText('Not revoked', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Revoke this token…' }).click()
  expect(await main(page)).toContain(`jti = ${jti}`)
  await page.getByLabel('Reason').fill('found on a paste site')
  await page.getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('status').getByText('Revoked:').waitFor()
  expect(await statusAtCheck(token)).toBe(401)
  await go(page, 'Revocations')
  await page.getByLabel('User, id or reason').fill(jti)
  await page.getByRole('button', { name: 'Filter' }).click()
  await page.locator('.rows').getByRole('link').click()
  expect(await main(page)).toContain('found on a paste site')
  await page.getByLabel('Yes, this token may be used again').check()
  await page.getByRole('button', { name: 'Take it back' }).click()
  await page.getByRole('status').getByText('Taken back:').waitFor()
  expect(await statusAtCheck(token)).toBe(200)
  for (const address of addresses) expect(address).not.toContain(token)
}

/** Presses Tab until something has the focus, as people without a mouse do. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return
  }
  throw new Error(`no number of tabs leads to ${selector}`)
}

/** Texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3). Runs in the page. */
const FAINT_TEXTS = `(() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const light = ([r, g, b]) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    const [x, y, z] = [r, g, b].map((c) => linear(c / 255))
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(at).backgroundColor)
      if (a > 0) return [r, g, b]
    }
    return [255, 255, 255]
  }
  const faint = []
  for (const element of document.querySelectorAll('body *')) {
    const texts = [...element.childNodes].filter((node) => node.nodeType === 3)
    const text = texts.map((node) => node.data.trim()).join('')
    if (text === '' || element.closest('svg, option') !== null) continue
    const [one, other] = [light(parse(getComputedStyle(element).color)), light(behind(element))]
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    if (contrast < 4.5) faint.push(contrast.toFixed(2) + ' ' + text.slice(0, 40))
  }
  return faint
})()`

const PATHS = ['./', 'lookup', 'revoke', 'revoke?by=all.sub', 'list', 'changes', 'sessions', 'nothing']

describe.skipIf(browser === undefined)('the page in Chromium', () => {
  it('revokes with a preview, lists, filters and takes back', () =>
    withPage((page) => revokeAndUndo(page, 'with-mouse')))

  it('does the same without script', () =>
    withPage((page) => revokeAndUndo(page, 'without-script'), { javaScriptEnabled: false }))

  it('marks several in the list and takes them back, without script', () =>
    withPage(
      async (page) => {
        const tokens = await Promise.all(['marked-1', 'marked-2'].map((jti) => mint({ jti })))
        for (const token of tokens) await server.engine.revoke(token, { reason: 'to be marked' })
        await signIn(page)
        await go(page, 'Revocations')
        await page.getByLabel('User, id or reason').fill('to be marked')
        await page.getByRole('button', { name: 'Filter' }).click()
        for (const jti of ['marked-1', 'marked-2']) await page.getByRole('checkbox', { name: jti }).check()
        await page.getByRole('button', { name: 'Take back what is marked…' }).click()
        await page.getByLabel('Yes, all these tokens may be used again').check()
        await page.getByRole('button', { name: 'Take back 2 revocations' }).click()
        await page.getByRole('status').getByText('Taken back: 2 revocations.').waitFor()
        expect(await Promise.all(tokens.map(statusAtCheck))).toEqual([200, 200])
      },
      { javaScriptEnabled: false },
    ))

  it('does it with the keyboard alone, and shows where the focus is', () =>
    withPage(async (page) => {
      const token = await mint({ jti: 'with-keys' })
      // The field has the focus: with the first frame that is drawn, which may be after the page has loaded.
      await page.locator('#token:focus').waitFor()
      await page.keyboard.type(EDITOR)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
      await page.keyboard.press('Tab')
      expect(await page.locator(':focus').innerText()).toBe('Skip to the content')
      await tabTo(page, 'a[href="revoke"]')
      const outline = 'getComputedStyle(document.activeElement).outlineStyle'
      expect(await page.evaluate(outline)).toBe('solid')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { level: 1, name: 'Revoke' }).waitFor()
      await tabTo(page, '#token')
      await page.keyboard.insertText(token)
      await tabTo(page, 'main button')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { level: 1, name: 'Preview' }).waitFor()
      await page.locator('#reason:focus').waitFor()
      await page.keyboard.type('lost phone')
      await page.keyboard.press('Enter')
      await page.getByRole('status').waitFor()
      expect(await statusAtCheck(token)).toBe(401)
      await tabTo(page, 'a[href="list"]')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { level: 1, name: 'Revocations' }).waitFor()
      await tabTo(page, '#text')
      await page.keyboard.type('with-keys')
      await page.keyboard.press('Enter')
      await page.getByText('Show all').waitFor()
      await tabTo(page, '.rows a')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { level: 1, name: 'Revocation', exact: true }).waitFor()
      await tabTo(page, 'input[name="sure"]')
      await page.keyboard.press('Space')
      await tabTo(page, 'button.danger')
      await page.keyboard.press('Enter')
      await page.getByRole('status').getByText('Taken back:').waitFor()
      expect(await statusAtCheck(token)).toBe(200)
    }))

  it.each(['light', 'dark'] as const)('fits a phone, and has enough contrast, in %s', (colorScheme) =>
    withPage(
      async (page) => {
        await server.engine.revokeWhere(
          { sub: `auth0|${'5f7c8ec7c33c6c004bbafe82'.repeat(4)}` },
          { reason: `A reason without spaces:${'x'.repeat(80)}`, actor: 'a'.repeat(60) },
        )
        const sessions = createSessions(server.engine, { absoluteSeconds: 3600 })
        await sessions.create({ sub: 'on-the-phone', details: { device: 'd'.repeat(100) } })
        expect(await page.evaluate(FAINT_TEXTS)).toEqual([])
        await signIn(page)
        const width = 'document.documentElement.scrollWidth'
        const look = async (): Promise<void> => {
          expect([page.url(), await page.evaluate(width)]).toEqual([page.url(), 320])
          expect([page.url(), await page.evaluate(FAINT_TEXTS)]).toEqual([page.url(), []])
        }
        for (const path of PATHS) {
          await page.goto(`${base()}${path}`)
          await look()
        }
        await page.goto(`${base()}list`)
        await page.locator('.rows a').first().click()
        await page.getByRole('heading', { level: 1, name: 'Revocation', exact: true }).waitFor()
        await look()
        await go(page, 'Revocations')
        await page.getByRole('checkbox').first().check()
        await page.getByRole('button', { name: 'Take back what is marked…' }).click()
        await page.getByRole('heading', { level: 1, name: 'Preview' }).waitFor()
        await look()
        await go(page, 'Sessions')
        await page.getByLabel('Value').fill('on-the-phone')
        await page.getByRole('button', { name: 'Show' }).click()
        await page.getByText('Live sessions of').waitFor()
        await look()
        await page.getByRole('button', { name: 'End all others…' }).first().click()
        await page.getByRole('heading', { level: 1, name: 'Preview' }).waitFor()
        await look()
        await page.getByLabel('Reason').fill('phone stolen')
        await page.getByRole('button', { name: 'End', exact: true }).click()
        await page.getByRole('status').getByText('Ended:').waitFor()
      },
      { colorScheme, viewport: { width: 320, height: 640 } },
    ),
  )

  it('keeps the overview up to date, and says first what is wrong', () =>
    withPage(async (page) => {
      await signIn(page)
      await page.getByText('are live.').waitFor()
      const refused = page.locator('[data-text="refused-most"]')
      const before = Number(await refused.innerText())
      const line = page.locator('[data-path="refused"]')
      await Promise.all(Array.from({ length: 100 }, () => send(server.check, '/check')))
      await expect.poll(async () => Number(await refused.innerText())).toBeGreaterThan(before)
      await expect.poll(() => line.getAttribute('d')).toMatch(/^M[\d.]+ [\d.]+L/)
      expect(await page.locator('#state').innerText()).toContain('All is well')
      // A service revokes by a claim that no check of this server looks for.
      const other = await createRevocade({
        store: join(server.folder, 'revocade.db'),
        claims: ['tenant'],
        maxTokenLifetimeSeconds: 3600,
      })
      await other.revokeWhere({ tenant: 'acme' })
      await page.getByText('Some revocations have no effect').waitFor()
      await other.unrevokeWhere({ tenant: 'acme' })
      await other.close()
      expect(await page.locator('main > *').nth(1).getAttribute('id')).toBe('state')
    }))

  it('says when the numbers are not live any more', () =>
    withPage(async (page) => {
      await signIn(page)
      await page.getByText('are live.').waitFor()
      await page.context().clearCookies()
      await page.evaluate('document.dispatchEvent(new Event("visibilitychange"))')
      await page.getByText('Not live: reload the page.').waitFor()
    }))
})
