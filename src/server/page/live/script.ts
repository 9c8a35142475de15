/** The one script of the page: it keeps the overview up to date. All works without it. */
export const SCRIPT = String.raw`'use strict'
;(() => {
  const note = document.getElementById('live')
  if (note === null) return
  let source
  const fill = (kind, values, set) => {
    for (const place of document.querySelectorAll('[data-' + kind + ']')) {
      const value = values[place.getAttribute('data-' + kind)]
      if (value !== undefined) set(place, value)
    }
  }
  const say = (text) => {
    if (note.textContent !== text) note.textContent = text
  }
  const open = () => {
    source = new EventSource('live')
    source.addEventListener('values', ({ data }) => {
      const { texts, paths } = JSON.parse(data)
      fill('text', texts, (place, value) => (place.textContent = value))
      fill('path', paths, (place, value) => place.setAttribute('d', value))
      say('Numbers and state are live.')
    })
    source.addEventListener('state', ({ data }) => {
      const state = document.getElementById('state')
      if (state !== null) state.outerHTML = JSON.parse(data)
    })
    source.addEventListener('error', () => {
      const isOver = source.readyState === EventSource.CLOSED
      say(isOver ? 'Not live: reload the page.' : 'Connection lost, trying again.')
    })
  }
  document.addEventListener('visibilitychange', () => {
    source.close()
    if (!document.hidden) open()
  })
  open()
})()
`
