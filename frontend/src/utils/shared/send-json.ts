import type { FieldProblem, Problem } from '../../graphql/problem.ts'
import { fetchWithBrowserSecret } from './browser-secret.ts'

/** The answer of a REST route, or why there is none. */
export type Sent<Data> = { ok: true; data: Data } | { ok: false; problem: Problem; status: number }

interface ProblemDocument {
  detail?: string
  code?: string
  fields?: FieldProblem[]
}

const noAnswer: Problem = { code: 'NO_ANSWER', message: 'The server did not answer. Is it running?', fields: [] }

/** Sends JSON to a route of this server, as the browser that signed in. Never throws. */
export async function sendJson<Data>(method: 'POST' | 'PUT', path: string, body: object): Promise<Sent<Data>> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  try {
    const answer = await fetchWithBrowserSecret(path, { method, headers, body: JSON.stringify(body) })
    const { status } = answer
    const said: unknown = await answer.json().catch(() => ({}))
    if (answer.ok) return { ok: true, data: said as Data }
    const { detail, code, fields } = said as ProblemDocument
    const message = detail ?? `The server answered with HTTP status ${status}.`
    return { ok: false, status, problem: { code: code ?? 'INTERNAL', message, fields: fields ?? [] } }
  } catch {
    return { ok: false, status: 0, problem: noAnswer }
  }
}
