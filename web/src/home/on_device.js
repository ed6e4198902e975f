// The documents of this device for the home page: those opened here, and the copies kept with their unsent edits.
import { listOnDevice } from '../device/library.js'
import { listRecent } from '../device/recent.js'
import { DATABASE } from '../mount/index.js'
import { OfflineList } from '../sync/offline_list.js'

const copies = new OfflineList({ database: DATABASE })

/** Newest first. */
export const readOnDevice = () => listOnDevice(copies, listRecent())
