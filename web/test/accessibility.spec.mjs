// Every page, dialog and menu on a computer, in light and dark: axe-core finds nothing.
import { findsNoBarriers } from './support/barriers.mjs'

findsNoBarriers(({ isMobile }) => !isMobile)
