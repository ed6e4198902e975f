// A login that signs tokens, so that Coscribe knows who may do what without asking: npm run login [PORT]
// Both hold the same secret, in COSCRIBE_AUTH_SECRET. Coscribe runs at COSCRIBE.
import express from 'express'
import jwt from 'jsonwebtoken'

const { COSCRIBE = 'http://localhost:8080', COSCRIBE_AUTH_SECRET: secret } = process.env
if (!secret) throw new Error('set COSCRIBE_AUTH_SECRET, for Coscribe and for this')

/** Who may do what. The most precise name counts. A real app asks its database. */
const people = {
  ada: { name: 'Ada', password: 'lovelace', documents: { '*': 'owner' } },
  ben: { name: 'Ben', password: 'bookkeeper', documents: { 'team/*': 'edit', 'handbook': 'view' } },
}

/** A token for somebody, which counts for a quarter of an hour. */
function tokenOf(id) {
  const { name, documents } = people[id]
  return jwt.sign({ sub: id, name, documents }, secret, { algorithm: 'HS256', expiresIn: '15m' })
}

const page = `<!doctype html><meta charset="utf-8"><title>Sign in</title><link rel="icon" href="data:,">
<form method="post"><label>Name <input name="id"></label> <label>Password <input name="password" type="password"></label>
<label>Document <input name="document" value="handbook"></label> <button>Open</button></form>`

function isKnown({ id, password } = {}) {
  return Object.hasOwn(people, id) && people[id].password === password
}

const app = express()
app.use(express.urlencoded({ extended: false }), express.json())
app.get('/', (_request, response) => response.send(page))

// Coscribe's page takes the token out of its address and keeps it for the tab.
app.post('/', (request, response) => {
  if (!isKnown(request.body)) return response.status(401).send(page)
  const { id, document } = request.body
  response.redirect(303, `${COSCRIBE}/d/${encodeURIComponent(document)}?token=${tokenOf(id)}`)
})

// For providers in pages of your own, as in `new HocuspocusProvider({ …, token: () => fetch('/token', …) })`.
app.post('/token', (request, response) => {
  if (!isKnown(request.body)) return response.sendStatus(401)
  response.type('text').send(tokenOf(request.body.id))
})

const port = Number(process.argv[2] ?? 3000)
const server = app.listen(port, '127.0.0.1', () => {
  console.log(`http://localhost:${server.address().port}/`)
})
