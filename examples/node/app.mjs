// An Express app with sessions of its own in front of Coscribe: it passes on what is not its own, WebSockets too, and
// Coscribe asks it who may do what: npm run app [PORT], beside
//   coscribe serve --auth-url http://localhost:3000/rights --auth-url-cookie session --sign-in-url '/login?next={url}'
import { randomBytes } from 'node:crypto'
import express from 'express'
import { createProxyMiddleware } from 'http-proxy-middleware'

const { COSCRIBE = 'http://localhost:8080' } = process.env

/** Who is signed in, by the value of their cookie. */
const sessions = new Map()

const page = body => `<!doctype html><meta charset="utf-8"><title>App</title><link rel="icon" href="data:,">${body}`

const app = express()
app.get('/', (_request, response) => {
  response.send(page('<a href="/login">Sign in</a> <a href="/d/handbook">Handbook</a> <a href="/d/plan">Plan</a>'))
})
app.get('/login', (_request, response) => {
  response.send(page('<form method="post"><label>Name <input name="name"></label> <button>Go</button></form>'))
})

/** Where somebody came from who was sent to the login: a page of this site, and never one of another. */
function before({ query: { next = '' }, headers: { host } }) {
  return URL.canParse(next) && new URL(next).host === host ? next : '/'
}

// A real app would ask for more than a name.
app.post('/login', express.urlencoded({ extended: false }), (request, response) => {
  const session = randomBytes(16).toString('base64url')
  sessions.set(session, request.body.name)
  response.cookie('session', session, { httpOnly: true, sameSite: 'lax' }).redirect(303, before(request))
})

// What Coscribe asks, again every 10 s while somebody has a document open. Who is signed in edits; the handbook is Ada's.
// It tells nobody more than they may know, as it takes the cookie of who asks.
app.post('/rights', express.json(), (request, response) => {
  const { document, cookies } = request.body
  const name = sessions.get(cookies?.session)
  if (name === undefined) return response.sendStatus(401)
  const user = { id: name.toLowerCase(), name }
  if (document === null) return response.json({ documents: { '*': 'edit', handbook: 'view' }, user })
  response.json({ access: document === 'handbook' && name !== 'Ada' ? 'view' : 'edit', user })
})

// Everything else is Coscribe's: pages, API, and WebSockets.
const coscribe = createProxyMiddleware({ target: COSCRIBE, ws: true })
app.use(coscribe)

const port = Number(process.argv[2] ?? 3000)
const server = app.listen(port, '127.0.0.1', () => {
  console.log(`http://localhost:${server.address().port}/`)
})
server.on('upgrade', coscribe.upgrade)
