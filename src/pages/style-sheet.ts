import { controls } from './style/controls.ts'
import { frame } from './style/frame.ts'
import { ground } from './style/ground.ts'
import { lists } from './style/lists.ts'

/** The one style sheet. System fonts, no picture, nothing from elsewhere. */
export const styleSheet = [ground, frame, controls, lists].join('').trimStart()
