// The page of the example. The tokens are in cookies that it can't read.
const find = (id) => document.getElementById(id)
const form = find('signed-out')
let refreshing

/** A request. When the access token has expired or is revoked, it refreshes, once for all that wait. */
async function request(method, path, body) {
  const send = () =>
    fetch(path, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
  const response = await send()
  if (response.status !== 401 || path === '/auth/login' || path === '/auth/register') return response
  refreshing ??= fetch('/auth/refresh', { method: 'POST' }).finally(() => (refreshing = undefined))
  return (await refreshing).ok ? send() : response
}

async function show(message = '') {
  find('message').textContent = message
  const me = await request('GET', '/me')
  form.hidden = me.ok
  find('signed-in').hidden = !me.ok
  if (!me.ok) return
  const { name, permissions } = await me.json()
  find('name').textContent = name
  find('permissions').textContent = permissions.join(', ')
  const devices = await (await request('GET', '/auth/sessions')).json()
  find('devices').replaceChildren(...devices.map(item))
}

function item({ sid, device, lastSeen, current }) {
  const li = document.createElement('li')
  li.textContent = `${device}, last seen ${new Date(lastSeen).toLocaleString()}`
  if (current) li.append(' (this device)')
  else li.append(button('End', () => request('DELETE', `/auth/sessions/${sid}`)))
  return li
}

function button(text, action) {
  const made = document.createElement('button')
  made.textContent = text
  made.addEventListener('click', () => void run(action))
  return made
}

async function run(action) {
  try {
    const response = await action()
    if (response.ok) await show()
    else if (response.status === 429)
      await show(`Too many. Try again in ${response.headers.get('retry-after')} s.`)
    else await show((await response.json()).error)
  } catch {
    find('message').textContent = 'The server does not answer.'
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  const fields = Object.fromEntries(new FormData(form))
  void run(() => request('POST', `/auth/${event.submitter.name}`, fields))
})
find('refresh').addEventListener('click', () => void run(() => request('POST', '/auth/refresh')))
find('logout').addEventListener('click', () => void run(() => request('POST', '/auth/logout')))
find('everywhere').addEventListener('click', () => void run(() => request('POST', '/auth/logout-everywhere')))
void show()
