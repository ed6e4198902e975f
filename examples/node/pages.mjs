// Pages for the editors and providers that apps already use, each with unmodified npm packages: npm start [PORT]
// Coscribe runs at COSCRIBE and must let these pages in: coscribe serve --allow-origin http://localhost:3000
import { fileURLToPath } from 'node:url'
import { DocumentManager } from '@y-sweet/sdk'
import { build } from 'esbuild'
import express from 'express'

const COSCRIBE = process.env.COSCRIBE ?? 'http://localhost:8080'

/** The packages that the import maps of the pages name. A real app has a bundler or a CDN for this. */
const packages = [
  'yjs', 'y-websocket', 'y-codemirror.next', 'codemirror', '@y-sweet/client', '@hocuspocus/provider',
  '@tiptap/core', '@tiptap/starter-kit', '@tiptap/extension-collaboration',
]
const { outputFiles } = await build({
  entryPoints: Object.fromEntries(packages.map(name => [name.replace('/', '-'), name])),
  bundle: true,
  splitting: true,
  format: 'esm',
  outdir: '/npm',
  write: false,
})
const files = new Map(outputFiles.map(({ path, text }) => [path, text]))

const app = express()
app.use(express.static(fileURLToPath(new URL('pages', import.meta.url))))
app.get('/npm/{*file}', (request, response) => {
  const file = files.get(request.path)
  if (file === undefined) return response.sendStatus(404)
  response.type('js').send(file)
})
app.get('/coscribe.js', (_request, response) => {
  response.type('js').send(`export const coscribe = ${JSON.stringify(COSCRIBE)}\n`)
})

// y-sweet's clients ask their app for a token, which asks the server. Here everybody may edit every document.
const documents = new DocumentManager(`${COSCRIBE.replace('http', 'ys')}/y-sweet`)
app.post('/y-sweet-token/:document', async (request, response) => {
  response.json(await documents.getOrCreateDocAndToken(request.params.document))
})

const port = Number(process.argv[2] ?? 3000)
const server = app.listen(port, '127.0.0.1', () => {
  console.log(`http://localhost:${server.address().port}/`)
})
