// What is measured of each server: `coscribe bench` with which options, and which number of its report
// is told. Runs nothing.

const seconds = (report) => report.seconds

/** Microseconds of CPU for each delivered edit. */
export function cpuPerDelivery(report) {
  if (!report.server || !report.deliveries) return null
  const { before, after } = report.server
  return ((after.user + after.system - before.user - before.system) * 1e6) / report.deliveries
}

/** A number that a scenario tells by name. */
export function figure(name) {
  return (report) => report.more?.find((it) => it.name === name)?.value ?? null
}

export const acknowledgedPerSecond = (report) => (seconds(report) > 0 ? (report.acknowledged?.count ?? 0) / seconds(report) : null)

const shape = (id, name, options) => ({
  id,
  name,
  group: 'shapes',
  unit: 'µs',
  scenario: 'fan-out',
  options: (length) => [...options, '--seconds', String(length)],
  value: cpuPerDelivery,
  relay: true
})

/** In the order of the table's rows. */
export const measurements = [
  shape('1x2', '1 document × 2 clients, 1 writes', ['--clients', '2']),
  shape('1x50', '1 × 50, 1 writes', ['--clients', '50']),
  shape('50x4', '50 × 4, 1 of each writes', ['--documents', '50', '--clients', '4']),
  shape('20x10', '20 × 10, all write 5 edits a second', [
    '--documents', '20', '--clients', '10', '--writers', '10', '--rate', '5'
  ]),
  shape('8x25', '8 × 25, all write, window 1', ['--documents', '8', '--clients', '25', '--writers', '25']),
  shape('1x1000', '1 writes to 1 000 readers', ['--clients', '1001']),
  {
    id: 'idle',
    name: 'an idle connection with a document of its own',
    group: 'memory',
    unit: 'KiB',
    scenario: 'idle',
    options: () => ['--clients', '1000'],
    value: figure('idle connection')
  },
  {
    id: 'idle-shared',
    name: 'an idle connection, all on one document',
    group: 'memory',
    unit: 'KiB',
    scenario: 'idle',
    options: () => ['--clients', '1000', '--documents', '1'],
    value: figure('idle connection')
  },
  {
    id: 'text',
    name: 'the same, each own document with 20 kB of text',
    group: 'memory',
    unit: 'KiB',
    scenario: 'idle',
    options: () => ['--clients', '500', '--bring', '20000'],
    value: figure('connection that brought text')
  },
  {
    id: 'storm',
    name: '2 000 clients connect to 200 documents at once',
    group: 'storm',
    unit: '/s',
    scenario: 'storm',
    options: () => ['--clients', '2000', '--documents', '200'],
    value: figure('connections')
  },
  {
    id: 'storm-cpu',
    name: 'CPU for each of them',
    group: 'storm',
    unit: 'µs',
    of: 'storm',
    value: figure('server CPU per connection')
  },
  ...[1, 16, 64, 256].map((writers) => ({
    id: `saved-${writers}`,
    name: `acknowledged edits, ${writers} ${writers === 1 ? 'writer' : 'writers'}`,
    group: 'saved',
    unit: '/s',
    scenario: 'saved',
    acknowledged: true,
    options: (length) => ['--documents', String(writers), '--window', '8', '--seconds', String(length)],
    value: acknowledgedPerSecond
  }))
]

/** Those that take more than one run of `coscribe bench`. */
export const special = [
  { id: 'cold', name: 'opening a document of many edits after a restart', group: 'cold', unit: 'ms' },
  { id: 'cold-memory', name: 'memory of that document', group: 'cold', unit: 'KiB' },
  { id: 'promised', name: 'edits acknowledged before a SIGKILL', group: 'crash', unit: '' },
  { id: 'lost', name: 'of these, lost', group: 'crash', unit: '' },
  { id: 'seen', name: 'without acknowledgements: edits that others had seen before a SIGKILL', group: 'crash', unit: '' },
  { id: 'seen-lost', name: 'of these, lost', group: 'crash', unit: '' }
]
