// Icons of the timeline.
import { addIcons } from '../icon.js'

addIcons({
  compare: 'M6.5 3.5v13M13.5 3.5v13M3.5 7l3-3.5L9.5 7M10.5 13l3 3.5 3-3.5',
  pause: 'M7 4.5v11M13 4.5v11',
  play: 'M6.5 4l9 6-9 6z',
  stepBack: 'M12.5 5 7.5 10l5 5',
  stepOn: 'M7.5 5l5 5-5 5',
})
