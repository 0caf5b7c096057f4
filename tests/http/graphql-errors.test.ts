import test from 'ava'
import { GraphQLError } from 'graphql'
import { maskError } from '../../api/http/graphql-errors.ts'
import { recordedLog } from '../helpers/recorded-log.ts'

const thrown = (originalError: Error) => new GraphQLError('any', { path: ['validateApp'], originalError })

test('a bug is logged as an error under the id that the client sees, and nothing else of it', (t) => {
  const { log, lines } = recordedLog()
  const { message } = maskError(thrown(new TypeError('secret detail')), log)
  t.notRegex(message, /secret detail/)
  const [line] = lines
  t.like(line, { level: 50, msg: 'GraphQL request failed', path: 'validateApp' })
  t.true(message.includes(String(line?.['requestId'])))
})

test('a request that its caller gave up is no error', (t) => {
  const { log, lines } = recordedLog()
  maskError(thrown(new DOMException('This operation was aborted', 'AbortError')), log)
  t.like(lines, [{ level: 20, msg: 'GraphQL request was given up', path: 'validateApp' }])
})
