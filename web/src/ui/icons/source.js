// Icons of what only the text editors have.
import { addIcons } from '../icon.js'

addIcons({
  comment: 'M7 4.5 4.5 15.5M12 4.5 9.5 15.5M14.5 8h3M14.5 12h3',
  preview: 'M3 4h14v12H3zM10 4v12M12.5 7.5h2M12.5 10h2M12.5 12.5h2',
  wrap: 'M3.5 5h13M3.5 10h10.5a2.8 2.8 0 0 1 0 5.6H10M12 13.4l-2.2 2.2L12 17.8M3.5 15.5H7',
})
