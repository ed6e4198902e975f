// Every page, dialog and menu on a phone, in light and dark: axe-core finds nothing.
import { findsNoBarriers } from './support/barriers.mjs'

findsNoBarriers(({ isMobile }) => Boolean(isMobile))
