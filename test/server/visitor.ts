/** A client of the page with a cookie, as a browser without script is one. */
export class Visitor {
  cookie = ''
  readonly #base: string
  /** Of each request. */
  headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' }

  constructor(port: number) {
    this.#base = `http://127.0.0.1:${port}/ui/`
  }

  async get(path: string): Promise<Answer> {
    return this.#send(path, { method: 'GET' })
  }

  /** Sends a form, with the CSRF token of the overview unless it is given. */
  async post(path: string, fields: Readonly<Record<string, string>>, csrf?: string): Promise<Answer> {
    const token = csrf ?? (await this.csrf())
    const body = new URLSearchParams({ ...fields, ...(token === '' ? {} : { csrf: token }) })
    return this.#send(path, { method: 'POST', body })
  }

  async logIn(token: string): Promise<Answer> {
    return this.post('login', { token }, '')
  }

  async csrf(): Promise<string> {
    return hidden(await this.get('./'), 'csrf')
  }

  async #send(path: string, init: RequestInit): Promise<Answer> {
    const reply = await fetch(new URL(path, this.#base), {
      ...init,
      redirect: 'manual',
      headers: { ...this.headers, ...(this.cookie === '' ? {} : { cookie: this.cookie }) },
    })
    const set = reply.headers.get('set-cookie')
    if (set !== null) this.cookie = set.split(';')[0] ?? ''
    return { status: reply.status, headers: reply.headers, text: await reply.text() }
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** The value of a hidden field. */
export function hidden({ text }: Answer, name: string): string {
  return new RegExp(`name="${name}"\\s+value="([^"]*)"`).exec(text)?.[1] ?? ''
}

/** What a reader sees: no markup, one space between words. */
export function words({ text }: Answer): string {
  const [, main = text] = /<main[^>]*>([\s\S]*)<\/main>/.exec(text) ?? []
  return main
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
    .replaceAll('&amp;', '&')
    .replaceAll('&#39;', "'")
    .trim()
}
