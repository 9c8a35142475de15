import { COLOURS } from './colours.js'
import { CONTENT } from './content.js'
import { FORMS } from './forms.js'
import { FRAME } from './frame.js'
import { LISTS } from './lists.js'
import { SCREENS } from './screens.js'

/** The style of all pages. */
export const STYLE = [COLOURS, FRAME, CONTENT, FORMS, LISTS, SCREENS].join('')
